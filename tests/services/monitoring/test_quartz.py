"""Cron expressions of Quartz, beside a search through every second."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakebricks.services.monitoring.quartz import Schedule

DAY = 86_400_000
HALF_HOURS = ("09:00", "09:30", "10:00", "10:30")


def millis(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def fires(expression: str, after: str, until: str, zone: str = "UTC") -> list[str]:
    times = list(Schedule.parse(expression, zone).latest(millis(after), millis(until)))
    assert times == sorted(times, reverse=True)
    return [datetime.fromtimestamp(time / 1000, UTC).strftime("%m-%d %H:%M:%S") for time in reversed(times)]


@pytest.mark.parametrize(
    ("expression", "after", "until", "expected"),
    [
        ("0 0 12 * * ?", "2026-03-01", "2026-03-03", ["03-01 12:00:00", "03-02 12:00:00"]),
        ("0 15 10 ? * MON-FRI", "2026-03-06", "2026-03-10", ["03-06 10:15:00", "03-09 10:15:00"]),
        ("0 0/30 9-10 1 3 ?", "2026-02-01", "2026-04-30", [f"03-01 {one}:00" for one in HALF_HOURS]),
        ("0 0 0 L * ?", "2026-01-15", "2026-03-15", ["01-31 00:00:00", "02-28 00:00:00"]),
        ("0 0 0 L-3 * ?", "2026-02-01", "2026-03-01", ["02-25 00:00:00"]),
        ("0 0 0 LW * ?", "2026-01-15", "2026-03-01", ["01-30 00:00:00", "02-27 00:00:00"]),
        ("0 0 0 15W * ?", "2026-02-01", "2026-04-01", ["02-16 00:00:00", "03-16 00:00:00"]),
        ("0 0 0 1W 8 ?", "2026-01-01", "2026-12-31", ["08-03 00:00:00"]),
        ("0 0 0 ? * 6L", "2026-01-01", "2026-03-01", ["01-30 00:00:00", "02-27 00:00:00"]),
        ("0 0 0 ? * 2#1", "2026-01-01", "2026-03-01", ["01-05 00:00:00", "02-02 00:00:00"]),
        ("0 0 0 ? * FRI-MON", "2026-03-02T01:00:00", "2026-03-07", ["03-06 00:00:00", "03-07 00:00:00"]),
        ("0 0 0 1 1 ? 2027", "2026-01-01", "2028-12-31", ["01-01 00:00:00"]),
        ("0 0 0 ? * L", "2026-03-01", "2026-03-08", ["03-07 00:00:00"]),
        ("0 0 1 /14 3 ?", "2026-02-01", "2026-03-16", ["03-01 01:00:00", "03-15 01:00:00"]),
        ("30 0,30 0 1,2 * ?", "2026-03-01", "2026-03-02", ["03-01 00:00:30", "03-01 00:30:30"]),
    ],
)  # fmt: skip
def test_it_fires_when_it_says(expression, after, until, expected):
    assert fires(expression, after, until) == expected


def test_a_time_zone_moves_it():
    noon = fires("0 0 12 * * ?", "2026-07-01", "2026-07-02", "America/Los_Angeles")
    assert noon == ["07-01 19:00:00"]


def test_an_hour_that_is_skipped_does_not_fire_and_one_that_is_repeated_fires_once():
    berlin = "Europe/Berlin"
    assert fires("0 30 2 29 3 ?", "2026-03-01", "2026-04-01", berlin) == []
    assert fires("0 30 2 25 10 ?", "2026-10-01", "2026-11-01", berlin) == ["10-25 00:30:00"]


@pytest.mark.parametrize(
    "expression",
    [
        "", "0 0 12 * *", "0 0 12 * * *", "0 0 12 ? * ?", "60 0 12 * * ?", "0 0 24 * * ?", "0 0 12 32 * ?",
        "0 0 12 * 13 ?", "0 0 12 ? * 8", "0 0 12 ? * 2#6", "0 0/0 12 * * ?", "0 *-5 12 * * ?", "0 0 12 * * ? 1969",
        "0 0 12 X * ?", "a b c d e f", "0 0 12 * * ? * *", "0 , 12 * * ?", "0 -1 12 * * ?",
    ],
)  # fmt: skip
def test_what_is_no_expression_is_refused(expression):
    with pytest.raises(ValueError):
        Schedule.parse(expression, "UTC")


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "/etc/localtime", "a\0b"])
def test_what_is_no_time_zone_is_refused(zone):
    with pytest.raises(ValueError, match="no time zone"):
        Schedule.parse("0 0 12 * * ?", zone)


@given(st.text("0123456789*?/,-LW#MONJA ", max_size=30))
def test_any_text_is_an_expression_or_refused_as_a_value(text):
    try:
        schedule = Schedule.parse(text, "UTC")
    except ValueError:
        return
    list(islice(schedule.latest(0, 3 * DAY), 10))


def numbers(least: int, most: int):
    """Texts of a field, with the set of numbers that each stands for."""
    one = st.integers(least, most)
    span = st.tuples(one, one).map(sorted)
    return st.one_of(
        st.just(("*", set(range(least, most + 1)))),
        one.map(lambda a: (str(a), {a})),
        span.map(lambda s: (f"{s[0]}-{s[1]}", set(range(s[0], s[1] + 1)))),
        st.tuples(one, st.integers(1, 7)).map(lambda s: (f"{s[0]}/{s[1]}", set(range(s[0], most + 1, s[1])))),
        st.lists(one, min_size=1, max_size=3).map(lambda s: (",".join(map(str, s)), set(s))),
    )


@settings(max_examples=30)
@given(numbers(0, 59), numbers(0, 23), numbers(1, 31), numbers(1, 12), st.sampled_from(["UTC", "Asia/Kolkata"]))
def test_it_fires_exactly_when_every_field_agrees(minute, hour, day, month, zone):
    schedule = Schedule.parse(f"0 {minute[0]} {hour[0]} {day[0]} {month[0]} ?", zone)
    begin = datetime(2026, 2, 27, tzinfo=UTC)
    expected = []
    for step in range(1, 4 * 24 * 60 + 1):
        moment = begin + timedelta(minutes=step)
        local = moment.astimezone(ZoneInfo(zone))
        agrees = local.minute in minute[1] and local.hour in hour[1] and local.day in day[1] and local.month in month[1]
        if agrees:
            expected.append(int(moment.timestamp() * 1000))
    until = int((begin + timedelta(days=4)).timestamp() * 1000)
    assert list(schedule.latest(int(begin.timestamp() * 1000), until)) == expected[::-1]


@given(st.integers(1, 7), st.integers(1, 5))
def test_the_nth_weekday_of_a_month(weekday, nth):
    schedule = Schedule.parse(f"0 0 0 ? * {weekday}#{nth}", "UTC")
    expected = []
    for month in range(1, 13):
        days = range(1, calendar.monthrange(2026, month)[1] + 1)
        matching = [d for d in days if datetime(2026, month, d).isoweekday() % 7 + 1 == weekday]
        if len(matching) >= nth:
            expected.append(millis(f"2026-{month:02}-{matching[nth - 1]:02}"))
    assert list(schedule.latest(millis("2025-12-31"), millis("2026-12-31"))) == expected[::-1]


def test_the_latest_of_a_busy_schedule_are_found_at_once():
    every_second = Schedule.parse("* * * * * ?", "UTC")
    until = millis("2026-03-01")
    for moment in (until, until + DAY // 3):
        assert list(islice(every_second.latest(0, moment), 3)) == [moment, moment - 1000, moment - 2000]


@pytest.mark.parametrize(
    ("zone", "after", "until", "expected"),
    [
        ("Europe/Berlin", "2026-03-29T00:30", "2026-03-29T01:30", ["03-29 01:00:00"]),
        ("Europe/Berlin", "2026-10-24T23:30", "2026-10-25T02:00", ["10-25 00:00:00", "10-25 02:00:00"]),
        ("Europe/Berlin", "2026-10-24T23:30", "2026-10-25T01:30", ["10-25 00:00:00"]),
        ("Australia/Lord_Howe", "2026-04-04T13:30", "2026-04-04T16:00", ["04-04 14:00:00", "04-04 15:30:00"]),
        ("Pacific/Apia", "2011-12-30T09:30", "2011-12-30T11:00", ["12-30 10:00:00", "12-30 11:00:00"]),
    ],
)
def test_every_hour_that_clocks_show_fires_once(zone, after, until, expected):
    assert fires("0 0 * * * ?", after, until, zone) == expected
