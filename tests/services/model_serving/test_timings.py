"""Durations: what may be set, and that what is drawn lies within its bounds and is the same under the same seed."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakebricks import Workspace, fake_workspace
from fakebricks.services.model_serving.timings import Timings, drawn


def test_a_number_is_two_equal_bounds_and_what_is_not_chosen_is_as_documented():
    timings = Timings.of({"deployment": 420, "cold_start": (10, 20), "idle": 60})
    assert (timings.deployment, timings.cold_start, timings.idle) == ((420, 420), (10, 20), 60)
    assert Timings.of(None) == Timings.of({}) == Timings()
    assert (timings.request_timeout, timings.scale_down, timings.deployment_timeout) == (297, 300, 1800)


@pytest.mark.parametrize(
    "chosen",
    [
        {"cold_strat": 5},
        {"deployment": -1},
        {"deployment": (20, 10)},
        {"deployment": (1, 2, 3)},
        {"deployment": [1, 2]},
        {"deployment": "420"},
        {"deployment": math.nan},
        {"cold_start": math.inf},
        {"cold_start": True},
        {"idle": 0},
        {"idle": (10, 20)},
        {"request_timeout": 0},
        {"model": None},
    ],
)
@pytest.mark.parametrize("made", [Timings.of, lambda chosen: fake_workspace(serving=chosen)])
def test_what_is_no_duration_is_refused(chosen, made):
    with pytest.raises(ValueError, match="serving"):
        made(chosen)


def test_an_unknown_duration_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="'cold_strat'; there are cold_start, deployment, deployment_timeout, idle"):
        Workspace(serving={"cold_strat": 5})


@given(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)).map(sorted).map(tuple), st.floats(0, 1, exclude_max=True))
def test_what_is_drawn_lies_within_its_bounds(bounds, chance):
    low, high = bounds
    assert low <= drawn(bounds, chance) <= high + 1e-6


@pytest.mark.parametrize(
    ("workload_type", "minutes"), [("CPU", 30), ("CPU_LARGE", 30), ("GPU_SMALL", 60), ("GPU_LARGE", 120)]
)
def test_how_long_a_deployment_may_take(workload_type, minutes):
    assert Timings().deployment_timeout_of(workload_type) == minutes * 60


@pytest.mark.fakebricks(serving={"model": (1, 2)})
def test_the_marker_takes_them(fakebricks):
    assert fakebricks._services.timings.model == (1, 2)
