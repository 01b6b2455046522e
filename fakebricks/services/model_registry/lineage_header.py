"""The request header by which MLflow tells lineage, in both dialects.

Real: MLflow sends it when it creates a version from a run that has the tag of a notebook or a job, with the Unity
Catalog tables among the run's inputs; and when it asks for the files of a version from within a notebook or a job of
Databricks (documented: `mlflow/store/_unity_catalog/registry/rest_store.py`, `mlflow/pyfunc/__init__.py`). A header
that cannot be read is refused (inferred).
"""

from __future__ import annotations

import base64

import msgspec

from fakebricks.services.model_registry.model_registry import ModelRegistry
from fakebricks.services.model_registry.records import Direction, Entity, ModelVersionRecord, Securable
from fakebricks.wire.errors import InvalidParameterValue
from fakebricks.wire.operations import Call, Shape

NAME = "X-Databricks-Lineage-Identifier"


class SecurableLineage(Shape):
    """Which tables became which other one."""

    source_securables: tuple[Securable, ...] = ()
    target_securable: Securable | None = None


class LineageHeaderInfo(Shape):
    """What the header holds, as JSON in base64."""

    entities: tuple[Entity, ...] = ()
    lineages: tuple[SecurableLineage, ...] = ()


def keep(registry: ModelRegistry, call: Call, version: ModelVersionRecord, direction: Direction) -> None:
    """Keep what the header of a call tells about a version, where it has one.

    Raises:
        InvalidParameterValue: the header cannot be read.
    """
    told = call.request.headers.get(NAME.lower())
    if told is None:
        return
    info = _read(told)
    lineages = info.lineages
    registry.lineage.emit(
        version,
        call.caller.user_name,
        direction,
        entities=info.entities,
        sources=[source.table for one in lineages for source in one.source_securables],
        targets=[one.target_securable.table for one in lineages if one.target_securable],
    )


def _read(told: str) -> LineageHeaderInfo:
    try:
        content = base64.b64decode(told, validate=True)
        return msgspec.json.decode(content, type=LineageHeaderInfo, strict=False)
    except (ValueError, msgspec.DecodeError, RecursionError) as error:
        raise InvalidParameterValue(f"Invalid header '{NAME}': {error}") from None
