"""ORDER BY of aggregates and windows: `SELECT country FROM payments GROUP BY country ORDER BY count(*)`.

Real: the order is Spark's. The engine knows those only that are columns of the query, and none beside HAVING: what is
ordered by others becomes a query within another, which orders by them and does not show them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakebricks.services.sql.dialect import databricks_text

if TYPE_CHECKING:
    from sqlglot import exp

_OUTSIDE = ("order", "limit", "offset", "with_")


def order_by_aggregates(tree: exp.Expression) -> None:
    """Have the engine order by aggregates, too."""
    from sqlglot import exp

    for select in list(tree.find_all(exp.Select)):
        order = select.args.get("order")
        if order is None:
            continue
        if any(_has_aggregate(ordered.this) for ordered in order.expressions):
            _order_by_places(select, order)
        if any(_has_aggregate(ordered.this) for ordered in order.expressions):
            _order_outside(select, order)


def _has_aggregate(key: exp.Expression) -> bool:
    """Whether a key is computed from several rows, by the query that it orders and not by one within it."""
    from sqlglot import exp

    nodes = key.walk(prune=lambda one: isinstance(one, exp.Query))
    return any(isinstance(one, exp.AggFunc | exp.Window) for one in nodes)


def _order_by_places(select: exp.Expression, order: exp.Expression) -> None:
    """Have a query be ordered by the places of its columns, as far as it is by columns."""
    from sqlglot import exp

    shown = [one.unalias() for one in select.expressions]
    aliases = [one.alias.lower() for one in select.expressions]
    for ordered in order.expressions:
        key = ordered.this
        named = key.name.lower() if isinstance(key, exp.Column) and not key.args.get("table") else ""
        if named and named in aliases:
            ordered.set("this", exp.Literal.number(aliases.index(named) + 1))
        elif key in shown:
            ordered.set("this", exp.Literal.number(shown.index(key) + 1))


def _order_outside(select: exp.Expression, order: exp.Expression) -> None:
    """Make of a query one that orders what the query itself, within it, answers."""
    from sqlglot import exp

    names = [one.alias_or_name or databricks_text(one) for one in select.expressions]
    if any(one.is_star for one in select.expressions) or len({one.lower() for one in names}) < len(names):
        return  # the engine says what it thinks of it
    keys = [one for one in order.expressions if not isinstance(one.this, exp.Literal)]
    inner = exp.Select(**{part: value for part, value in select.args.items() if part not in _OUTSIDE})
    named = zip(select.expressions, names, strict=True)
    inner.set("expressions", [exp.alias_(one.unalias().copy(), name, quoted=True) for one, name in named])
    for place, ordered in enumerate(keys):
        name = f"_key_{place}"
        inner.append("expressions", exp.alias_(ordered.this.copy(), name, quoted=True))
        ordered.set("this", exp.column(exp.to_identifier(name, quoted=True)))
    for part in [one for one in select.args if one not in _OUTSIDE]:
        select.set(part, None)
    select.set("expressions", [exp.column(exp.to_identifier(name, quoted=True)) for name in names])
    alias = exp.TableAlias(this=exp.to_identifier("_ordered"))
    select.set("from_", exp.From(this=exp.Subquery(this=inner, alias=alias)))
