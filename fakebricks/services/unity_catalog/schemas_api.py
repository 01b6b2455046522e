"""REST operations of schemas, as databricks-sdk speaks them."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from fakebricks.services.unity_catalog.authority import needs
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.names import schema_levels
from fakebricks.services.unity_catalog.records import SchemaRecord
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.services.unity_catalog.shapes import Changes, FullName, Page, Told, common, page, refuse
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
    catalog_type: str = ""
    storage_root: str | None = None


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
    return _schema(metastore, created)


@routes.get(f"{_SCHEMAS}/<full_name>", privilege=needs(Rule.SEE_SCHEMA, full_name))
def get_schema(metastore: Metastore, call: Call, body: FullName) -> SchemaInfo:
    return _schema(metastore, metastore.unity_catalog.require_schema(*schema_levels(body.full_name)))


@routes.get(_SCHEMAS, privilege=needs(Rule.SEE_CATALOG, attrgetter("catalog_name")))
def list_schemas(metastore: Metastore, call: Call, body: ListSchemas) -> dict[str, Any]:
    """Those that the caller may see."""
    name = metastore.unity_catalog.require_catalog(body.catalog_name).name

    def visible(after: str | None) -> Iterator[SchemaRecord]:
        return metastore.authority.allowed(Rule.SEE_SCHEMA, metastore.unity_catalog.schemas(name, after), call.caller)

    return page("schemas", body, visible, lambda one: _schema(metastore, one), name)


@routes.patch(f"{_SCHEMAS}/<full_name>", privilege=needs(Rule.MANAGE_SCHEMA, full_name))
def update_schema(metastore: Metastore, call: Call, body: UpdateSchema) -> SchemaInfo:
    body.refuse("schema")
    changes = body.given("owner", "comment", "properties")
    return _schema(metastore, metastore.unity_catalog.update_schema(body.full_name, call.caller.user_name, changes))


@routes.delete(f"{_SCHEMAS}/<full_name>", privilege=needs(Rule.MANAGE_SCHEMA, full_name))
def delete_schema(metastore: Metastore, call: Call, body: DeleteSchema) -> None:
    metastore.unity_catalog.delete_schema(body.full_name, force=body.force)


def _schema(metastore: Metastore, record: SchemaRecord) -> SchemaInfo:
    return SchemaInfo(
        **common(metastore.id, record, record.full_name),
        schema_id=record.id,
        catalog_name=record.catalog_name,
        catalog_type="MANAGED_CATALOG",
        storage_root=record.storage_root,
    )
