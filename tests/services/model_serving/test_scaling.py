"""Concurrency between the bounds of an entity's size, as pure functions of records and a time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from test_lifecycle import CONFIG, ENTITY

from fakebricks.services.model_serving import scaling
from fakebricks.services.model_serving.timings import Timings

TIMINGS = Timings()
WIDE = replace(ENTITY, workload_size=None, min_provisioned_concurrency=4, max_provisioned_concurrency=32)
START = CONFIG.deployed_at


def grown(load: int, at: float, scale=None):
    scale = scale or scaling.at_first(WIDE, CONFIG, START, TIMINGS)
    return scaling.loaded(scaling.evolved(scale, WIDE, CONFIG, at, TIMINGS), WIDE, load, at, TIMINGS)


def at(scale, now: float) -> int:
    return scaling.evolved(scale, WIDE, CONFIG, now, TIMINGS).provisioned


@pytest.mark.parametrize(
    ("size", "low", "high", "bounds"),
    [
        ("Small", None, None, (4, 4)),
        ("Medium", None, None, (8, 16)),
        ("Large", None, None, (16, 64)),
        (None, 8, 32, (8, 32)),
        (None, 0, 8, (4, 8)),
    ],
)
def test_the_bounds_of_a_size(size, low, high, bounds):
    entity = replace(ENTITY, workload_size=size, min_provisioned_concurrency=low, max_provisioned_concurrency=high)
    assert scaling.bounds(entity) == bounds


def test_it_grows_after_a_delay_to_what_holds_the_load():
    scale = grown(9, START + 10)
    assert at(scale, START + 69.9) == 4
    assert at(scale, START + 70) == 12


def test_more_load_while_it_grows_makes_it_grow_further_at_the_same_time():
    scale = grown(17, START + 30, grown(9, START + 10))
    assert at(scale, START + 70) == 20


def test_it_never_grows_beyond_its_upper_bound():
    assert at(grown(100, START), START + 100) == 32


def test_every_five_minutes_it_shrinks_to_what_was_needed():
    scale = grown(5, START + 310, grown(20, START + 10))
    assert scale.provisioned == 20
    assert at(scale, START + 599) == 20
    assert at(scale, START + 600) == 8
    assert at(scale, START + 900) == 4


@given(st.lists(st.tuples(st.floats(0, 2000), st.integers(1, 50)), max_size=30), st.floats(0, 5000))
def test_it_stays_within_its_bounds_in_steps_of_four(arrivals, silence):
    now, scale = START, scaling.at_first(WIDE, CONFIG, START, TIMINGS)
    for step, load in arrivals:
        now += step
        scale = grown(load, now, scale)
        assert scale.provisioned >= min(load, 32) or scale.grows_at <= now + TIMINGS.scale_up
    provisioned = at(scale, now + silence)
    assert 4 <= provisioned <= 32
    assert provisioned % 4 == 0
    assert at(scale, now + TIMINGS.scale_up + 2 * TIMINGS.scale_down) == 4


@given(st.integers(1, 50), st.lists(st.floats(0, 400), max_size=10))
def test_looking_more_often_changes_nothing(load, steps):
    scale = grown(load, START)
    looked, now = scale, START
    for step in steps:
        now += step
        looked = scaling.evolved(looked, WIDE, CONFIG, now, TIMINGS)
    assert looked.provisioned == at(scale, now)
