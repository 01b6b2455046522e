"""Columns that a query names by an alias of its own: `SELECT amount * 2 AS doubled, doubled + 1 AS more`.

Real: a column of the query's tables goes before an alias of that name, as in Spark. The engine knows no such names, so
what an alias stands for is put in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from fakebricks.services.sql.using import defined_for

if TYPE_CHECKING:
    from sqlglot import exp

_SOURCES = ("from_", "joins", "laterals")


def put_in_aliases(tree: exp.Expression, columns_of: Callable[[exp.Expression], list[str]]) -> None:
    """Put what aliases stand for in their place.

    Args:
        tree: a statement.
        columns_of: what the columns of a query are called.
    """
    from sqlglot import exp

    for select in list(tree.find_all(exp.Select)):
        meant: dict[str, exp.Expression] = {}
        known: set[str] | None = None
        for projection in select.expressions:
            for column in list(_named(projection, meant)):
                if known is None:
                    known = _columns(select, tree, columns_of)
                if column.name.lower() not in known:
                    column.replace(exp.paren(meant[column.name.lower()].copy()))
            if isinstance(projection, exp.Alias):
                meant.setdefault(projection.alias.lower(), projection.this)


def _named(projection: exp.Expression, meant: dict[str, exp.Expression]) -> Iterator[exp.Expression]:
    """The columns of a projection that may be aliases before it; what a query or a lambda names is its own."""
    from sqlglot import exp

    if not meant:
        return
    for node in projection.walk(prune=lambda one: isinstance(one, exp.Query | exp.Lambda)):
        if isinstance(node, exp.Column) and not node.args.get("table") and node.name.lower() in meant:
            yield node


def _columns(
    select: exp.Expression, tree: exp.Expression, columns_of: Callable[[exp.Expression], list[str]]
) -> set[str]:
    """The columns of what a query reads, in lower case."""
    from sqlglot import exp

    if not select.args.get("from_"):
        return set()
    probe = exp.Select(expressions=[exp.Star()])
    for part in _SOURCES:
        kept = select.args.get(part)
        if kept:
            probe.set(part, [one.copy() for one in kept] if isinstance(kept, list) else kept.copy())
    defined = [one.copy() for one in defined_for(select, tree)]
    if defined:
        probe.set("with_", exp.With(expressions=defined))
    return {one.lower() for one in columns_of(probe)}
