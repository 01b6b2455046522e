"""What there is in Unity Catalog, as drivers ask for it: catalogs, schemas, tables and columns.

Real: what the caller may see of it; patterns with `%` and `_`. The columns of the answers are JDBC's (documented).
Inferred: where no catalog is named, all are meant; `information_schema` is listed, and what is in it is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from fakebricks.services.sql import Result, ResultColumn
from fakebricks.services.unity_catalog.authority import Authority
from fakebricks.services.unity_catalog.records import ColumnRecord, TableRecord
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.services.unity_catalog.tables import Tables
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.wire.authentication import Caller

Row = dict[str, Any]

_CATALOGS = ("TABLE_CAT",)
_SCHEMAS = ("TABLE_SCHEM", "TABLE_CATALOG")
_TABLES = (
    *("TABLE_CAT", "TABLE_SCHEM", "TABLE_NAME", "TABLE_TYPE", "REMARKS", "TYPE_CAT", "TYPE_SCHEM", "TYPE_NAME"),
    *("SELF_REFERENCING_COL_NAME", "REF_GENERATION"),
)
_COLUMNS = (
    *("TABLE_CAT", "TABLE_SCHEM", "TABLE_NAME", "COLUMN_NAME", "DATA_TYPE", "TYPE_NAME", "COLUMN_SIZE"),
    *("BUFFER_LENGTH", "DECIMAL_DIGITS", "NUM_PREC_RADIX", "NULLABLE", "REMARKS", "COLUMN_DEF", "SQL_DATA_TYPE"),
    *("SQL_DATETIME_SUB", "CHAR_OCTET_LENGTH", "ORDINAL_POSITION", "IS_NULLABLE", "SCOPE_CATALOG", "SCOPE_SCHEMA"),
    *("SCOPE_TABLE", "SOURCE_DATA_TYPE", "IS_AUTO_INCREMENT"),
)
_NUMBERS = frozenset(
    {
        *("DATA_TYPE", "COLUMN_SIZE", "BUFFER_LENGTH", "DECIMAL_DIGITS", "NUM_PREC_RADIX", "NULLABLE"),
        *("SQL_DATA_TYPE", "SQL_DATETIME_SUB", "CHAR_OCTET_LENGTH", "ORDINAL_POSITION", "SOURCE_DATA_TYPE"),
    }
)
_JDBC_TYPES = {
    "BOOLEAN": 16,
    "BYTE": -6,
    "SHORT": 5,
    "INT": 4,
    "LONG": -5,
    "FLOAT": 6,
    "DOUBLE": 8,
    "DECIMAL": 3,
    "STRING": 12,
    "BINARY": -2,
    "DATE": 91,
    "TIMESTAMP": 93,
    "TIMESTAMP_NTZ": 93,
    "ARRAY": 2003,
    "STRUCT": 2002,
}
_OTHER = 1111
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")


class Metadata:
    """What the callers of one workspace see of Unity Catalog."""

    def __init__(self, unity_catalog: UnityCatalog, tables: Tables, authority: Authority) -> None:
        self._unity_catalog = unity_catalog
        self._tables = tables
        self._authority = authority

    def catalogs(self, caller: Caller) -> Result:
        """The catalogs."""
        return _result(_CATALOGS, [{"TABLE_CAT": name} for name in self._catalogs(caller, None)])

    def schemas(self, caller: Caller, catalog: str | None, schema: str | None) -> Result:
        """The schemas whose names are like that."""
        found = self._schemas(caller, catalog, schema)
        return _result(_SCHEMAS, [{"TABLE_SCHEM": name, "TABLE_CATALOG": above} for above, name in found])

    def tables(
        self, caller: Caller, catalog: str | None, schema: str | None, table: str | None, types: Sequence[str] | None
    ) -> Result:
        """The tables whose names are like that, of some types or all."""
        wanted = {one.upper() for one in types or ("TABLE", "VIEW")}
        rows = (_table_row(one) for one in self._found(caller, catalog, schema, table))
        return _result(_TABLES, [row for row in rows if row["TABLE_TYPE"] in wanted])

    def columns(
        self, caller: Caller, catalog: str | None, schema: str | None, table: str | None, column: str | None
    ) -> Result:
        """The columns whose names are like that, of the tables whose names are."""
        like = _like(column)
        rows = [
            _column_row(one, position, each)
            for one in self._found(caller, catalog, schema, table)
            for position, each in enumerate(one.columns, 1)
            if like.fullmatch(each.name)
        ]
        return _result(_COLUMNS, rows)

    def _catalogs(self, caller: Caller, name: str | None) -> Iterator[str]:
        for catalog in self._unity_catalog.catalogs():
            named = not name or catalog.name == name.lower()
            if named and self._authority.allows(Rule.SEE_CATALOG, catalog.name, caller):
                yield catalog.name

    def _schemas(self, caller: Caller, catalog: str | None, schema: str | None) -> Iterator[tuple[str, str]]:
        like = _like(schema)
        for above in self._catalogs(caller, catalog):
            for one in self._unity_catalog.schemas(above):
                if like.fullmatch(one.name) and self._authority.allows(Rule.SEE_SCHEMA, one.full_name, caller):
                    yield above, one.name

    def _found(
        self, caller: Caller, catalog: str | None, schema: str | None, table: str | None
    ) -> Iterator[TableRecord]:
        like = _like(table)
        for above, name in self._schemas(caller, catalog, schema):
            for one in self._tables.list(above, name):
                if like.fullmatch(one.name) and self._authority.allows(Rule.SEE_TABLE, one.full_name, caller):
                    yield one


def _like(pattern: str | None) -> re.Pattern[str]:
    """A pattern of SQL as a regular expression; nothing stands for everything."""
    signs = {"%": ".*", "*": ".*", "_": "."}
    parts = re.findall(r"\\.|.", pattern or "%", re.DOTALL)
    expression = "".join(signs.get(part) or re.escape(part[-1]) for part in parts)
    return re.compile(expression, re.IGNORECASE | re.DOTALL)


def _table_row(table: TableRecord) -> Row:
    return {
        "TABLE_CAT": table.catalog_name,
        "TABLE_SCHEM": table.schema_name,
        "TABLE_NAME": table.name,
        "TABLE_TYPE": "VIEW" if table.table_type == "VIEW" else "TABLE",
        "REMARKS": table.comment or "",
    }


def _column_row(table: TableRecord, position: int, column: ColumnRecord) -> Row:
    digits = _DECIMAL.fullmatch(column.type_text)
    return {
        "TABLE_CAT": table.catalog_name,
        "TABLE_SCHEM": table.schema_name,
        "TABLE_NAME": table.name,
        "COLUMN_NAME": column.name,
        "DATA_TYPE": _JDBC_TYPES.get(column.type_name, _OTHER),
        "TYPE_NAME": column.type_text.upper(),
        "COLUMN_SIZE": int(digits[1]) if digits else None,
        "DECIMAL_DIGITS": int(digits[2]) if digits else None,
        "NULLABLE": int(column.nullable),
        "REMARKS": column.comment or "",
        "ORDINAL_POSITION": position,
        "IS_NULLABLE": "YES" if column.nullable else "NO",
        "IS_AUTO_INCREMENT": "NO",
    }


def _result(names: Sequence[str], rows: Sequence[Row]) -> Result:
    import pyarrow as pa

    columns = tuple(_column(name) for name in names)
    schema = pa.schema([(one.name, pa.int32() if one.type_name == "INT" else pa.string()) for one in columns])
    return Result(columns, pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows], schema))


def _column(name: str) -> ResultColumn:
    kind = "INT" if name in _NUMBERS else "STRING"
    return ResultColumn(name, kind, kind)
