"""REST operations of registered models, their aliases and tags in `/api/2.1/unity-catalog`: the native dialect.

databricks-sdk speaks it, and MLflow with `MLFLOW_ENABLE_UC_NATIVE_MODEL_REGISTRY=true`. Aliases are told only where
`include_aliases` asks for them (observed); lists tell neither aliases nor tags (documented).
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from fakebricks.services.model_registry.model_registry import ModelRegistry
from fakebricks.services.model_registry.names import checked_model_name
from fakebricks.services.model_registry.native_answers import (
    RegisteredModelAlias,
    RegisteredModelInfo,
    alias_info,
    model_info,
    plain_model,
    require_unchanged,
)
from fakebricks.services.model_registry.native_shapes import (
    AliasOfModel,
    ChangeModelTags,
    ChangeVersionTags,
    CreateRegisteredModel,
    DeleteModel,
    GetModel,
    ListRegisteredModels,
    SetAlias,
    TagChanges,
    UpdateRegisteredModel,
    pairs,
)
from fakebricks.services.model_registry.pages import page
from fakebricks.services.model_registry.privileges import require_change
from fakebricks.services.model_registry.records import ModelVersionRecord, RegisteredModelRecord
from fakebricks.services.model_registry.visible_models import VisibleModels
from fakebricks.services.search import PageTokens
from fakebricks.services.unity_catalog.authority import Authority, needs
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.services.unity_catalog.securables import Kind, kind_named
from fakebricks.services.unity_catalog.shapes import refuse, schema_of
from fakebricks.wire.errors import InvalidParameterValue, NotImplementedByFakebricks
from fakebricks.wire.operations import Call, Routes

routes = Routes()

_ROOT = "/api/2.1/unity-catalog"
_MODELS = f"{_ROOT}/models"
_PAGE = 100
_MOST = 1000
_MOST_OF_A_SCHEMA = 10_000
_UPDATABLE = ("comment", "owner", "new_name")
_COMPUTED = ("catalog_name", "schema_name", "name", "comment", "tags")

full_name = attrgetter("full_name")
securable = attrgetter("securable_full_name")


def changes(authority: Authority, call: Call, body: UpdateRegisteredModel) -> None:
    """To change the model."""
    require_change(authority, body.full_name, call.caller, renaming=bool(body.new_name))


def lists(authority: Authority, call: Call, body: ListRegisteredModels) -> None:
    """To see the schema, where one is named, as for the tables in it (inferred)."""
    if within := _schema(body):
        authority.require(Rule.SEE_SCHEMA, ".".join(within), call.caller, browse=body.include_browse)


@routes.post(_MODELS, privilege=needs(Rule.CREATE_MODEL, schema_of))
def create_registered_model(registry: ModelRegistry, call: Call, body: CreateRegisteredModel) -> RegisteredModelInfo:
    more = {field: getattr(body, field) for field in body.__struct_fields__ if field not in _COMPUTED}
    refuse("create registered model", **more)
    created = registry.create_model(
        f"{body.catalog_name}.{body.schema_name}.{checked_model_name(body.name)}",
        call.caller.user_name,
        description=body.comment,
        tags=pairs(body.tags),
    )
    return model_info(registry, created)


@routes.get(f"{_MODELS}/<full_name>", privilege=needs(Rule.SEE_MODEL, full_name))
def get_registered_model(models: VisibleModels, call: Call, body: GetModel) -> RegisteredModelInfo:
    model = models.registry.get_model(body.full_name)
    told = model_info(models.registry, model, with_aliases=body.include_aliases)
    told.browse_only = models.is_browsed(model.full_name, call.caller) if body.include_browse else None
    return told


@routes.get(_MODELS, privilege=lists)
def list_registered_models(models: VisibleModels, call: Call, body: ListRegisteredModels) -> dict[str, Any]:
    """Those that the caller may see; by BROWSE alone, only with `include_browse` (documented)."""
    within = _schema(body)
    if within:
        models.registry.require_schema(*within)
    tokens = PageTokens("list_registered_models", within, body.include_browse)
    place = tokens.read(body.page_token)
    after = (place[0], place[1], place[2]) if place else None
    visible = models.after(after, call.caller, within, browse=body.include_browse)
    found, last = page(visible, _page_size(body, within))
    told = [plain_model(models.registry, one) for one in found]
    if body.include_browse:
        for one in told:
            one.browse_only = models.is_browsed(one.full_name, call.caller)
    following = {"next_page_token": tokens.write(list(last.key))} if last else {}
    return {"registered_models": told, **following} if told else {}


@routes.patch(f"{_MODELS}/<full_name>", privilege=changes)
def update_registered_model(registry: ModelRegistry, call: Call, body: UpdateRegisteredModel) -> RegisteredModelInfo:
    refuse("update registered model", deployment_job_id=body.deployment_job_id)
    before = registry.get_model(body.full_name)
    require_unchanged(body, model_info(registry, before, with_aliases=True), _UPDATABLE)
    user = call.caller.user_name
    model = registry.update_model(body.full_name, user, description=body.comment, owner=body.owner)
    if body.new_name:
        model = registry.rename_model(model.full_name, body.new_name, user)
    return model_info(registry, model)


@routes.delete(f"{_MODELS}/<full_name>", privilege=needs(Rule.MANAGE_MODEL, full_name))
def delete_registered_model(registry: ModelRegistry, call: Call, body: DeleteModel) -> None:
    registry.delete_model(body.full_name)


@routes.put(f"{_MODELS}/<full_name>/aliases/<alias>", privilege=needs(Rule.MANAGE_MODEL, full_name))
def set_registered_model_alias(registry: ModelRegistry, call: Call, body: SetAlias) -> RegisteredModelAlias:
    version = registry.get_version(body.full_name, str(body.version_num))
    return alias_info(version, registry.aliases.set(body.alias, version))


@routes.delete(f"{_MODELS}/<full_name>/aliases/<alias>", privilege=needs(Rule.MANAGE_MODEL, full_name))
def delete_registered_model_alias(registry: ModelRegistry, call: Call, body: AliasOfModel) -> None:
    registry.aliases.delete(registry.get_model(body.full_name), body.alias)


@routes.patch(
    f"{_ROOT}/securable-tags/<securable_type>/<securable_full_name>", privilege=needs(Rule.TAG_MODEL, securable)
)
def update_securable_tags(registry: ModelRegistry, call: Call, body: ChangeModelTags) -> None:
    """Tags of a registered model, as MLflow changes them."""
    _require_model_type(body.securable_type)
    _change_tags(registry, registry.get_model(body.securable_full_name), body.changes)


@routes.patch(
    f"{_ROOT}/subentity-tags/<securable_type>/<securable_full_name>/<subentity_name>",
    privilege=needs(Rule.TAG_MODEL, securable),
)
def update_subentity_tags(registry: ModelRegistry, call: Call, body: ChangeVersionTags) -> None:
    """Tags of a model version, as MLflow changes them."""
    _require_model_type(body.securable_type)
    _change_tags(registry, registry.get_version(body.securable_full_name, body.subentity_name), body.changes)


def _change_tags(
    registry: ModelRegistry, owner: RegisteredModelRecord | ModelVersionRecord, changes: TagChanges
) -> None:
    for key in changes.remove:
        registry.tags.delete(owner, key)
    registry.tags.set(owner, pairs(changes.add_tags))


def _require_model_type(securable_type: str) -> None:
    if kind_named(securable_type) is not Kind.FUNCTION:
        raise NotImplementedByFakebricks(
            f"fakebricks does not compute tags of the securable type '{securable_type}' here; registered models and "
            "their versions are of the type 'FUNCTION'."
        )


def _schema(body: ListRegisteredModels) -> tuple[str, str] | None:
    """The schema whose models are asked for; its two names come together or not at all (documented).

    Raises:
        InvalidParameterValue: one of them is missing; the text is inferred.
    """
    if not body.catalog_name and not body.schema_name:
        return None
    if not body.catalog_name or not body.schema_name:
        raise InvalidParameterValue("catalog_name and schema_name must be specified together.")
    return body.catalog_name.lower(), body.schema_name.lower()


def _page_size(body: ListRegisteredModels, within: tuple[str, str] | None) -> int:
    """As documented: of a schema 10000 at most and by default, of all 1000 at most and 100 by default."""
    if within:
        return min(body.max_results or _MOST_OF_A_SCHEMA, _MOST_OF_A_SCHEMA)
    return min(body.max_results or _PAGE, _MOST)
