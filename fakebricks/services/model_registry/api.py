"""REST operations of `/api/2.0/mlflow/unity-catalog`, as MLflow's `databricks-uc` store speaks them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import attrgetter
from typing import Annotated, Any, Literal

import msgspec

from fakebricks.services.model_registry.model_registry import ModelRegistry
from fakebricks.services.model_registry.model_storage import ModelStorage
from fakebricks.services.model_registry.names import ModelKey
from fakebricks.services.model_registry.records import DependencyRecord, ModelVersionRecord, RegisteredModelRecord
from fakebricks.services.search import PageTokens
from fakebricks.services.tracking.shapes import MetricAnswer
from fakebricks.services.unity_catalog.authority import Authority, needs
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import InvalidParameterValue, NotImplementedByFakebricks
from fakebricks.wire.operations import Answer, Call, Routes, Shape

routes = Routes()

_MODELS = "/api/2.0/mlflow/unity-catalog/registered-models"
_VERSIONS = "/api/2.0/mlflow/unity-catalog/model-versions"
_PAGE = 100
_MOST = 1000
_BY_NAME = re.compile(r"""\s*name\s*=\s*(?:'([^']*)'|"([^"]*)")\s*""")

MaxResults = Annotated[int, msgspec.Meta(ge=0)]
"""0 lets the platform choose; more than 1000 is cut to that, because MLflow's client asks for 10000 (observed)."""
Operation = Literal["MODEL_VERSION_OPERATION_READ", "MODEL_VERSION_OPERATION_READ_WRITE"]
DependencyType = Literal[
    "DATABRICKS_VECTOR_INDEX",
    "DATABRICKS_MODEL_ENDPOINT",
    "DATABRICKS_UC_FUNCTION",
    "DATABRICKS_UC_CONNECTION",
    "DATABRICKS_TABLE",
    "DATABRICKS_UC_MODEL_SERVICE",
]


class VisibleModels:
    """The registered models that somebody may see."""

    def __init__(self, registry: ModelRegistry, authority: Authority) -> None:
        self._registry = registry
        self._authority = authority

    def after(self, key: ModelKey | None, caller: Caller) -> Iterator[RegisteredModelRecord]:
        """Those of them by name, from the one after `key` on."""
        return self._authority.allowed(Rule.SEE_MODEL, self._registry.models(key), caller)


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


class SetVersionTag(VersionName):
    key: str
    value: str = ""


class DeleteVersionTag(VersionName):
    key: str


class LineageInfo(Shape):
    direction: Literal["UPSTREAM", "DOWNSTREAM"] = "UPSTREAM"
    entities: tuple[dict[str, Any], ...] = ()


class EmitLineage(VersionName):
    model_version_lineage_info: LineageInfo | None = None
    securable: dict[str, Any] | None = None


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


name = attrgetter("name")


def changes(authority: Authority, call: Call, body: UpdateRegisteredModel) -> None:
    """To manage the model, and under another name to create one there."""
    authority.require(Rule.MANAGE_MODEL, body.name, call.caller)
    if body.new_name:
        authority.require(Rule.CREATE_MODEL, body.name, call.caller)


def moves_files(authority: Authority, call: Call, body: GenerateTemporaryCredentials) -> None:
    """To load the version, or to make one of it."""
    reading = body.operation == "MODEL_VERSION_OPERATION_READ"
    authority.require(Rule.LOAD_MODEL if reading else Rule.CREATE_MODEL_VERSION, body.name, call.caller)


@routes.post(f"{_MODELS}/create", privilege=needs(Rule.CREATE_MODEL, name))
def create_registered_model(registry: ModelRegistry, call: Call, body: CreateRegisteredModel) -> dict[str, Any]:
    _refuse_jobs(body.deployment_job_id)
    tags = [(tag.key, tag.value) for tag in body.tags]
    created = registry.create_model(body.name, call.caller.user_name, description=body.description, tags=tags)
    return {"registered_model": _model(registry, created)}


@routes.patch(f"{_MODELS}/update", privilege=changes)
def update_registered_model(registry: ModelRegistry, call: Call, body: UpdateRegisteredModel) -> dict[str, Any]:
    _refuse_jobs(body.deployment_job_id)
    model = registry.update_model(body.name, description=body.description)
    if body.new_name:
        model = registry.rename_model(model.name, body.new_name)
    return {"registered_model": _model(registry, model)}


@routes.delete(f"{_MODELS}/delete", privilege=needs(Rule.MANAGE_MODEL, name))
def delete_registered_model(registry: ModelRegistry, call: Call, body: ModelName) -> None:
    registry.delete_model(body.name)


