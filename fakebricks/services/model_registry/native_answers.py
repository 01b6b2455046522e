"""What the operations of `/api/2.1/unity-catalog/models` answer, made of what the registry holds.

Real: the fields of databricks-sdk's `RegisteredModelInfo` and `ModelVersionInfo`, with those that MLflow's native store
reads beside them. What cannot be changed may be sent along in an update as it is, as Databricks' CLI and Terraform do
with names; said otherwise, it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import msgspec

from fakebricks.services.model_registry.model_registry import ModelRegistry
from fakebricks.services.model_registry.native_shapes import (
    Dependency,
    DependencyList,
    OfConnection,
    OfFunction,
    OfTable,
)
from fakebricks.services.model_registry.records import (
    AliasRecord,
    DependencyRecord,
    DependencyType,
    ModelVersionRecord,
    RegisteredModelRecord,
    TagRecord,
)
from fakebricks.services.tracking.shapes import MetricAnswer
from fakebricks.wire.errors import InvalidParameterValue
from fakebricks.wire.operations import Answer, Shape

_NAMING = ("full_name", "version")
_WORKSPACE_ID = re.compile(r"[0-9]{1,18}")

# An index is a table; serving endpoints and model services are not dependencies in this dialect (documented: MLflow's
# `uc_native_rest_store.py`, which leaves them out).
_TOLD: dict[DependencyType, Callable[[str], Dependency]] = {
    "DATABRICKS_TABLE": lambda name: Dependency(table=OfTable(table_full_name=name)),
    "DATABRICKS_VECTOR_INDEX": lambda name: Dependency(table=OfTable(table_full_name=name)),
    "DATABRICKS_UC_FUNCTION": lambda name: Dependency(function=OfFunction(function_full_name=name)),
    "DATABRICKS_UC_CONNECTION": lambda name: Dependency(connection=OfConnection(connection_name=name)),
}


class RegisteredModelAlias(Answer):
    """An alias of a model."""

    alias_name: str
    version_num: int
    catalog_name: str
    schema_name: str
    model_name: str


class RegisteredModelInfo(Answer):
    """A registered model."""

    id: str
    name: str
    catalog_name: str
    schema_name: str
    full_name: str
    owner: str
    metastore_id: str
    storage_location: str
    created_at: int
    created_by: str
    updated_at: int
    updated_by: str
    comment: str = ""
    browse_only: bool | None = None
    aliases: tuple[RegisteredModelAlias, ...] = ()
    tags: tuple[dict[str, str], ...] = ()


class ModelVersionInfo(Answer):
    """A version of a registered model."""

    id: str
    model_name: str
    catalog_name: str
    schema_name: str
    version: int
    status: str
    source: str
    metastore_id: str
    storage_location: str
    created_at: int
    created_by: str
    updated_at: int
    updated_by: str
    comment: str = ""
    run_id: str = ""
    run_workspace_id: int = 0
    model_id: str = ""
    model_params: tuple[dict[str, str], ...] = ()
    model_metrics: tuple[MetricAnswer, ...] = ()
    model_version_dependencies: DependencyList | None = None
    aliases: tuple[RegisteredModelAlias, ...] = ()
    tags: tuple[dict[str, str], ...] = ()


def require_unchanged(asked: Shape, told: Answer, changeable: tuple[str, ...]) -> None:
    """Refuse an update that says otherwise what cannot be changed; that only these fields can is documented.

    Raises:
        InvalidParameterValue: a field says something else than is so; the text is inferred.
    """
    so = msgspec.to_builtins(told)
    fixed = set(told.__struct_fields__) - {*changeable, *_NAMING}
    for field in fixed.intersection(asked.__struct_fields__):
        value = msgspec.to_builtins(getattr(asked, field))
        if value and value != so.get(field):
            raise InvalidParameterValue(f"Only {', '.join(changeable)} are updatable, not '{field}'.")


def plain_model(registry: ModelRegistry, record: RegisteredModelRecord) -> RegisteredModelInfo:
    """A model as lists tell it."""
    return RegisteredModelInfo(
        id=record.id,
        name=record.model_name,
        catalog_name=record.catalog_name,
        schema_name=record.schema_name,
        full_name=record.full_name,
        owner=record.owner,
        metastore_id=registry.metastore_id,
        storage_location=registry.storage_location(record),
        created_at=record.created_at,
        created_by=record.created_by,
        updated_at=record.updated_at,
        updated_by=record.updated_by,
        comment=record.description,
    )


def model_info(
    registry: ModelRegistry, record: RegisteredModelRecord, *, with_aliases: bool = False
) -> RegisteredModelInfo:
    """A model with its tags."""
    told = plain_model(registry, record)
    told.tags = _tags(registry.tags.of(record))
    if with_aliases:
        told.aliases = _aliases(record, registry.aliases.of(record))
    return told


def plain_version(registry: ModelRegistry, record: ModelVersionRecord) -> ModelVersionInfo:
    """A version as lists tell it."""
    server = record.run_tracking_server_id
    return ModelVersionInfo(
        id=record.id,
        model_name=record.model_name,
        catalog_name=record.catalog_name,
        schema_name=record.schema_name,
        version=record.number,
        status=record.status,
        source=record.source,
        metastore_id=registry.metastore_id,
        storage_location=record.storage_location,
        created_at=record.created_at,
        created_by=record.created_by,
        updated_at=record.updated_at,
        updated_by=record.updated_by,
        comment=record.description,
        run_id=record.run_id,
        run_workspace_id=int(server) if _WORKSPACE_ID.fullmatch(server) else 0,
        model_id=record.model_id,
        model_version_dependencies=_dependencies(record.dependencies),
    )


def version_info(
    registry: ModelRegistry, record: ModelVersionRecord, *, with_aliases: bool = False
) -> ModelVersionInfo:
    """A version with its tags, and the params and metrics of its logged model."""
    told = plain_version(registry, record)
    params, metrics = registry.logged(record)
    told.model_params = tuple({"name": one.key, "value": one.value} for one in params)
    told.model_metrics = tuple(MetricAnswer.of(one) for one in metrics)
    told.tags = _tags(registry.tags.of(record))
    if with_aliases:
        told.aliases = _aliases(record, registry.aliases.of(record))
    return told


def alias_info(owner: RegisteredModelRecord | ModelVersionRecord, record: AliasRecord) -> RegisteredModelAlias:
    """An alias of a model."""
    return RegisteredModelAlias(
        alias_name=record.alias,
        version_num=record.number,
        catalog_name=owner.catalog_name,
        schema_name=owner.schema_name,
        model_name=owner.model_name,
    )


def _aliases(
    owner: RegisteredModelRecord | ModelVersionRecord, records: Iterable[AliasRecord]
) -> tuple[RegisteredModelAlias, ...]:
    return tuple(alias_info(owner, one) for one in records)


def _tags(records: Iterable[TagRecord]) -> tuple[dict[str, str], ...]:
    return tuple({"key": one.key, "value": one.value} for one in records)


def _dependencies(records: Iterable[DependencyRecord]) -> DependencyList | None:
    told = [_TOLD[one.type](one.name) for one in records if one.type in _TOLD]
    return DependencyList(dependencies=tuple(told)) if told else None
