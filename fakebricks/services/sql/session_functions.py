"""Functions whose answer is the workspace's, not the engine's: who asks, where and when.

Real: the caller, their groups, the session's catalog and schema. Simulated: the time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fakebricks.services.sql.asked import Asked
from fakebricks.services.sql.dialect import databricks_text, name_columns
from fakebricks.wire.authentication import ACCOUNT_USERS

if TYPE_CHECKING:
    from sqlglot import exp

_MEMBERSHIP = ("is_member", "is_account_group_member")


def answer_session_functions(tree: exp.Expression, asked: Asked, metastore: str) -> None:
    """Put in what the functions come to; a column that was named after one still is."""
    from sqlglot import exp

    answers = _answers(asked, metastore)
    known = {*answers, *_MEMBERSHIP}

    def named(column: exp.Expression) -> str | None:
        if isinstance(column, exp.Func) and _name(column) in answers:
            return f"{_name(column)}()"
        return None if known.isdisjoint(_names(column)) else databricks_text(column)

    name_columns(tree, named)
    for function in list(tree.find_all(exp.Func)):
        name = _name(function)
        answer = _member(function, asked) if name in _MEMBERSHIP else answers.get(name)
        if answer is not None:
            function.replace(answer.copy())


def _answers(asked: Asked, metastore: str) -> dict[str, exp.Expression]:
    from sqlglot import exp

    text = exp.Literal.string
    now = exp.cast(text(asked.now.strftime("%Y-%m-%d %H:%M:%S.%f")), "timestamptz")
    user = text(asked.user_name)
    schema = text(asked.session.schema)
    return {
        "current_timestamp": now,
        "localtimestamp": exp.cast(text(asked.now.strftime("%Y-%m-%d %H:%M:%S.%f")), "timestamp_ntz", dialect="spark"),
        "current_date": exp.cast(text(asked.now.strftime("%Y-%m-%d")), "date"),
        "current_user": user,
        "session_user": user,
        "user": user,
        "current_catalog": text(asked.session.catalog),
        "current_schema": schema,
        "current_database": schema,
        "current_metastore": text(metastore),
    }


def _name(function: exp.Expression) -> str:
    from sqlglot import exp

    return str(function.name if isinstance(function, exp.Anonymous) else function.sql_name()).lower()


def _names(tree: exp.Expression) -> Iterator[str]:
    from sqlglot import exp

    return (_name(one) for one in tree.find_all(exp.Func))


def _member(function: exp.Expression, asked: Asked) -> exp.Expression:
    from sqlglot import exp

    if asked.caller is None:
        return exp.true()
    groups = sorted(asked.caller.groups | {ACCOUNT_USERS})
    return exp.paren(
        exp.In(this=function.expressions[0].copy(), expressions=[exp.Literal.string(one) for one in groups])
    )
