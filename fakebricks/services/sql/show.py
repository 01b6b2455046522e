"""SHOW: what there is, as far as the caller may see it.

Real: names of columns are the platform's. Refused: functions, partitions, users and groups.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from fakebricks.services.sql import Result
from fakebricks.services.sql.asked import Asked
from fakebricks.services.sql.clauses import key_of, pattern_of
from fakebricks.services.sql.describe import create_statement
from fakebricks.services.sql.errors import refused
from fakebricks.services.sql.reader import Reader
from fakebricks.services.sql.results import told
from fakebricks.services.sql.words import Words
from fakebricks.services.unity_catalog.authority import N
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.records import TableRecord
from fakebricks.services.unity_catalog.rules import Rule


class Listings:
    """Lists the objects of one metastore."""

    def __init__(self, metastore: Metastore, reader: Reader, grants: Callable[[Asked], Result]) -> None:
        self._metastore = metastore
        self._reader = reader
        self._grants = grants

    def show(self, asked: Asked) -> Result:
        """SHOW of something."""
        words = asked.words
        if words.sees("SHOW", "GRANTS") or words.sees("SHOW", "GRANT"):
            return self._grants(asked)
        words.expect("SHOW")
        shown: tuple[tuple[tuple[str, ...], Callable[[Asked], Result]], ...] = (
            (("CATALOGS",), self._catalogs),
            (("SCHEMAS",), self._schemas),
            (("DATABASES",), self._schemas),
            (("TABLES",), self._tables),
            (("VIEWS",), self._views),
            (("VOLUMES",), self._volumes),
            (("COLUMNS",), self._columns),
            (("TBLPROPERTIES",), self._properties),
            (("CREATE", "TABLE"), self._create_table),
        )
        for keywords, listing in shown:
            if words.take(*keywords):
                return listing(asked)
        raise refused(f"SHOW {words.next.text.upper()}")

    def _catalogs(self, asked: Asked) -> Result:
        pattern = _last(asked.words)
        found = self._visible(Rule.SEE_CATALOG, self._metastore.unity_catalog.catalogs(), asked)
        return told({"catalog": "string"}, [(one.name,) for one in found if pattern.fullmatch(one.name)])

    def _schemas(self, asked: Asked) -> Result:
        catalog = asked.words.name().lower() if _inside(asked.words) else asked.session.catalog
        pattern = _last(asked.words)
        self._require(Rule.SEE_CATALOG, catalog, asked)
        name = self._metastore.unity_catalog.require_catalog(catalog).name
        found = self._visible(Rule.SEE_SCHEMA, self._metastore.unity_catalog.schemas(name), asked)
        return told({"databaseName": "string"}, [(one.name,) for one in found if pattern.fullmatch(one.name)])

    def _tables(self, asked: Asked) -> Result:
        catalog, schema = self._schema(asked)
        pattern = _last(asked.words)
        self._require(Rule.SEE_SCHEMA, f"{catalog}.{schema}", asked)
        self._metastore.unity_catalog.require_schema(catalog, schema)
        found = self._visible(Rule.SEE_TABLE, self._metastore.tables.list(catalog, schema), asked)
        columns = {"database": "string", "tableName": "string", "isTemporary": "boolean"}
        return told(columns, [(schema, one.name, False) for one in found if pattern.fullmatch(one.name)])

    def _views(self, asked: Asked) -> Result:
        catalog, schema = self._schema(asked)
        pattern = _last(asked.words)
        self._require(Rule.SEE_SCHEMA, f"{catalog}.{schema}", asked)
        self._metastore.unity_catalog.require_schema(catalog, schema)
        found = self._visible(Rule.SEE_TABLE, self._metastore.tables.list(catalog, schema), asked)
        shown = [one.name for one in found if one.view is not None and pattern.fullmatch(one.name)]
        columns = {"namespace": "string", "viewName": "string", "isTemporary": "boolean"}
        return told(columns, [(schema, name, False) for name in shown])

    def _volumes(self, asked: Asked) -> Result:
        catalog, schema = self._schema(asked)
        pattern = _last(asked.words)
        self._require(Rule.SEE_SCHEMA, f"{catalog}.{schema}", asked)
        self._metastore.unity_catalog.require_schema(catalog, schema)
        found = self._visible(Rule.SEE_VOLUME, self._metastore.volumes.list(catalog, schema), asked)
        columns = {"database": "string", "volume_name": "string"}
        return told(columns, [(schema, one.name) for one in found if pattern.fullmatch(one.name)])

    def _columns(self, asked: Asked) -> Result:
        if not _inside(asked.words):
            asked.words.wrong()
        table = self._table(asked)
        asked.words.end()
        return told({"col_name": "string"}, [(one.name,) for one in table.columns])

    def _properties(self, asked: Asked) -> Result:
        table = self._table(asked)
        rows = sorted(table.properties.items())
        if asked.words.take("("):
            key = key_of(asked.words)
            asked.words.expect(")")
            missing = f"Table {table.full_name} does not have property: {key}"  # Spark's own words
            rows = [(key, table.properties.get(key, missing))]
        asked.words.end()
        return told({"key": "string", "value": "string"}, rows)

    def _create_table(self, asked: Asked) -> Result:
        table = self._table(asked)
        asked.words.end()
        return told({"createtab_stmt": "string"}, [(create_statement(table),)])

    def _table(self, asked: Asked) -> TableRecord:
        return self._reader.table(asked.full_name(asked.words.names()), asked, Rule.SEE_TABLE)

    def _schema(self, asked: Asked) -> tuple[str, str]:
        if not _inside(asked.words):
            return asked.session.catalog, asked.session.schema
        levels = asked.words.names()
        if len(levels) > 2:  # noqa: PLR2004 - catalog and schema
            asked.words.wrong()
        catalog, schema = asked.schema_name(levels).split(".")
        return catalog, schema

    def _visible(self, rule: Rule, records: Iterable[N], asked: Asked) -> Iterable[N]:
        return records if asked.caller is None else self._metastore.authority.allowed(rule, records, asked.caller)

    def _require(self, rule: Rule, name: str, asked: Asked) -> None:
        if asked.caller is not None:
            self._metastore.authority.require(rule, name, asked.caller)


def _inside(words: Words) -> bool:
    return words.take("IN") or words.take("FROM")


def _last(words: Words) -> re.Pattern[str]:
    """Go over a pattern, which is the end."""
    pattern = pattern_of(words)
    words.end()
    return pattern
