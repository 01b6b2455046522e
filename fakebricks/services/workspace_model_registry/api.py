"""REST operations of MLflow's `ModelRegistryService`, all 21, as the workspace model registry speaks them.

Refused as the platform refuses what it does not serve: aliases, which only models in Unity Catalog have (documented:
MLflow's client says so before it asks).
"""

from __future__ import annotations

from typing import Any

from fakebricks.services.tracking.rate_limits import MLFLOW
from fakebricks.services.workspace_model_registry.legacy import LegacyRoutes
from fakebricks.services.workspace_model_registry.model_permissions import EDIT, MANAGE, READ
from fakebricks.services.workspace_model_registry.privileges import of_model, of_new_version, of_transition
from fakebricks.services.workspace_model_registry.search import MOST_VERSIONS, RegistrySearch
from fakebricks.services.workspace_model_registry.shapes import (
    ModelName,
    Tag,
    VersionName,
    model_answer,
    pairs,
    version_answer,
)
from fakebricks.services.workspace_model_registry.workspace_model_registry import WorkspaceModelRegistry
from fakebricks.wire.errors import EndpointNotFound, NotImplementedByFakebricks
from fakebricks.wire.operations import Call, Shape

routes = LegacyRoutes(rate_limit=MLFLOW)

_MODELS = "/api/2.0/mlflow/registered-models"
_VERSIONS = "/api/2.0/mlflow/model-versions"
_PAGE = 100


class CreateRegisteredModel(Shape):
    name: str
    description: str = ""
    tags: tuple[Tag, ...] = ()
    deployment_job_id: str = ""


class RenameRegisteredModel(Shape):
    name: str
    new_name: str = ""


class UpdateRegisteredModel(Shape):
    name: str
    description: str | None = None
    deployment_job_id: str = ""


class SearchRegisteredModels(Shape):
    filter: str = ""
    max_results: int = _PAGE
    order_by: tuple[str, ...] = ()
    page_token: str = ""


class GetLatestVersions(Shape):
    name: str
    stages: tuple[str, ...] = ()


class SetModelTag(Shape):
    name: str
    key: str
    value: str


class DeleteModelTag(Shape):
    name: str
    key: str


class CreateModelVersion(Shape):
    name: str
    source: str
    run_id: str = ""
    run_link: str = ""
    description: str = ""
    tags: tuple[Tag, ...] = ()
    model_id: str = ""


class UpdateModelVersion(VersionName):
    description: str | None = None


class TransitionModelVersionStage(VersionName):
    stage: str
    archive_existing_versions: bool


class SearchModelVersions(Shape):
    filter: str = ""
    max_results: int = MOST_VERSIONS
    order_by: tuple[str, ...] = ()
    page_token: str = ""


class SetVersionTag(VersionName):
    key: str
    value: str


class DeleteVersionTag(VersionName):
    key: str


class Alias(Shape):
    name: str
    alias: str
    version: str = ""


@routes.post(f"{_MODELS}/create")
def create_registered_model(
    registry: WorkspaceModelRegistry, call: Call, body: CreateRegisteredModel
) -> dict[str, Any]:
    _refuse_jobs(body.deployment_job_id)
    user = call.caller.user_name
    created = registry.create_model(body.name, user, description=body.description, tags=pairs(body.tags))
    return {"registered_model": model_answer(registry, created)}


@routes.post(f"{_MODELS}/rename", privilege=of_model(MANAGE))
def rename_registered_model(
    registry: WorkspaceModelRegistry, call: Call, body: RenameRegisteredModel
) -> dict[str, Any]:
    return {"registered_model": model_answer(registry, registry.rename_model(body.name, body.new_name))}


@routes.patch(f"{_MODELS}/update", privilege=of_model(EDIT))
def update_registered_model(
    registry: WorkspaceModelRegistry, call: Call, body: UpdateRegisteredModel
) -> dict[str, Any]:
    _refuse_jobs(body.deployment_job_id)
    changed = registry.update_model(body.name, description=body.description)
    return {"registered_model": model_answer(registry, changed)}


@routes.delete(f"{_MODELS}/delete", privilege=of_model(MANAGE))
def delete_registered_model(registry: WorkspaceModelRegistry, call: Call, body: ModelName) -> None:
    registry.delete_model(body.name)


@routes.get(f"{_MODELS}/get", privilege=of_model(READ))
def get_registered_model(registry: WorkspaceModelRegistry, call: Call, body: ModelName) -> dict[str, Any]:
    return {"registered_model": model_answer(registry, registry.get_model(body.name))}


@routes.get(f"{_MODELS}/search")
def search_registered_models(search: RegistrySearch, call: Call, body: SearchRegisteredModels) -> dict[str, Any]:
    found, token = search.models(
        call.caller,
        filter_string=body.filter,
        max_results=body.max_results,
        order_by=body.order_by,
        page_token=body.page_token,
    )
    return _page("registered_models", [model_answer(search.registry, one) for one in found], token)


@routes.post(f"{_MODELS}/get-latest-versions", privilege=of_model(READ))
@routes.get(f"{_MODELS}/get-latest-versions", privilege=of_model(READ))
def get_latest_versions(registry: WorkspaceModelRegistry, call: Call, body: GetLatestVersions) -> dict[str, Any]:
    found = registry.latest_versions(body.name, body.stages)
    return {"model_versions": [version_answer(registry, one) for one in found]} if found else {}


