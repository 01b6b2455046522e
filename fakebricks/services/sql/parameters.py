"""Parameters of statements: values, which are never text of the statement.

Real: named ones (`:name`) and those by their place (`?`, parameters without a name), with types; `IDENTIFIER(:name)`,
where the value is a name and is read as one. A value goes to the engine beside the statement, and is cast to its type
there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fakebricks.services.sql import Parameter
from fakebricks.services.sql.errors import invalid_parameter, quoted, refused, unbound_parameter
from fakebricks.services.sql.words import Word, Words
from fakebricks.services.unity_catalog.column_types import column_type
from fakebricks.wire.errors import InvalidParameterValue

if TYPE_CHECKING:
    from sqlglot import exp


class Parameters:
    """The parameters of one statement."""

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        placed = [one for one in parameters if not one.name]
        self._given = {one.name: one for one in parameters if one.name}
        self._given |= {_placed(place): one for place, one in enumerate(placed)}

    def written(self, words: Words) -> str:
        """The statement's text with a name for each `?`, and with the names that IDENTIFIER stands for.

        Raises:
            SqlError: what IDENTIFIER stands for is no name, or is not given.
            NotImplementedByFakebricks: IDENTIFIER of an expression.
        """
        return "".join(self._pieces(words))

    def bind(self, tree: exp.Expression) -> dict[str, Any]:
        """Have the statement's parameters cast to their types; returns the values that go with it.

        Raises:
            SqlError: a parameter is not given, or its type is none.
        """
        from sqlglot import exp

        return {one.name: self._bound(one, self._named(one.name)) for one in list(tree.find_all(exp.Placeholder))}

    def write_into(self, tree: exp.Expression) -> dict[str, Any]:
        """Have the statement itself hold the values: the engine takes none beside a command, and none is returned.

        They are written as the bytes of their text, in hexadecimal digits, which nothing can be read out of but a text.

        Raises:
            SqlError: as by `bind`.
        """
        from sqlglot import exp

        values = self.bind(tree)
        for placeholder in list(tree.find_all(exp.Placeholder)):
            value = values[placeholder.name]
            text = exp.HexString(this=str(value).encode().hex())
            placeholder.replace(exp.null() if value is None else exp.cast(text, "string", dialect="databricks"))
        return {}

    def _named(self, name: str) -> Parameter:
        if name not in self._given:
            raise unbound_parameter(name)
        return self._given[name]

    def _pieces(self, words: Words) -> Iterator[str]:
        text, end, place = words.text, 0, 0
        ahead = [*words, Word(), Word(), Word()]
        for at, word in enumerate(words):
            if word.start < end:
                continue
            if word.says("?") and not (ahead[at + 1].says(":") and ahead[at + 2].says(":")):
                yield f"{text[end : word.start]}:{_placed(place)}"
                place, end = place + 1, word.start + 1
            elif word.says("IDENTIFIER") and ahead[at + 1].says("("):
                closing = next((one for one in ahead[at + 2 :] if one.says(")")), None)
                if closing is None:
                    return
                inner = ahead[at + 2 : ahead.index(closing, at)]
                yield f"{text[end : word.start]}{quoted(*self._name(inner))} "
                end = closing.start + 1
        yield text[end:]

    def _name(self, inner: list[Word]) -> tuple[str, ...]:
        """The levels of the name in `IDENTIFIER(...)`."""
        if len(inner) == 2 and inner[0].says(":"):  # noqa: PLR2004 - a colon and a name
            value = self._named(inner[1].text).value
        elif len(inner) == 1 and inner[0].says("?"):
            value = self._named(_placed(0)).value
        elif len(inner) == 1:
            value = inner[0].value
        else:
            raise refused("IDENTIFIER of an expression", "Use a parameter, or a string.")
        name = Words(value or ";")
        levels = name.names()
        name.end()
        return levels

    def _bound(self, placeholder: exp.Expression, parameter: Parameter) -> Any:
        from sqlglot import exp

        kind = _type(parameter)
        if isinstance(placeholder.parent, exp.Limit | exp.Offset):
            return _whole(parameter)
        if kind != "string" or parameter.value is None:
            placeholder.replace(exp.cast(placeholder.copy(), kind, dialect="databricks"))
        return parameter.value


def parameter_of(name: str, value: object) -> Parameter:
    """A value of Python's as a parameter.

    >>> parameter_of("least", 50)
    Parameter(name='least', value='50', type='BIGINT')

    Raises:
        TypeError: SQL has no type for it, or fakebricks does not pass it on.
    """
    if value is None or isinstance(value, str):
        return Parameter(name, value)
    for kind, type_of in _OF_PYTHON.items():
        if isinstance(value, kind):
            return Parameter(name, str(value), type_of(value))
    message = (
        f"the parameter {name!r} is a {type(value).__name__}; SQL takes strings, numbers, booleans, dates and None"
    )
    raise TypeError(message)


def _decimal(value: Decimal) -> str:
    """The narrowest type for it."""
    _, digits, exponent = value.as_tuple()
    scale = max(0, -exponent) if isinstance(exponent, int) else 0
    return f"DECIMAL({max(len(digits) + max(0, int(exponent)), scale)},{scale})"


# In this order: a boolean is an int too, and a datetime is a date.
_OF_PYTHON: dict[type, Callable[[Any], str]] = {
    bool: lambda _: "BOOLEAN",
    int: lambda _: "BIGINT",
    float: lambda _: "DOUBLE",
    Decimal: _decimal,
    datetime: lambda value: "TIMESTAMP" if value.tzinfo else "TIMESTAMP_NTZ",
    date: lambda _: "DATE",
}


def _placed(place: int) -> str:
    """What a parameter is called that has no name."""
    return f"_{place}"


def _type(parameter: Parameter) -> str:
    """The type of a parameter, in SQL's words."""
    wanted = parameter.type.strip().lower()
    if wanted in ("", "void"):
        return "string"
    try:
        return column_type(wanted).text
    except InvalidParameterValue:
        raise invalid_parameter(f"The parameter '{parameter.name}' has no valid type: '{parameter.type}'.") from None


def _whole(parameter: Parameter) -> int:
    """What LIMIT and OFFSET take."""
    try:
        return int(parameter.value or "")
    except ValueError:
        raise invalid_parameter(f"The parameter '{parameter.name}' must be a whole number here.") from None
