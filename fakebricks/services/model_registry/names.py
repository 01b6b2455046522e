"""Names in the model registry: models, versions, aliases.

Real: the three levels of a model's name, and MLflow's rules for aliases (documented: `mlflow/utils/validation.py`; that
the platform has the same ones is inferred).
"""

from __future__ import annotations

import re

from fakebricks.services.unity_catalog.names import checked_name
from fakebricks.wire.errors import InvalidParameterValue

ModelKey = tuple[str, str, str]

_LEVELS = 3
_ALIAS = re.compile(r"[\w\-]+")
_LIKE_A_VERSION = re.compile(r"[vV]\d+")
_LONGEST_ALIAS = 255
_VERSION = re.compile(r"[1-9][0-9]{0,17}")


def model_key(full_name: str) -> ModelKey:
    """Catalog, schema and model, in lower case.

    Raises:
        InvalidParameterValue: the name does not have three levels; MLflow's client looks for a part of the text.
    """
    levels = full_name.split(".")
    if len(levels) != _LEVELS or not all(levels):
        form = "in the form `catalog_name.schema_name.model_name`"
        raise InvalidParameterValue(f"Bad model name: please specify all three levels of the model {form}")
    catalog, schema, model = levels
    return catalog.lower(), schema.lower(), model.lower()


def checked_model_name(name: str) -> str:
    """The model's own level of a new name, as it is stored.

    Raises:
        InvalidParameterValue: it breaks Unity Catalog's rules.
    """
    return checked_name(name, "RPC CreateRegisteredModel Field managedcatalog.RegisteredModelInfo.name")


def version_number(version: str) -> int:
    """The number of a version.

    Raises:
        InvalidParameterValue: it is not a positive number.
    """
    if not _VERSION.fullmatch(version):
        raise InvalidParameterValue(f"Invalid model version: {version!r}. A version is a positive number.")
    return int(version)


def check_alias(alias: str) -> None:
    """Refuse what cannot be an alias.

    Raises:
        InvalidParameterValue: it breaks a rule.
    """
    if not _ALIAS.fullmatch(alias) or len(alias) > _LONGEST_ALIAS:
        allowed = "Names may only contain alphanumerics, underscores (_) and dashes (-), up to 255 of them."
        raise InvalidParameterValue(f"Invalid alias name: {alias[:_LONGEST_ALIAS]!r}. {allowed}")
    if alias.lower() == "latest" or _LIKE_A_VERSION.fullmatch(alias):
        reserved = "'latest', and 'v' followed by a number, are reserved."
        raise InvalidParameterValue(f"Invalid alias name: {alias!r}. {reserved}")
