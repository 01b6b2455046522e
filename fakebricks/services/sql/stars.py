"""Stars that the engine does not know: `* EXCEPT`, `* REPLACE`, and those of a query with QUALIFY.

They are written out; which columns they stand for is asked of the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from fakebricks.services.sql import SqlError
from fakebricks.services.sql.errors import UnresolvedColumn

if TYPE_CHECKING:
    from sqlglot import exp

Defined: TypeAlias = "tuple[exp.Expression, ...]"
"""Common table expressions."""

_KEPT = ("from_", "joins", "laterals")


def write_out_stars(tree: exp.Expression, columns_of: Callable[[exp.Expression], list[str]]) -> None:
    """Replace such stars by the columns that they stand for.

    Args:
        tree: a statement.
        columns_of: what the columns of a query are called.

    Raises:
        SqlError: a column is excepted that there is not, or there is nothing to have columns.
    """
    for select, defined in list(_selects(tree, ())):
        if not select.args.get("from_") and any(one.is_star for one in select.expressions):
            raise SqlError("INVALID_USAGE_OF_STAR_OR_REGEX", "Invalid usage of '*' in Project.", "42000")
        for star in [one for one in select.expressions if one.is_star and _is_written_out(one, select)]:
            columns = columns_of(_probe(select, star, defined))
            replaced = list(_written_out(star, columns))
            place = select.expressions.index(star)
            select.set("expressions", [*select.expressions[:place], *replaced, *select.expressions[place + 1 :]])


def _selects(
    node: exp.Expression, defined: tuple[exp.Expression, ...]
) -> Iterator[tuple[exp.Expression, tuple[exp.Expression, ...]]]:
    """The queries in a statement, inner ones first, with the common table expressions that they may use."""
    from sqlglot import exp

    with_ = node.args.get("with_")
    for one in with_.expressions if with_ is not None else ():
        yield from _selects(one.this, defined)
        defined = (*defined, one)
    for child in node.iter_expressions():
        if child is not with_:
            yield from _selects(child, defined)
    if isinstance(node, exp.Select):
        yield node, defined


def _is_written_out(star: exp.Expression, select: exp.Expression) -> bool:
    inner = _star(star)
    return bool(select.args.get("qualify") or inner.args.get("except_") or inner.args.get("replace"))


def _star(projection: exp.Expression) -> exp.Expression:
    from sqlglot import exp

    return projection.this if isinstance(projection, exp.Column) else projection


def _probe(select: exp.Expression, star: exp.Expression, defined: Defined) -> exp.Expression:
    """A query for what the star alone stands for."""
    from sqlglot import exp

    plain = exp.column(exp.Star(), table=star.args["table"].copy()) if isinstance(star, exp.Column) else exp.Star()
    probe = exp.Select(expressions=[plain])
    for part in _KEPT:
        kept = select.args.get(part)
        if kept:
            probe.set(part, [one.copy() for one in kept] if isinstance(kept, list) else kept.copy())
    if defined:
        probe.set("with_", exp.With(expressions=[one.copy() for one in defined]))
    return probe


def _written_out(star: exp.Expression, columns: list[str]) -> Iterator[exp.Expression]:
    from sqlglot import exp

    inner = _star(star)
    excepted = {one.name.lower() for one in inner.args.get("except_") or ()}
    replaced = {one.alias.lower(): one for one in inner.args.get("replace") or ()}
    for name in (excepted | replaced.keys()) - {one.lower() for one in columns}:
        raise UnresolvedColumn([name], columns)
    table = star.args.get("table") if isinstance(star, exp.Column) else None
    for name in columns:
        if name.lower() in replaced:
            yield replaced[name.lower()].copy()
        elif name.lower() not in excepted:
            yield exp.column(exp.to_identifier(name, quoted=True), table=table.copy() if table else None)
