"""What names, versions, stages and tags of the workspace model registry may be.

Real: names have one level, and the text that sends whoever gives three of them to Unity Catalog (both observed); stages
are found whatever their case (observed: `models:/<name>/production`); MLflow's rules for tags (documented, with the
sizes that every store guarantees: databricks-sdk's `ModelRegistryAPI`).
"""

from __future__ import annotations

import re

from fakebricks.services.tracking.names import LONGEST_KEY, check_length, check_name
from fakebricks.services.workspace_model_registry.records import Stage
from fakebricks.wire.errors import InvalidParameterValue

STAGES: tuple[Stage, ...] = ("None", "Staging", "Production", "Archived")
ACTIVE_STAGES: tuple[Stage, ...] = ("Staging", "Production")

LONGEST_NAME = 256  # inferred: the width of MLflow's own column
LONGEST_TAG = 5000

_INVALID = re.compile(r"[/.:\x00-\x1f\x7f\ud800-\udfff]")
_NUMBER = re.compile(r"-?[0-9]{1,18}")
_RULES = (
    "A workspace registered model name must be a non-empty UTF-8 string and cannot contain forward slashes(/), "
    "periods(.), or colons(:). If trying to access models in the Unity Catalog, make sure to install version 2.4.1 or "
    "above of the MLflow Python client, then configure the MLflow client to access models in Unity Catalog via "
    "mlflow.set_registry_uri('databricks-uc') before accessing models."
)


def checked_name(name: str) -> str:
    """The name of a registered model.

    Raises:
        InvalidParameterValue: no model can have it.
    """
    if not name:
        raise InvalidParameterValue("Got an invalid name ''. Registered Model names cannot be empty strings.")
    if _INVALID.search(name) or not name.strip():
        raise InvalidParameterValue(f"Invalid name '{name.encode(errors='replace').decode()}'. {_RULES}")
    return check_length(name, "name", LONGEST_NAME)


def version_number(version: str) -> int:
    """The number of a version, of which there may be none.

    Raises:
        InvalidParameterValue: it is not an integer.
    """
    if not _NUMBER.fullmatch(version):
        raise InvalidParameterValue(f"Parameter 'version' must be an integer, got '{version[:LONGEST_NAME]}'.")
    return int(version)


def stage_of(text: str) -> Stage:
    """The stage of that name, whatever its case.

    Raises:
        InvalidParameterValue: there is none.
    """
    for stage in STAGES:
        if stage.lower() == text.lower():
            return stage
    raise InvalidParameterValue(f"Invalid Model Version stage: {text}. Value must be one of {', '.join(STAGES)}.")


def check_tag(key: str, value: str) -> None:
    """Refuse what cannot be a tag.

    Raises:
        InvalidParameterValue: the key or the value breaks a rule.
    """
    check_name(key, "key")
    check_length(key, "key", LONGEST_KEY)
    check_length(value, "value", LONGEST_TAG)
