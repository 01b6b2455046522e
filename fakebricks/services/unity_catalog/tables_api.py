"""REST operations of tables, as databricks-sdk speaks them.

Real: managed Delta tables, made and told, and views, told. On the platform tables are made by SQL, and this operation
makes external ones; here it is the other way round. Refused: external and foreign tables, other formats than Delta,
masks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import attrgetter
from typing import Annotated, Any, Literal

import msgspec

from fakebricks.services.search import PageTokens
from fakebricks.services.unity_catalog.authority import needs
from fakebricks.services.unity_catalog.column_types import column_type
from fakebricks.services.unity_catalog.columns import AskedColumn, checked_columns, spark_json
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.records import ColumnRecord, TableRecord
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.services.unity_catalog.shapes import BrowsedName, FullName, Page, Told, common, page, refuse, schema_of
from fakebricks.wire.errors import InvalidParameterValue, NotImplementedByFakebricks
from fakebricks.wire.operations import Answer, Call, Routes, Shape

routes = Routes()

_TABLES = "/api/2.1/unity-catalog/tables"
_TABLES_OF_MLFLOW = "/api/2.0/unity-catalog/tables"
"""Where MLflow asks for the id of a data set's table."""
_SUMMARIES = 10_000  # documented
full_name = attrgetter("full_name")
catalog_name = attrgetter("catalog_name")

TableType = Literal[
    "EXTERNAL",
    "EXTERNAL_SHALLOW_CLONE",
    "FOREIGN",
    "MANAGED",
    "MANAGED_SHALLOW_CLONE",
    "MATERIALIZED_VIEW",
    "METRIC_VIEW",
    "STREAMING_TABLE",
    "VIEW",
]


class Column(Shape):
    name: str | None = None
    type_text: str | None = None
    type_name: str | None = None
    type_json: str | None = None
    type_precision: int | None = None
    type_scale: int | None = None
    type_interval_type: str | None = None
    position: int | None = None
    partition_index: int | None = None
    nullable: bool = True
    comment: str | None = None
    mask: dict[str, Any] | None = None


class CreateTable(Shape):
    name: str
    catalog_name: str
    schema_name: str
    table_type: TableType
    data_source_format: str
    storage_location: str = ""
    columns: tuple[Column, ...] = ()
    properties: dict[str, str] | None = None


class ListTables(Page, kw_only=True):
    catalog_name: str
    schema_name: str
    include_delta_metadata: bool = False
    include_manifest_capabilities: bool = False
    omit_columns: bool = False
    omit_properties: bool = False
    omit_username: bool = False


class ListSummaries(Shape):
    catalog_name: str
    schema_name_pattern: str = ""
    table_name_pattern: str = ""
    include_manifest_capabilities: bool = False
    max_results: Annotated[int, msgspec.Meta(ge=0)] = 0
    page_token: str = ""


class GetTable(BrowsedName, kw_only=True):
    full_name_arg: str = ""
    """What MLflow says beside the path."""
    include_delta_metadata: bool = False
    include_manifest_capabilities: bool = False


class UpdateTable(Shape):
    full_name: str
    owner: str | None = None


class TableInfo(Told, kw_only=True):
    table_id: str
    catalog_name: str
    schema_name: str
    table_type: str
    data_source_format: str
    storage_location: str | None = None
    view_definition: str | None = None
    columns: list[dict[str, Any]] | None = None


class TableSummary(Answer):
    full_name: str
    table_type: str


@routes.post(_TABLES, atomic=False, privilege=needs(Rule.CREATE_TABLE, schema_of))
def create_table(metastore: Metastore, call: Call, body: CreateTable) -> TableInfo:
    _refuse_elsewhere(body)
    for one in body.columns:
        refuse("create table", mask=one.mask, type_interval_type=one.type_interval_type)
    created = metastore.delta_tables.create(
        f"{schema_of(body)}.{body.name}",
        checked_columns([_asked(one) for one in body.columns]),
        call.caller.user_name,
        properties=body.properties,
    )
    call.notes.append("On the platform this operation makes external tables only; managed ones are made by SQL.")
    return _table(metastore, call, created)


@routes.get(
    f"{_TABLES}/<full_name>",
    f"{_TABLES_OF_MLFLOW}/<full_name>",
    atomic=False,
    privilege=needs(Rule.SEE_TABLE, full_name),
)
def get_table(metastore: Metastore, call: Call, body: GetTable) -> TableInfo:
    _refuse_metadata("get table", body)
    metastore.delta_tables.bring_up_to_date(body.full_name)
    return _table(metastore, call, metastore.tables.require(body.full_name))


@routes.get(f"{_TABLES}/<full_name>/exists", privilege=needs(Rule.SEE_TABLE, full_name))
def table_exists(metastore: Metastore, call: Call, body: FullName) -> dict[str, Any]:
    return {"table_exists": metastore.tables.get(body.full_name) is not None}


