"""What the operations of `/api/2.0/mlflow/unity-catalog` ask and answer."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from fakebricks.services.model_registry.model_registry import ModelRegistry
from fakebricks.services.model_registry.records import (
    DependencyType,
    Direction,
    Entity,
    ModelVersionRecord,
    RegisteredModelRecord,
    Securable,
)
from fakebricks.services.tracking.shapes import MetricAnswer
from fakebricks.wire.operations import Answer, Shape

_PAGE = 100
_MOST = 1000

MaxResults = Annotated[int, msgspec.Meta(ge=0)]
"""0 lets the platform choose; more than 1000 is cut to that, because MLflow's client asks for 10000 (observed)."""
Operation = Literal["MODEL_VERSION_OPERATION_READ", "MODEL_VERSION_OPERATION_READ_WRITE"]


class Tag(Shape):
    key: str
    value: str = ""


class Dependency(Shape):
    type: DependencyType
    name: str


class CreateRegisteredModel(Shape):
    name: str
    description: str = ""
    tags: tuple[Tag, ...] = ()
    deployment_job_id: str = ""


class UpdateRegisteredModel(Shape):
    name: str
    new_name: str = ""
    description: str | None = None
    deployment_job_id: str = ""


class ModelName(Shape):
    name: str


class SearchRegisteredModels(Shape):
    max_results: MaxResults = _PAGE
    page_token: str = ""


class AliasOfModel(Shape):
    name: str
    alias: str


class SetAlias(AliasOfModel):
    version: str


class SetModelTag(Shape):
    name: str
    key: str
    value: str = ""


class DeleteModelTag(Shape):
    name: str
    key: str


class CreateModelVersion(Shape):
    name: str
    source: str
    run_id: str = ""
    description: str = ""
    run_tracking_server_id: str = ""
    feature_deps: str = ""
    tags: tuple[Tag, ...] = ()
    model_version_dependencies: tuple[Dependency, ...] = ()
    model_id: str = ""


class VersionName(Shape):
    name: str
    version: str


class UpdateModelVersion(VersionName):
    description: str | None = None


class SearchModelVersions(Shape):
    filter: str = ""
    max_results: MaxResults = _PAGE
    page_token: str = ""


class GenerateTemporaryCredentials(VersionName):
    operation: Operation

    @property
    def writing(self) -> bool:
        """Whether files are to be written too."""
        return self.operation == "MODEL_VERSION_OPERATION_READ_WRITE"


class SetVersionTag(VersionName):
    key: str
    value: str = ""


class DeleteVersionTag(VersionName):
    key: str


class LineageInfo(Shape):
    direction: Direction = "UPSTREAM"
    entities: tuple[Entity, ...] = ()


class EmitLineage(VersionName):
    model_version_lineage_info: LineageInfo
    securable: Securable | None = None

    @property
    def upstream(self) -> bool:
        """Whether it is about where the version comes from."""
        return self.model_version_lineage_info.direction == "UPSTREAM"


class RegisteredModel(Answer):
    name: str
    creation_timestamp: int
    last_updated_timestamp: int
    user_id: str
    description: str = ""
    aliases: tuple[dict[str, str], ...] = ()
    tags: tuple[dict[str, str], ...] = ()


class ModelVersion(Answer):
    name: str
    version: str
    creation_timestamp: int
    last_updated_timestamp: int
    user_id: str
    status: str
    source: str
    storage_location: str
    status_message: str = ""
    description: str = ""
    run_id: str = ""
    run_experiment_id: str = ""
    run_tracking_server_id: str = ""
    model_id: str = ""
    model_params: tuple[dict[str, str], ...] = ()
    model_metrics: tuple[MetricAnswer, ...] = ()
    aliases: tuple[dict[str, str], ...] = ()
    tags: tuple[dict[str, str], ...] = ()


def page_size(max_results: int) -> int:
    """How many are told at most."""
    return min(max_results or _PAGE, _MOST)


def plain_model(record: RegisteredModelRecord) -> RegisteredModel:
    """A model as lists tell it."""
    return RegisteredModel(
        name=record.name,
        creation_timestamp=record.created_at,
        last_updated_timestamp=record.updated_at,
        user_id=record.created_by,
        description=record.description,
    )


def model_answer(registry: ModelRegistry, record: RegisteredModelRecord) -> RegisteredModel:
    """A model with its aliases and tags."""
    told = plain_model(record)
    told.aliases = tuple({"alias": one.alias, "version": str(one.number)} for one in registry.aliases.of(record))
    told.tags = tuple({"key": one.key, "value": one.value} for one in registry.tags.of(record))
    return told


def plain_version(record: ModelVersionRecord) -> ModelVersion:
    """A version as lists tell it."""
    return ModelVersion(
        name=record.name,
        version=record.version,
        creation_timestamp=record.created_at,
        last_updated_timestamp=record.updated_at,
        user_id=record.created_by,
        status=record.status,
        status_message=record.status_message,
        source=record.source,
        storage_location=record.storage_location,
        description=record.description,
        run_id=record.run_id,
        run_experiment_id=record.run_experiment_id,
        run_tracking_server_id=record.run_tracking_server_id,
        model_id=record.model_id,
    )


def version_answer(registry: ModelRegistry, record: ModelVersionRecord) -> ModelVersion:
    """A version with its aliases, tags, and the params and metrics of its logged model."""
    told = plain_version(record)
    params, metrics = registry.logged(record)
    told.model_params = tuple({"name": one.key, "value": one.value} for one in params)
    told.model_metrics = tuple(MetricAnswer.of(one) for one in metrics)
    told.aliases = tuple({"alias": one.alias, "version": record.version} for one in registry.aliases.of(record))
    told.tags = tuple({"key": one.key, "value": one.value} for one in registry.tags.of(record))
    return told
