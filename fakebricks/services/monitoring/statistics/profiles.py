"""What a profile says of one column in one window: counts, moments, quantiles, lengths.

Real: all of it is exact. Inferred: `count` counts what is not NULL, and percentages of zeros, NaN and distinct values
are of that; NaN is left out of everything but its own count, and infinite numbers are left out of nothing, so that an
average may be infinite; quantiles are interpolated, `quantiles[500]` of 1001 being the median (documented). The
platform estimates quantiles and distinct counts.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fakebricks.services.monitoring.statistics.samples import Categories, Counts, Floats, Numbers

_POINTS = np.linspace(0.0, 1.0, 1001)
_MOST_FREQUENT = 100
_PERCENT = 100.0


def number_profile(sample: Numbers) -> dict[str, Any]:
    """The statistics of a column of numbers.

    >>> profile = number_profile(Numbers.of(np.array([0.0, 1.0, 2.0]), nulls=1))
    >>> profile["avg"], profile["median"], profile["percent_null"]
    (1.0, 1.0, 25.0)
    """
    size, present = sample.size, sample.size + sample.nans
    zeros = int(sample.counts[sample.values == 0.0].sum())
    profile = {
        **_counts(present, sample.nulls, sample.distinct),
        "num_nan": sample.nans,
        "num_zeros": zeros,
        "percent_nan": _percent(sample.nans, present),
        "percent_zeros": _percent(zeros, present),
    }
    if not size:
        return profile
    quantiles = quantiles_of(sample)
    return profile | {
        "avg": mean_of(sample),
        "min": float(sample.values[0]),
        "max": float(sample.values[-1]),
        "stddev": _deviation(sample),
        "quantiles": quantiles,  # not as a list, which would take four times the memory
        "median": float(quantiles[len(quantiles) // 2]),
    }


def category_profile(sample: Categories, *, lengths: bool = True) -> dict[str, Any]:
    """The statistics of a column of strings, or of booleans, which have no lengths."""
    profile: dict[str, Any] = _counts(sample.size, sample.nulls, len(sample.values))
    profile["frequent_items"] = [
        {"item": sample.values[place], "count": int(sample.counts[place])} for place in _most_frequent(sample)
    ]
    if not lengths or not sample.size:
        return profile
    letters = np.fromiter((len(value) for value in sample.values), dtype=np.float64, count=len(sample.values))
    return profile | {
        "min_length": float(letters.min()),
        "max_length": float(letters.max()),
        "avg_length": float(np.average(letters, weights=sample.counts)),
    }


def moment_profile(sample: Numbers) -> dict[str, Any]:
    """The statistics of a column of times, as seconds since the epoch: no average, no zeros and no NaN (observed)."""
    profile: dict[str, Any] = _counts(sample.size, sample.nulls, sample.distinct)
    if not sample.size:
        return profile
    median = float(_quantiles(sample.values, sample.counts, np.array([0.5]))[0])
    return profile | {"min": float(sample.values[0]), "max": float(sample.values[-1]), "median": median}


def presence_profile(present: int, nulls: int) -> dict[str, Any]:
    """What can be said of a column whose values cannot be compared: arrays, maps, structs, bytes."""
    return {"count": present, "num_nulls": nulls, "percent_null": _percent(nulls, present + nulls)}


def quantiles_of(sample: Numbers) -> Floats:
    """1001 quantiles, from the least number to the greatest, interpolated between neighbours."""
    return _quantiles(sample.values, sample.counts, _POINTS)


def mean_of(sample: Numbers) -> float | None:
    """The average; None where it is not a number, because there are infinite ones of both signs."""
    with np.errstate(invalid="ignore", over="ignore"):
        total = float((sample.values * sample.counts).sum())
        shares = sample.counts / sample.size
        mean = total / sample.size if math.isfinite(total) else float((sample.values * shares).sum())
        # What rounding has lost of a large sum; nothing of small whole numbers.
        rest = float(((sample.values - mean) * shares).sum())
    if math.isnan(mean):
        return None
    return mean + rest if math.isfinite(rest) else mean


def _deviation(sample: Numbers) -> float | None:
    """The standard deviation of the sample, as Spark's `stddev`; None where it is no number, or an infinite one."""
    mean = mean_of(sample)
    if mean is None or not math.isfinite(mean) or sample.size < 2:  # noqa: PLR2004 - one has no deviation
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        variance = float((sample.counts * (sample.values - mean) ** 2).sum() / (sample.size - 1))
    return math.sqrt(variance) if math.isfinite(variance) else None


def _quantiles(values: Floats, counts: Counts, at: Floats) -> Floats:
    ends = np.cumsum(counts)
    places = at * (ends[-1] - 1)
    below = np.floor(places)
    left = values[np.searchsorted(ends, below, side="right")]
    right = values[np.searchsorted(ends, np.ceil(places), side="right")]
    share = places - below
    with np.errstate(invalid="ignore", over="ignore"):
        between = left * (1.0 - share) + right * share
    # Between a number and an infinite one there is no middle; the lower one it is.
    found: Floats = np.where((share == 0.0) | (left == right) | ~np.isfinite(between), left, between)
    return found


def _counts(present: int, nulls: int, distinct: int) -> dict[str, Any]:
    return {
        **presence_profile(present, nulls),
        "distinct_count": distinct,
        "percent_distinct": _percent(distinct, present),
    }


def _percent(part: int, whole: int) -> float | None:
    return part / whole * _PERCENT if whole else None


def _most_frequent(sample: Categories) -> list[int]:
    order = np.argsort(-sample.counts, kind="stable")
    return [int(place) for place in order[:_MOST_FREQUENT]]
