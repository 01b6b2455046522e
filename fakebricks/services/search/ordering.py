"""Putting entities in the order that order_by asks for.

Real: as MLflow orders. In both directions what has a value comes first, then NaN, then what has none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from fakebricks.services.search.matching import Found

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Order:
    """One element of order_by whose name is understood."""

    kind: str
    key: str
    ascending: bool


def in_order(items: Iterable[T], orders: Iterable[Order], value: Callable[[T, Order], Found]) -> list[T]:
    """The items, ordered; what the orders leave undecided stays in the order in which it came.

    Args:
        items: in their natural order.
        orders: the most significant first.
        value: what an item is ordered by.
    """
    ordered = list(items)
    for order in reversed(list(orders)):
        ordered.sort(key=lambda item, order=order: _rank(value(item, order), order), reverse=not order.ascending)  # type: ignore[misc]
    return ordered


def _rank(found: Found, order: Order) -> tuple[int, Any]:
    if found is None:
        rank: tuple[int, Any] = (2, 0)
    elif isinstance(found, float) and math.isnan(found):
        rank = (1, 0)
    else:
        return (0, found)
    return rank if order.ascending else (-rank[0], 0)