@routes.post(f"{_MODELS}/set-tag", privilege=of_model(EDIT))
def set_registered_model_tag(registry: WorkspaceModelRegistry, call: Call, body: SetModelTag) -> None:
    registry.set_tag(body.name, body.key, body.value)


@routes.delete(f"{_MODELS}/delete-tag", privilege=of_model(EDIT))
def delete_registered_model_tag(registry: WorkspaceModelRegistry, call: Call, body: DeleteModelTag) -> None:
    registry.delete_tag(body.name, body.key)


@routes.post(f"{_MODELS}/alias")
def set_registered_model_alias(registry: WorkspaceModelRegistry, call: Call, body: Alias) -> None:
    raise _no_aliases(call)


@routes.delete(f"{_MODELS}/alias")
def delete_registered_model_alias(registry: WorkspaceModelRegistry, call: Call, body: Alias) -> None:
    raise _no_aliases(call)


@routes.get(f"{_MODELS}/alias")
def get_model_version_by_alias(registry: WorkspaceModelRegistry, call: Call, body: Alias) -> None:
    raise _no_aliases(call)


@routes.post(f"{_VERSIONS}/create", privilege=of_new_version)
def create_model_version(registry: WorkspaceModelRegistry, call: Call, body: CreateModelVersion) -> dict[str, Any]:
    created = registry.create_version(
        body.name,
        call.caller.user_name,
        source=body.source,
        description=body.description,
        run_id=body.run_id,
        run_link=body.run_link,
        model_id=body.model_id,
        tags=pairs(body.tags),
    )
    return {"model_version": version_answer(registry, created)}


@routes.patch(f"{_VERSIONS}/update", privilege=of_model(EDIT))
def update_model_version(registry: WorkspaceModelRegistry, call: Call, body: UpdateModelVersion) -> dict[str, Any]:
    changed = registry.update_version(body.name, body.version, description=body.description)
    return {"model_version": version_answer(registry, changed)}


@routes.post(f"{_VERSIONS}/transition-stage", privilege=of_transition)
def transition_model_version_stage(
    registry: WorkspaceModelRegistry, call: Call, body: TransitionModelVersionStage
) -> dict[str, Any]:
    moved = registry.transition(
        body.name, body.version, body.stage, archive_existing_versions=body.archive_existing_versions
    )
    return {"model_version": version_answer(registry, moved)}


@routes.delete(f"{_VERSIONS}/delete", privilege=of_model(MANAGE))
def delete_model_version(registry: WorkspaceModelRegistry, call: Call, body: VersionName) -> None:
    registry.delete_version(body.name, body.version)


@routes.get(f"{_VERSIONS}/get", privilege=of_model(READ))
def get_model_version(registry: WorkspaceModelRegistry, call: Call, body: VersionName) -> dict[str, Any]:
    found = registry.get_version(body.name, body.version)
    call.awaits = registry.versions.awaits(found)
    return {"model_version": version_answer(registry, found)}


@routes.get(f"{_VERSIONS}/search")
def search_model_versions(search: RegistrySearch, call: Call, body: SearchModelVersions) -> dict[str, Any]:
    found, token = search.versions(
        call.caller,
        filter_string=body.filter,
        max_results=body.max_results,
        order_by=body.order_by,
        page_token=body.page_token,
    )
    return _page("model_versions", [version_answer(search.registry, one) for one in found], token)


@routes.get(f"{_VERSIONS}/get-download-uri", privilege=of_model(READ))
def get_model_version_download_uri(registry: WorkspaceModelRegistry, call: Call, body: VersionName) -> dict[str, Any]:
    return {"artifact_uri": registry.versions.download_uri(registry.get_version(body.name, body.version))}


@routes.post(f"{_VERSIONS}/set-tag", privilege=of_model(EDIT))
def set_model_version_tag(registry: WorkspaceModelRegistry, call: Call, body: SetVersionTag) -> None:
    registry.set_version_tag(body.name, body.version, body.key, body.value)


@routes.delete(f"{_VERSIONS}/delete-tag", privilege=of_model(EDIT))
def delete_model_version_tag(registry: WorkspaceModelRegistry, call: Call, body: DeleteVersionTag) -> None:
    registry.delete_version_tag(body.name, body.version, body.key)


def _page(name: str, found: list[Any], token: str | None) -> dict[str, Any]:
    page = {name: found} if found else {}
    return {**page, "next_page_token": token} if token else page


def _refuse_jobs(deployment_job_id: str) -> None:
    if deployment_job_id:
        raise NotImplementedByFakebricks(
            "fakebricks does not compute the field 'deployment_job_id' of registered models: there are no such jobs."
        )


def _no_aliases(call: Call) -> EndpointNotFound:
    """The text of a route that a workspace does not have (observed); that these are such routes is inferred."""
    asked = f"{call.request.method} {call.request.path.removeprefix('/api/2.0')}"
    return EndpointNotFound(
        f"No API found for '{asked}'. The workspace model registry has no aliases; models in Unity Catalog have them."
    )
