"""Queries: from the text of one to a data frame of the engine's, under the caller's grants.

Real: who reads a table needs SELECT on it, and to use what it is in; rows that are due are written before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakebricks.services.sql import dialect
from fakebricks.services.sql.asked import Asked
from fakebricks.services.sql.errors import UnresolvedColumn, table_not_found
from fakebricks.services.sql.parameters import Parameters
from fakebricks.services.sql.references import levels_of, point_at, tables_in
from fakebricks.services.sql.session_functions import answer_session_functions
from fakebricks.services.sql.spark import Spark, analyzed
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.records import TableRecord
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.wire.errors import CatalogDoesNotExist, SchemaDoesNotExist, TableDoesNotExist

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from sqlglot import exp


class Reader:
    """Reads the tables of one metastore with one session of the engine."""

    def __init__(self, metastore: Metastore, spark: Spark) -> None:
        self._metastore = metastore
        self._spark = spark

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
        tables = self.prepare(tree, asked)
        arguments = parameters.bind(tree)
        try:
            return analyzed(self._spark.query(dialect.spark_text(tree), arguments))
        except UnresolvedColumn as error:
            raise UnresolvedColumn(
                error.levels, [column.name for table in tables for column in table.columns]
            ) from None

    def prepare(self, tree: exp.Expression, asked: Asked) -> list[TableRecord]:
        """Have a statement say what the engine understands; returns the tables that it reads."""
        dialect.json_paths(tree)
        dialect.group_and_order_by_all(tree)
        answer_session_functions(tree, asked, self._metastore.unity_catalog.metastore.name)
        read = []
        for table in tables_in(tree):
            name = asked.full_name(levels_of(table))
            if name.count(".") == 2:  # noqa: PLR2004 - catalog, schema and table
                self._metastore.delta_tables.bring_up_to_date(name)  # which may make the table
            found = self.table(name, asked, Rule.READ_TABLE)
            point_at(table, found.storage_location)
            read.append(found)
        return read

    def table(self, full_name: str, asked: Asked, *rules: Rule) -> TableRecord:
        """A table that the caller may do something with.

        Raises:
            SqlError: there is none.
            PermissionDenied: they may not.
        """
        if full_name.count(".") != 2:  # noqa: PLR2004 - catalog, schema and table
            raise table_not_found(full_name)
        if asked.caller is not None:
            for rule in rules:
                self._metastore.authority.require(rule, full_name, asked.caller)
        try:
            return self._metastore.tables.require(full_name)
        except (CatalogDoesNotExist, SchemaDoesNotExist, TableDoesNotExist):
            raise table_not_found(full_name) from None
