"""Pages of a list, as both dialects cut them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def page(records: Iterable[T], size: int) -> tuple[list[T], T | None]:
    """The first few records, and the last of them where more follow."""
    found = list(islice(records, size + 1))
    return found[:size], found[size - 1] if len(found) > size else None
