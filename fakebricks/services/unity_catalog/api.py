"""REST operations of catalogs, schemas, tables and the metastore, as databricks-sdk speaks them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from fakebricks.ids import WorkspaceIdentity
from fakebricks.services.search import PageTokens
from fakebricks.services.unity_catalog.names import schema_levels
from fakebricks.services.unity_catalog.records import CatalogRecord, ColumnRecord, SchemaRecord, Securable, TableRecord
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.wire.errors import NotImplementedByFakebricks
from fakebricks.wire.operations import Answer, Call, Routes, Shape

routes = Routes()

_CATALOGS = "/api/2.1/unity-catalog/catalogs"
_SCHEMAS = "/api/2.1/unity-catalog/schemas"
_TABLES = "/api/2.1/unity-catalog/tables"
_METASTORE_NAME = "fakebricks"
_REGION = "us-east-1"
_PAGE = 1000

R = TypeVar("R", bound=Securable)
Prediction = Literal["INHERIT", "ENABLE", "DISABLE"]


class Changes(Shape):
    """What may be changed of a catalog or a schema; what is not given stays."""

    owner: str | None = None
    comment: str | None = None
    properties: dict[str, str] | None = None
    new_name: str | None = None
    enable_predictive_optimization: Prediction | None = None
    custom_max_retention_hours: int | None = None

    def given(self, *fields: str) -> dict[str, object]:
        """Those of the fields that were given."""
        return {name: value for name in fields if (value := getattr(self, name)) is not None}

    def refuse(self, what: str) -> None:
        """Refuse what is not computed."""
        _refuse(
            f"update {what}",
            new_name=self.new_name,
            enable_predictive_optimization=self.enable_predictive_optimization,
            custom_max_retention_hours=self.custom_max_retention_hours,
        )


class CreateCatalog(Shape):
    name: str
    comment: str | None = None
    properties: dict[str, str] | None = None
    storage_root: str | None = None
    connection_name: str | None = None
    custom_max_retention_hours: int | None = None
    managed_encryption_settings: dict[str, Any] | None = None
    options: dict[str, str] | None = None
    provider_name: str | None = None
    share_name: str | None = None


class UpdateCatalog(Changes, kw_only=True):
    name: str
    isolation_mode: Literal["OPEN", "ISOLATED"] | None = None
    managed_encryption_settings: dict[str, Any] | None = None
    options: dict[str, str] | None = None


class CatalogName(Shape):
    name: str
    include_browse: bool = False


class DeleteCatalog(Shape):
    name: str
    force: bool = False


class Page(Shape):
    """Without `max_results` everything is given at once; with 0 the platform chooses (documented)."""

    max_results: Annotated[int, msgspec.Meta(ge=0)] | None = None
    page_token: str = ""
    include_browse: bool = False


class ListCatalogs(Page, kw_only=True):
    include_unbound: bool = False


class CreateSchema(Shape):
    name: str
    catalog_name: str
    comment: str | None = None
    properties: dict[str, str] | None = None
    storage_root: str | None = None
    custom_max_retention_hours: int | None = None


class UpdateSchema(Changes, kw_only=True):
    full_name: str


class FullName(Shape):
    full_name: str
    include_browse: bool = False


class DeleteSchema(Shape):
    full_name: str
    force: bool = False


class ListSchemas(Page, kw_only=True):
    catalog_name: str


class ListTables(Page, kw_only=True):
    catalog_name: str
    schema_name: str
    include_delta_metadata: bool = False
    include_manifest_capabilities: bool = False
    omit_columns: bool = False
    omit_properties: bool = False
    omit_username: bool = False


class GetTable(FullName, kw_only=True):
    include_delta_metadata: bool = False
    include_manifest_capabilities: bool = False


class UpdateTable(Shape):
    full_name: str
    owner: str | None = None


class Metastore:
    """What the operations of the metastore need: its catalogs, and the workspace that it is assigned to."""

    def __init__(self, unity_catalog: UnityCatalog, identity: WorkspaceIdentity) -> None:
        self.unity_catalog = unity_catalog
        self.identity = identity


class _Told(Answer):
    """What every object is told with."""

    name: str
    full_name: str
    metastore_id: str
    created_at: int
    created_by: str
    updated_at: int
    updated_by: str
    owner: str | None = None
    comment: str | None = None
    properties: dict[str, str] | None = None


class CatalogInfo(_Told, kw_only=True):
    id: str
    storage_location: str
    isolation_mode: str
    storage_root: str | None = None
    catalog_type: str = ""
    securable_type: str = ""


class SchemaInfo(_Told, kw_only=True):
    schema_id: str
    catalog_name: str
    catalog_type: str = ""
    storage_root: str | None = None


class TableInfo(_Told, kw_only=True):
    table_id: str
    catalog_name: str
    schema_name: str
    table_type: str
    data_source_format: str
    storage_location: str
    columns: list[dict[str, Any]] | None = None


@routes.post(_CATALOGS)
def create_catalog(unity_catalog: UnityCatalog, call: Call, body: CreateCatalog) -> CatalogInfo:
    _refuse(
        "create catalog",
        connection_name=body.connection_name,
        custom_max_retention_hours=body.custom_max_retention_hours,
        managed_encryption_settings=body.managed_encryption_settings,
        options=body.options,
        provider_name=body.provider_name,
        share_name=body.share_name,
    )
    created = unity_catalog.create_catalog(
        body.name,
        call.caller.user_name,
        comment=body.comment,
        properties=body.properties,
        storage_root=body.storage_root,
    )
    return _catalog(unity_catalog, created)


@routes.get(f"{_CATALOGS}/<name>")
def get_catalog(unity_catalog: UnityCatalog, call: Call, body: CatalogName) -> CatalogInfo:
    return _catalog(unity_catalog, unity_catalog.require_catalog(body.name))


@routes.get(_CATALOGS)
def list_catalogs(unity_catalog: UnityCatalog, call: Call, body: ListCatalogs) -> dict[str, Any]:
    return _page("catalogs", body, unity_catalog.catalogs, lambda one: _catalog(unity_catalog, one))


@routes.patch(f"{_CATALOGS}/<name>")
def update_catalog(unity_catalog: UnityCatalog, call: Call, body: UpdateCatalog) -> CatalogInfo:
    body.refuse("catalog")
    _refuse("update catalog", managed_encryption_settings=body.managed_encryption_settings, options=body.options)
    changes = body.given("owner", "comment", "properties", "isolation_mode")
    return _catalog(unity_catalog, unity_catalog.update_catalog(body.name, call.caller.user_name, changes))


@routes.delete(f"{_CATALOGS}/<name>")
def delete_catalog(unity_catalog: UnityCatalog, call: Call, body: DeleteCatalog) -> None:
    unity_catalog.delete_catalog(body.name, force=body.force)


@routes.post(_SCHEMAS)
def create_schema(unity_catalog: UnityCatalog, call: Call, body: CreateSchema) -> SchemaInfo:
    _refuse("create schema", custom_max_retention_hours=body.custom_max_retention_hours)
    created = unity_catalog.create_schema(
        body.catalog_name,
        body.name,
        call.caller.user_name,
        comment=body.comment,
        properties=body.properties,
        storage_root=body.storage_root,
    )
    return _schema(unity_catalog, created)


@routes.get(f"{_SCHEMAS}/<full_name>")
def get_schema(unity_catalog: UnityCatalog, call: Call, body: FullName) -> SchemaInfo:
    return _schema(unity_catalog, unity_catalog.require_schema(*schema_levels(body.full_name)))


@routes.get(_SCHEMAS)
def list_schemas(unity_catalog: UnityCatalog, call: Call, body: ListSchemas) -> dict[str, Any]:
    name = unity_catalog.require_catalog(body.catalog_name).name
    return _page(
        "schemas", body, lambda after: unity_catalog.schemas(name, after), lambda one: _schema(unity_catalog, one), name
    )


@routes.patch(f"{_SCHEMAS}/<full_name>")
def update_schema(unity_catalog: UnityCatalog, call: Call, body: UpdateSchema) -> SchemaInfo:
    body.refuse("schema")
    changes = body.given("owner", "comment", "properties")
    return _schema(unity_catalog, unity_catalog.update_schema(body.full_name, call.caller.user_name, changes))


@routes.delete(f"{_SCHEMAS}/<full_name>")
def delete_schema(unity_catalog: UnityCatalog, call: Call, body: DeleteSchema) -> None:
    unity_catalog.delete_schema(body.full_name, force=body.force)


@routes.post(_TABLES, raw=True)
def create_table(unity_catalog: UnityCatalog, call: Call) -> None:
    raise NotImplementedByFakebricks(
        f"fakebricks does not create tables over REST ('POST {_TABLES}'). Tables come into being when a service of "
        "the workspace writes them, as inference tables do."
    )


@routes.get(f"{_TABLES}/<full_name>", atomic=False)
def get_table(unity_catalog: UnityCatalog, call: Call, body: GetTable) -> TableInfo:
    unity_catalog.bring_up_to_date(body.full_name)
    return _table(unity_catalog, unity_catalog.require_table(body.full_name))


@routes.get(f"{_TABLES}/<full_name>/exists")
def table_exists(unity_catalog: UnityCatalog, call: Call, body: FullName) -> dict[str, Any]:
    return {"table_exists": unity_catalog.get_table(body.full_name) is not None}


@routes.get(_TABLES)
def list_tables(unity_catalog: UnityCatalog, call: Call, body: ListTables) -> dict[str, Any]:
    schema = unity_catalog.require_schema(body.catalog_name, body.schema_name)
    return _page(
        "tables",
        body,
        lambda after: unity_catalog.tables(schema.catalog_name, schema.name, after),
        lambda one: _table(unity_catalog, one, body),
        schema.full_name,
    )


@routes.patch(f"{_TABLES}/<full_name>")
def update_table(unity_catalog: UnityCatalog, call: Call, body: UpdateTable) -> None:
    changes: dict[str, object] = {} if body.owner is None else {"owner": body.owner}
    unity_catalog.update_table(body.full_name, call.caller.user_name, changes)


@routes.delete(f"{_TABLES}/<full_name>")
def delete_table(unity_catalog: UnityCatalog, call: Call, body: FullName) -> None:
    unity_catalog.delete_table(body.full_name)


@routes.get("/api/2.1/unity-catalog/current-metastore-assignment")
def current_metastore_assignment(metastore: Metastore, call: Call) -> dict[str, Any]:
    return {
        "metastore_id": metastore.unity_catalog.metastore_id,
        "workspace_id": int(metastore.identity.workspace_id),
        "default_catalog_name": "main",
    }


@routes.get("/api/2.1/unity-catalog/metastore_summary")
def metastore_summary(metastore: Metastore, call: Call) -> dict[str, Any]:
    unity_catalog = metastore.unity_catalog
    return {
        "metastore_id": unity_catalog.metastore_id,
        "name": _METASTORE_NAME,
        "cloud": "aws",
        "region": _REGION,
        "global_metastore_id": f"aws:{_REGION}:{unity_catalog.metastore_id}",
        "storage_root": unity_catalog.metastore_root,
    }


def _refuse(operation: str, **fields: object) -> None:
    """Refuse fields that are set and not computed."""
    for name, value in fields.items():
        if value:
            raise NotImplementedByFakebricks(
                f"fakebricks does not compute the field '{name}' of '{operation}'; leave it out."
            )


def _page(
    kind: str, asked: Page, records: Callable[[str | None], Iterable[R]], told: Callable[[R], _Told], *question: str
) -> dict[str, Any]:
    """One page of records, from the one after the page token's on."""
    tokens = PageTokens(kind, *question)
    place = tokens.read(asked.page_token)
    limit = None if asked.max_results is None else (asked.max_results or _PAGE)
    infos: list[_Told] = []
    for record in records(place[0] if place else None):
        if len(infos) == limit:
            return {kind: infos, "next_page_token": tokens.write([infos[-1].name])}
        infos.append(told(record))
    return {kind: infos} if infos else {}


