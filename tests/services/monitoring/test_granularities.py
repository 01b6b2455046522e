"""Windows: aligned, without gaps, and no further back than a month."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakebricks.services.monitoring.granularities import Granularity
from fakebricks.wire.errors import InvalidParameterValue

NAMES = ["5 minutes", "30 minutes", "1 hour", "1 day", "1 week", "2 weeks", "3 weeks", "4 weeks", "1 month", "1 year"]
DAY = 86_400_000
TIMES = st.integers(946_684_800_000, 4_000_000_000_000)


def millis(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@given(st.sampled_from(NAMES), TIMES)
def test_every_time_is_in_one_window_and_windows_follow_each_other(name, time):
    granularity = Granularity.named(name)
    start = granularity.start_of(time)
    end = granularity.end_of(start)
    assert start <= time < end
    assert granularity.start_of(start) == granularity.start_of(end - 1) == start
    assert granularity.start_of(end) == end
    assert granularity.before(end) == start
    assert granularity.end_of(granularity.before(start)) == start


@pytest.mark.parametrize(
    ("name", "time", "start"),
    [
        ("5 minutes", "2026-03-11T10:07:31", "2026-03-11T10:05:00"),
        ("30 minutes", "2026-03-11T10:37:31", "2026-03-11T10:30:00"),
        ("1 hour", "2026-03-11T10:37:31", "2026-03-11T10:00:00"),
        ("1 day", "2026-03-11T10:37:31", "2026-03-11T00:00:00"),
        ("1 week", "2026-03-11T10:37:31", "2026-03-09T00:00:00"),
        ("1 month", "2026-03-11T10:37:31", "2026-03-01T00:00:00"),
        ("1 year", "2026-03-11T10:37:31", "2026-01-01T00:00:00"),
    ],
)
def test_windows_begin_where_one_expects_them(name, time, start):
    assert Granularity.named(name).start_of(millis(time)) == millis(start)


def test_several_weeks_begin_on_a_monday_too():
    start = Granularity.named("3 weeks").start_of(millis("2026-03-11"))
    assert datetime.fromtimestamp(start / 1000, UTC).weekday() == 0


@pytest.mark.parametrize("name", ["", "1 minute", "0 weeks", "5 weeks", "1 weekss", "1 hours", "P1D"])
def test_other_widths_are_refused(name):
    with pytest.raises(InvalidParameterValue, match="The granularities are '5 minutes'"):
        Granularity.named(name)


@given(st.sampled_from(NAMES), TIMES)
def test_the_first_window_begins_thirty_days_before(name, created):
    granularity = Granularity.named(name)
    first = granularity.first_start(created)
    if granularity.whole:
        assert granularity.before(first) < created - 30 * DAY <= first
    else:
        assert first <= created - 30 * DAY < granularity.end_of(first)


def test_the_windows_that_reach_into_a_time():
    hour = Granularity.named("1 hour")
    starts = list(hour.starts(millis("2026-03-11T10:30:00"), millis("2026-03-11T12:00:00")))
    assert starts == [millis("2026-03-11T10:00:00"), millis("2026-03-11T11:00:00")]
