"""Points of metrics against a plain model of them: all points in a dictionary."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from fakebricks.services.tracking import points
from fakebricks.services.tracking.metrics import Metrics
from fakebricks.services.tracking.records import Chunk, Metric, Series
from fakebricks.state import MemoryState

VALUES = st.sampled_from([0.0, 1.0, -1.0, 0.5, -0.5, 1e300, 5e-324, math.inf, -math.inf, math.nan])
STEPS = st.integers(-(2**63), 2**63 - 1) | st.integers(-2, 2)
TIMES = st.integers(0, 2**63 - 1) | st.integers(0, 2)


def metric(*, value=1.0, timestamp=0, step=0, model_id=None, run_id="r", key="k"):
    return Metric(key=key, value=value, timestamp=timestamp, step=step, run_id=run_id, model_id=model_id)


SOME_METRICS = st.lists(
    st.builds(
        metric,
        value=VALUES,
        timestamp=TIMES,
        step=STEPS,
        model_id=st.sampled_from([None, "m1", "m2"]),
        run_id=st.sampled_from(["r", "s"]),
        key=st.sampled_from(["k", "l"]),
    )
)


def identity(one: Metric):
    return (one.timestamp, one.step, math.isnan(one.value), 0.0 if math.isnan(one.value) else one.value)


def age(one: Metric):
    return (one.step, one.timestamp, 0.0 if math.isnan(one.value) else one.value)


@given(batches=st.lists(SOME_METRICS), most=st.integers(2, 5), place=st.integers(0, 5))
def test_histories_and_latest_points(batches, most, place):
    usual, points.MOST = points.MOST, most
    try:
        stored = Metrics(MemoryState())
        for batch in batches:
            for run_id in ("r", "s"):
                stored.add(run_id, [one for one in batch if one.run_id == run_id])
    finally:
        points.MOST = usual

    logged = [one for batch in batches for one in batch]
    for run_id in ("r", "s"):
        latest = []
        for key in ("k", "l"):
            of_series = [one for one in logged if (one.run_id, one.key) == (run_id, key)]
            first_of_each: dict = {}
            for one in of_series:
                first_of_each.setdefault(identity(one), one)
            wanted = [first_of_each[each] for each in sorted(first_of_each)]
            found = list(stored.history(run_id, key))
            # As text, because not-a-number is not equal to itself.
            assert [repr(one) for _, one in found] == [repr(one) for one in wanted]
            if found[place:]:
                after = found[place][0]
                rest = [one for _, one in stored.history(run_id, key, after)]
                assert [repr(one) for one in rest] == [repr(one) for one in wanted[place + 1 :]]
            if of_series:
                latest.append(max(of_series, key=age))  # the first of those that are equal
        assert [repr(one) for one in stored.latest(run_id)] == [repr(one) for one in latest]


def test_a_long_series_is_in_full_chunks():
    state = MemoryState()
    stored = Metrics(state)
    for step in range(1001):
        stored.add("r", [metric(step=step, timestamp=step)])

    chunks = [chunk for _, chunk in state.table("metric_chunks", Chunk).scan()]
    assert [points.count(chunk) for chunk in chunks] == [points.MOST] * 4
    assert points.count(state.table("metric_series", Series).get(("r", "k")).last) == 1
    assert max(len(chunk.packed) for chunk in chunks) / points.MOST == points.SIZE == 25


def test_a_chunk_knows_as_many_sources_as_it_has_points():
    stored = Metrics(MemoryState())
    logged = [metric(step=step, timestamp=step % 7, model_id=f"m{step}") for step in range(1000)]
    for one in logged:
        stored.add("r", [one])

    found = [one for _, one in stored.history("r", "k")]
    assert found == sorted(logged, key=lambda one: (one.timestamp, one.step))
    assert stored.latest("r") == [logged[-1]]