def _common(unity_catalog: UnityCatalog, record: Securable, full_name: str) -> dict[str, Any]:
    return {
        "name": record.name,
        "full_name": full_name,
        "metastore_id": unity_catalog.metastore_id,
        "created_at": record.created_at,
        "created_by": record.created_by,
        "updated_at": record.updated_at,
        "updated_by": record.updated_by,
        "owner": record.owner,
        "comment": record.comment,
        "properties": record.properties or None,
    }


def _catalog(unity_catalog: UnityCatalog, record: CatalogRecord) -> CatalogInfo:
    return CatalogInfo(
        **_common(unity_catalog, record, record.name),
        id=record.id,
        storage_location=record.storage_location,
        storage_root=record.storage_root,
        isolation_mode=record.isolation_mode,
        catalog_type="MANAGED_CATALOG",
        securable_type="CATALOG",
    )


def _schema(unity_catalog: UnityCatalog, record: SchemaRecord) -> SchemaInfo:
    return SchemaInfo(
        **_common(unity_catalog, record, record.full_name),
        schema_id=record.id,
        catalog_name=record.catalog_name,
        catalog_type="MANAGED_CATALOG",
        storage_root=record.storage_root,
    )


def _table(unity_catalog: UnityCatalog, record: TableRecord, asked: ListTables | None = None) -> TableInfo:
    common = _common(unity_catalog, record, record.full_name)
    if asked and asked.omit_properties:
        common["properties"] = None
    if asked and asked.omit_username:
        common["owner"] = None
    columns = None if asked and asked.omit_columns else [_column(*one) for one in enumerate(record.columns)]
    return TableInfo(
        **common,
        table_id=record.id,
        catalog_name=record.catalog_name,
        schema_name=record.schema_name,
        table_type=record.table_type,
        data_source_format=record.data_source_format,
        storage_location=record.storage_location,
        columns=columns,
    )


def _column(position: int, column: ColumnRecord) -> dict[str, Any]:
    told = {
        "name": column.name,
        "type_name": column.type_name,
        "type_text": column.type_text,
        "position": position,
        "nullable": column.nullable,
    }
    return told if column.comment is None else {**told, "comment": column.comment}
