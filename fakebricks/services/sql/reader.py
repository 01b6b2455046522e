"""Queries: from the text of one to a data frame of the engine's, under the caller's grants.

Real: who reads a table needs SELECT on it, and to use what it is in; rows that are due are written before. Who reads a
view needs that of the view, and its owner of what it shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from fakebricks.services.sql import Session, dialect
from fakebricks.services.sql.asked import Asked
from fakebricks.services.sql.engine_faults import written_around
from fakebricks.services.sql.errors import UnresolvedColumn, recursive_view, refused, table_not_found
from fakebricks.services.sql.information_schema import MadeTables
from fakebricks.services.sql.lateral_aliases import put_in_aliases
from fakebricks.services.sql.map_keys import write_out_map_keys
from fakebricks.services.sql.ordering import order_by_aggregates
from fakebricks.services.sql.parameters import Parameters
from fakebricks.services.sql.percentiles import exact_percentiles
from fakebricks.services.sql.references import levels_of, point_at, replace_by, stand_for, tables_in, version_of
from fakebricks.services.sql.session_functions import answer_session_functions
from fakebricks.services.sql.spark import Spark, analyzed
from fakebricks.services.sql.stars import write_out_stars
from fakebricks.services.sql.using import write_out_using
from fakebricks.services.sql.view_queries import view_query
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.records import TableRecord, ViewRecord
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import CatalogDoesNotExist, SchemaDoesNotExist, TableDoesNotExist

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from sqlglot import exp


_LEVELS = 3
"""Catalog, schema and table."""


class Translated(NamedTuple):
    """A statement in the engine's words, the values of its parameters, and the tables that it reads."""

    text: str
    arguments: dict[str, Any]
    tables: list[TableRecord]


