"""Distances and tests of two samples, beside scipy's on the same values; how often they raise an alarm."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from fakebricks.services.monitoring.statistics.drift import (
    Apart,
    aligned,
    category_drift,
    chi_squared,
    number_drift,
    stability_index,
)
from fakebricks.services.monitoring.statistics.samples import Categories, Numbers

FINITE = st.floats(-1e6, 1e6)
SAMPLES = st.lists(st.one_of(FINITE, st.sampled_from([0.0, 1.0, 2.0])), min_size=1, max_size=60)
LETTERS = st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=200)
SEEDS = 300
LEVEL = 0.05


def numbers(values) -> Numbers:
    return Numbers.of(np.asarray(values, dtype=float))


@pytest.mark.filterwarnings("ignore:ks_2samp")  # it says where it takes the limit's probability
@given(SAMPLES, SAMPLES)
def test_numbers_are_as_far_apart_as_scipy_says(ours, theirs):
    drift = number_drift(numbers(ours), numbers(theirs))
    expected = stats.ks_2samp(ours, theirs, method="exact")
    assert drift["ks_test"]["statistic"] == pytest.approx(expected.statistic)
    assert drift["ks_test"]["pvalue"] == pytest.approx(expected.pvalue)
    assert drift["wasserstein_distance"] == pytest.approx(stats.wasserstein_distance(ours, theirs), rel=1e-9, abs=1e-6)
    assert drift["population_stability_index"] >= 0


@pytest.mark.parametrize("sizes", [(1_001, 900), (5_000, 20_000), (3, 2_000)])
def test_large_samples_are_tested_by_the_limit_as_scipy_does(sizes):
    draw = np.random.default_rng(1)
    ours, theirs = draw.normal(size=sizes[0]), draw.normal(0.05, size=sizes[1]).round(2)
    found = Apart.of(numbers(ours), numbers(theirs)).kolmogorov_smirnov()
    expected = stats.ks_2samp(ours, theirs, method="asymp")
    assert found == pytest.approx((expected.statistic, expected.pvalue))


def test_a_stability_index_is_over_the_deciles_of_what_is_compared_with():
    before = np.arange(1.0, 101.0)
    now = np.concatenate((np.full(20, 5.0), np.arange(1.0, 81.0)))
    edges = [0, *range(10, 100, 10), 1000]
    shares = [np.histogram(one, np.array(edges) + 0.5)[0] / len(one) for one in (now, before)]
    ours, theirs = (np.maximum(one, 1e-4) for one in shares)
    expected = ((ours - theirs) * np.log(ours / theirs)).sum()
    assert stability_index(numbers(now), numbers(before)) == pytest.approx(expected)
    assert stability_index(numbers(before), numbers(before)) == 0


def test_a_constant_column_that_stays_has_not_drifted_and_one_that_moves_has():
    stays = number_drift(numbers([7.0] * 50), numbers([7.0] * 80))
    assert (stays["ks_test"]["pvalue"], stays["wasserstein_distance"], stays["population_stability_index"]) == (1, 0, 0)
    moves = number_drift(numbers([9.0] * 50), numbers([7.0] * 80))
    assert moves["ks_test"]["statistic"] == 1
    assert moves["ks_test"]["pvalue"] < 1e-20
    assert moves["wasserstein_distance"] == 2
    assert moves["population_stability_index"] > 0.2


def test_infinite_numbers_leave_open_only_what_has_no_answer():
    drift = number_drift(numbers([1.0, 2.0, np.inf]), numbers([1.0, 2.0, 3.0]))
    assert drift["wasserstein_distance"] is None
    assert drift["ks_test"]["statistic"] == pytest.approx(1 / 3)
    assert np.isfinite(drift["population_stability_index"])


def test_with_an_empty_sample_there_is_nothing_to_compare():
    assert number_drift(numbers([]), numbers([1.0])) == number_drift(numbers([1.0]), numbers([np.nan])) == {}
    assert category_drift(Categories.of([None]), Categories.of(["a"])) == {}


@given(LETTERS, LETTERS)
def test_categories_are_as_far_apart_as_scipy_says(ours, theirs):
    drift = category_drift(Categories.of(ours), Categories.of(theirs))
    shares = [np.array([one.count(letter) / len(one) for letter in "abcdefg"]) for one in (ours, theirs)]
    assert drift["tv_distance"] == pytest.approx(np.abs(shares[0] - shares[1]).sum() / 2)
    assert drift["l_infinity_distance"] == pytest.approx(np.abs(shares[0] - shares[1]).max())
    assert drift["js_distance"] == pytest.approx(jensenshannon(*shares), abs=1e-7)
    assert 0 <= drift["chi_squared_test"]["pvalue"] <= 1


@given(st.lists(st.tuples(st.integers(20, 500), st.integers(20, 500)), min_size=2, max_size=6))
def test_the_chi_squared_test_is_scipys_where_no_category_is_rare(counts):
    table = np.array(counts).T
    expected = stats.chi2_contingency(table, correction=False)
    if expected.expected_freq.min() >= 5:
        assert chi_squared(table) == pytest.approx((expected.statistic, expected.pvalue))


def test_rare_categories_are_tested_as_one():
    table = np.array([[100, 90, 1, 2, 0, 4, 3], [90, 105, 2, 0, 1, 2, 5]])
    pooled = np.array([[100, 90, 10], [90, 105, 10]])
    expected = stats.chi2_contingency(pooled, correction=False)
    assert chi_squared(table) == pytest.approx((expected.statistic, expected.pvalue))


def test_a_hundred_thousand_categories_are_compared():
    ours = Categories(tuple(map(str, range(100_000))), np.ones(100_000, dtype=np.int64))
    theirs = Categories(tuple(map(str, range(50_000, 150_000))), np.ones(100_000, dtype=np.int64))
    assert aligned(ours, theirs).sum() == 200_000
    assert category_drift(ours, theirs)["tv_distance"] == pytest.approx(0.5)


def alarms(draw_pair) -> int:
    """In how many of many worlds a test says that two samples differ."""
    return sum(draw_pair(np.random.default_rng(seed)) < LEVEL for seed in range(SEEDS))


def ks(ours, theirs) -> float:
    return Apart.of(numbers(ours), numbers(theirs)).kolmogorov_smirnov().pvalue


def chi2(ours, theirs) -> float:
    return chi_squared(aligned(Categories.of(list(ours)), Categories.of(list(theirs)))).pvalue


SAME = {
    "KS, small samples": lambda draw: ks(draw.normal(size=80), draw.normal(size=120)),
    "KS, large samples": lambda draw: ks(draw.exponential(size=2_000), draw.exponential(size=1_500)),
    "KS, tied values": lambda draw: ks(draw.poisson(3, size=400), draw.poisson(3, size=300)),
    "chi squared": lambda draw: chi2(draw.choice(list("abcd"), 300), draw.choice(list("abcd"), 200)),
    "chi squared, many rare categories": lambda draw: chi2(
        draw.zipf(1.7, 300).astype(str).tolist(), draw.zipf(1.7, 300).astype(str).tolist()
    ),
}
SHIFTED = {
    "KS, half a deviation": lambda draw: ks(draw.normal(0.5, size=200), draw.normal(size=200)),
    "KS, a fifth of a deviation": lambda draw: ks(draw.normal(0.2, size=1_500), draw.normal(size=1_500)),
    "KS, twice as wide": lambda draw: ks(draw.normal(0, 2, size=200), draw.normal(size=200)),
    "chi squared, one in four becomes two in five": lambda draw: chi2(
        draw.choice(list("abcd"), 300, p=[0.4, 0.2, 0.2, 0.2]), draw.choice(list("abcd"), 300)
    ),
}


@pytest.mark.parametrize("world", SAME)
def test_there_are_no_more_false_alarms_than_the_level_says(world):
    # With the nominal level, more than this many have a chance of one in a million.
    assert alarms(SAME[world]) <= stats.binom.isf(1e-6, SEEDS, LEVEL)


@pytest.mark.parametrize("world", SHIFTED)
def test_shifted_data_raise_the_alarm(world):
    assert alarms(SHIFTED[world]) >= 0.9 * SEEDS
