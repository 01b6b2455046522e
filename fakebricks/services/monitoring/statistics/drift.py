"""How far two samples of one column are apart, and how likely chance alone would have done that.

Real: distances and tests are those of scipy on the same values, from counts instead of rows. The Kolmogorov-Smirnov
test is exact for small samples, and where values are tied it errs towards no alarm. Rare categories are pooled for the
chi-squared test, which is not to be trusted with them. Inferred: the population stability index is over the deciles of
the sample compared with, with shares of at least 0.01 %; the Jensen-Shannon distance is with natural logarithms.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fakebricks.services.monitoring.statistics.samples import Categories, Counts, Floats, Numbers

_BINS = 10
_LEAST_SHARE = 1e-4
_LEAST_EXPECTED = 5.0
_MOST_EXACT = 1_000
"""The larger sample for which the exact test takes a few milliseconds; beyond, it differs little from the limit's."""


class Test(NamedTuple):
    """A statistical test of whether two samples come from one distribution."""

    statistic: float
    pvalue: float


@dataclass(frozen=True, slots=True)
class Apart:
    """Two samples of numbers, neither of which is empty, and their distribution functions.

    Attributes:
        grid: the values of both, in ascending order.
        ours: which share of the one lies up to each of them.
        theirs: which share of the other does.
    """

    sample: Numbers
    before: Numbers
    grid: Floats
    ours: Floats
    theirs: Floats

    @classmethod
    def of(cls, sample: Numbers, before: Numbers) -> Apart:
        """The two samples beside each other."""
        grid = np.concatenate((sample.values, before.values))
        grid.sort(kind="stable")  # of two sorted runs this is a merge
        grid = grid[np.append(grid[1:] != grid[:-1], True)]
        return cls(sample, before, grid, _at(sample, grid), _at(before, grid))

    def kolmogorov_smirnov(self) -> Test:
        """The greatest distance of the two distribution functions."""
        from scipy.stats import ks_2samp, kstwo

        sizes = self.sample.size, self.before.size
        if max(sizes) <= _MOST_EXACT:
            both = (np.repeat(one.values, one.counts) for one in (self.sample, self.before))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # it says that it takes the limit's instead
                exact = ks_2samp(*both, method="exact")
            return Test(float(exact.statistic), float(exact.pvalue))
        statistic = float(np.abs(self.ours - self.theirs).max())
        effective = round(sizes[0] * sizes[1] / (sizes[0] + sizes[1]))
        return Test(statistic, float(np.clip(kstwo.sf(statistic, max(effective, 1)), 0.0, 1.0)))

    def wasserstein(self) -> float | None:
        """How much has to be moved how far; None where there is no such number, for infinite values."""
        with np.errstate(invalid="ignore", over="ignore"):
            steps = np.diff(self.grid)
            if not np.isfinite(steps).all():
                return None
            distance = float((np.abs(self.ours - self.theirs)[:-1] * steps).sum())
        return distance if np.isfinite(distance) else None


def number_drift(sample: Numbers, before: Numbers) -> dict[str, Any]:
    """The drift of a column of numbers, from the sample `before` to `sample`; nothing where one of them is empty.

    >>> drift = number_drift(Numbers.of(np.arange(100.0)), Numbers.of(np.arange(50.0, 150.0)))
    >>> drift["ks_test"]["statistic"], drift["wasserstein_distance"]
    (0.5, 50.0)
    """
    if not sample.size or not before.size:
        return {}
    apart = Apart.of(sample, before)
    return {
        "ks_test": apart.kolmogorov_smirnov()._asdict(),
        "wasserstein_distance": apart.wasserstein(),
        "population_stability_index": stability_index(sample, before),
    }


def category_drift(sample: Categories, before: Categories) -> dict[str, Any]:
    """The drift of a column of strings or booleans; nothing where one of the samples is empty.

    >>> drift = category_drift(Categories.of(["a", "a", "b", "b"]), Categories.of(["a", "b", "b", "b"]))
    >>> drift["tv_distance"], drift["l_infinity_distance"]
    (0.25, 0.25)
    """
    if not sample.size or not before.size:
        return {}
    counts = aligned(sample, before)
    shares = counts / counts.sum(axis=1, keepdims=True)
    apart = np.abs(shares[0] - shares[1])
    return {
        "chi_squared_test": chi_squared(counts)._asdict(),
        "tv_distance": float(apart.sum() / 2),
        "l_infinity_distance": float(apart.max()),
        "js_distance": jensen_shannon(shares),
    }


def stability_index(sample: Numbers, before: Numbers) -> float:
    """The population stability index over the deciles of the sample compared with."""
    ends = np.cumsum(before.counts)
    places = np.ceil(np.arange(1, _BINS) / _BINS * ends[-1]) - 1
    edges = np.unique(before.values[np.searchsorted(ends, places, side="right")])
    ours, theirs = (np.maximum(_shares(one, edges), _LEAST_SHARE) for one in (sample, before))
    return float(((ours - theirs) * np.log(ours / theirs)).sum())


def aligned(sample: Categories, before: Categories) -> Counts:
    """The counts of both samples, a column for each category that one of them has."""
    places = {value: place for place, value in enumerate(dict.fromkeys((*sample.values, *before.values)))}
    counts = np.zeros((2, len(places)), dtype=np.int64)
    for row, one in enumerate((sample, before)):
        counts[row, [places[value] for value in one.values]] = one.counts
    return counts


def chi_squared(counts: Counts) -> Test:
    """Pearson's test of whether both rows have the same shares, with rare categories as one.

    A category is rare where fewer than five would be expected in one of the rows.
    """
    from scipy.stats import chi2

    pooled = _pooled(counts)
    freedom = pooled.shape[1] - 1
    if freedom < 1:
        return Test(0.0, 1.0)
    expected = _expected(pooled)
    statistic = float(((pooled - expected) ** 2 / expected).sum())
    return Test(statistic, float(chi2.sf(statistic, freedom)))


def jensen_shannon(shares: Floats) -> float:
    """The Jensen-Shannon distance of two rows of shares."""
    middle = shares.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(shares > 0.0, shares * np.log(shares / middle), 0.0)
    return float(np.sqrt(max(terms.sum() / 2, 0.0)))


def _at(sample: Numbers, grid: Floats) -> Floats:
    ends = np.concatenate(([0], np.cumsum(sample.counts)))
    found: Floats = ends[np.searchsorted(sample.values, grid, side="right")] / ends[-1]
    return found


def _shares(sample: Numbers, edges: Floats) -> Floats:
    """Which share of a sample lies up to each edge, and beyond the last."""
    return np.diff(_at(sample, edges), prepend=0.0, append=1.0)


def _expected(counts: Counts) -> Floats:
    found: Floats = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / counts.sum()
    return found


def _pooled(counts: Counts) -> Counts:
    rare = _expected(counts).min(axis=0) < _LEAST_EXPECTED
    if rare.sum() < 2:  # noqa: PLR2004 - one category is pooled with nothing
        return counts
    rest = counts[:, rare].sum(axis=1, keepdims=True)
    return np.concatenate((counts[:, ~rare], rest), axis=1)
