"""ALTER: of catalogs, schemas, tables and volumes.

Real: owners, names of catalogs and schemas, comments, table properties, tags, new columns. Refused: columns that are
dropped, renamed or of another type, which Delta needs column mapping for; new names of tables; constraints.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as changed

from fakebricks.services.sql import Result
from fakebricks.services.sql.asked import Asked
from fakebricks.services.sql.change_feed import FEED
from fakebricks.services.sql.clauses import comment_of, keys_of, kind_of, principal_of, properties_of
from fakebricks.services.sql.ddl import Definitions, named
from fakebricks.services.sql.errors import refused
from fakebricks.services.sql.results import nothing
from fakebricks.services.sql.words import Words
from fakebricks.services.unity_catalog.columns import AskedColumn, checked_columns
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.records import ColumnRecord, TableRecord
from fakebricks.services.unity_catalog.rules import MANAGING, TAGGING, Rule
from fakebricks.services.unity_catalog.securables import Kind
from fakebricks.state import State
from fakebricks.wire.errors import InvalidParameterValue


class Alterations:
    """Changes the objects of one metastore."""

    def __init__(self, metastore: Metastore, state: State, definitions: Definitions) -> None:
        self._metastore = metastore
        self._state = state
        self._definitions = definitions

    def alter(self, asked: Asked) -> Result:
        """ALTER of an object."""
        words = asked.words
        words.expect("ALTER")
        kind = kind_of(words)
        name = named(kind, asked)
        self._clause(kind, words)(kind, name, asked)
        words.end()
        return nothing()

    def _clause(self, kind: Kind, words: Words) -> Callable[[Kind, str, Asked], None]:
        """What the words after the name ask for."""
        for keywords in (("SET", "OWNER", "TO"), ("OWNER", "TO")):
            if words.take(*keywords):
                return self._owner
        for keywords, kinds, clause in (
            (("SET", "TAGS"), tuple(TAGGING), self._set_tags),
            (("UNSET", "TAGS"), tuple(TAGGING), self._unset_tags),
            (("SET", "DBPROPERTIES"), (Kind.SCHEMA,), self._set_properties),
            (("SET", "TBLPROPERTIES"), (Kind.TABLE,), self._set_properties),
            (("UNSET", "TBLPROPERTIES"), (Kind.TABLE,), self._unset_properties),
            (("RENAME", "TO"), (Kind.CATALOG, Kind.SCHEMA), self._rename),
            (("ADD", "COLUMNS"), (Kind.TABLE,), self._add_columns),
            (("ADD", "COLUMN"), (Kind.TABLE,), self._add_columns),
            (("ALTER", "COLUMN"), (Kind.TABLE,), self._alter_column),
            (("CHANGE", "COLUMN"), (Kind.TABLE,), self._alter_column),
        ):
            if kind in kinds and words.take(*keywords):
                return clause
        instead = ""
        if words.sees("DROP", "COLUMN") or words.sees("DROP", "COLUMNS") or words.sees("RENAME", "COLUMN"):
            instead = "CREATE OR REPLACE TABLE ... AS SELECT keeps the table's id, grants and history."
        what = f"... {words.rest}" if words.next.kind else "without a change"
        raise refused(f"ALTER {kind} {what}", instead)

    def _owner(self, kind: Kind, name: str, asked: Asked) -> None:
        self._change(kind, name, {"owner": principal_of(asked.words)}, asked)

    def _rename(self, kind: Kind, name: str, asked: Asked) -> None:
        catalog = self._metastore.unity_catalog
        *above, new_name = asked.words.names()
        if above and (kind is Kind.CATALOG or ".".join(above).lower() != name.rpartition(".")[0]):
            raise refused("a schema's move to another catalog")
        asked.words.end()
        self._require(MANAGING[kind], name, asked)
        if kind is Kind.SCHEMA:
            self._require(Rule.CREATE_SCHEMA, name, asked)
        with self._state.transaction():
            _ = (
                catalog.rename_catalog(name, new_name)
                if kind is Kind.CATALOG
                else catalog.rename_schema(name, new_name)
            )

    def _set_properties(self, kind: Kind, name: str, asked: Asked) -> None:
        given = properties_of(asked.words)
        asked.words.end()
        self._require(MANAGING[kind], name, asked)
        if kind is Kind.SCHEMA:
            catalog, schema = name.split(".")
            before = self._metastore.unity_catalog.require_schema(catalog, schema).properties
        else:
            table = self._metastore.tables.require(name)
            before = table.properties
            self._feed(table, given)
        self._change(kind, name, {"properties": {**before, **given}}, asked)

    def _feed(self, table: TableRecord, given: dict[str, str]) -> None:
        """Have Delta's log know of a change data feed, too."""
        value = given.get(FEED)
        if value is None:
            return
        if value.lower() not in ("true", "false"):
            raise InvalidParameterValue(f"The table property '{FEED}' must be 'true' or 'false'.")
        if "://" in table.storage_location:
            # deltalake does this with Python's lock held, which the S3 in this process waits for.
            raise refused("a later change data feed of a table in a bucket", "Create the table with it.")
        files = self._metastore.delta_tables.files_of(table)
        files.opened().alter.set_table_properties({FEED: value.lower()})

    def _unset_properties(self, kind: Kind, name: str, asked: Asked) -> None:
        tolerant = asked.words.take("IF", "EXISTS")
        keys = keys_of(asked.words)
        asked.words.end()
        self._require(MANAGING[kind], name, asked)
        table = self._metastore.tables.require(name)
        missing = [key for key in keys if key not in table.properties]
        if missing and not tolerant:
            raise InvalidParameterValue(f"The table '{name}' has no property '{missing[0]}'.")
        if FEED in keys:
            self._feed(table, {FEED: "false"})
        kept = {key: value for key, value in table.properties.items() if key not in keys}
        self._change(kind, name, {"properties": kept}, asked)

    def _set_tags(self, kind: Kind, name: str, asked: Asked) -> None:
        tags = properties_of(asked.words)
        asked.words.end()
        self._require(TAGGING[kind], name, asked)
        securable = self._metastore.unity_catalog.require_line(kind, name)[-1]
        there = {one.tag_key for one in self._metastore.tags.of(securable)}
        with self._state.transaction():
            for key, value in tags.items():
                put = self._metastore.tags.update if key in there else self._metastore.tags.create
                put(securable, key, value, asked.user_name)

    def _unset_tags(self, kind: Kind, name: str, asked: Asked) -> None:
        keys = keys_of(asked.words)
        asked.words.end()
        self._require(TAGGING[kind], name, asked)
        securable = self._metastore.unity_catalog.require_line(kind, name)[-1]
        with self._state.transaction():
            for key in keys:
                self._metastore.tags.delete(securable, key)

    def _add_columns(self, kind: Kind, name: str, asked: Asked) -> None:
        from deltalake import Field, Schema

        added = _added(asked.words)
        asked.words.end()
        self._require(MANAGING[kind], name, asked)
        table = self._metastore.tables.require(name)
        columns = checked_columns([*(_as_asked(one) for one in table.columns), *added])
        fresh = columns[len(table.columns) :]
        files = self._metastore.delta_tables.files_of(table)
        from fakebricks.services.unity_catalog.delta import Delta

        fields: list[Field] = list(Schema.from_arrow(Delta("", fresh).schema).fields)
        files.opened().alter.add_columns(fields)
        self._change(kind, name, {"columns": (*table.columns, *fresh)}, asked)

    def _alter_column(self, kind: Kind, name: str, asked: Asked) -> None:
        del kind
        column = asked.words.name()
        if not asked.words.take("COMMENT"):
            raise refused("changes of a column other than its COMMENT", "Create the table anew.")
        comment = comment_of(asked.words)
        asked.words.end()
        self._definitions.comment_on_column(name, column, comment, asked)

    def _change(self, kind: Kind, name: str, changes: dict[str, object], asked: Asked) -> None:
        asked.words.end()
        self._definitions.change(kind, name, changes, asked)

    def _require(self, rule: Rule, name: str, asked: Asked) -> None:
        if asked.caller is not None:
            self._metastore.authority.require(rule, name, asked.caller)


def _added(words: Words) -> list[AskedColumn]:
    """Go over the columns that are to be added, in parentheses or one alone."""
    if not words.take("("):
        return [_column(words)]
    columns = [_column(words)]
    while words.take(","):
        columns.append(_column(words))
    words.expect(")")
    return columns


def _column(words: Words) -> AskedColumn:
    column = AskedColumn(name=words.name(), type_text=_type_text(words))
    while words.next.kind and not words.next.says(",", ")"):
        if not words.take("COMMENT"):
            raise refused(f"'{words.rest}' of a new column", "It can have a type and a COMMENT.")
        column = changed(column, comment=words.string())
    return column


def _type_text(words: Words) -> str:
    """Go over a type, with what it has in brackets."""
    pieces = [words.name()]
    depth = 0
    while depth or words.next.says("<", "("):
        word = words.word()
        depth += {"<": 1, "(": 1, ">": -1, ")": -1}.get(word.text, 0)
        pieces.append(f" {word.text} ")
    return "".join(pieces)


def _as_asked(column: ColumnRecord) -> AskedColumn:
    return AskedColumn(
        name=column.name,
        type_text=column.type_text,
        nullable=column.nullable,
        comment=column.comment,
        partition_index=column.partition_index,
    )
