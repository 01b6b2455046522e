"""`percentile_approx` and `percentile_disc`, which the engine interpolates: here they answer one of the values.

Real: the value and its type, as long as a group has no more rows than the accuracy, 10,000, where Spark is exact, too.
Beyond that this stays exact. Over a window it is left to the engine, which interpolates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakebricks.services.sql.dialect import databricks_text, name_columns
from fakebricks.services.sql.errors import refused

if TYPE_CHECKING:
    from sqlglot import exp

_ACCURACY = "10000"


def exact_percentiles(tree: exp.Expression) -> None:
    """Have percentiles be values that there are."""
    from sqlglot import exp

    name_columns(tree, _column_name)
    _discrete_percentiles(tree)
    for quantile in list(tree.find_all(exp.ApproxQuantile)):
        if not _is_whole(quantile):
            continue
        place = quantile.parent if isinstance(quantile.parent, exp.Filter) else quantile
        if isinstance(place.parent, exp.Window) or isinstance(quantile.this, exp.Distinct):
            continue
        condition = place.expression if isinstance(place, exp.Filter) else None
        place.replace(_exact(quantile, condition))


def _discrete_percentiles(tree: exp.Expression) -> None:
    """Have `percentile_disc` be one of the values, too; sqlglot leaves out in which direction they are ordered.

    Raises:
        NotImplementedByFakebricks: they are ordered downwards.
    """
    from sqlglot import exp

    for group in list(tree.find_all(exp.WithinGroup)):
        (ordered,) = group.expression.expressions
        if ordered.args.get("desc"):
            raise refused("WITHIN GROUP (ORDER BY ... DESC)", "Order upwards, and take 1 less the share.")
        if isinstance(group.this, exp.PercentileDisc):
            group.replace(exp.ApproxQuantile(this=ordered.this.copy(), quantile=group.this.this.copy()))


def _is_whole(quantile: exp.Expression) -> bool:
    """Whether it has its arguments; the engine says what is missing."""
    return quantile.this is not None and quantile.args.get("quantile") is not None


def _column_name(projection: exp.Expression) -> str | None:
    """What Spark calls the column of a percentile: with its accuracy."""
    from sqlglot import exp

    if isinstance(projection, exp.WithinGroup):
        return databricks_text(projection)
    if not isinstance(projection, exp.ApproxQuantile) or not _is_whole(projection):
        return None
    accuracy = projection.args.get("accuracy")
    parts = (projection.this, projection.args["quantile"], accuracy or exp.Literal.number(_ACCURACY))
    return (
        f"percentile_approx({', '.join(one.sql(dialect='databricks', normalize_functions='lower') for one in parts)})"
    )


def _exact(quantile: exp.Expression, condition: exp.Expression | None) -> exp.Expression:
    from sqlglot import exp

    def aggregated(function: str) -> exp.Expression:
        call: exp.Expression = exp.func(function, quantile.this.copy(), dialect="spark")
        return call if condition is None else exp.Filter(this=call, expression=condition.copy())

    values = exp.func("sort_array", aggregated("collect_list"), dialect="spark")

    def at(share: exp.Expression) -> exp.Expression:
        rank = exp.func("ceil", exp.Mul(this=exp.paren(share.copy()), expression=aggregated("count")), dialect="spark")
        place = exp.Sub(
            this=exp.func("greatest", rank, exp.Literal.number(1), dialect="spark"), expression=exp.Literal.number(1)
        )
        return exp.Anonymous(this="get", expressions=[values.copy(), exp.cast(place, "int")])

    wanted = quantile.args["quantile"]
    if isinstance(wanted, exp.Array):
        return exp.Array(expressions=[at(share) for share in wanted.expressions])
    return at(wanted)
