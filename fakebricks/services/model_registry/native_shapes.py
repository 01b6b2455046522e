"""What the operations of `/api/2.1/unity-catalog/models` ask and answer.

Real: the fields of databricks-sdk's `RegisteredModelInfo` and `ModelVersionInfo`, with those that MLflow's native store
reads beside them (documented: `mlflow/protos/unity_catalog_messages`). What cannot be changed may be sent along in an
update as it is, as Databricks' own CLI does with names; said otherwise, it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal

import msgspec

from fakebricks.services.model_registry.model_registry import ModelRegistry
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

MaxResults = Annotated[int, msgspec.Meta(ge=0)]
"""0 lets the platform choose (documented)."""


class Tag(Shape):
    key: str
    value: str = ""


class FullName(Shape):
    full_name: str


class GetModel(FullName):
    include_aliases: bool = False
    include_browse: bool = False


class DeleteModel(FullName):
    """`force` changes nothing: the versions of a model go with it (documented)."""

    force: bool = False


class CreateRegisteredModel(Shape):
    """What the SDK can send beside it is for the platform to say, and is refused."""

    catalog_name: str
    schema_name: str
    name: str
    comment: str = ""
    tags: tuple[Tag, ...] = ()
    storage_location: str = ""
    deployment_job_id: str = ""
    owner: str = ""
    aliases: tuple[dict[str, Any], ...] = ()
    browse_only: bool = False
    full_name: str = ""
    metastore_id: str = ""
    created_at: int = 0
    created_by: str = ""
    updated_at: int = 0
    updated_by: str = ""


class UpdateRegisteredModel(FullName):
    comment: str | None = None
    owner: str | None = None
    new_name: str = ""
    deployment_job_id: str = ""
    id: str | None = None
    name: str | None = None
    catalog_name: str | None = None
    schema_name: str | None = None
    metastore_id: str | None = None
    storage_location: str | None = None
    aliases: tuple[dict[str, Any], ...] | None = None
    browse_only: bool | None = None
    created_at: int | None = None
    created_by: str | None = None
    updated_at: int | None = None
    updated_by: str | None = None


class ListRegisteredModels(Shape):
    catalog_name: str = ""
    schema_name: str = ""
    include_browse: bool = False
    max_results: MaxResults = 0
    page_token: str = ""


class AliasOfModel(FullName):
    alias: str


class GetByAlias(AliasOfModel):
    include_aliases: bool = False


class SetAlias(AliasOfModel):
    version_num: int


class TagChanges(Shape):
    add_tags: tuple[Tag, ...] = ()
    remove: tuple[str, ...] = ()


class ChangeModelTags(Shape):
    securable_type: str
    securable_full_name: str
    changes: TagChanges


class ChangeVersionTags(ChangeModelTags):
    subentity_name: str


class OfTable(Shape):
    table_full_name: str


class OfFunction(Shape):
    function_full_name: str


class OfConnection(Shape):
    connection_name: str


class Dependency(Shape, omit_defaults=True):
    table: OfTable | None = None
    function: OfFunction | None = None
    connection: OfConnection | None = None

    def __post_init__(self) -> None:
        """Refuse a dependency on nothing, or on several things at once (documented)."""
        if sum(one is not None for one in (self.table, self.function, self.connection)) != 1:
            message = "one of table, function and connection must be defined"
            raise ValueError(message)

    @property
    def record(self) -> DependencyRecord:
        """As it is stored."""
        if self.table:
            return DependencyRecord(type="DATABRICKS_TABLE", name=self.table.table_full_name)
        if self.function:
            return DependencyRecord(type="DATABRICKS_UC_FUNCTION", name=self.function.function_full_name)
        return DependencyRecord(type="DATABRICKS_UC_CONNECTION", name=self.connection.connection_name)  # type: ignore[union-attr]


# An index is a table; serving endpoints and model services are not dependencies in this dialect (documented: MLflow's
# `uc_native_rest_store.py`, which leaves them out).
_TOLD: dict[DependencyType, Callable[[str], Dependency]] = {
    "DATABRICKS_TABLE": lambda name: Dependency(table=OfTable(table_full_name=name)),
    "DATABRICKS_VECTOR_INDEX": lambda name: Dependency(table=OfTable(table_full_name=name)),
    "DATABRICKS_UC_FUNCTION": lambda name: Dependency(function=OfFunction(function_full_name=name)),
    "DATABRICKS_UC_CONNECTION": lambda name: Dependency(connection=OfConnection(connection_name=name)),
}


class DependencyList(Shape):
    dependencies: tuple[Dependency, ...] = ()


class CreateModelVersion(Shape):
    catalog_name: str
    schema_name: str
    model_name: str
    source: str
    run_id: str = ""
    comment: str = ""
    tags: tuple[Tag, ...] = ()
    model_version_dependencies: DependencyList | None = None
    model_id: str = ""
    feature_deps: str = ""
    run_tracking_server_id: str = ""


class VersionName(FullName):
    version: str


class GetVersion(VersionName):
    include_aliases: bool = False
    include_browse: bool = False


class UpdateModelVersion(VersionName):
    comment: str | None = None
    aliases: tuple[dict[str, Any], ...] | None = None
    catalog_name: str | None = None
    schema_name: str | None = None
    model_name: str | None = None
    created_at: int | None = None
    created_by: str | None = None
    id: str | None = None
    metastore_id: str | None = None
    model_version_dependencies: dict[str, Any] | None = None
    run_id: str | None = None
    run_workspace_id: int | None = None
    source: str | None = None
    status: str | None = None
    storage_location: str | None = None
    updated_at: int | None = None
    updated_by: str | None = None


class ListModelVersions(FullName):
    include_browse: bool = False
    max_results: MaxResults = 0
    page_token: str = ""


class GenerateTemporaryCredentials(Shape):
    catalog_name: str
    schema_name: str
    model_name: str
    version: int
    operation: Literal["READ_MODEL_VERSION", "READ_WRITE_MODEL_VERSION"]

    @property
    def writing(self) -> bool:
        """Whether files are to be written too."""
        return self.operation == "READ_WRITE_MODEL_VERSION"


class RegisteredModelAlias(Answer):
    alias_name: str
    version_num: int
    catalog_name: str
    schema_name: str
    model_name: str


class RegisteredModelInfo(Answer):
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


def pairs(tags: Iterable[Tag]) -> list[tuple[str, str]]:
    """Tags as the domain takes them."""
    return [(tag.key, tag.value) for tag in tags]


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
