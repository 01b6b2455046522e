"""SCIM's filters: which resources a list has.

Real: `eq`, `ne`, `co` and `sw` on one attribute, joined by `and` and `or`, of which `and` binds closer; attributes and
operators in any case; texts compared in any case (documented: these four and the two, "simple expressions").
Refused: everything else of RFC 7644, by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from fakebricks.services.iam.scim.errors import InvalidFilter

Test = Callable[[Mapping[str, Any]], bool]

_PART = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"'()\[\]]+)|([()\[\]"']))""")
_MOST_PARTS = 800  # two hundred conditions

_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "eq": lambda held, given: held == given,
    "co": lambda held, given: given in held,
    "sw": lambda held, given: held.startswith(given),
}


def matching(text: str | None, attributes: Iterable[str]) -> Test:
    """The condition that a filter says, to be asked of resources as they are shown.

    Args:
        text: the filter; None for no condition.
        attributes: those that it may name, such as `userName` and `name.givenName`.

    Raises:
        InvalidFilter: it cannot be read, or names another attribute or an operator that is not supported.

    >>> of_bob = matching('userName eq "bob@acme.test" and active eq true', ["userName", "active"])
    >>> of_bob({"userName": "Bob@acme.test", "active": True})
    True
    """
    if text is None or not text.strip():
        return lambda _: True
    return _Reader(text, {name.lower(): name for name in attributes}).read()


def values_at(document: Mapping[str, Any], path: str) -> Iterator[Any]:
    """What is at an attribute, such as `name.givenName`; of a list of objects, each one's `value` by default."""
    first, _, rest = path.partition(".")
    value = document.get(first)
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, Mapping):
            yield from values_at(one, rest or "value")
        elif one is not None:
            yield one


class _Reader:
    """Reads one filter, from left to right."""

    def __init__(self, text: str, attributes: Mapping[str, str]) -> None:
        self._text = text
        self._attributes = attributes
        self._parts = list(self._split(text.strip()))
        self._at = 0

    def read(self) -> Test:
        alternatives = [self._conjunction()]
        while self._takes("or"):
            alternatives.append(self._conjunction())
        if self._at < len(self._parts):
            raise self._refusal(f"'{self._parts[self._at][0]}' is not 'and' or 'or'")
        return lambda document: any(one(document) for one in alternatives)

    def _conjunction(self) -> Test:
        conditions = [self._condition()]
        while self._takes("and"):
            conditions.append(self._condition())
        return lambda document: all(one(document) for one in conditions)

    def _condition(self) -> Test:
        attribute = self._attribute()
        operator, _ = self._next("an operator")
        given, _ = self._next("a value")
        given = given.casefold()
        if operator.lower() == "ne":
            return lambda document: all(_text(held) != given for held in values_at(document, attribute))
        holds = _OPERATORS.get(operator.lower())
        if holds is None:
            raise self._refusal(f"operator '{operator}' is not supported; there are eq, ne, co and sw")
        return lambda document: any(holds(_text(held), given) for held in values_at(document, attribute))

    def _attribute(self) -> str:
        name, quoted = self._next("an attribute")
        if quoted or name.lower() not in self._attributes:
            known = ", ".join(self._attributes.values())
            raise self._refusal(f"'{name}' is not an attribute to filter by; there are {known}")
        return self._attributes[name.lower()]

    def _takes(self, word: str) -> bool:
        if self._at < len(self._parts) and self._parts[self._at] == (word, False):
            self._at += 1
            return True
        return False

    def _next(self, wanted: str) -> tuple[str, bool]:
        if self._at >= len(self._parts):
            raise self._refusal(f"{wanted} is missing at its end")
        self._at += 1
        return self._parts[self._at - 1]

    def _split(self, text: str) -> Iterator[tuple[str, bool]]:
        """The words of the filter, and of each whether it stood in quotes."""
        place = 0
        for count in range(_MOST_PARTS + 1):
            if place >= len(text):
                return
            found = _PART.match(text, place)
            if found is None or found[4] or count == _MOST_PARTS:
                raise self._refusal("only simple expressions are supported: no brackets, and 200 conditions at most")
            place = found.end()
            if found[3] is not None:
                word = found[3]
                yield (word.lower() if word.lower() in ("and", "or") else word), False
            else:
                yield (re.sub(r"\\(.)", r"\1", found[1]) if found[1] is not None else found[2]), True

    def _refusal(self, reason: str) -> InvalidFilter:
        return InvalidFilter(f"Invalid filter {self._text[:200]!r}: {reason}.")


def _text(value: Any) -> str:
    return str(value).casefold()
