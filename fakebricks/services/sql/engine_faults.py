"""What the engine gets wrong, written so that it gets it right.

Real: the answers are Spark's. Each fault is Sail 0.7.2's (observed); what is written instead means the same in Spark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakebricks.services.sql.dialect import databricks_text, name_columns
from fakebricks.services.sql.errors import refused

if TYPE_CHECKING:
    from sqlglot import exp


def written_around(tree: exp.Expression) -> None:
    """Write a statement so that the engine answers what Spark does."""
    _lateral_views(tree)
    _count_in_subqueries(tree)
    _group_by_windows(tree)
    _days_of_the_week(tree)
    _any_and_all_patterns(tree)
    _raised_errors(tree)


def _lateral_views(tree: exp.Expression) -> None:
    """Have `, LATERAL explode(...)` be a LATERAL VIEW: the engine gives it a row where there is nothing to explode.

    Raises:
        NotImplementedByFakebricks: a table is joined after it.
    """
    from sqlglot import exp

    for select in tree.find_all(exp.Select):
        joins = select.args.get("joins") or []
        exploding = [one for one in joins if isinstance(one.this, exp.Lateral) and isinstance(one.this.this, exp.Func)]
        if not exploding:
            continue
        if joins[-len(exploding) :] != exploding or any(
            one.args.get("on") not in (None, exp.true()) for one in exploding
        ):
            raise refused("LATERAL with a condition, or with a JOIN behind it", "Put it last, or write LATERAL VIEW.")
        for join in exploding:
            join.this.set("view", True)
            join.this.set("outer", join.side.upper() == "LEFT")
            join.this.set("alias", join.this.args.get("alias") or exp.TableAlias())
        select.set("joins", joins[: -len(exploding)])
        select.set("laterals", [*(select.args.get("laterals") or []), *(one.this for one in exploding)])


def _count_in_subqueries(tree: exp.Expression) -> None:
    """Have the counts of inner queries be columns that may be NULL, though they never are.

    The engine plans an aggregate of grouped counts for a column that is never NULL, computes one that may be, and
    fails.
    """
    from sqlglot import exp

    for select in tree.find_all(exp.Select):
        if select.parent is None or not select.args.get("group"):
            continue
        name_columns(select, lambda column: _named_count(column) if _plain_counts(column) else None)
        for one in select.expressions:
            for count in _plain_counts(one):
                count.replace(exp.Nullif(this=count.copy(), expression=exp.Literal.number(-1)))


def _plain_counts(projection: exp.Expression) -> list[exp.Expression]:
    from sqlglot import exp

    return [
        one
        for one in projection.find_all(exp.Count)
        if not isinstance(one.parent, exp.Window | exp.Filter) and not isinstance(one.this, exp.Distinct)
    ]


def _named_count(column: exp.Expression) -> str:
    return databricks_text(column).replace("count(*)", "count(1)")


def _group_by_windows(tree: exp.Expression) -> None:
    """Have queries be grouped by windows of time themselves, not by the place or name of their column."""
    from sqlglot import exp

    for select in tree.find_all(exp.Select):
        group = select.args.get("group")
        windows = {
            key: function
            for place, one in enumerate(select.expressions, 1)
            for function in one.find_all(exp.Anonymous)
            if function.name.lower() == "window"
            for key in (str(place), one.alias.lower())
        }
        for key in list(group.expressions) if group is not None and windows else ():
            named = key.name.lower() if isinstance(key, exp.Literal) or not key.args.get("table") else ""
            if isinstance(key, exp.Column | exp.Literal) and named in windows:
                key.replace(windows[named].copy())


def _days_of_the_week(tree: exp.Expression) -> None:
    """Have the days of a week counted as Spark does; the engine has Sunday before Monday, or counts from 0."""
    from sqlglot import exp

    for extract in list(tree.find_all(exp.Extract)):
        _replace_day(extract, extract.name, extract.expression)
    for function in list(tree.find_all(exp.Anonymous)):
        name, arguments = function.name.lower(), function.expressions
        if name == "weekday" and len(arguments) == 1:
            function.replace(_weekday(arguments[0]))
        elif name in ("date_part", "datepart") and len(arguments) == 2:  # noqa: PLR2004 - the part, and of what
            _replace_day(function, arguments[0].name, arguments[1])


def _replace_day(extract: exp.Expression, part: str, of: exp.Expression) -> None:
    from sqlglot import exp

    if part.upper() in ("DOW", "DAYOFWEEK"):
        extract.replace(exp.func("dayofweek", of.copy(), dialect="spark"))
    elif part.upper() in ("DOW_ISO", "DAYOFWEEK_ISO"):
        extract.replace(exp.paren(exp.Add(this=_weekday(of), expression=exp.Literal.number(1))))


def _any_and_all_patterns(tree: exp.Expression) -> None:
    """Write out LIKE ANY and LIKE ALL, which the engine takes for aggregates."""
    from sqlglot import exp

    for like in list(tree.find_all(exp.Like, exp.ILike)):
        patterns = like.expression
        if not isinstance(patterns, exp.Any | exp.All):
            continue
        listed = patterns.this.expressions if isinstance(patterns.this, exp.Tuple) else [patterns.this.unnest()]
        each = [type(like)(this=like.this.copy(), expression=one.copy()) for one in listed]
        negated = [exp.not_(one) for one in each] if like.args.get("negate") else each
        combined = exp.or_ if isinstance(patterns, exp.Any) else exp.and_
        like.replace(exp.paren(combined(*negated)))


def _raised_errors(tree: exp.Expression) -> None:
    """Have what a statement raises say so, that it can be told from what goes wrong in the engine."""
    from sqlglot import exp

    for function in list(tree.find_all(exp.Anonymous)):
        name, arguments = function.name.lower(), function.expressions
        if name == "raise_error" and len(arguments) == 1:
            function.set("expressions", [_raised(arguments[0])])
        elif name == "assert_true" and arguments:
            told = (
                arguments[1]
                if len(arguments) > 1
                else exp.Literal.string(f"'{databricks_text(arguments[0])}' is not true!")
            )
            function.set("expressions", [arguments[0].copy(), _raised(told)])


def _raised(message: exp.Expression) -> exp.Expression:
    from sqlglot import exp

    return exp.func("concat", exp.Literal.string("[USER_RAISED_EXCEPTION] "), message.copy(), dialect="spark")


def _weekday(of: exp.Expression) -> exp.Expression:
    """The day of a week, from 0 for Monday."""
    from sqlglot import exp

    since_saturday = exp.func("dayofweek", of.copy(), dialect="spark")
    return exp.func("pmod", exp.Add(this=since_saturday, expression=exp.Literal.number(5)), exp.Literal.number(7))
