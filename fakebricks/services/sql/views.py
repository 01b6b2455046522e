"""Views: CREATE [OR REPLACE] VIEW; how they are read is in `reader.py`.

Real: a view is an object of Unity Catalog that is granted on like a table. Its query is executed when the view is read,
for who reads, under the grants of its owner. DROP VIEW is in `ddl.py`.
Refused: temporary and materialized views, metric views, ALTER VIEW ... AS, columns of one name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from dataclasses import replace as changed
from typing import TYPE_CHECKING, Any

from fakebricks.services.sql import Result, SqlError, dialect
from fakebricks.services.sql.asked import Asked
from fakebricks.services.sql.clauses import exists_clause, properties_of
from fakebricks.services.sql.errors import not_a_view, quoted, refused, table_not_found
from fakebricks.services.sql.parameters import Parameters
from fakebricks.services.sql.reader import Reader
from fakebricks.services.sql.references import levels_of, tables_in
from fakebricks.services.sql.results import nothing
from fakebricks.services.sql.words import Words
from fakebricks.services.unity_catalog.columns import AskedColumn, checked_columns
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.records import ColumnRecord, TableRecord, ViewRecord
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.state import State

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from sqlglot import exp

_LEVELS = 3


@dataclass(slots=True)
class _Described:
    """What a statement says of a view."""

    columns: list[tuple[str, str | None]] = field(default_factory=list)
    comment: str | None = None
    properties: dict[str, str] = field(default_factory=dict)


class Views:
    """Makes the views of one metastore.

    Args:
        alter: changes a view as it does a table.
    """

    def __init__(self, metastore: Metastore, state: State, reader: Reader, alter: Callable[[Asked], Result]) -> None:
        self._metastore = metastore
        self._state = state
        self._reader = reader
        self._alter = alter

    def create(self, asked: Asked) -> Result:
        """CREATE [OR REPLACE] VIEW [IF NOT EXISTS]."""
        words = Words(Parameters(asked.parameters).written(asked.words))
        words.expect("CREATE")
        replacing = words.take("OR", "REPLACE")
        words.expect("VIEW")
        tolerant = exists_clause(words, "NOT")
        name = asked.full_name(words.names())
        described = _described(words)
        words.expect("AS")
        if not words.next.kind:
            words.wrong()
        if name.count(".") != _LEVELS - 1:
            raise table_not_found(name)
        there = self._may_make(name, asked, replacing=replacing)
        if there is not None and tolerant:
            return nothing()
        if there is None or not replacing:
            self._metastore.tables.require_free(name)
        if there is not None and there.view is None:
            raise not_a_view(name)
        view, columns = self._view(name, words.rest, described, changed(asked, words=words))
        shown: dict[str, Any] = {
            "columns": columns,
            "view": view,
            "properties": described.properties,
            "comment": described.comment,
        }
        with self._state.transaction():
            if there is None:
                self._metastore.tables.create_view(name, asked.user_name, **shown)
            else:
                self._metastore.tables.update(name, asked.user_name, shown)
        return nothing()

    def alter(self, asked: Asked) -> Result:
        """ALTER VIEW, but for its query."""
        words = Words(asked.words.text)
        words.expect("ALTER", "VIEW")
        name = asked.full_name(words.names())
        if words.sees("AS"):
            raise refused("ALTER VIEW ... AS", "Use CREATE OR REPLACE VIEW.")
        if self._reader.table(name, asked, Rule.SEE_TABLE).view is None:
            raise not_a_view(name)
        return self._alter(asked)

    def _may_make(self, name: str, asked: Asked, *, replacing: bool) -> TableRecord | None:
        """What is there of that name, which the caller may replace, or make where there is none."""
        there = self._metastore.tables.get(name)
        if asked.caller is not None:
            self._metastore.authority.require(Rule.CREATE_TABLE, name.rpartition(".")[0], asked.caller)
            if there is not None and replacing:
                self._metastore.authority.require(Rule.MANAGE_TABLE, name, asked.caller)
        return there

    def _view(
        self, name: str, query: str, described: _Described, asked: Asked
    ) -> tuple[ViewRecord, tuple[ColumnRecord, ...]]:
        """A view of a query that the caller may execute, and its columns."""
        from sqlglot import exp

        tree = dialect.parsed(query)
        if not isinstance(tree, exp.Query):
            raise refused("views of anything but a query")
        if tree.find(exp.Placeholder) is not None:
            # As Spark has it; its text names the statement.
            message = "Parameter markers are not allowed in the query of a view."
            raise SqlError("UNSUPPORTED_FEATURE.PARAMETER_MARKER_IN_UNEXPECTED_STATEMENT", message, "0A000")
        self._refuse_temporary(tree, asked)
        frame = self._reader.frame_of_view(name, tree, changed(asked, views=frozenset()))
        names = _names(frame, described)
        columns = [
            AskedColumn(name=name, type_text=one.dataType.simpleString(), comment=comment)
            for (name, comment), one in zip(names, frame.schema.fields, strict=True)
        ]
        view = ViewRecord(query, tuple(frame.columns), asked.session.catalog, asked.session.schema)
        return view, checked_columns(columns)

    def _refuse_temporary(self, tree: exp.Expression, asked: Asked) -> None:
        for table in tables_in(tree):
            levels = levels_of(table)
            if len(levels) == 1 and levels[0].lower() in asked.views:
                message = (
                    f"Cannot create the persistent object of the type VIEW, because it references to the temporary "
                    f"object {quoted(levels[0])} of the type VIEW. Please make the temporary object persistent."
                )
                raise SqlError("INVALID_TEMP_OBJ_REFERENCE", message, "42K0F")


def _described(words: Words) -> _Described:
    """Go over what a statement says of a view, up to AS."""
    described = _Described()
    if words.take("("):
        described.columns.append(_column(words))
        while words.take(","):
            described.columns.append(_column(words))
        words.expect(")")
    while not words.sees("AS"):
        if words.take("COMMENT"):
            described.comment = words.string()
        elif words.take("TBLPROPERTIES"):
            described.properties = properties_of(words)
        elif words.next.says("WITH", "DEFAULT", "LANGUAGE", "SCHEDULE"):
            raise refused(f"{words.next.text.upper()} in CREATE VIEW")
        else:
            words.wrong()
    return described


def _column(words: Words) -> tuple[str, str | None]:
    return words.name(), words.string() if words.take("COMMENT") else None


def _names(frame: DataFrame, described: _Described) -> list[tuple[str, str | None]]:
    """What the view's columns are called, with their comments.

    Raises:
        SqlError: they are other than the query's in number.
        NotImplementedByFakebricks: the query has two of one name.
    """
    given = [one.lower() for one in frame.columns]
    if not described.columns:
        return [(name, None) for name in frame.columns]
    if len(described.columns) != len(given):
        few = len(described.columns) > len(given)
        which = "NOT_ENOUGH_DATA_COLUMNS" if few else "TOO_MANY_DATA_COLUMNS"
        message = (
            f"Cannot create view, the reason is {'not enough' if few else 'too many'} data columns:\n"
            f"View columns: {', '.join(quoted(name) for name, _ in described.columns)}.\n"
            f"Data columns: {', '.join(quoted(name) for name in frame.columns)}."
        )
        raise SqlError(f"CREATE_VIEW_COLUMN_ARITY_MISMATCH.{which}", message, "21S01")
    if len(set(given)) < len(given):
        raise refused("views of a query with two columns of one name", "Give them names in the query.")
    return described.columns