@routes.get(f"{_MODELS}/get", privilege=needs(Rule.SEE_MODEL, name))
def get_registered_model(registry: ModelRegistry, call: Call, body: ModelName) -> dict[str, Any]:
    return {"registered_model": _model(registry, registry.get_model(body.name))}


@routes.get(f"{_MODELS}/search")
def search_registered_models(models: VisibleModels, call: Call, body: SearchRegisteredModels) -> dict[str, Any]:
    """Those that the caller may see; aliases and tags are not in it (documented)."""
    tokens = PageTokens("search_registered_models")
    place = tokens.read(body.page_token)
    found: list[RegisteredModelRecord] = []
    for model in models.after(_after(place), call.caller):
        if len(found) == _page_size(body.max_results):
            told = {"next_page_token": tokens.write(list(found[-1].key))}
            return {"registered_models": [_plain_model(one) for one in found], **told}
        found.append(model)
    return {"registered_models": [_plain_model(one) for one in found]} if found else {}


@routes.post(f"{_MODELS}/alias", privilege=needs(Rule.MANAGE_MODEL, name))
def set_registered_model_alias(registry: ModelRegistry, call: Call, body: SetAlias) -> None:
    registry.set_alias(body.name, body.alias, body.version)


@routes.delete(f"{_MODELS}/alias", privilege=needs(Rule.MANAGE_MODEL, name))
def delete_registered_model_alias(registry: ModelRegistry, call: Call, body: AliasOfModel) -> None:
    registry.delete_alias(body.name, body.alias)


@routes.get(f"{_MODELS}/alias", privilege=needs(Rule.SEE_MODEL, name))
def get_model_version_by_alias(registry: ModelRegistry, call: Call, body: AliasOfModel) -> dict[str, Any]:
    return {"model_version": _version(registry, registry.get_by_alias(body.name, body.alias))}


@routes.post(f"{_MODELS}/set-tag", privilege=needs(Rule.TAG_MODEL, name))
def set_registered_model_tag(registry: ModelRegistry, call: Call, body: SetModelTag) -> None:
    registry.set_model_tag(body.name, body.key, body.value)


@routes.delete(f"{_MODELS}/delete-tag", privilege=needs(Rule.TAG_MODEL, name))
def delete_registered_model_tag(registry: ModelRegistry, call: Call, body: DeleteModelTag) -> None:
    registry.delete_model_tag(body.name, body.key)


@routes.post(f"{_VERSIONS}/create", privilege=needs(Rule.CREATE_MODEL_VERSION, name))
def create_model_version(registry: ModelRegistry, call: Call, body: CreateModelVersion) -> dict[str, Any]:
    created = registry.create_version(
        body.name,
        call.caller.user_name,
        source=body.source,
        run_id=body.run_id,
        run_tracking_server_id=body.run_tracking_server_id,
        model_id=body.model_id,
        description=body.description,
        feature_deps=body.feature_deps,
        dependencies=[DependencyRecord(type=one.type, name=one.name) for one in body.model_version_dependencies],
        tags=[(tag.key, tag.value) for tag in body.tags],
    )
    return {"model_version": _version(registry, created)}


@routes.post(f"{_VERSIONS}/finalize", privilege=needs(Rule.CREATE_MODEL_VERSION, name))
def finalize_model_version(registry: ModelRegistry, call: Call, body: VersionName) -> dict[str, Any]:
    return {"model_version": _version(registry, registry.finalize_version(body.name, body.version))}


@routes.patch(f"{_VERSIONS}/update", privilege=needs(Rule.MANAGE_MODEL, name))
def update_model_version(registry: ModelRegistry, call: Call, body: UpdateModelVersion) -> dict[str, Any]:
    changed = registry.update_version(body.name, body.version, description=body.description)
    return {"model_version": _version(registry, changed)}


@routes.delete(f"{_VERSIONS}/delete", privilege=needs(Rule.MANAGE_MODEL, name))
def delete_model_version(registry: ModelRegistry, call: Call, body: VersionName) -> None:
    registry.delete_version(body.name, body.version)


@routes.get(f"{_VERSIONS}/get", privilege=needs(Rule.SEE_MODEL, name))
def get_model_version(registry: ModelRegistry, call: Call, body: VersionName) -> dict[str, Any]:
    return {"model_version": _version(registry, registry.get_version(body.name, body.version))}


@routes.get(f"{_VERSIONS}/search", privilege=needs(Rule.SEE_MODEL, lambda body: _name_in(body.filter)))
def search_model_versions(registry: ModelRegistry, call: Call, body: SearchModelVersions) -> dict[str, Any]:
    """The newest first; the platform promises no order, and tells no aliases or tags (documented)."""
    name = _name_in(body.filter)
    tokens = PageTokens("search_model_versions", name)
    place = tokens.read(body.page_token)
    found: list[ModelVersionRecord] = []
    for version in registry.versions(name, below=place[0] if place else None):
        if len(found) == _page_size(body.max_results):
            told = {"next_page_token": tokens.write([found[-1].number])}
            return {"model_versions": [_plain_version(one) for one in found], **told}
        found.append(version)
    return {"model_versions": [_plain_version(one) for one in found]} if found else {}


