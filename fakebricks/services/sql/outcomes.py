"""What UPDATE, DELETE and MERGE come to, as a query: each row as it is, what happens to it, and as it will be.

For tables with a change data feed, which the engine does not write: it answers this query, and deltalake applies the
answer, with the feed; see `change_feed.py`. Rows are told apart by their values: of rows that are alike, the same
happens to all. Refused: tables with a MAP, whose values cannot be compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fakebricks.services.sql.errors import refused
from fakebricks.services.unity_catalog.records import ColumnRecord, TableRecord

if TYPE_CHECKING:
    from sqlglot import exp

OPERATION = "_operation"
_SOURCE_ROW = "_source_row"
UPDATED, DELETED, INSERTED = "updated", "deleted", "inserted"


def before(column: str) -> str:
    """The name of a column as it is."""
    return f"_before_{column}"


def after(column: str) -> str:
    """The name of a column as it will be."""
    return f"_after_{column}"


def outcomes(statement: exp.Expression, table: TableRecord) -> exp.Expression:
    """The query for what a statement comes to; the statement's values are cast already.

    Raises:
        NotImplementedByFakebricks: the table has a MAP.
    """
    from sqlglot import exp

    if any(column.type_text.startswith("map") for column in table.columns):
        raise refused("UPDATE, DELETE and MERGE of a table that has both a MAP and a change data feed")
    target = statement.this
    columns = _Columns(table.columns, target.alias_or_name)
    if isinstance(statement, exp.Merge):
        first, *rest = _of_merge(statement, columns)
        for query in rest:
            first = exp.union(first, query, distinct=False)
        return first
    changed = columns.changed(statement) if isinstance(statement, exp.Update) else None
    found = exp.select(*columns.row(DELETED if changed is None else UPDATED, old=True, new=changed))
    condition = statement.args.get("where")
    found = found.from_(target.copy())
    return (found.where(condition.this.copy()) if condition is not None else found).distinct()


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns of the table that is changed, and the name that the statement has for it."""

    columns: Sequence[ColumnRecord]
    target: str

    def row(
        self, operation: str, *, old: bool, new: dict[str, exp.Expression] | None, source: str = ""
    ) -> list[exp.Expression]:
        """The columns of an outcome.

        Args:
            operation: what happens.
            old: whether there is a row as it is.
            new: the values of the row as it will be, by their columns; None where there will be none.
            source: what of a MERGE changes it; by which of its rows is then told, as only one may.
        """
        from sqlglot import exp

        operated = exp.alias_(exp.Literal.string(operation), OPERATION)
        by = exp.column(_SOURCE_ROW, exp.to_identifier(source, quoted=True)) if source else exp.null()
        given = new or {}
        return [
            operated,
            exp.alias_(exp.cast(by, "bigint"), _SOURCE_ROW),
            *(
                exp.alias_(self.value(one) if old else _null(one), before(one.name), quoted=True)
                for one in self.columns
            ),
            *(
                exp.alias_(given.get(one.name.lower(), _null(one)).copy(), after(one.name), quoted=True)
                for one in self.columns
            ),
        ]

    def value(self, column: ColumnRecord) -> exp.Expression:
        """A column's value as it is."""
        from sqlglot import exp

        return exp.column(exp.to_identifier(column.name, quoted=True), exp.to_identifier(self.target, quoted=True))

    def changed(self, update: exp.Expression) -> dict[str, exp.Expression]:
        """A row's values after UPDATE SET."""
        assigned = {one.this.name.lower(): one.expression for one in update.expressions}
        return {column.name.lower(): assigned.get(column.name.lower(), self.value(column)) for column in self.columns}

    def of_source(self, source: str) -> dict[str, exp.Expression]:
        """The values that `*` stands for: those of the source's columns of the same names."""
        from sqlglot import exp

        table = exp.to_identifier(source, quoted=True)
        return {
            one.name.lower(): exp.cast(
                exp.column(exp.to_identifier(one.name, quoted=True), table), one.type_text, dialect="databricks"
            )
            for one in self.columns
        }


def _null(column: ColumnRecord) -> exp.Expression:
    from sqlglot import exp

    return exp.cast(exp.null(), column.type_text, dialect="databricks")


def _of_merge(merge: exp.Expression, columns: _Columns) -> Iterator[exp.Expression]:
    """One query for each WHEN: of several that hold for a row, the first."""
    from sqlglot import exp

    tried: dict[tuple[bool, bool], list[exp.Expression]] = {}
    for when in merge.args["whens"].expressions:
        kind = bool(when.args["matched"]), bool(when.args.get("source"))
        condition = when.args.get("condition")
        earlier = tried.setdefault(kind, [])
        holds = [exp.not_(exp.func("coalesce", one.copy(), exp.false())) for one in earlier]
        if condition is not None:
            holds.append(condition.copy())
        query = _of_when(when, merge, columns)
        yield query.where(*holds) if holds else query
        earlier.append(condition if condition is not None else exp.true())


def _of_when(when: exp.Expression, merge: exp.Expression, columns: _Columns) -> exp.Expression:
    """The rows that are matched, or not, whichever WHEN holds for them, and what happens to them by this one."""
    from sqlglot import exp

    target, source, on = (merge.args[part].copy() for part in ("this", "using", "on"))
    then = when.args["then"]
    if isinstance(then, exp.Insert):
        new = columns.of_source(source.alias_or_name) if isinstance(then.this, exp.Star) else _inserted(then)
        row = columns.row(INSERTED, old=False, new=new)
        return exp.select(*row).from_(source).join(target, on=on, join_type="left anti")
    if isinstance(then, exp.Update):
        starred = isinstance(then.expressions[0], exp.Star)
        changed = columns.of_source(source.alias_or_name) if starred else columns.changed(then)
        by = source.alias_or_name if when.args["matched"] else ""
        row = columns.row(UPDATED, old=True, new=changed, source=by)
        source = _numbered(source) if by else source
    else:
        row = columns.row(DELETED, old=True, new=None)
    how = "inner" if when.args["matched"] else "left anti"
    return exp.select(*row).from_(target).join(source, on=on, join_type=how).distinct()


def _numbered(source: exp.Expression) -> exp.Expression:
    """A source with numbers of its rows, under its own name."""
    from sqlglot import exp

    number = exp.alias_(exp.func("monotonically_increasing_id"), _SOURCE_ROW)
    return exp.select("*", number).from_(source.copy()).subquery(exp.to_identifier(source.alias_or_name, quoted=True))


def _inserted(insert: exp.Expression) -> dict[str, exp.Expression]:
    pairs = zip(insert.this.expressions, insert.expression.expressions, strict=True)
    return {column.name.lower(): value for column, value in pairs}
