"""The grammar of MLflow's filter and order_by strings: `metrics.auc > 0.9 AND tags.team = 'fraud'`.

Real: identifiers with dots, backticks and double quotes, the comparators of MLflow 3, lists for IN and NOT IN,
IS NULL, AND. Refused with INVALID_PARAMETER_VALUE, as MLflow does: OR, parentheses around comparisons, anything else.
What a name means, and which comparators it takes, is the vocabulary's business, not the grammar's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fakebricks.wire.errors import InvalidParameterValue

Value: TypeAlias = str | int | float | tuple[str, ...] | None
ValueKind: TypeAlias = Literal["string", "integer", "float", "list", "none"]

_QUOTED = r"""`[^`]*`|"(?:""|\\"|[^"])*\""""
_TOKEN = re.compile(
    rf"""
    (?P<space>\s+)
  | (?P<string>'(?:''|\\'|[^'])*')
  | (?P<float>-?\d+(?:\.\d+)?[eE]-?\d+(?!\w) | -?(?:\d+\.\d*|\.\d+)(?![\w.]))
  | (?P<integer>-?\d+(?![\w.]))
  | (?P<name>(?:[^\W\d]\w*|{_QUOTED})(?:\.(?:\w+|{_QUOTED}))*)
  | (?P<comparator>[<>=!~]+)
  | (?P<open>\()
  | (?P<close>\))
  | (?P<comma>,)
    """,
    re.VERBOSE,
)
_WORDS = ("NOT LIKE", "NOT ILIKE", "NOT IN", "IS NOT NULL", "IS NULL", "LIKE", "ILIKE", "RLIKE", "IN")
_DIGITS = 300  # more digits than any number that a filter can mean


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison, as written: `name comparator value`."""

    name: str
    comparator: str
    """Upper case, with single spaces."""
    value: Value
    kind: ValueKind
    text: str
    """The value as written, for messages."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str

    def says(self, word: str) -> bool:
        return self.kind == "name" and self.text.upper() == word


def parse_filter(text: str) -> list[Clause]:
    """The comparisons of a filter string, all of which must hold; none for an empty string.

    Raises:
        InvalidParameterValue: the string is not of this grammar.
    """
    return _Parser(text).clauses() if text.strip() else []


def parse_order(text: str) -> tuple[str, bool]:
    """One element of order_by: the name, and whether ascending.

    Raises:
        InvalidParameterValue: it is not `name`, `name ASC` or `name DESC`.
    """
    refusal = InvalidParameterValue(f"Invalid order_by clause '{text}'. Could not be parsed.")
    tokens = [token for token in _tokens(text, refusal) if token.kind != "space"]
    if not tokens or tokens[0].kind != "name":
        raise refusal
    name, *directions = [token.text for token in tokens]
    direction = " ".join(directions).upper() or "ASC"
    if direction not in ("ASC", "DESC"):
        raise refusal
    return name, direction == "ASC"


def _tokens(text: str, refusal: InvalidParameterValue) -> list[_Token]:
    tokens = []
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            raise refusal
        tokens.append(_Token(found.lastgroup, found.group()))
        place = found.end()
    return tokens


class _Parser:
    """Reads one filter string, once, from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._refusal = InvalidParameterValue(f"Invalid clause(s) in filter string: '{text}'")
        self._tokens = [token for token in _tokens(text, self._refusal) if token.kind != "space"]
        self._place = 0

    def clauses(self) -> list[Clause]:
        clauses = [self._clause()]
        while self._place < len(self._tokens):
            if not self._next().says("AND"):
                raise self._refusal
            clauses.append(self._clause())
        return clauses

    def _next(self) -> _Token:
        if self._place == len(self._tokens):
            raise self._refusal
        self._place += 1
        return self._tokens[self._place - 1]

    def _clause(self) -> Clause:
        name = self._next()
        if name.kind != "name":
            raise InvalidParameterValue(f"Invalid comparison clause. Expected 'Identifier' found '{name.text}'")
        comparator = self._comparator()
        if comparator in ("IS NULL", "IS NOT NULL"):
            return Clause(name.text, comparator, None, "none", "")
        return Clause(name.text, comparator, *self._value())

    def _comparator(self) -> str:
        token = self._next()
        if token.kind == "comparator":
            return token.text
        for word in _WORDS:
            parts = word.split()
            ahead = [token, *self._tokens[self._place : self._place + len(parts) - 1]]
            if len(ahead) == len(parts) and all(one.says(part) for one, part in zip(ahead, parts, strict=True)):
                self._place += len(parts) - 1
                return word
        raise self._refusal

    def _value(self) -> tuple[Value, ValueKind, str]:
        token = self._next()
        if token.kind == "integer":
            if len(token.text) > _DIGITS:
                raise InvalidParameterValue(f"Invalid number in filter string: {token.text[:_DIGITS]}...")
            return int(token.text), "integer", token.text
        if token.kind == "float":
            return float(token.text), "float", token.text
        if token.kind == "open":
            return self._list()
        text = _unquoted(token)
        if text is None:
            raise InvalidParameterValue(
                "Parameter value is either not quoted or unidentified quote types used for string value "
                f"{token.text}. Use either single or double quotes."
            )
        return text, "string", token.text

    def _list(self) -> tuple[tuple[str, ...], ValueKind, str]:
        items: list[str] = []
        while True:
            token = self._next()
            if token.kind == "close":
                break
            text = _unquoted(token)
            if text is None:
                raise _ill_formed_list()
            items.append(text)
            token = self._next()
            if token.kind == "close":
                break
            if token.kind != "comma":
                raise _ill_formed_list()
        if not items:
            raise InvalidParameterValue(
                "While parsing a list in the query, expected a non-empty list of string values, but got empty list"
            )
        return tuple(items), "list", "(" + ", ".join(map(repr, items)) + ")"


def _unquoted(token: _Token) -> str | None:
    """What stands between the quotes of a string; MLflow leaves doubled and escaped quotes in it as they are."""
    if token.kind == "string" or (token.kind == "name" and token.text[0] == token.text[-1] == '"'):
        return token.text[1:-1]
    return None


def _ill_formed_list() -> InvalidParameterValue:
    return InvalidParameterValue(
        "While parsing a list in the query, expected a non-empty list of string values, but got ill-formed list."
    )
