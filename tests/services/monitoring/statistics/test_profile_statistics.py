"""Statistics of one column, beside numpy's and Python's own on the same values."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakebricks.services.monitoring.statistics.profiles import (
    category_profile,
    moment_profile,
    number_profile,
    presence_profile,
)
from fakebricks.services.monitoring.statistics.samples import Categories, Numbers

FINITE = st.floats(-1e9, 1e9)
ANY = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(FINITE, min_size=1, max_size=200), st.integers(0, 20))
def test_numbers_are_described_as_numpy_does(values, nulls):
    profile = number_profile(Numbers.of(np.array(values), nulls))
    assert profile["count"] == len(values)
    assert profile["num_nulls"] == nulls
    assert profile["percent_null"] == pytest.approx(100 * nulls / (len(values) + nulls))
    assert profile["num_zeros"] == sum(value == 0 for value in values)
    assert profile["distinct_count"] == len(set(values))
    assert profile["percent_distinct"] == pytest.approx(100 * len(set(values)) / len(values))
    assert profile["avg"] == pytest.approx(np.mean(values), rel=1e-9, abs=1e-6)
    assert (profile["min"], profile["max"]) == (min(values), max(values))
    assert profile["median"] == pytest.approx(np.median(values), rel=1e-9, abs=1e-6)
    assert profile["quantiles"] == pytest.approx(np.quantile(values, np.linspace(0, 1, 1001)), rel=1e-9, abs=1e-6)
    assert profile["quantiles"][500] == profile["median"]
    if len(values) > 1:
        assert profile["stddev"] == pytest.approx(statistics.stdev(values), rel=1e-6, abs=1e-4)
    else:
        assert profile["stddev"] is None


@given(st.lists(ANY, max_size=50))
def test_nothing_of_a_profile_is_nan_whatever_the_numbers(values):
    profile = number_profile(Numbers.of(np.array(values, dtype=float)))
    assert profile["num_nan"] == sum(np.isnan(values)) if values else profile["num_nan"] == 0
    assert profile["count"] == len(values)
    told = [value for value in profile.values() if isinstance(value, float)] + list(profile.get("quantiles", []))
    assert not np.isnan(told).any()


def test_infinite_numbers_are_extremes_and_leave_the_deviation_open():
    profile = number_profile(Numbers.of(np.array([1.0, np.inf, 2.0, np.nan])))
    assert (profile["min"], profile["max"], profile["median"]) == (1.0, np.inf, 2.0)
    assert profile["avg"] == np.inf
    assert profile["stddev"] is None
    assert (profile["num_nan"], profile["percent_nan"], profile["count"]) == (1, 25.0, 4)


def test_without_any_number_only_counts_are_told():
    assert number_profile(Numbers.of(np.array([]), 3)) == {
        "count": 0,
        "num_nulls": 3,
        "percent_null": 100.0,
        "distinct_count": 0,
        "percent_distinct": None,
        "num_nan": 0,
        "num_zeros": 0,
        "percent_nan": None,
        "percent_zeros": None,
    }
    assert number_profile(Numbers.of(np.array([])))["percent_null"] is None


def test_whole_numbers_that_doubles_do_not_tell_apart_are_distinct():
    values = 2**53 + np.array([0, 1, 2, 3, 3], dtype=np.int64)
    profile = number_profile(Numbers.of(values))
    assert (profile["distinct_count"], profile["percent_distinct"], profile["count"]) == (4, 80.0, 5)
    assert number_profile(Numbers.of(np.array([2, 2, 3], dtype=np.int64)))["distinct_count"] == 2
    assert number_profile(Numbers.of(np.array([], dtype=np.int64), 1))["distinct_count"] == 0


def test_averages_are_those_that_one_expects_to_the_last_digit():
    assert number_profile(Numbers.of(np.arange(100.0)))["avg"] == 49.5
    assert number_profile(Numbers.of(np.array([1e308, 1e308])))["avg"] == 1e308
    large = 1e15 + np.arange(900.0) % 50
    assert number_profile(Numbers.of(large))["stddev"] == pytest.approx(np.std(large - 1e15, ddof=1), rel=1e-9)


def test_minus_zero_is_zero():
    profile = number_profile(Numbers.of(np.array([-0.0, 0.0])))
    assert (profile["distinct_count"], profile["num_zeros"]) == (1, 2)


@given(st.lists(st.one_of(st.none(), st.text(max_size=3)), max_size=200))
def test_strings_are_counted_and_measured(values):
    profile = category_profile(Categories.of(values))
    known = [value for value in values if value is not None]
    assert (profile["count"], profile["num_nulls"]) == (len(known), len(values) - len(known))
    assert profile["distinct_count"] == len(set(known))
    assert {one["item"]: one["count"] for one in profile["frequent_items"]}.items() <= {
        value: known.count(value) for value in known
    }.items()
    if known:
        lengths = [len(value) for value in known]
        assert (profile["min_length"], profile["max_length"]) == (min(lengths), max(lengths))
        assert profile["avg_length"] == pytest.approx(np.mean(lengths))


def test_the_hundred_most_frequent_items_come_first():
    values = [f"{number:03}" for number in range(150) for _ in range(1 + (number == 140))]
    items = category_profile(Categories.of(values))["frequent_items"]
    assert len(items) == 100
    assert items[0] == {"item": "140", "count": 2}


def test_times_have_no_average_and_what_cannot_be_compared_only_counts():
    profile = moment_profile(Numbers.of(np.array([10.0, 30.0, 20.0])))
    assert (profile["min"], profile["max"], profile["median"]) == (10.0, 30.0, 20.0)
    assert not {"avg", "stddev", "percent_nan", "percent_zeros"} & set(profile)
    assert presence_profile(3, 1) == {"count": 3, "num_nulls": 1, "percent_null": 25.0}
