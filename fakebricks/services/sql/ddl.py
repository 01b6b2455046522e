"""Statements that define catalogs, schemas, tables and volumes, but for CREATE TABLE.

Real: what Unity Catalog's own operations do, under the same privileges. Refused: what those refuse, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from msgspec.structs import replace

from fakebricks.services.sql import Result
from fakebricks.services.sql.asked import Asked
from fakebricks.services.sql.clauses import comment_of, exists_clause, kind_of, properties_of
from fakebricks.services.sql.errors import UnresolvedColumn, refused, wrong_command
from fakebricks.services.sql.results import nothing
from fakebricks.services.sql.words import Words
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.rules import MANAGING, Rule
from fakebricks.services.unity_catalog.securables import Kind
from fakebricks.state import State
from fakebricks.wire.errors import (
    CatalogAlreadyExists,
    CatalogDoesNotExist,
    ResourceAlreadyExists,
    ResourceDoesNotExist,
    SchemaAlreadyExists,
    SchemaDoesNotExist,
    TableDoesNotExist,
)

_ABSENT = (CatalogDoesNotExist, SchemaDoesNotExist, TableDoesNotExist, ResourceDoesNotExist)
_PRESENT = (CatalogAlreadyExists, SchemaAlreadyExists, ResourceAlreadyExists)


class _Making(NamedTuple):
    """How something is made, and what it takes."""

    rule: Rule
    within: str
    make: Callable[[], object]


class Definitions:
    """Defines the objects of one metastore."""

    def __init__(self, metastore: Metastore, state: State) -> None:
        self._metastore = metastore
        self._state = state

    def create(self, asked: Asked) -> Result:
        """CREATE CATALOG, SCHEMA and VOLUME."""
        words = asked.words
        words.expect("CREATE")
        makers: dict[Kind, Callable[[str, Asked], _Making]] = {
            Kind.CATALOG: self._catalog,
            Kind.SCHEMA: self._schema,
            Kind.VOLUME: self._volume,
        }
        kind = kind_of(words)
        if kind not in makers:
            raise refused(f"CREATE {kind}")
        tolerant = exists_clause(words, "NOT")
        making = makers[kind](named(kind, asked), asked)
        words.end()
        self._require(making.rule, making.within, asked)
        try:
            with self._state.transaction():
                making.make()
        except _PRESENT:
            if not tolerant:
                raise
        return nothing()

    def drop(self, asked: Asked) -> Result:
        """DROP of whatever there is."""
        words = asked.words
        words.expect("DROP")
        is_view = words.sees("VIEW")
        kind = kind_of(words)
        tolerant = exists_clause(words)
        name = named(kind, asked)
        cascade = words.take("CASCADE")
        if not cascade:
            words.take("RESTRICT")
        words.end()
        catalog = self._metastore.unity_catalog
        drops: dict[Kind, Callable[[], None]] = {
            Kind.CATALOG: lambda: catalog.delete_catalog(name, force=cascade),
            Kind.SCHEMA: lambda: catalog.delete_schema(name, force=cascade),
            Kind.TABLE: lambda: self._drop_table(name, view=is_view),
            Kind.VOLUME: lambda: self._metastore.volumes.delete(name),
        }
        if kind not in drops:
            raise refused(f"DROP {kind}", "Use its own API.")
        try:
            self._require(MANAGING[kind], name, asked)
            with self._state.transaction():
                drops[kind]()
        except _ABSENT:
            if not tolerant:
                raise
        return nothing()

    def _drop_table(self, name: str, *, view: bool) -> None:
        table = self._metastore.tables.require(name)
        if view and table.view is None:
            raise wrong_command("DROP VIEW", "VIEW", name, "MANAGED", "Use DROP TABLE instead.")
        if table.view is not None and not view:
            raise wrong_command("DROP TABLE", "EXTERNAL or MANAGED", name, "VIEW", "Use DROP VIEW instead.")
        self._metastore.tables.delete(name)

    def comment_on(self, asked: Asked) -> Result:
        """COMMENT ON."""
        words = asked.words
        words.expect("COMMENT", "ON")
        if words.take("COLUMN"):
            *table, column = words.names()
            full_name = asked.full_name(table)
            words.expect("IS")
            comment = comment_of(words)
            words.end()
            return self.comment_on_column(full_name, column, comment, asked)
        kind = kind_of(words)
        name = named(kind, asked)
        words.expect("IS")
        comment = comment_of(words)
        words.end()
        self.change(kind, name, {"comment": comment}, asked)
        return nothing()

    def comment_on_column(self, full_name: str, column: str, comment: str | None, asked: Asked) -> Result:
        """A column's comment."""
        self._require(Rule.MANAGE_TABLE, full_name, asked)
        table = self._metastore.tables.require(full_name)
        if column.lower() not in {one.name.lower() for one in table.columns}:
            raise UnresolvedColumn([column], [one.name for one in table.columns])
        columns = tuple(
            replace(one, comment=comment) if one.name.lower() == column.lower() else one for one in table.columns
        )
        self.change(Kind.TABLE, full_name, {"columns": columns}, asked)
        return nothing()

    def change(self, kind: Kind, name: str, changes: Mapping[str, object], asked: Asked) -> None:
        """Change fields of an object.

        Raises:
            PermissionDenied: the caller does not manage it.
            DatabricksError: it is missing, or cannot be changed so.
        """
        self._require(MANAGING[kind], name, asked)
        catalog = self._metastore.unity_catalog
        change: dict[Kind, Callable[[str, str, Mapping[str, object]], object]] = {
            Kind.CATALOG: catalog.update_catalog,
            Kind.SCHEMA: catalog.update_schema,
            Kind.TABLE: self._metastore.tables.update,
            Kind.VOLUME: self._metastore.volumes.update,
        }
        if kind not in change:
            raise refused(f"changes of a {kind}", "Use its own API.")
        with self._state.transaction():
            change[kind](name, asked.user_name, changes)

    def _catalog(self, name: str, asked: Asked) -> _Making:
        options = _options(asked.words)
        create = self._metastore.unity_catalog.create_catalog
        return _Making(Rule.CREATE_CATALOG, "", lambda: create(name, asked.user_name, **options))

    def _schema(self, name: str, asked: Asked) -> _Making:
        options = _options(asked.words)
        catalog, _, schema = name.partition(".")
        create = self._metastore.unity_catalog.create_schema
        return _Making(Rule.CREATE_SCHEMA, catalog, lambda: create(catalog, schema, asked.user_name, **options))

    def _volume(self, name: str, asked: Asked) -> _Making:
        comment = _comment(asked.words)
        catalog, schema, volume = name.split(".")
        create = self._metastore.volumes.create
        return _Making(
            Rule.CREATE_VOLUME,
            f"{catalog}.{schema}",
            lambda: create(catalog, schema, volume, asked.user_name, comment=comment),
        )

    def _require(self, rule: Rule, name: str, asked: Asked) -> None:
        if asked.caller is not None:
            self._metastore.authority.require(rule, name, asked.caller)


def named(kind: Kind, asked: Asked) -> str:
    """Go over the name of an object; its full name.

    Raises:
        SqlError: something else is next.
        NotImplementedByFakebricks: there are no such objects in SQL here.
    """
    levels = asked.words.names()
    if len(levels) > kind.depth:
        asked.words.wrong()
    if kind is Kind.CATALOG:
        return levels[0].lower()
    if kind is Kind.SCHEMA:
        return asked.schema_name(levels)
    return asked.full_name(levels)


def _comment(words: Words) -> str | None:
    """What may follow the name of a volume."""
    return words.string() if words.take("COMMENT") else None


def _options(words: Words) -> dict[str, Any]:
    """What may follow the name of what is made."""
    options: dict[str, Any] = {}
    while words.next.kind:
        if words.take("COMMENT"):
            options["comment"] = words.string()
        elif words.take("WITH", "DBPROPERTIES"):
            options["properties"] = properties_of(words)
        elif words.take("MANAGED", "LOCATION"):
            options["storage_root"] = words.string()
        else:
            words.wrong()
    return options
