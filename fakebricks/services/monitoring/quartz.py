"""Quartz cron expressions: when a schedule fires.

Real: six or seven fields (seconds, minutes, hours, day of month, month, day of week, year) with `*`, `?`, lists,
ranges, steps, names of months and days, `L`, `L-3`, `W`, `LW`, `5L` and `2#1`, in a time zone: what falls into the hour
that a clock skips in spring does not fire, and what falls into the one that it repeats in autumn fires the first time.
One of the two fields of days must be `?`, as Quartz demands (documented: the CronTrigger tutorial).
"""

from __future__ import annotations

import calendar
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FIRST_YEAR, _LAST_YEAR = 1970, 2099
_PART = re.compile(r"(?P<first>\*|[0-9A-Z]+|(?=/))(?:-(?P<last>[0-9A-Z]+))?(?:/(?P<step>[0-9]+))?")
_LAST_DAY = re.compile(r"L(?:-(?P<back>[0-9]{1,2}))?(?P<weekday>W)?")
_NEAREST = re.compile(r"(?P<day>[0-9]{1,2})W")
_LAST_OF = re.compile(r"(?P<day>[0-9A-Z]+)L")
_NTH = re.compile(r"(?P<day>[0-9A-Z]+)#(?P<nth>[1-5])")
_SIX_FIELDS, _SEVEN_FIELDS = 6, 7
_LARGEST_SHIFT = 2 * 3_600_000
"""By how many milliseconds clocks are set back at most."""
_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6

