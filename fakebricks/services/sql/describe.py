"""DESCRIBE: of tables, their history and details, schemas and catalogs.

Real: names of columns are the platform's. The history is that of Delta's log, whose times are this machine's, not the
workspace's; its operations by the API of deltalake are called as deltalake calls them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from fakebricks.services.sql import Result
from fakebricks.services.sql.asked import Asked
from fakebricks.services.sql.errors import quoted, refused
from fakebricks.services.sql.reader import Reader
from fakebricks.services.sql.results import told
from fakebricks.services.unity_catalog.columns import partition_columns
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.records import ColumnRecord, TableRecord, ViewRecord
from fakebricks.services.unity_catalog.rules import Rule

CLUSTERING = "clusteringColumns"
PRIMARY_KEY, FOREIGN_KEY = "primary_key", "foreign_key"
_ELSEWHERE = (CLUSTERING, PRIMARY_KEY, FOREIGN_KEY)
"""The properties that a statement has words of its own for."""
_OF_COLUMNS = dict.fromkeys(("col_name", "data_type", "comment"), "string")
_OF_HISTORY = {
    "version": "bigint",
    "timestamp": "timestamp",
    "userId": "string",
    "userName": "string",
    "operation": "string",
    "operationParameters": "map<string,string>",
    "readVersion": "bigint",
    "isolationLevel": "string",
    "isBlindAppend": "boolean",
    "operationMetrics": "map<string,string>",
    "userMetadata": "string",
    "engineInfo": "string",
}
_OF_DETAIL = {
    "format": "string",
    "id": "string",
    "name": "string",
    "description": "string",
    "location": "string",
    "createdAt": "timestamp",
    "lastModified": "timestamp",
    "partitionColumns": "array<string>",
    "clusteringColumns": "array<string>",
    "numFiles": "bigint",
    "sizeInBytes": "bigint",
    "properties": "map<string,string>",
    "minReaderVersion": "int",
    "minWriterVersion": "int",
}


class Descriptions:
    """Describes the objects of one metastore."""

    def __init__(self, metastore: Metastore, reader: Reader) -> None:
        self._metastore = metastore
        self._reader = reader

    def describe(self, asked: Asked) -> Result:
        """DESCRIBE of something; a table where nothing else is said."""
        words = asked.words
        words.word()
        described: tuple[tuple[str, Callable[[Asked], Result]], ...] = (
            ("HISTORY", self._history),
            ("DETAIL", self._detail),
            ("SCHEMA", self._schema),
            ("DATABASE", self._schema),
            ("CATALOG", self._catalog),
        )
        for keyword, description in described:
            if words.take(keyword):
                return description(asked)
        if words.next.says("QUERY", "FUNCTION", "VOLUME", "SELECT", "CONNECTION", "SHARE"):
            raise refused(f"DESCRIBE {words.next.text.upper()}")
        words.take("TABLE")
        return self._table(asked)

    def _table(self, asked: Asked) -> Result:
        extended = asked.words.take("EXTENDED") or asked.words.take("FORMATTED")
        table = self._seen(asked)
        if asked.words.take("AS", "JSON"):
            raise refused("DESCRIBE AS JSON")
        asked.words.end()
        return told(_OF_COLUMNS, [*_columns(table), *(_details(table) if extended else ())])

    def _history(self, asked: Asked) -> Result:
        table = self._seen(asked)
        limit = asked.words.number() if asked.words.take("LIMIT") else None
        asked.words.end()
        if "://" in table.storage_location:
            # deltalake reads a log with Python's lock held, which the S3 in this process waits for.
            raise refused("DESCRIBE HISTORY of a table in a bucket")
        self._metastore.delta_tables.bring_up_to_date(table.full_name)
        commits = self._metastore.delta_tables.files_of(table).opened().history(limit)
        return told(_OF_HISTORY, [_commit(one) for one in commits])

    def _detail(self, asked: Asked) -> Result:
        table = self._seen(asked)
        asked.words.end()
        self._metastore.delta_tables.bring_up_to_date(table.full_name)
        opened = self._metastore.delta_tables.files_of(table).opened()
        protocol, files = opened.protocol(), opened.get_add_actions(flatten=True)
        written = [_millis(at) for at in files.column("modification_time").to_pylist()]
        row = (
            "delta",
            str(opened.metadata().id),
            table.full_name,
            table.comment,
            table.storage_location,
            _moment(table.created_at),
            _moment(max(written, default=table.created_at)),
            partition_columns(table.columns),
            clustering_columns(table),
            files.num_rows,
            sum(int(size) for size in files.column("size_bytes").to_pylist()),
            list(table.properties.items()),
            protocol.min_reader_version,
            protocol.min_writer_version,
        )
        return told(_OF_DETAIL, [row])

    def _schema(self, asked: Asked) -> Result:
        extended = asked.words.take("EXTENDED")
        name = asked.schema_name(asked.words.names())
        asked.words.end()
        self._require(Rule.SEE_SCHEMA, name, asked)
        schema = self._metastore.unity_catalog.require_schema(*name.split("."))
        rows = [
            ("Catalog Name", schema.catalog_name),
            ("Namespace Name", schema.name),
            ("Comment", schema.comment or ""),
            ("Location", schema.storage_location or ""),
            ("Owner", schema.owner),
        ]
        rows += [("Properties", _shown(schema.properties))] if extended else []
        return told(dict.fromkeys(("database_description_item", "database_description_value"), "string"), rows)

    def _catalog(self, asked: Asked) -> Result:
        extended = asked.words.take("EXTENDED")
        name = asked.words.name().lower()
        asked.words.end()
        self._require(Rule.SEE_CATALOG, name, asked)
        catalog = self._metastore.unity_catalog.require_catalog(name)
        rows = [("Catalog Name", catalog.name), ("Comment", catalog.comment or ""), ("Owner", catalog.owner)]
        rows += [("Catalog Type", "Managed Catalog")] if extended else []
        return told(dict.fromkeys(("info_name", "info_value"), "string"), rows)

    def _seen(self, asked: Asked) -> TableRecord:
        return self._reader.table(asked.full_name(asked.words.names()), asked, Rule.SEE_TABLE)

    def _require(self, rule: Rule, name: str, asked: Asked) -> None:
        if asked.caller is not None:
            self._metastore.authority.require(rule, name, asked.caller)


def create_statement(table: TableRecord) -> str:
    """The statement that makes such a table."""
    if table.view is not None:
        return _create_view(table, table.view)
    columns = ",\n  ".join([*map(_definition, table.columns), *_keys(table)])
    lines = [f"CREATE TABLE {table.full_name} (\n  {columns})", "USING delta"]
    if partitions := partition_columns(table.columns):
        lines.append(f"PARTITIONED BY ({', '.join(map(_identifier, partitions))})")
    if clustering := clustering_columns(table):
        lines.append(f"CLUSTER BY ({', '.join(map(_identifier, clustering))})")
    lines += _described(table)
    return "\n".join(lines) + "\n"


def _create_view(table: TableRecord, view: ViewRecord) -> str:
    columns = ",\n  ".join(f"{_identifier(one.name)}{_comment(one)}" for one in table.columns)
    lines = [f"CREATE VIEW {table.full_name} (\n  {columns})", *_described(table), f"AS {view.definition}"]
    return "\n".join(lines) + "\n"


def _described(table: TableRecord) -> Iterator[str]:
    if table.comment:
        yield f"COMMENT {_literal(table.comment)}"
    properties = sorted(item for item in table.properties.items() if item[0] not in _ELSEWHERE)
    if properties:
        shown = ",\n  ".join(f"{_literal(key)} = {_literal(value)}" for key, value in properties)
        yield f"TBLPROPERTIES (\n  {shown})"


def clustering_columns(table: TableRecord) -> list[str]:
    """The columns that a table is clustered by."""
    return [name for (name,) in json.loads(table.properties.get(CLUSTERING, "[]"))]


def _keys(table: TableRecord) -> Iterator[str]:
    """The keys of a table; the names of their constraints are not kept."""
    if PRIMARY_KEY in table.properties:
        columns = ", ".join(map(_identifier, table.properties[PRIMARY_KEY].split(",")))
        yield f"CONSTRAINT {_identifier(f'{table.name}_pk')} PRIMARY KEY ({columns})"
    if FOREIGN_KEY in table.properties:
        yield table.properties[FOREIGN_KEY]


def _definition(column: ColumnRecord) -> str:
    required = "" if column.nullable else " NOT NULL"
    return f"{_identifier(column.name)} {column.type_text}{required}{_comment(column)}"


def _identifier(name: str) -> str:
    return name if name.isidentifier() else quoted(name)


def _comment(column: ColumnRecord) -> str:
    return f" COMMENT {_literal(column.comment)}" if column.comment else ""


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _columns(table: TableRecord) -> Iterator[tuple[str, str, str | None]]:
    by_name = {one.name: one for one in table.columns}
    yield from ((one.name, one.type_text, one.comment) for one in table.columns)
    partitions = partition_columns(table.columns)
    if partitions:
        yield "# Partition Information", "", ""
        yield "# col_name", "data_type", "comment"
        yield from ((name, by_name[name].type_text, by_name[name].comment) for name in partitions)


def _details(table: TableRecord) -> Iterator[tuple[str, str, str]]:
    yield "", "", ""
    yield "# Detailed Table Information", "", ""
    for name, value in (
        ("Catalog", table.catalog_name),
        ("Database", table.schema_name),
        ("Table", table.name),
        ("Created Time", _moment(table.created_at).strftime("%a %b %d %H:%M:%S UTC %Y")),
        ("Created By", table.created_by),
        ("Type", table.table_type),
        ("Comment", table.comment or ""),
        *_kept(table),
        ("Owner", table.owner),
        ("Table Properties", _shown(table.properties)),
    ):
        yield name, value, ""


def _kept(table: TableRecord) -> tuple[tuple[str, str], ...]:
    """Where its rows are, or those that it shows."""
    if table.view is None:
        return ("Location", table.storage_location), ("Provider", "delta")
    place = quoted(table.view.catalog_name, table.view.schema_name)
    columns = ", ".join(quoted(one) for one in table.view.columns)
    text = table.view.definition
    return ("View Text", text), ("View Catalog and Namespace", place), ("View Query Output Columns", f"[{columns}]")


def _commit(one: dict[str, Any]) -> tuple[Any, ...]:
    return (
        one["version"],
        _moment(one["timestamp"]),
        None,
        None,
        one.get("operation"),
        _texts(one.get("operationParameters")),
        one.get("readVersion"),
        one.get("isolationLevel"),
        one.get("isBlindAppend"),
        _texts(one.get("operationMetrics")),
        one.get("userMetadata"),
        one.get("engineInfo"),
    )


def _texts(values: dict[str, Any] | None) -> list[tuple[str, str]]:
    return [(key, value if isinstance(value, str) else json.dumps(value)) for key, value in (values or {}).items()]


def _shown(properties: dict[str, str]) -> str:
    return "[" + ",".join(f"{key}={value}" for key, value in sorted(properties.items())) + "]"


def _millis(at: datetime | int) -> int:
    """The time of a file, which deltalake tells in one of two ways."""
    return int(at.timestamp() * 1000) if isinstance(at, datetime) else int(at)


def _moment(millis: int) -> datetime:
    return datetime.fromtimestamp(millis / 1000, UTC)