@routes.get(f"{_VERSIONS}/get-download-uri", privilege=needs(Rule.LOAD_MODEL, name))
def get_model_version_download_uri(registry: ModelRegistry, call: Call, body: VersionName) -> dict[str, Any]:
    version = registry.get_version(body.name, body.version)
    registry.require_ready(version)
    return {"artifact_uri": version.storage_location}


@routes.post(f"{_VERSIONS}/generate-temporary-credentials", privilege=moves_files, secret=True)
def generate_temporary_model_version_credentials(
    storage: ModelStorage, call: Call, body: GenerateTemporaryCredentials
) -> dict[str, Any]:
    """Of AWS, or none where the files are in default storage, which is reached by signed URLs."""
    writing = body.operation == "MODEL_VERSION_OPERATION_READ_WRITE"
    return {"credentials": storage.credentials(body.name, body.version, call.millis, writing=writing)}


@routes.post(f"{_VERSIONS}/set-tag", privilege=needs(Rule.TAG_MODEL, name))
def set_model_version_tag(registry: ModelRegistry, call: Call, body: SetVersionTag) -> None:
    registry.set_version_tag(body.name, body.version, body.key, body.value)


@routes.delete(f"{_VERSIONS}/delete-tag", privilege=needs(Rule.TAG_MODEL, name))
def delete_model_version_tag(registry: ModelRegistry, call: Call, body: DeleteVersionTag) -> None:
    registry.delete_version_tag(body.name, body.version, body.key)


@routes.post(f"{_VERSIONS}/emit-lineage", privilege=needs(Rule.LOAD_MODEL, name))
def emit_model_version_lineage(registry: ModelRegistry, call: Call, body: EmitLineage) -> None:
    info = body.model_version_lineage_info or LineageInfo()
    registry.emit_lineage(
        body.name,
        body.version,
        call.caller.user_name,
        direction=info.direction,
        entities=info.entities,
        securable=body.securable,
    )


@routes.get(f"{_MODELS}:is-databricks-sdk-models-artifact-repository-enabled")
def is_databricks_sdk_models_artifact_repository_enabled(storage: ModelStorage, call: Call) -> dict[str, Any]:
    return {"is_databricks_sdk_models_artifact_repository_enabled": storage.route == "files"}


def _refuse_jobs(deployment_job_id: str) -> None:
    if deployment_job_id:
        raise NotImplementedByFakebricks(
            "fakebricks does not compute the field 'deployment_job_id' of registered models: there are no such jobs."
        )


def _page_size(max_results: int) -> int:
    return min(max_results or _PAGE, _MOST)


def _after(place: list[Any] | None) -> tuple[str, str, str] | None:
    return (place[0], place[1], place[2]) if place else None


def _name_in(text: str) -> str:
    """The model that a filter names; no other filter is supported (observed, with its text)."""
    found = _BY_NAME.fullmatch(text)
    if found is None:
        form = "Please specify your filter parameter in the format `name = 'model_name'`"
        raise InvalidParameterValue(f"Unsupported filter query : `{text}`. {form}")
    return found[1] or found[2] or ""


def _plain_model(record: RegisteredModelRecord) -> RegisteredModel:
    return RegisteredModel(
        name=record.name,
        creation_timestamp=record.created_at,
        last_updated_timestamp=record.updated_at,
        user_id=record.owner,
        description=record.description,
    )


def _model(registry: ModelRegistry, record: RegisteredModelRecord) -> RegisteredModel:
    told = _plain_model(record)
    told.aliases = tuple({"alias": one.alias, "version": str(one.number)} for one in registry.aliases(record))
    told.tags = tuple({"key": one.key, "value": one.value} for one in registry.tags(record))
    return told


def _plain_version(record: ModelVersionRecord) -> ModelVersion:
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


def _version(registry: ModelRegistry, record: ModelVersionRecord) -> ModelVersion:
    told = _plain_version(record)
    params, metrics = registry.logged(record)
    told.model_params = tuple({"name": one.key, "value": one.value} for one in params)
    told.model_metrics = tuple(MetricAnswer.of(one) for one in metrics)
    told.aliases = tuple({"alias": one.alias, "version": record.version} for one in registry.aliases(record))
    told.tags = tuple({"key": one.key, "value": one.value} for one in registry.tags(record))
    return told
