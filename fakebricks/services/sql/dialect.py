"""Databricks' SQL, read by sqlglot and written as the engine's.

Real: what sqlglot translates, and what is rewritten here because the engine lacks it: GROUP BY ALL and ORDER BY ALL.
Refused: what neither has; never is a part of a statement left out.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from fakebricks.services.sql import SqlError, json_values
from fakebricks.services.sql.errors import refused, syntax_error
from fakebricks.services.sql.words import Word, words_of

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.errors import ParseError

_FROM, _TO = "databricks", "spark"


def parsed(text: str) -> exp.Expression:
    """A statement.

    Raises:
        SqlError: it is none.
        NotImplementedByFakebricks: sqlglot fails to tell.
    """
    import sqlglot
    from sqlglot.errors import ParseError, TokenError

    try:
        found = [one for one in sqlglot.parse(_quoted_window(text), read=_FROM) if one is not None]
    except ParseError as error:
        raise syntax_error(_near(error)) from None
    except TokenError:
        raise syntax_error(text[-20:]) from None
    except (AttributeError, TypeError, ValueError, LookupError):  # it stumbles over `|>`, for one
        raise refused("what sqlglot cannot read") from None
    except RecursionError:
        message = (
            "The statement, including potential SQL functions and referenced views, was too complex to parse. Divide "
            "the statement into multiple, less complex chunks."
        )
        raise SqlError("FAILED_TO_PARSE_TOO_COMPLEX", message, "54001") from None
    if len(found) != 1:
        raise syntax_error(";")
    return found[0]


def _quoted_window(text: str) -> str:
    """The statement with the function `window`, and its column, in backquotes: they are not the clause of that name."""
    words = [*words_of(text), Word()]
    pieces, end = [], 0
    for word, following in pairwise(words):
        if word.says("WINDOW") and following.says("(", "."):
            pieces += [text[end : word.start], f"`{word.text.lower()}`"]
            end = word.start + len(word.text)
    return "".join([*pieces, text[end:]])


def spark_text(tree: exp.Expression) -> str:
    """The statement as the engine reads it.

    Raises:
        NotImplementedByFakebricks: the engine has no such thing.
    """
    from sqlglot import Dialect
    from sqlglot.errors import ErrorLevel, UnsupportedError

    generator = Dialect.get_or_raise(_TO).generator(unsupported_level=ErrorLevel.RAISE, normalize_functions="lower")
    # It would write inner common table expressions beside outer ones, where their names may be taken.
    generator.EXPRESSIONS_WITHOUT_NESTED_CTES = set()
    try:
        return str(generator.generate(tree))
    except UnsupportedError as error:
        raise refused(f"such a statement ({error})") from None


def databricks_text(tree: exp.Expression) -> str:
    """An expression as Spark names its column."""
    return str(tree.sql(dialect=_FROM, normalize_functions="lower"))


def name_columns(tree: exp.Expression, named: Callable[[exp.Expression], str | None]) -> None:
    """Give columns without a name of their own one, because their expressions are about to change.

    Args:
        tree: a statement.
        named: what the column of an expression is called; None where it needs no name.
    """
    from sqlglot import exp

    for select in tree.find_all(exp.Select):
        for one in list(select.expressions):
            if one.is_star or isinstance(one, exp.Alias | exp.Aliases | exp.Column):
                continue
            name = named(one)
            if name is not None:
                one.replace(exp.alias_(one.copy(), name, quoted=True))


def json_paths(tree: exp.Expression, function: str | None) -> None:
    """Have columns that are read by a path (`request:inputs[0].amount`) be called by its last field, and `[*]` be read.

    Args:
        tree: a statement.
        function: the engine's function for paths with `[*]`, which its own reads as none.

    Raises:
        NotImplementedByFakebricks: a path with `[*]` is one of a VARIANT, or there is no such function.
    """
    from sqlglot import exp

    name_columns(tree, _last_field)
    for extract in list(tree.find_all(exp.JSONExtract)):
        if not isinstance(extract.expression, exp.JSONPath) or not extract.find(exp.JSONPathWildcard):
            continue
        if function is None or isinstance(extract.this, exp.ParseJSON):
            raise refused("'[*]' in such a path", "Use from_json, and explode or transform what it gives.")
        steps = [_step(one) for one in extract.expression.expressions if not isinstance(one, exp.JSONPathRoot)]
        path = exp.Literal.string(json_values.written(steps))
        extract.replace(exp.Anonymous(this=function, expressions=[extract.this.copy(), path]))
    for select in tree.find_all(exp.Select):
        _group_by_places(select, function)


def _group_by_places(select: exp.Expression, function: str | None) -> None:
    """Have a query be grouped by the place of a column: the engine tells no two calls of a function to be alike."""
    from sqlglot import exp

    projections = [one.unalias() for one in select.expressions]
    group = select.args.get("group")
    for key in list(group.expressions) if group is not None else ():
        if key in projections and any(one.name == function for one in key.find_all(exp.Anonymous)):
            key.replace(exp.Literal.number(projections.index(key) + 1))


def _step(part: exp.Expression) -> json_values.Step:
    from sqlglot import exp

    wanted = part.this
    if isinstance(wanted, exp.JSONPathWildcard) and isinstance(part, exp.JSONPathSubscript):
        return json_values.EACH, 0
    if isinstance(part, exp.JSONPathSubscript) and isinstance(wanted, int):
        return json_values.PLACE, wanted
    if isinstance(part, exp.JSONPathKey) and isinstance(wanted, str):
        return json_values.EXACT_NAME if part.args.get("quoted") else json_values.NAME, wanted
    raise syntax_error(part.sql())


def _last_field(projection: exp.Expression) -> str | None:
    from sqlglot import exp

    inner = projection
    while isinstance(inner, exp.Cast):
        inner = inner.this
    if not isinstance(inner, exp.JSONExtract):
        return None
    keys = [one.this for one in inner.expression.find_all(exp.JSONPathKey)]
    return str(keys[-1]) if keys else None


def group_and_order_by_all(tree: exp.Expression) -> None:
    """Write out what GROUP BY ALL and ORDER BY ALL stand for.

    Raises:
        NotImplementedByFakebricks: the projection has a star, so that its columns are not known here.
    """
    from sqlglot import exp

    for select in tree.find_all(exp.Select):
        group, order = select.args.get("group"), select.args.get("order")
        if group is not None and group.args.get("all"):
            keys = [one.unalias().copy() for one in _projections(select, "GROUP BY ALL") if not _aggregates(one)]
            select.set("group", exp.Group(expressions=keys) if keys else None)
        if order is not None and [one.this.sql().upper() for one in order.expressions] == ["ALL"]:
            places = range(1, len(_projections(select, "ORDER BY ALL")) + 1)
            (by,) = order.expressions
            order.set("expressions", [_ordered_by(by, place) for place in places])


def _ordered_by(all_of: exp.Expression, place: int) -> exp.Expression:
    from sqlglot import exp

    ordered = all_of.copy()
    ordered.set("this", exp.Literal.number(place))
    return ordered


def _projections(select: exp.Expression, for_what: str) -> list[exp.Expression]:
    if any(one.is_star for one in select.expressions):
        raise refused(f"{for_what} of '*'", "Name the columns.")
    return list(select.expressions)


def _aggregates(projection: exp.Expression) -> bool:
    """Whether a projection has an aggregate that is none over a window."""
    from sqlglot import exp

    return any(not isinstance(one.parent, exp.Window) for one in projection.find_all(exp.AggFunc))


def _near(error: ParseError) -> str:
    """The word at which a statement is none; nothing where it ends too early."""
    described: dict[str, Any] = next(iter(error.errors), {})
    ends_early = not described.get("end_context") and "Expected" in described.get("description", "")
    return "" if ends_early else str(described.get("highlight") or "")
