"""The smallest example of a strategy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import Phase, find, settings
from hypothesis.strategies import SearchStrategy

# `find` answers the last example that it tried, and the phase that explains tries larger ones after the smallest
_WITHOUT_EXPLANATION = settings(phases=[Phase.generate, Phase.shrink], max_examples=2000, database=None)


def smallest(strategy: SearchStrategy[Any], condition: Callable[[Any], bool]) -> Any:
    """The smallest example that meets the condition."""
    return find(strategy, condition, settings=_WITHOUT_EXPLANATION)
