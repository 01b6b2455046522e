"""Whether a value satisfies a comparison.

Real: as MLflow compares. What is not there satisfies no comparison but IS NULL, not even `!=`; LIKE knows `%` and `_`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from fakebricks.services.search.grammar import Value

Found: TypeAlias = str | int | float | None


@lru_cache(maxsize=256)
def _pattern(like: str, flags: int) -> re.Pattern[str]:
    """A LIKE pattern as a regular expression that never backtracks across a `%`, whatever the pattern."""
    first, *rest = [re.escape(part).replace("_", ".") for part in like.split("%")]
    if not rest:
        return re.compile(first, flags)
    *middle, last = rest
    return re.compile(first + "".join(f"(?>.*?{part})" for part in middle) + ".*" + last, flags)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "IN": lambda found, listed: found in listed,
    "NOT IN": lambda found, listed: found not in listed,
    "LIKE": lambda found, pattern: _pattern(pattern, re.DOTALL).fullmatch(found) is not None,
    "RLIKE": lambda found, pattern: re.search(pattern, found) is not None,
    "ILIKE": lambda found, pattern: _pattern(pattern, re.DOTALL | re.IGNORECASE).fullmatch(found) is not None,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison whose name is understood: kind and key say which value of an entity it looks at."""

    kind: str
    key: str
    comparator: str
    value: Value


def matches(found: Found, condition: Condition) -> bool:
    """Whether `found`, or its absence, satisfies the condition."""
    if condition.comparator == "IS NULL":
        return found is None
    if condition.comparator == "IS NOT NULL":
        return found is not None
    return found is not None and _COMPARE[condition.comparator](found, condition.value)
