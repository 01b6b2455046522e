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
        merged: how many distinct whole numbers are not told apart in `values`, as doubles are too coarse for them.
    """

    values: Floats
    counts: Counts
    nulls: int = 0
    nans: int = 0
    merged: int = 0

    @classmethod
    def of(cls, values: Floats | Counts, nulls: int = 0) -> Numbers:
        """The sample that an array holds.

        >>> Numbers.of(np.array([2.0, 1.0, 2.0, np.nan])).counts.tolist()
        [1, 2]
        """
        if values.dtype.kind == "i":
            return cls._of_whole(values.astype(np.int64, copy=False), nulls)
        known = values[~np.isnan(values)] + 0.0  # -0.0 is 0.0
        distinct, counts = np.unique(known, return_counts=True)
        return cls(distinct, counts.astype(np.int64), nulls, len(values) - len(known))

    @classmethod
    def _of_whole(cls, values: Counts, nulls: int) -> Numbers:
        exact, counts = np.unique(values, return_counts=True)
        told = exact.astype(np.float64)
        starts = np.flatnonzero(np.append(True, told[1:] != told[:-1])[: len(told)])
        together = np.add.reduceat(counts, starts) if len(starts) else counts
        return cls(told[starts], together.astype(np.int64), nulls, merged=len(exact) - len(starts))

    @property
    def distinct(self) -> int:
        """How many different ones it has; NaN is one."""
        return len(self.values) + self.merged + bool(self.nans)

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
