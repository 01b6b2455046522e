"""What the names in a filter or an order_by mean for one kind of entity.

Real: MLflow's names, their aliases, and which comparators and values each takes; the texts of refusals follow MLflow's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fakebricks.services.search.grammar import Clause, Value, parse_filter, parse_order
from fakebricks.services.search.matching import Condition
from fakebricks.services.search.ordering import Order
from fakebricks.wire.errors import InvalidParameterValue

NUMBERS = ("=", "!=", "<", "<=", ">", ">=")
STRINGS = ("=", "!=", "LIKE", "ILIKE")
LISTS = ("IN", "NOT IN")
NULLS = ("IS NULL", "IS NOT NULL")

_PREFIXED = re.compile(r"(?P<prefix>`[^`]*`|[^`\".]+)\.(?P<key>.+)", re.DOTALL)
_TYPES = {"number": ("integer", "float"), "integer": ("integer",), "string": ("string", "list", "none")}


@dataclass(frozen=True, slots=True)
class Column:
    """What can be compared: its type and its comparators."""

    type: str
    """`number`, `integer` (of which fractions are refused) or `string`."""
    comparators: tuple[str, ...]
    of_numbers: tuple[str, ...] = ()
    """Those of the comparators that take a number, where the others take a string."""

    def type_with(self, comparator: str) -> str:
        """The type of the value that a comparator takes."""
        return "number" if comparator in self.of_numbers else self.type


@dataclass(frozen=True)
class Vocabulary:
    """The names of one kind of entity."""

    kinds: Mapping[str, str]
    """The prefixes and the kind that each stands for: `metrics` → `metric`."""
    open_kinds: Mapping[str, Column]
    """The kinds that take any key: metrics, params, tags."""
    attributes: Mapping[str, Column]
    """By canonical name."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Other names of attributes."""
    closed_kinds: Mapping[str, Mapping[str, Column]] = field(default_factory=dict)
    """Kinds with keys of their own besides attributes, such as a run's datasets."""
    order_attributes: frozenset[str] | None = None
    """The attributes that order; all, if None."""
    order_kinds: frozenset[str] = frozenset()
    """The open kinds that order."""
    orders_repeat: bool = False
    """Whether the same name may order twice; the first one decides."""

    def conditions(self, text: str | None) -> list[Condition]:
        """A filter string, understood.

        Raises:
            InvalidParameterValue: it is not of the grammar, or names, comparators and values do not go together.
        """
        return [self._condition(clause) for clause in parse_filter(text or "")]

    def orders(self, texts: Sequence[str]) -> list[Order]:
        """The elements of order_by, understood.

        Raises:
            InvalidParameterValue: one is not of the grammar, unknown, or given twice where it may not be.
        """
        orders = [self.order(*parse_order(text)) for text in texts]
        if not self.orders_repeat and len({(one.kind, one.key) for one in orders}) < len(orders):
            raise InvalidParameterValue(f"`order_by` contains duplicate fields: {list(texts)}")
        return orders

    def order(self, name: str, ascending: bool) -> Order:
        """One element of order_by, understood."""
        kind, key = self._place(name)
        if kind == "attribute":
            known = self.order_attributes if self.order_attributes is not None else frozenset(self.attributes)
            if key not in known:
                raise InvalidParameterValue(f"Invalid attribute key '{key}' specified. Valid keys are '{_set(known)}'")
        elif kind not in self.order_kinds:
            raise InvalidParameterValue(f"Invalid order_by entity type '{kind}'")
        return Order(kind, key, ascending)

    def _condition(self, clause: Clause) -> Condition:
        kind, key = self._place(clause.name)
        column = self._column(kind, key)
        if clause.comparator not in column.comparators:
            raise InvalidParameterValue(
                f"Invalid comparator '{clause.comparator}' not one of '{_set(column.comparators)}' for {clause.name}"
            )
        if clause.comparator == "RLIKE":
            _check_pattern(clause)
        return Condition(kind, key, clause.comparator, _value(clause, column))

    def _place(self, name: str) -> tuple[str, str]:
        found = _PREFIXED.fullmatch(name)
        prefix, key = (found["prefix"].strip("`"), found["key"]) if found else ("", name)
        kind = self.kinds.get(prefix, "") if found else "attribute"
        if not kind:
            raise InvalidParameterValue(f"Invalid entity type '{prefix}'. Valid values are {_set(self.kinds.values())}")
        key = _bare(key)
        return kind, self.aliases.get(key, key) if kind == "attribute" else key

    def _column(self, kind: str, key: str) -> Column:
        if kind in self.open_kinds:
            return self.open_kinds[kind]
        columns = self.attributes if kind == "attribute" else self.closed_kinds[kind]
        if key not in columns:
            raise InvalidParameterValue(f"Invalid {kind} key '{key}' specified. Valid keys are '{_set(columns)}'")
        return columns[key]


def _value(clause: Clause, column: Column) -> Value:
    listed = clause.comparator in LISTS
    if clause.kind not in _TYPES[column.type_with(clause.comparator)] or listed != (clause.kind == "list"):
        raise InvalidParameterValue(_expected(clause, column, listed))
    return clause.value


def _check_pattern(clause: Clause) -> None:
    try:
        re.compile(str(clause.value))
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidParameterValue(f"Invalid regular expression {clause.text} for {clause.name}: {error}") from None


def _expected(clause: Clause, column: Column, listed: bool) -> str:
    if column.type_with(clause.comparator) != "string":
        return f"Expected numeric value type for {clause.name}. Found {clause.text}"
    what = "a list of quoted string values" if listed else "a quoted string value"
    return f"Expected {what} for {clause.name} (e.g. 'my-value'). Got value {clause.text}"


def _bare(key: str) -> str:
    for quote in ('"', "`", "'"):
        if len(key) > 1 and key[0] == key[-1] == quote:
            return key[1:-1]
    return key


def _set(names: Iterable[str]) -> list[str]:
    return sorted(set(names))
