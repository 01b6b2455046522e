"""Samples of a column: the distinct values with how often each occurs, which is all that statistics need of one.

Real: nothing is approximated, so that two samples can be compared exactly, however they were counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Numbers:
    """A sample of numbers.

    Attributes:
        values: the distinct ones in ascending order, infinite ones too, but no NaN.
        counts: how often each occurs.
        nulls: how many are missing beside them.
        nans: how many are NaN beside them.
    """

    values: Floats
    counts: Counts
    nulls: int = 0
    nans: int = 0

    @classmethod
    def of(cls, values: Floats, nulls: int = 0) -> Numbers:
        """The sample that an array holds.

        >>> Numbers.of(np.array([2.0, 1.0, 2.0, np.nan])).counts.tolist()
        [1, 2]
        """
        given = np.asarray(values, dtype=np.float64)
        known = given[~np.isnan(given)] + 0.0  # -0.0 is 0.0
        distinct, counts = np.unique(known, return_counts=True)
        return cls(distinct, counts.astype(np.int64), nulls, len(given) - len(known))

    @property
    def size(self) -> int:
        """How many numbers it has, without NaN."""
        return int(self.counts.sum())


@dataclass(frozen=True, slots=True)
class Categories:
    """A sample of categories: distinct values, how often each occurs, and how many are missing beside them."""

    values: tuple[str, ...]
    counts: Counts
    nulls: int = 0

    @classmethod
    def of(cls, values: Sequence[str | None]) -> Categories:
        """The sample that a sequence holds.

        >>> Categories.of(["b", "a", "b", None])
        Categories(values=('a', 'b'), counts=array([1, 2]), nulls=1)
        """
        known = [value for value in values if value is not None]
        counted: dict[str, int] = {}
        for value in known:
            counted[value] = counted.get(value, 0) + 1
        distinct = tuple(sorted(counted))
        counts = np.array([counted[value] for value in distinct], dtype=np.int64)
        return cls(distinct, counts, len(values) - len(known))

    @property
    def size(self) -> int:
        """How many there are, without the missing ones."""
        return int(self.counts.sum())
