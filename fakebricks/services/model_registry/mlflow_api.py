"""REST operations of `/api/2.0/mlflow/unity-catalog`, as MLflow's `databricks-uc` store speaks them."""

from __future__ import annotations

import re
from operator import attrgetter
from typing import Any

from fakebricks.services.model_registry import lineage_header
from fakebricks.services.model_registry.mlflow_shapes import (
    AliasOfModel,
    CreateModelVersion,
    CreateRegisteredModel,
    DeleteModelTag,
    DeleteVersionTag,
    EmitLineage,
    GenerateTemporaryCredentials,
    ModelName,
    SearchModelVersions,
    SearchRegisteredModels,
    SetAlias,
    SetModelTag,
    SetVersionTag,
    UpdateModelVersion,
    UpdateRegisteredModel,
    VersionName,
    model_answer,
    page_size,
    plain_model,
    plain_version,
    version_answer,
)
from fakebricks.services.model_registry.model_registry import ModelRegistry
from fakebricks.services.model_registry.model_storage import ModelStorage
from fakebricks.services.model_registry.pages import page
from fakebricks.services.model_registry.privileges import require_change, require_files
from fakebricks.services.model_registry.records import DependencyRecord
from fakebricks.services.model_registry.visible_models import VisibleModels
from fakebricks.services.search import PageTokens
from fakebricks.services.unity_catalog.authority import Authority, needs
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.services.unity_catalog.shapes import refuse
from fakebricks.wire.errors import InvalidParameterValue
from fakebricks.wire.operations import Call, Routes

routes = Routes()

_MODELS = "/api/2.0/mlflow/unity-catalog/registered-models"
_VERSIONS = "/api/2.0/mlflow/unity-catalog/model-versions"
_BY_NAME = re.compile(r"""\s*name\s*=\s*(?:'([^']*)'|"([^"]*)")\s*""")

name = attrgetter("name")


def changes(authority: Authority, call: Call, body: UpdateRegisteredModel) -> None:
    """To change the model."""
    require_change(authority, body.name, call.caller, renaming=bool(body.new_name))


def moves_files(authority: Authority, call: Call, body: GenerateTemporaryCredentials) -> None:
    """To load the version, or to make one of it."""
    require_files(authority, body.name, call.caller, writing=body.writing)


def emits_lineage(authority: Authority, call: Call, body: EmitLineage) -> None:
    """To make a version, in order to tell where it comes from; to load it, in order to tell what uses it."""
    require_files(authority, body.name, call.caller, writing=body.upstream)


@routes.post(f"{_MODELS}/create", privilege=needs(Rule.CREATE_MODEL, name))
def create_registered_model(registry: ModelRegistry, call: Call, body: CreateRegisteredModel) -> dict[str, Any]:
    refuse("create registered model", deployment_job_id=body.deployment_job_id)
    tags = [(tag.key, tag.value) for tag in body.tags]
    created = registry.create_model(body.name, call.caller.user_name, description=body.description, tags=tags)
    return {"registered_model": model_answer(registry, created)}


@routes.patch(f"{_MODELS}/update", privilege=changes)
def update_registered_model(registry: ModelRegistry, call: Call, body: UpdateRegisteredModel) -> dict[str, Any]:
    refuse("update registered model", deployment_job_id=body.deployment_job_id)
    model = registry.update_model(body.name, call.caller.user_name, description=body.description)
    if body.new_name:
        model = registry.rename_model(model.name, body.new_name, call.caller.user_name)
    return {"registered_model": model_answer(registry, model)}


@routes.delete(f"{_MODELS}/delete", privilege=needs(Rule.MANAGE_MODEL, name))
def delete_registered_model(registry: ModelRegistry, call: Call, body: ModelName) -> None:
    registry.delete_model(body.name)


@routes.get(f"{_MODELS}/get", privilege=needs(Rule.SEE_MODEL, name))
def get_registered_model(registry: ModelRegistry, call: Call, body: ModelName) -> dict[str, Any]:
    return {"registered_model": model_answer(registry, registry.get_model(body.name))}


@routes.get(f"{_MODELS}/search")
def search_registered_models(models: VisibleModels, call: Call, body: SearchRegisteredModels) -> dict[str, Any]:
    """Those that the caller may see; aliases and tags are not in it (documented)."""
    tokens = PageTokens("search_registered_models")
    place = tokens.read(body.page_token)
    after = (place[0], place[1], place[2]) if place else None
    found, last = page(models.after(after, call.caller), page_size(body.max_results))
    told = {"next_page_token": tokens.write(list(last.key))} if last else {}
    return {"registered_models": [plain_model(one) for one in found], **told} if found else {}


@routes.post(f"{_MODELS}/alias", privilege=needs(Rule.MANAGE_MODEL, name))
def set_registered_model_alias(registry: ModelRegistry, call: Call, body: SetAlias) -> None:
    registry.aliases.set(body.alias, registry.get_version(body.name, body.version))


@routes.delete(f"{_MODELS}/alias", privilege=needs(Rule.MANAGE_MODEL, name))
def delete_registered_model_alias(registry: ModelRegistry, call: Call, body: AliasOfModel) -> None:
    registry.aliases.delete(registry.get_model(body.name), body.alias)


@routes.get(f"{_MODELS}/alias", privilege=needs(Rule.SEE_MODEL, name))
def get_model_version_by_alias(registry: ModelRegistry, call: Call, body: AliasOfModel) -> dict[str, Any]:
    return {"model_version": version_answer(registry, registry.get_by_alias(body.name, body.alias))}