class Reader:
    """Reads the tables of one metastore with one session of the engine."""

    def __init__(self, metastore: Metastore, spark: Spark, caller_named: Callable[[str], Caller | None]) -> None:
        self._metastore = metastore
        self._caller_named = caller_named
        self._spark = spark
        self.made = MadeTables(metastore)

    def frame(self, asked: Asked) -> DataFrame:
        """What a query will answer.

        Raises:
            SqlError: it is none, it fails, or the caller may not read what it reads.
            NotImplementedByFakebricks: the engine does not compute it.
        """
        parameters = Parameters(asked.parameters)
        tree = dialect.parsed(parameters.written(asked.words))
        return self.frame_of(tree, asked, parameters)

    def frame_of(self, tree: exp.Expression, asked: Asked, parameters: Parameters) -> DataFrame:
        """What a query that has been read will answer."""
        return self.executed(self.translated(tree, asked, parameters.bind))

    def frame_of_view(self, full_name: str, tree: exp.Expression, asked: Asked) -> DataFrame:
        """What the query of a view that is to be made will answer.

        Raises:
            SqlError: as by `frame`, or the query has the view itself in it.
        """
        return self.executed(self.translated(tree, asked, lambda _: {}, (full_name,)))

    def translated(
        self,
        tree: exp.Expression,
        asked: Asked,
        bind: Callable[[exp.Expression], dict[str, Any]],
        viewed: tuple[str, ...] = (),
    ) -> Translated:
        """A statement as the engine understands it; `tree` is used up.

        Args:
            tree: the statement.
            asked: who asks it, where and when.
            bind: what becomes of its parameters.
            viewed: the view that it is the query of.

        Raises:
            SqlError: it names what there is not.
            PermissionDenied: the caller may not read what it reads.
            NotImplementedByFakebricks: the engine has no such thing.
        """
        tables = self._resolved(tree, asked, asked, viewed)
        arguments = bind(tree)

        def columns_of(query: exp.Expression) -> list[str]:
            return list(self.executed(Translated(dialect.spark_text(query), arguments, tables)).columns)

        write_out_map_keys(tree, tables)
        order_by_aggregates(tree)
        written_around(tree)
        write_out_using(tree, columns_of)
        put_in_aliases(tree, columns_of)
        write_out_stars(tree, columns_of)
        dialect.group_and_order_by_all(tree)
        return Translated(dialect.spark_text(tree), arguments, tables)

    def _resolved(
        self, tree: exp.Expression, asked: Asked, reading: Asked, viewed: tuple[str, ...]
    ) -> list[TableRecord]:
        """Have the tables of a statement, or of the query of a view, be read where they are; returns them.

        Args:
            tree: the statement.
            asked: who asks, for functions that say so.
            reading: who reads, and where names are looked for: in a view, its owner does, as if where it was made.
            viewed: the views that this is the query of.
        """
        dialect.json_paths(tree, self._spark.json_function)
        exact_percentiles(tree)
        answer_session_functions(tree, asked, self._metastore.unity_catalog.metastore.name)
        tables = []
        for table in tables_in(tree):
            levels = levels_of(table)
            if len(levels) == 1 and levels[0].lower() in reading.views:
                continue
            made = self.made.find(reading.full_name(levels)) if len(levels) <= _LEVELS else None
            if made is not None:
                replace_by(table, self._spark.view_of(made(reading.caller)))
                continue
            name = reading.full_name(levels)
            if name.count(".") == _LEVELS - 1:
                self._metastore.delta_tables.bring_up_to_date(name)  # which may make the table
            found = self.table(name, reading, Rule.READ_TABLE)
            tables.append(found)
            if found.view is None:
                self._point(table, found)
                continue
            if name in viewed:
                raise recursive_view((name, *viewed[::-1]))
            if version_of(table) is not None:
                raise refused("VERSION AS OF of a view", "Put it into the view's own query.")
            query = view_query(found)
            self._resolved(query, asked, self._within(found.view, found.owner, reading), (*viewed, name))
            stand_for(table, query)
        return tables

    def _within(self, view: ViewRecord, owner: str, reading: Asked) -> Asked:
        """Who reads what a view shows: its owner, unless it is fakebricks itself that reads the view."""
        caller = None if reading.caller is None else self._acting_for(owner)
        session = Session(view.catalog_name, view.schema_name)
        return replace(reading, caller=caller, session=session, views=frozenset())

    def _acting_for(self, owner: str) -> Caller:
        """A person, or a group as one who has its grants and no others."""
        return self._caller_named(owner) or Caller("", owner, owner, "Group", frozenset((owner,)))

    def executed(self, statement: Translated) -> DataFrame:
        """What a statement will answer; where it changes something, it has done so.

        Raises:
            SqlError: it fails; where it names a column that there is not, the tables' are suggested.
        """
        try:
            return analyzed(self._spark.query(statement.text, statement.arguments))
        except UnresolvedColumn as error:
            known = [column.name for table in statement.tables for column in table.columns]
            raise UnresolvedColumn(error.levels, known) from None

    def reaches(self, table: TableRecord) -> bool:
        """Whether the engine can read and write a table where it is."""
        return self._spark.reaches(table.storage_location)

    def _point(self, named: exp.Expression, table: TableRecord) -> None:
        """Have the engine read a table where it is, or where it cannot, as it is now."""
        if self.reaches(table):
            point_at(named, table.storage_location)
            return
        rows = self._metastore.delta_tables.files_of(table).opened(version_of(named)).to_pyarrow_table()
        replace_by(named, self._spark.view_of(rows))

    def table(self, full_name: str, asked: Asked, *rules: Rule) -> TableRecord:
        """A table that the caller may do something with.

        Raises:
            SqlError: there is none.
            PermissionDenied: they may not.
        """
        if full_name.count(".") != _LEVELS - 1:
            raise table_not_found(full_name)
        if asked.caller is not None:
            for rule in rules:
                self._metastore.authority.require(rule, full_name, asked.caller)
        try:
            return self._metastore.tables.require(full_name)
        except (CatalogDoesNotExist, SchemaDoesNotExist, TableDoesNotExist):
            raise table_not_found(full_name) from None
