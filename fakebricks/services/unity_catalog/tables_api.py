"""REST operations of tables, as databricks-sdk speaks them."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from fakebricks.services.unity_catalog.authority import needs
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.records import ColumnRecord, TableRecord
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.services.unity_catalog.shapes import FullName, Page, Told, common, page, schema_of
from fakebricks.wire.errors import NotImplementedByFakebricks
from fakebricks.wire.operations import Call, Routes, Shape

routes = Routes()

_TABLES = "/api/2.1/unity-catalog/tables"
_TABLES_OF_MLFLOW = "/api/2.0/unity-catalog/tables"
"""Where MLflow asks for the id of a data set's table."""
full_name = attrgetter("full_name")


class ListTables(Page, kw_only=True):
    catalog_name: str
    schema_name: str
    include_delta_metadata: bool = False
    include_manifest_capabilities: bool = False
    omit_columns: bool = False
    omit_properties: bool = False
    omit_username: bool = False


class GetTable(FullName, kw_only=True):
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
    storage_location: str
    columns: list[dict[str, Any]] | None = None


@routes.post(_TABLES, raw=True)
def create_table(metastore: Metastore, call: Call) -> None:
    raise NotImplementedByFakebricks(
        f"fakebricks does not create tables over REST ('POST {_TABLES}'). Tables come into being when a service of "
        "the workspace writes them, as inference tables do."
    )


@routes.get(
    f"{_TABLES}/<full_name>",
    f"{_TABLES_OF_MLFLOW}/<full_name>",
    atomic=False,
    privilege=needs(Rule.SEE_TABLE, full_name),
)
def get_table(metastore: Metastore, call: Call, body: GetTable) -> TableInfo:
    metastore.tables.bring_up_to_date(body.full_name)
    return _table(metastore, metastore.tables.require(body.full_name))


@routes.get(f"{_TABLES}/<full_name>/exists", privilege=needs(Rule.SEE_TABLE, full_name))
def table_exists(metastore: Metastore, call: Call, body: FullName) -> dict[str, Any]:
    return {"table_exists": metastore.tables.get(body.full_name) is not None}


@routes.get(_TABLES, privilege=needs(Rule.SEE_SCHEMA, schema_of))
def list_tables(metastore: Metastore, call: Call, body: ListTables) -> dict[str, Any]:
    """Those that the caller may see."""
    schema = metastore.unity_catalog.require_schema(body.catalog_name, body.schema_name)

    def visible(after: str | None) -> Iterator[TableRecord]:
        found = metastore.tables.list(schema.catalog_name, schema.name, after)
        return metastore.authority.allowed(Rule.SEE_TABLE, found, call.caller)

    return page("tables", body, visible, lambda one: _table(metastore, one, body), schema.full_name)


@routes.patch(f"{_TABLES}/<full_name>", privilege=needs(Rule.MANAGE_TABLE, full_name))
def update_table(metastore: Metastore, call: Call, body: UpdateTable) -> None:
    changes: dict[str, object] = {} if body.owner is None else {"owner": body.owner}
    metastore.tables.update(body.full_name, call.caller.user_name, changes)


@routes.delete(f"{_TABLES}/<full_name>", privilege=needs(Rule.MANAGE_TABLE, full_name))
def delete_table(metastore: Metastore, call: Call, body: FullName) -> None:
    metastore.tables.delete(body.full_name)


def _table(metastore: Metastore, record: TableRecord, asked: ListTables | None = None) -> TableInfo:
    told = common(metastore.id, record, record.full_name)
    if asked and asked.omit_properties:
        told["properties"] = None
    if asked and asked.omit_username:
        told["owner"] = None
    columns = None if asked and asked.omit_columns else [_column(*one) for one in enumerate(record.columns)]
    return TableInfo(
        **told,
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
