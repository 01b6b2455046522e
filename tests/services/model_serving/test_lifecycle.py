"""The life of an endpoint as pure functions of records and a time."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from fakebricks.ids import Ids
from fakebricks.services.model_serving import lifecycle
from fakebricks.services.model_serving.records import (
    Activity,
    Config,
    Endpoint,
    Failure,
    Route,
    ServedEntity,
    Update,
)
from fakebricks.services.model_serving.timings import Timings, drawn

ENTITY = ServedEntity(
    name="m-1",
    entity_name="c.s.m",
    entity_version="1",
    workload_size="Small",
    workload_type="CPU",
    min_provisioned_concurrency=None,
    max_provisioned_concurrency=None,
    scale_to_zero_enabled=True,
    creator="jane",
    creation_timestamp=0,
    id="e",
)
CONFIG = Config(
    config_version=1,
    served_entities=(ENTITY,),
    routes=(Route(served_entity_name="m-1", traffic_percentage=100),),
    deployed_at=1000.0,
)
ENDPOINT = Endpoint(
    name="x",
    id="1",
    creator="jane",
    creator_display_name="Jane",
    creator_kind="User",
    creation_timestamp=0,
    last_updated_timestamp=0,
)
UPDATE = Update(config=replace(CONFIG, config_version=2, deployed_at=0.0), start_time=0.0, ends_at=400.0, takes=400.0)

IDLE = Timings().idle

chances = st.floats(0, 1, exclude_max=True)


@st.composite
def shares(draw):
    cuts = sorted(draw(st.lists(st.integers(0, 100), max_size=14)))
    parts = [high - low for low, high in zip([0, *cuts], [*cuts, 100], strict=True)]
    return tuple(Route(served_entity_name=f"m-{n}", traffic_percentage=part) for n, part in enumerate(parts))


@given(shares(), chances, st.integers(0, 10**9))
def test_every_hundred_requests_are_shared_exactly_by_percentage(routes, chance, first):
    counts = Counter(lifecycle.chosen(routes, first + n, chance) for n in range(100))
    assert counts == Counter({r.served_entity_name: r.traffic_percentage for r in routes if r.traffic_percentage})


def test_the_traffic_is_spread_and_not_sent_in_blocks():
    routes = (
        Route(served_entity_name="champion", traffic_percentage=90),
        Route(served_entity_name="challenger", traffic_percentage=10),
    )
    hits = [n for n in range(1000) if lifecycle.chosen(routes, n, 0.3) == "challenger"]
    gaps = [b - a for a, b in pairwise(hits)]
    assert len(hits) == 100
    assert max(gaps) <= 25


@pytest.mark.parametrize("percentage", [1, 10, 33, 50])
def test_over_many_seeds_a_request_of_any_number_goes_by_percentage(percentage):
    """Which of a hundred requests go where depends on the seed alone: no number is favoured, and none is correlated."""
    routes = (
        Route(served_entity_name="champion", traffic_percentage=100 - percentage),
        Route(served_entity_name="challenger", traffic_percentage=percentage),
    )
    seeds = 4000
    chances_of = [Ids(seed).chance("traffic", "fraud", 1) for seed in range(seeds)]
    sigma = math.sqrt(seeds * percentage * (100 - percentage)) / 100
    for number in (0, 1, 2, 57, 99, 12_345):
        hits = sum(lifecycle.chosen(routes, number, chance) == "challenger" for chance in chances_of)
        assert abs(hits - seeds * percentage / 100) < 4.5 * sigma


@given(shares(), chances, st.integers(1, 3000))
def test_no_entity_is_ever_far_from_its_share(routes, chance, requests):
    counts = Counter(lifecycle.chosen(routes, number, chance) for number in range(requests))
    for route in routes:
        expected = requests * route.traffic_percentage / 100
        assert abs(counts[route.served_entity_name] - expected) <= 25


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_an_update_is_due_from_its_end_on_and_never_before(ends_at, now):
    endpoint = replace(ENDPOINT, pending=replace(UPDATE, ends_at=ends_at))
    assert (lifecycle.due(endpoint, now) is not None) == (now >= ends_at)


def test_the_states_of_a_life():
    def state(endpoint):
        return lifecycle.ready(endpoint), lifecycle.config_update(endpoint)

    assert state(ENDPOINT) == ("NOT_READY", "NOT_UPDATING")
    first = replace(ENDPOINT, pending=UPDATE)
    assert state(first) == ("NOT_READY", "IN_PROGRESS")
    failure = (Failure(deployment="DEPLOYMENT_FAILED", message="no"),)
    assert state(lifecycle.failed(first, UPDATE, failure)) == ("NOT_READY", "UPDATE_FAILED")
    ready = lifecycle.arrived(first, UPDATE, ("digest",))
    assert state(ready) == ("READY", "NOT_UPDATING")
    assert ready.config.deployed_at == UPDATE.ends_at
    assert ready.config.served_entities[0].model == "digest"
    again = replace(ready, pending=UPDATE)
    assert state(again) == ("READY", "IN_PROGRESS")
    failed = lifecycle.failed(again, UPDATE, failure)
    assert state(failed) == ("READY", "UPDATE_FAILED")
    assert failed.config == ready.config
    assert lifecycle.due(failed, 1e9) is None


def test_the_states_of_a_stopped_endpoint():
    def state(endpoint):
        return lifecycle.ready(endpoint), lifecycle.config_update(endpoint), lifecycle.suspend(endpoint)

    stopped = replace(lifecycle.arrived(replace(ENDPOINT, pending=UPDATE), UPDATE, ("digest",)), suspended=True)
    assert state(stopped) == ("NOT_READY", "NOT_UPDATING", "STOPPED")
    starting = replace(stopped, pending=UPDATE)
    assert state(starting) == ("NOT_READY", "IN_PROGRESS", "NOT_SUSPENDED")
    assert state(lifecycle.arrived(starting, UPDATE, ("digest",))) == ("READY", "NOT_UPDATING", "NOT_SUSPENDED")
    failure = (Failure(deployment="DEPLOYMENT_FAILED", message="no"),)
    assert state(lifecycle.failed(starting, UPDATE, failure)) == ("NOT_READY", "UPDATE_FAILED", "STOPPED")


@given(st.floats(0, 1e5), st.booleans())
def test_an_idle_entity_sleeps_after_thirty_minutes_where_it_may(idle, enabled):
    entity = replace(ENTITY, scale_to_zero_enabled=enabled)
    asleep = lifecycle.scaled_to_zero(entity, CONFIG, None, CONFIG.deployed_at + idle, IDLE)
    assert asleep == (enabled and idle >= 1800)


@given(st.lists(st.floats(0, 5000), min_size=1, max_size=30), chances)
def test_a_request_waits_only_for_a_cold_start_that_is_not_over(steps, chance):
    now, activity, warm_at = CONFIG.deployed_at, None, 0.0
    for step in steps:
        now += step
        idle = now - (activity.last_used if activity else CONFIG.deployed_at)
        if lifecycle.scaled_to_zero(ENTITY, CONFIG, activity, now, IDLE):
            assert idle >= 1800
            activity = lifecycle.woken(activity, now, drawn(Timings().cold_start, chance))
            warm_at = activity.warm_at
            assert 9.999 <= lifecycle.waiting(activity, now) <= 30.001
        else:
            activity = lifecycle.used(activity, now)
            assert lifecycle.waiting(activity, now) == max(0.0, warm_at - now)


def test_a_request_during_the_warm_up_waits_the_rest():
    woken = lifecycle.woken(Activity(last_used=0, warm_at=0), 5000.0, 20.0)
    second = lifecycle.used(woken, 5005.0)
    assert lifecycle.waiting(second, 5005.0) == 15.0
    assert lifecycle.waiting(lifecycle.used(second, 5021.0), 5021.0) == 0.0
