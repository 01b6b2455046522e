"""`information_schema`: what there is, as tables; and other tables that are made when they are read.

Real: the objects that the caller may see, of one catalog or, in `system.information_schema`, of all. Each has the most
used of the platform's columns. Refused: the schema's other tables, by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fakebricks.services.sql.errors import refused
from fakebricks.services.sql.results import told
from fakebricks.services.unity_catalog.authority import N
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.records import ObjectRecord, TableRecord
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.wire.authentication import Caller

if TYPE_CHECKING:
    import pyarrow as pa

Read = Callable[[Caller | None], "pa.Table"]
"""Makes the rows that a caller may read."""

_NAME = "information_schema"
_EVERYWHERE = "system"
_ABOUT = {
    "comment": "string",
    "created": "timestamp",
    "created_by": "string",
    "last_altered": "timestamp",
    "last_altered_by": "string",
}
_COLUMNS: dict[str, dict[str, str]] = {
    "catalogs": {"catalog_name": "string", "catalog_owner": "string", **_ABOUT},
    "schemata": {"catalog_name": "string", "schema_name": "string", "schema_owner": "string", **_ABOUT},
    "tables": {
        "table_catalog": "string",
        "table_schema": "string",
        "table_name": "string",
        "table_type": "string",
        "table_owner": "string",
        **_ABOUT,
        "data_source_format": "string",
    },
    "views": {
        "table_catalog": "string",
        "table_schema": "string",
        "table_name": "string",
        "view_definition": "string",
        "check_option": "string",
        "is_updatable": "string",
        "is_insertable_into": "string",
    },
    "columns": {
        "table_catalog": "string",
        "table_schema": "string",
        "table_name": "string",
        "column_name": "string",
        "ordinal_position": "int",
        "is_nullable": "string",
        "full_data_type": "string",
        "data_type": "string",
        "partition_index": "int",
        "comment": "string",
    },
}


class MadeTables:
    """Tables that are made when they are read."""

    def __init__(self, metastore: Metastore) -> None:
        self._metastore = metastore
        self._more: dict[str, Read] = {}

    def add(self, full_name: str, read: Read) -> None:
        """One more, which a service offers.

        Args:
            full_name: in lower case.
            read: makes the rows that a caller may read, or refuses.
        """
        self._more[full_name] = read

    def find(self, full_name: str) -> Read | None:
        """What makes the rows of the table of that name; None where it is none of these.

        Raises:
            NotImplementedByFakebricks: it is of `information_schema`, and not made here.
        """
        if full_name in self._more:
            return self._more[full_name]
        catalog, schema, name = full_name.split(".")
        if schema != _NAME:
            return None
        if name not in _COLUMNS:
            raise refused(f"the table '{_NAME}.{name}'", f"There are {', '.join(_COLUMNS)}.")
        return lambda caller: told(_COLUMNS[name], self._rows(name, self._catalogs(catalog, caller), caller)).rows

    def _catalogs(self, catalog: str, caller: Caller | None) -> list[Any]:
        """The catalogs that are told of."""
        catalogs = self._metastore.unity_catalog
        if catalog == _EVERYWHERE:
            return list(self._visible(Rule.SEE_CATALOG, catalogs.catalogs(), caller))
        found = catalogs.require_catalog(catalog)
        if caller is not None:
            self._metastore.authority.require(Rule.SEE_CATALOG, catalog, caller)
        return [found]

    def _rows(self, name: str, catalogs: list[Any], caller: Caller | None) -> Iterator[tuple[Any, ...]]:
        rows: Mapping[str, Callable[[str], Iterator[tuple[Any, ...]]]] = {
            "schemata": lambda catalog: self._schemata(catalog, caller),
            "tables": lambda catalog: map(_table, self._tables(catalog, caller)),
            "views": lambda catalog: (_view(one, caller) for one in self._tables(catalog, caller) if one.view),
            "columns": lambda catalog: (row for one in self._tables(catalog, caller) for row in _columns(one)),
        }
        for catalog in catalogs:
            if name == "catalogs":
                yield (catalog.name, catalog.owner, *_about(catalog))
            else:
                yield from rows[name](catalog.name)

    def _schemata(self, catalog: str, caller: Caller | None) -> Iterator[tuple[Any, ...]]:
        for one in self._visible(Rule.SEE_SCHEMA, self._metastore.unity_catalog.schemas(catalog), caller):
            yield (catalog, one.name, one.owner, *_about(one))

    def _tables(self, catalog: str, caller: Caller | None) -> Iterable[TableRecord]:
        return self._visible(Rule.SEE_TABLE, self._metastore.tables.of_catalog(catalog), caller)

    def _visible(self, rule: Rule, records: Iterable[N], caller: Caller | None) -> Iterable[N]:
        return records if caller is None else self._metastore.authority.allowed(rule, records, caller)


def _about(record: ObjectRecord) -> tuple[Any, ...]:
    created, altered = (datetime.fromtimestamp(at / 1000, UTC) for at in (record.created_at, record.updated_at))
    return record.comment, created, record.created_by, altered, record.updated_by


def _table(table: TableRecord) -> tuple[Any, ...]:
    names = (table.catalog_name, table.schema_name, table.name)
    return (*names, table.table_type, table.owner, *_about(table), table.data_source_format)


def _view(table: TableRecord, caller: Caller | None) -> tuple[Any, ...]:
    """A view, whose query its owner sees (documented)."""
    seen = table.view is not None and (caller is None or table.owner in caller.principals)
    return (*table.key, table.view.definition if table.view and seen else None, "NONE", "NO", "NO")


def _columns(table: TableRecord) -> Iterator[tuple[Any, ...]]:
    for place, column in enumerate(table.columns):
        yield (
            *table.key,
            column.name,
            place,
            "YES" if column.nullable else "NO",
            column.type_text,
            column.type_name,
            column.partition_index,
            column.comment,
        )
