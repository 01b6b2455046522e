"""REST operations of model versions in `/api/2.1/unity-catalog`: the native dialect; see `native_models_api.py`."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from fakebricks.services.model_registry import lineage_header
from fakebricks.services.model_registry.model_registry import ModelRegistry
from fakebricks.services.model_registry.model_storage import ModelStorage, TemporaryCredentials
from fakebricks.services.model_registry.native_answers import (
    ModelVersionInfo,
    plain_version,
    require_unchanged,
    version_info,
)
from fakebricks.services.model_registry.native_shapes import (
    CreateModelVersion,
    GenerateTemporaryCredentials,
    GetByAlias,
    GetVersion,
    ListModelVersions,
    UpdateModelVersion,
    VersionName,
    pairs,
)
from fakebricks.services.model_registry.pages import page
from fakebricks.services.model_registry.privileges import require_files
from fakebricks.services.search import PageTokens
from fakebricks.services.unity_catalog.authority import Authority, needs
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.wire.operations import Call, Routes

routes = Routes()

_ROOT = "/api/2.1/unity-catalog"
_MODELS = f"{_ROOT}/models"
_VERSIONS = f"{_MODELS}/<full_name>/versions"
_PAGE = 100
_MOST = 1000

full_name = attrgetter("full_name")


def model_of(body: CreateModelVersion | GenerateTemporaryCredentials) -> str:
    """The full name of the model that a request names in three fields."""
    return f"{body.catalog_name}.{body.schema_name}.{body.model_name}"


def moves_files(authority: Authority, call: Call, body: GenerateTemporaryCredentials) -> None:
    """To load the version, or to make one of it."""
    require_files(authority, model_of(body), call.caller, writing=body.writing)


@routes.post(f"{_MODELS}/versions", privilege=needs(Rule.CREATE_MODEL_VERSION, model_of))
def create_model_version(registry: ModelRegistry, call: Call, body: CreateModelVersion) -> ModelVersionInfo:
    needed = body.model_version_dependencies.dependencies if body.model_version_dependencies else ()
    created = registry.create_version(
        model_of(body),
        call.caller.user_name,
        source=body.source,
        run_id=body.run_id,
        run_tracking_server_id=body.run_tracking_server_id,
        model_id=body.model_id,
        description=body.comment,
        feature_deps=body.feature_deps,
        dependencies=[one.record for one in needed],
        tags=pairs(body.tags),
    )
    lineage_header.keep(registry, call, created, "UPSTREAM")
    return version_info(registry, created)


@routes.get(f"{_VERSIONS}/<version>", privilege=needs(Rule.SEE_MODEL, full_name))
def get_model_version(registry: ModelRegistry, call: Call, body: GetVersion) -> ModelVersionInfo:
    found = registry.get_version(body.full_name, body.version)
    return version_info(registry, found, with_aliases=body.include_aliases)


@routes.get(f"{_MODELS}/<full_name>/aliases/<alias>", privilege=needs(Rule.SEE_MODEL, full_name))
def get_model_version_by_alias(registry: ModelRegistry, call: Call, body: GetByAlias) -> ModelVersionInfo:
    found = registry.get_by_alias(body.full_name, body.alias)
    return version_info(registry, found, with_aliases=body.include_aliases)


@routes.get(_VERSIONS, privilege=needs(Rule.SEE_MODEL, full_name))
def list_model_versions(registry: ModelRegistry, call: Call, body: ListModelVersions) -> dict[str, Any]:
    """The newest first; the platform promises no order, and tells no aliases or tags (documented)."""
    name = registry.get_model(body.full_name).full_name
    tokens = PageTokens("list_model_versions", name)
    place = tokens.read(body.page_token)
    size = min(body.max_results or _PAGE, _MOST)
    found, last = page(registry.versions(name, below=place[0] if place else None), size)
    following = {"next_page_token": tokens.write([last.number])} if last else {}
    return {"model_versions": [plain_version(registry, one) for one in found], **following} if found else {}


@routes.patch(f"{_VERSIONS}/<version>", privilege=needs(Rule.MANAGE_MODEL, full_name))
def update_model_version(registry: ModelRegistry, call: Call, body: UpdateModelVersion) -> ModelVersionInfo:
    before = registry.get_version(body.full_name, body.version)
    require_unchanged(body, version_info(registry, before, with_aliases=True), ("comment",))
    changed = registry.update_version(body.full_name, body.version, call.caller.user_name, description=body.comment)
    return version_info(registry, changed)


@routes.patch(f"{_VERSIONS}/<version>/finalize", privilege=needs(Rule.CREATE_MODEL_VERSION, full_name))
def finalize_model_version(registry: ModelRegistry, call: Call, body: VersionName) -> ModelVersionInfo:
    return version_info(registry, registry.finalize_version(body.full_name, body.version, call.caller.user_name))


@routes.delete(f"{_VERSIONS}/<version>", privilege=needs(Rule.MANAGE_MODEL, full_name))
def delete_model_version(registry: ModelRegistry, call: Call, body: VersionName) -> None:
    registry.delete_version(body.full_name, body.version)


@routes.post(f"{_ROOT}/temporary-model-version-credentials", privilege=moves_files, secret=True)
def generate_temporary_model_version_credentials(
    storage: ModelStorage, call: Call, body: GenerateTemporaryCredentials
) -> TemporaryCredentials:
    name, version = model_of(body), str(body.version)
    credentials = storage.credentials(name, version, call.millis, writing=body.writing)
    lineage_header.keep(
        storage.registry,
        call,
        storage.registry.get_version(name, version),
        "UPSTREAM" if body.writing else "DOWNSTREAM",
    )
    return credentials
