"""REST operations of schemas, as databricks-sdk speaks them.

Real: all fields that are told. Only stored: `enable_predictive_optimization`, as nothing is optimized. Refused:
retention.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from fakebricks.services.unity_catalog.authority import Authority, needs
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.names import schema_levels
from fakebricks.services.unity_catalog.records import SchemaRecord
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.services.unity_catalog.shapes import (
    BrowsedName,
    Changes,
    EffectiveOptimization,
    Page,
    Told,
    common,
    effective_optimization,
    page,
    refuse,
)
from fakebricks.wire.operations import Call, Routes, Shape

routes = Routes()

_SCHEMAS = "/api/2.1/unity-catalog/schemas"
full_name = attrgetter("full_name")


class CreateSchema(Shape):
    name: str
    catalog_name: str
    comment: str | None = None
    properties: dict[str, str] | None = None
    storage_root: str | None = None
    custom_max_retention_hours: int | None = None


class UpdateSchema(Changes, kw_only=True):
    full_name: str


class DeleteSchema(Shape):
    full_name: str
    force: bool = False


class ListSchemas(Page, kw_only=True):
    catalog_name: str


class SchemaInfo(Told, kw_only=True):
    schema_id: str
    catalog_name: str
    enable_predictive_optimization: str
    effective_predictive_optimization_flag: EffectiveOptimization
    catalog_type: str = ""
    storage_root: str | None = None
    storage_location: str | None = None


def manages_and_names(authority: Authority, call: Call, body: UpdateSchema) -> None:
    """To manage the schema, and for a new name to create schemas in its catalog (documented)."""
    authority.require(Rule.MANAGE_SCHEMA, body.full_name, call.caller)
    if body.new_name is not None:
        authority.require(Rule.CREATE_SCHEMA, body.full_name, call.caller)


@routes.post(_SCHEMAS, privilege=needs(Rule.CREATE_SCHEMA, attrgetter("catalog_name")))
def create_schema(metastore: Metastore, call: Call, body: CreateSchema) -> SchemaInfo:
    refuse("create schema", custom_max_retention_hours=body.custom_max_retention_hours)
    created = metastore.unity_catalog.create_schema(
        body.catalog_name,
        body.name,
        call.caller.user_name,
        comment=body.comment,
        properties=body.properties,
        storage_root=body.storage_root,
    )
    return _schema(metastore, call, created)


@routes.get(f"{_SCHEMAS}/<full_name>", privilege=needs(Rule.SEE_SCHEMA, full_name))
def get_schema(metastore: Metastore, call: Call, body: BrowsedName) -> SchemaInfo:
    return _schema(metastore, call, metastore.unity_catalog.require_schema(*schema_levels(body.full_name)))


@routes.get(_SCHEMAS, privilege=needs(Rule.SEE_CATALOG, attrgetter("catalog_name")))
def list_schemas(metastore: Metastore, call: Call, body: ListSchemas) -> dict[str, Any]:
    """Those that the caller may see."""
    name = metastore.unity_catalog.require_catalog(body.catalog_name).name

    def visible(after: str | None) -> Iterator[SchemaRecord]:
        found = metastore.unity_catalog.schemas(name, after)
        return metastore.authority.allowed(Rule.SEE_SCHEMA, found, call.caller, browse=body.include_browse)

    return page("schemas", body, visible, lambda one: _schema(metastore, call, one), name)


@routes.patch(f"{_SCHEMAS}/<full_name>", privilege=manages_and_names)
def update_schema(metastore: Metastore, call: Call, body: UpdateSchema) -> SchemaInfo:
    refuse("update schema", custom_max_retention_hours=body.custom_max_retention_hours)
    changes = body.given("owner", "comment", "properties", "enable_predictive_optimization")
    updated = metastore.unity_catalog.update_schema(body.full_name, call.caller.user_name, changes)
    if body.new_name is not None:
        updated = metastore.unity_catalog.rename_schema(updated.full_name, body.new_name)
    return _schema(metastore, call, updated)


@routes.delete(f"{_SCHEMAS}/<full_name>", privilege=needs(Rule.MANAGE_SCHEMA, full_name))
def delete_schema(metastore: Metastore, call: Call, body: DeleteSchema) -> None:
    metastore.unity_catalog.delete_schema(body.full_name, force=body.force)


def _schema(metastore: Metastore, call: Call, record: SchemaRecord) -> SchemaInfo:
    unity_catalog = metastore.unity_catalog
    catalog = unity_catalog.require_catalog(record.catalog_name)
    return SchemaInfo(
        **common(metastore.id, record, record.full_name),
        browse_only=metastore.authority.browses_only(Rule.SEE_SCHEMA, record.full_name, call.caller),
        enable_predictive_optimization=record.enable_predictive_optimization,
        effective_predictive_optimization_flag=effective_optimization(unity_catalog.metastore, catalog, record),
        schema_id=record.id,
        catalog_name=record.catalog_name,
        catalog_type="MANAGED_CATALOG",
        storage_root=record.storage_root,
        storage_location=record.storage_location,
    )
