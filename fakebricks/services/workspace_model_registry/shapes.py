"""The shapes that requests and replies of the workspace model registry share."""

from __future__ import annotations

from collections.abc import Iterable

from fakebricks.services.workspace_model_registry.names import STAGES
from fakebricks.services.workspace_model_registry.records import TagRecord, WorkspaceModel, WorkspaceModelVersion
from fakebricks.services.workspace_model_registry.workspace_model_registry import WorkspaceModelRegistry
from fakebricks.wire.operations import Answer, Shape


class ModelName(Shape):
    name: str


class VersionName(Shape):
    name: str
    version: str


class Tag(Shape):
    key: str
    value: str = ""


class ModelVersion(Answer):
    name: str
    version: str
    creation_timestamp: int
    last_updated_timestamp: int
    user_id: str
    current_stage: str
    source: str
    status: str
    status_message: str = ""
    description: str = ""
    run_id: str = ""
    run_link: str = ""
    model_id: str = ""
    tags: tuple[dict[str, str], ...] = ()


class RegisteredModel(Answer):
    name: str
    creation_timestamp: int
    last_updated_timestamp: int
    user_id: str
    description: str = ""
    latest_versions: tuple[ModelVersion, ...] = ()
    tags: tuple[dict[str, str], ...] = ()


def pairs(tags: Iterable[Tag]) -> list[tuple[str, str]]:
    """Tags of a request, as the domain takes them."""
    return [(tag.key, tag.value) for tag in tags]


def version_answer(registry: WorkspaceModelRegistry, record: WorkspaceModelVersion) -> ModelVersion:
    """A version as MLflow reads it."""
    status, message = registry.versions.status(record)
    return ModelVersion(
        name=record.name,
        version=record.version,
        creation_timestamp=record.creation_timestamp,
        last_updated_timestamp=record.last_updated_timestamp,
        user_id=record.user_id,
        current_stage=record.stage,
        source=record.source,
        status=status,
        status_message=message,
        description=record.description,
        run_id=record.run_id,
        run_link=record.run_link,
        model_id=record.model_id,
        tags=_told(registry.versions.tags(record)),
    )


def model_answer(registry: WorkspaceModelRegistry, record: WorkspaceModel) -> RegisteredModel:
    """A model as MLflow reads it, with the latest version of each stage."""
    latest = registry.versions.latest(record, STAGES)
    return RegisteredModel(
        name=record.name,
        creation_timestamp=record.creation_timestamp,
        last_updated_timestamp=record.last_updated_timestamp,
        user_id=record.user_id,
        description=record.description,
        latest_versions=tuple(version_answer(registry, version) for version in latest),
        tags=_told(registry.tags(record)),
    )


def _told(tags: Iterable[TagRecord]) -> tuple[dict[str, str], ...]:
    return tuple({"key": tag.key, "value": tag.value} for tag in tags)