@routes.post(f"{_MODELS}/set-tag", privilege=needs(Rule.TAG_MODEL, name))
def set_registered_model_tag(registry: ModelRegistry, call: Call, body: SetModelTag) -> None:
    registry.tags.set(registry.get_model(body.name), [(body.key, body.value)])


@routes.delete(f"{_MODELS}/delete-tag", privilege=needs(Rule.TAG_MODEL, name))
def delete_registered_model_tag(registry: ModelRegistry, call: Call, body: DeleteModelTag) -> None:
    registry.tags.delete(registry.get_model(body.name), body.key)


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
    lineage_header.keep(registry, call, created, "UPSTREAM")
    return {"model_version": version_answer(registry, created)}


@routes.post(f"{_VERSIONS}/finalize", privilege=needs(Rule.CREATE_MODEL_VERSION, name))
def finalize_model_version(registry: ModelRegistry, call: Call, body: VersionName) -> dict[str, Any]:
    finalized = registry.finalize_version(body.name, body.version, call.caller.user_name)
    return {"model_version": version_answer(registry, finalized)}


@routes.patch(f"{_VERSIONS}/update", privilege=needs(Rule.MANAGE_MODEL, name))
def update_model_version(registry: ModelRegistry, call: Call, body: UpdateModelVersion) -> dict[str, Any]:
    changed = registry.update_version(body.name, body.version, call.caller.user_name, description=body.description)
    return {"model_version": version_answer(registry, changed)}


@routes.delete(f"{_VERSIONS}/delete", privilege=needs(Rule.MANAGE_MODEL, name))
def delete_model_version(registry: ModelRegistry, call: Call, body: VersionName) -> None:
    registry.delete_version(body.name, body.version)


@routes.get(f"{_VERSIONS}/get", privilege=needs(Rule.SEE_MODEL, name))
def get_model_version(registry: ModelRegistry, call: Call, body: VersionName) -> dict[str, Any]:
    return {"model_version": version_answer(registry, registry.get_version(body.name, body.version))}


@routes.get(f"{_VERSIONS}/search", privilege=needs(Rule.SEE_MODEL, lambda body: _name_in(body.filter)))
def search_model_versions(registry: ModelRegistry, call: Call, body: SearchModelVersions) -> dict[str, Any]:
    """The newest first; the platform promises no order, and tells no aliases or tags (documented)."""
    name = _name_in(body.filter)
    tokens = PageTokens("search_model_versions", name)
    place = tokens.read(body.page_token)
    found, last = page(registry.versions(name, below=place[0] if place else None), page_size(body.max_results))
    told = {"next_page_token": tokens.write([last.number])} if last else {}
    return {"model_versions": [plain_version(one) for one in found], **told} if found else {}


@routes.get(f"{_VERSIONS}/get-download-uri", privilege=needs(Rule.LOAD_MODEL, name))
def get_model_version_download_uri(registry: ModelRegistry, call: Call, body: VersionName) -> dict[str, Any]:
    version = registry.get_version(body.name, body.version)
    registry.require_ready(version)
    return {"artifact_uri": version.storage_location}


@routes.post(f"{_VERSIONS}/generate-temporary-credentials", privilege=moves_files, secret=True)
def generate_temporary_model_version_credentials(
    storage: ModelStorage, call: Call, body: GenerateTemporaryCredentials
) -> dict[str, Any]:
    credentials = storage.credentials(body.name, body.version, call.millis, writing=body.writing)
    version = storage.registry.get_version(body.name, body.version)
    lineage_header.keep(storage.registry, call, version, "UPSTREAM" if body.writing else "DOWNSTREAM")
    return {"credentials": credentials}


@routes.post(f"{_VERSIONS}/set-tag", privilege=needs(Rule.TAG_MODEL, name))
def set_model_version_tag(registry: ModelRegistry, call: Call, body: SetVersionTag) -> None:
    registry.tags.set(registry.get_version(body.name, body.version), [(body.key, body.value)])


@routes.delete(f"{_VERSIONS}/delete-tag", privilege=needs(Rule.TAG_MODEL, name))
def delete_model_version_tag(registry: ModelRegistry, call: Call, body: DeleteVersionTag) -> None:
    registry.tags.delete(registry.get_version(body.name, body.version), body.key)


@routes.post(f"{_VERSIONS}/emit-lineage", privilege=emits_lineage)
def emit_model_version_lineage(registry: ModelRegistry, call: Call, body: EmitLineage) -> None:
    tables = [body.securable.table] if body.securable else []
    registry.lineage.emit(
        registry.get_version(body.name, body.version),
        call.caller.user_name,
        body.model_version_lineage_info.direction,
        entities=body.model_version_lineage_info.entities,
        sources=tables if body.upstream else (),
        targets=() if body.upstream else tables,
    )


@routes.get(f"{_MODELS}:is-databricks-sdk-models-artifact-repository-enabled")
def is_databricks_sdk_models_artifact_repository_enabled(storage: ModelStorage, call: Call) -> dict[str, Any]:
    return {"is_databricks_sdk_models_artifact_repository_enabled": storage.route == "files"}


def _name_in(text: str) -> str:
    """The model that a filter names; no other filter is supported (observed, with its text)."""
    found = _BY_NAME.fullmatch(text)
    if found is None:
        form = "Please specify your filter parameter in the format `name = 'model_name'`"
        raise InvalidParameterValue(f"Unsupported filter query : `{text}`. {form}")
    return found[1] or found[2] or ""