@routes.get(_TABLES, privilege=needs(Rule.SEE_SCHEMA, schema_of))
def list_tables(metastore: Metastore, call: Call, body: ListTables) -> dict[str, Any]:
    """Those that the caller may see."""
    _refuse_metadata("list tables", body)
    schema = metastore.unity_catalog.require_schema(body.catalog_name, body.schema_name)

    def visible(after: str | None) -> Iterator[TableRecord]:
        found = metastore.tables.list(schema.catalog_name, schema.name, after)
        return metastore.authority.allowed(Rule.SEE_TABLE, found, call.caller, browse=body.include_browse)

    return page("tables", body, visible, lambda one: _table(metastore, call, one, body), schema.full_name)


@routes.get("/api/2.1/unity-catalog/table-summaries", privilege=needs(Rule.SEE_CATALOG, catalog_name))
def list_table_summaries(metastore: Metastore, call: Call, body: ListSummaries) -> dict[str, Any]:
    """Of all tables of a catalog that the caller may read or manage; the patterns are those of SQL's LIKE."""
    refuse("list table summaries", include_manifest_capabilities=body.include_manifest_capabilities)
    catalog = metastore.unity_catalog.require_catalog(body.catalog_name).name
    schemas, names = _like(body.schema_name_pattern), _like(body.table_name_pattern)
    tokens = PageTokens("table-summaries", catalog, body.schema_name_pattern, body.table_name_pattern)
    place = tokens.read(body.page_token)
    summaries: list[TableSummary] = []
    last: TableRecord | None = None
    found = metastore.tables.of_catalog(catalog, (place[0], place[1]) if place else None)
    for table in metastore.authority.allowed(Rule.SEE_TABLE, found, call.caller, browse=False):
        if not (schemas.fullmatch(table.schema_name) and names.fullmatch(table.name)):
            continue
        if last and len(summaries) == (body.max_results or _SUMMARIES):
            return {"tables": summaries, "next_page_token": tokens.write([last.schema_name, last.name])}
        summaries.append(TableSummary(full_name=table.full_name, table_type=table.table_type))
        last = table
    return {"tables": summaries} if summaries else {}


@routes.patch(f"{_TABLES}/<full_name>", privilege=needs(Rule.MANAGE_TABLE, full_name))
def update_table(metastore: Metastore, call: Call, body: UpdateTable) -> None:
    changes: dict[str, object] = {} if body.owner is None else {"owner": body.owner}
    metastore.tables.update(body.full_name, call.caller.user_name, changes)


@routes.delete(f"{_TABLES}/<full_name>", privilege=needs(Rule.MANAGE_TABLE, full_name))
def delete_table(metastore: Metastore, call: Call, body: FullName) -> None:
    metastore.tables.delete(body.full_name)


def _refuse_elsewhere(body: CreateTable) -> None:
    """Refuse what is not a managed Delta table."""
    if body.table_type != "MANAGED":
        raise NotImplementedByFakebricks(
            f"fakebricks does not create tables of the type {body.table_type}: it keeps rows in storage of its own, "
            "and reads and writes no place that a client names. Create a MANAGED table, and write to the "
            "storage_location that it is told with."
        )
    if body.data_source_format != "DELTA":
        raise NotImplementedByFakebricks(
            f"fakebricks does not create tables of the format '{body.data_source_format}'; use DELTA."
        )
    if body.storage_location:
        # As the platform says it of managed volumes (observed); inferred for tables.
        raise InvalidParameterValue("CreateTable storage_location can not be provided.")


def _refuse_metadata(operation: str, body: GetTable | ListTables) -> None:
    refuse(
        operation,
        include_delta_metadata=body.include_delta_metadata,
        include_manifest_capabilities=body.include_manifest_capabilities,
    )


def _asked(column: Column) -> AskedColumn:
    described = msgspec.structs.asdict(column)
    return AskedColumn(**{name: described[name] for name in AskedColumn.__dataclass_fields__})


def _like(pattern: str) -> re.Pattern[str]:
    """What a pattern of SQL's LIKE matches; an empty one matches all (documented)."""
    meant = {"%": ".*", "_": "."}
    return re.compile("".join(meant.get(sign, re.escape(sign)) for sign in pattern.lower() or "%"), re.DOTALL)


def _table(metastore: Metastore, call: Call, record: TableRecord, asked: ListTables | None = None) -> TableInfo:
    told = common(metastore.id, record, record.full_name)
    if asked and asked.omit_properties:
        told["properties"] = None
    if asked and asked.omit_username:
        told["owner"] = None
    columns = None if asked and asked.omit_columns else [_column(*one) for one in enumerate(record.columns)]
    return TableInfo(
        **told,
        browse_only=metastore.authority.browses_only(Rule.SEE_TABLE, record.full_name, call.caller),
        table_id=record.id,
        catalog_name=record.catalog_name,
        schema_name=record.schema_name,
        table_type=record.table_type,
        data_source_format=record.data_source_format,
        storage_location=record.storage_location or None,
        view_definition=record.view.definition if record.view else None,
        columns=columns,
    )


def _column(position: int, column: ColumnRecord) -> dict[str, Any]:
    found = column_type(column.type_text)
    told = {
        "name": column.name,
        "type_name": column.type_name,
        "type_text": column.type_text,
        "type_json": spark_json(column),
        "type_precision": found.precision or None,
        "type_scale": found.scale if found.precision else None,
        "position": position,
        "partition_index": column.partition_index,
        "nullable": column.nullable,
        "comment": column.comment,
    }
    return {name: value for name, value in told.items() if value is not None}
