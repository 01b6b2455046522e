"""Parameters of statements as the connector sends them: named ones, and those whose markers are `?`.

Real: markers are those of SQL, so that none is seen in texts, quoted names and comments. Refused: nested values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from fakebricks.services.sql import Parameter
from fakebricks.wire.errors import InvalidParameterValue, NotImplementedByFakebricks

# What may hold a question mark that is no marker: texts, quoted names, comments.
_TOKEN = re.compile(
    r"""(?P<other>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`])*`|--[^\n]*|/\*.*?\*/)|(?P<marker>\?)""", re.DOTALL
)
_PREFIX = "_positional_"


def named(statement: str, told: Sequence[Any]) -> tuple[str, tuple[Parameter, ...]]:
    """A statement whose parameters all have names, and those.

    Raises:
        InvalidParameterValue: there are more or fewer markers than parameters.
        NotImplementedByFakebricks: a value is nested.
    """
    if not any(one.ordinal for one in told):
        return statement, tuple(_parameter(one, one.name or "") for one in told)
    names = [f"{_PREFIX}{index}" for index in range(len(told))]
    remaining = iter(names)
    text = _TOKEN.sub(lambda found: _replaced(found, remaining), statement)
    if next(remaining, None) is not None:
        raise InvalidParameterValue(f"The statement has fewer markers than the {len(told)} parameters that are given.")
    return text, tuple(_parameter(one, name) for one, name in zip(told, names, strict=True))


def _replaced(found: re.Match[str], remaining: Iterator[str]) -> str:
    if found["marker"] is None:
        return found[0]
    name = next(remaining, None)
    if name is None:
        message = "The statement has more markers than parameters are given."
        raise InvalidParameterValue(message)
    return f":{name}"


def _parameter(told: Any, name: str) -> Parameter:
    if told.arguments:
        raise NotImplementedByFakebricks("fakebricks does not implement parameters that are arrays or maps.")
    kind = told.type or "STRING"
    if kind == "VOID" or told.value is None:
        return Parameter(name, None)
    values = (told.value.stringValue, told.value.doubleValue, told.value.booleanValue)
    value = next((one for one in values if one is not None), None)
    return Parameter(name, None if value is None else str(value), kind)