OnDay = Callable[[date], bool]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an expression: what it is called, its numbers, and their names."""

    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()

    def parse(self, text: str) -> frozenset[int]:
        """The numbers that a list of ranges comes to.

        Raises:
            ValueError: it is none.
        """
        found: set[int] = set()
        for part in text.split(","):
            found.update(self._part(part))
        return frozenset(found)

    def number(self, text: str) -> int:
        """What a number or a name stands for."""
        if text in self.names:
            return self.names.index(text) + self.least
        if not text.isdigit() or not self.least <= int(text) <= self.most:
            message = f"'{text}' is not a value of the field '{self.name}' ({self.least} to {self.most})"
            raise ValueError(message)
        return int(text)

    def _part(self, text: str) -> Iterator[int]:
        match = _PART.fullmatch(text)
        if match is None:
            message = f"'{text}' cannot stand in the field '{self.name}'"
            raise ValueError(message)
        step = int(match["step"] or 1)
        if not step:
            message = f"the step of '{text}' in the field '{self.name}' must not be 0"
            raise ValueError(message)
        if match["first"] in ("*", ""):  # `/5` is `*/5` (documented)
            if match["last"]:
                message = f"'{text}' cannot stand in the field '{self.name}'"
                raise ValueError(message)
            return iter(range(self.least, self.most + 1, step))
        first = self.number(match["first"])
        open_end = self.most if match["step"] else first
        return self._around(first, self.number(match["last"]) if match["last"] else open_end, step)

    def _around(self, first: int, last: int, step: int) -> Iterator[int]:
        """From one number up to another, which may be past the greatest: `FRI-MON`."""
        size = self.most - self.least + 1
        end = last if last >= first else last + size
        return ((number - self.least) % size + self.least for number in range(first, end + 1, step))


_SECONDS = Field("seconds", 0, 59)
_MINUTES = Field("minutes", 0, 59)
_HOURS = Field("hours", 0, 23)
_DAY_OF_MONTH = Field("day-of-month", 1, 31)
_MONTH = Field("month", 1, 12, _MONTHS)
_DAY_OF_WEEK = Field("day-of-week", 1, 7, _DAYS)
_YEAR = Field("year", _FIRST_YEAR, _LAST_YEAR)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When something fires: at some times of some days."""

    seconds_of_day: tuple[int, ...]
    months: frozenset[int]
    years: frozenset[int]
    on_day: OnDay
    zone: ZoneInfo

    @classmethod
    def parse(cls, expression: str, timezone_id: str) -> Schedule:
        """The schedule that an expression stands for.

        >>> noon = Schedule.parse("0 0 12 * * ?", "UTC")
        >>> day = 86_400_000
        >>> [time // 3_600_000 for time in noon.latest(0, 2 * day)]
        [36, 12]

        Raises:
            ValueError: it is none, or there is no such time zone.
        """
        fields = expression.upper().split()
        if len(fields) not in (_SIX_FIELDS, _SEVEN_FIELDS):
            message = f"it has {len(fields)} fields, not 6 or 7"
            raise ValueError(message)
        seconds, minutes, hours, day, month, weekday = fields[:_SIX_FIELDS]
        times = tuple(
            hour * 3600 + minute * 60 + second
            for hour in sorted(_HOURS.parse(hours))
            for minute in sorted(_MINUTES.parse(minutes))
            for second in sorted(_SECONDS.parse(seconds))
        )
        years = _YEAR.parse(fields[_SIX_FIELDS]) if len(fields) == _SEVEN_FIELDS else _YEAR.parse("*")
        return cls(times, _MONTH.parse(month), years, _on_day(day, weekday), _zone(timezone_id))

    def latest(self, after: int, until: int) -> Iterator[int]:
        """When it fires after a time and until another, in milliseconds since the epoch; the latest comes first."""
        day, first = self._local(until).date(), self._local(after).date()
        latest = self._local(until + _LARGEST_SHIFT)
        while day >= first:
            for time in self._fires_on(day, latest):
                if after < time <= until:
                    yield time
            day -= timedelta(days=1)

    def _fires_on(self, day: date, latest: datetime) -> Iterator[int]:
        """When it fires on a day, the latest comes first; not what clocks show after a time at the latest."""
        if day.year not in self.years or day.month not in self.months or not self.on_day(day):
            return
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - in the schedule's zone, set below
        end = bisect_right(self.seconds_of_day, (latest - midnight).total_seconds())
        for second in reversed(self.seconds_of_day[:end]):
            local = (midnight + timedelta(seconds=second)).replace(tzinfo=self.zone)
            moment = local.astimezone(UTC)
            if moment.astimezone(self.zone).replace(tzinfo=None) == local.replace(tzinfo=None):
                yield int(moment.timestamp()) * 1000

    def _local(self, time: int) -> datetime:
        """What clocks in the zone show."""
        return datetime.fromtimestamp(time // 1000, self.zone).replace(tzinfo=None)


def _zone(timezone_id: str) -> ZoneInfo:
    try:
        return ZoneInfo(timezone_id)
    except (KeyError, ValueError, OSError):
        message = f"there is no time zone '{timezone_id}'"
        raise ValueError(message) from None


def _on_day(day: str, weekday: str) -> OnDay:
    """Whether a day is one that the two fields of days mean; exactly one of them is `?`."""
    if (day == "?") == (weekday == "?"):
        message = "exactly one of the fields day-of-month and day-of-week must be '?'"
        raise ValueError(message)
    if weekday == "?":
        return _any_of([_of_month(part) for part in day.split(",")])
    return _any_of([_of_week(part) for part in weekday.split(",")])


def _any_of(rules: list[OnDay]) -> OnDay:
    return lambda one: any(rule(one) for rule in rules)


def _of_month(part: str) -> OnDay:
    if last := _LAST_DAY.fullmatch(part):
        back, to_weekday = int(last["back"] or 0), bool(last["weekday"])
        return lambda one: one.day == _near(one, _days_in(one) - back, to_weekday=to_weekday)
    if nearest := _NEAREST.fullmatch(part):
        wanted = _DAY_OF_MONTH.number(nearest["day"])
        return lambda one: one.day == _near(one, wanted, to_weekday=True)
    days = _DAY_OF_MONTH.parse(part)
    return lambda one: one.day in days


def _of_week(part: str) -> OnDay:
    if part in ("L", "7L"):
        days = frozenset({7})
        return (lambda one: _quartz_weekday(one) in days) if part == "L" else _last_of(7)
    if nth := _NTH.fullmatch(part):
        wanted, number = _DAY_OF_WEEK.number(nth["day"]), int(nth["nth"])
        return lambda one: _quartz_weekday(one) == wanted and (one.day - 1) // 7 + 1 == number
    if (last := _LAST_OF.fullmatch(part)) and part not in _DAYS:
        return _last_of(_DAY_OF_WEEK.number(last["day"]))
    chosen = _DAY_OF_WEEK.parse(part)
    return lambda one: _quartz_weekday(one) in chosen


def _last_of(weekday: int) -> OnDay:
    return lambda one: _quartz_weekday(one) == weekday and one.day + 7 > _days_in(one)


def _quartz_weekday(day: date) -> int:
    """1 for Sunday to 7 for Saturday."""
    return day.isoweekday() % 7 + 1


def _days_in(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _near(month: date, day: int, *, to_weekday: bool) -> int:
    """A day of a month, or the weekday nearest to it in that month; 0 where the month has no such day."""
    most = _days_in(month)
    if not 1 <= day <= most:
        return 0
    weekday = month.replace(day=day).weekday()
    if not to_weekday or weekday <= _FRIDAY:
        return day
    if weekday == _SATURDAY:
        return day - 1 if day > 1 else day + 2
    return day + 1 if day < most else day - 2
