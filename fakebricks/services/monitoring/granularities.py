"""Windows of time: how wide they are, and where they begin.

Real: windows of each granularity that the platform has (documented). They begin at multiples of their width in UTC;
weeks begin on a Monday, months and years on their first day (inferred). Windows begin no earlier than thirty days
before the monitor was created; a week or a month that had begun before that is left out (documented).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from fakebricks.wire.errors import InvalidParameterValue

_SECOND = 1_000
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_WEEK = 7 * _DAY
_MONDAY = 4 * _DAY
"""The first Monday after the epoch, in milliseconds."""
_LOOKBACK = 30 * _DAY
_MONTHS = 12

_FIXED = {"5 minutes": 5 * _MINUTE, "30 minutes": 30 * _MINUTE, "1 hour": _HOUR, "1 day": _DAY}
_CALENDAR = {"1 month": 1, "1 year": 12}
_WEEKS = re.compile(r"([1-4]) weeks?")


@dataclass(frozen=True, slots=True)
class Granularity:
    """A kind of window; times are milliseconds since the epoch, and a window ends where the next one begins.

    Attributes:
        name: the platform's, such as `1 hour`.
        width: how long a window is; 0 where that is for the calendar to say.
        months: how many months a window has; 0 where it is not made of months.
        origin: where one of the windows begins.
        whole: whether only windows are looked at that begin after the lookback does.
    """

    name: str
    width: int = 0
    months: int = 0
    origin: int = 0
    whole: bool = False

    @classmethod
    def named(cls, name: str) -> Granularity:
        """The granularity of that name.

        >>> Granularity.named("2 weeks").width // 86_400_000
        14

        Raises:
            InvalidParameterValue: the platform has none such.
        """
        if name in _FIXED:
            return cls(name, width=_FIXED[name])
        if name in _CALENDAR:
            return cls(name, months=_CALENDAR[name], whole=name == "1 month")
        if weeks := _WEEKS.fullmatch(name):
            return cls(name, width=int(weeks[1]) * _WEEK, origin=_MONDAY, whole=True)
        known = ", ".join(f"'{one}'" for one in (*_FIXED, "1 week", "<n> weeks", *_CALENDAR))
        raise InvalidParameterValue(f"Invalid granularity '{name}'. The granularities are {known}; n is at most 4.")

    def start_of(self, time: int) -> int:
        """Where the window begins that a time is in."""
        if self.width:
            return time - (time - self.origin) % self.width
        moment = datetime.fromtimestamp(time // _SECOND, UTC)
        month = (moment.year * _MONTHS + moment.month - 1) // self.months * self.months
        return _month_start(month)

    def end_of(self, start: int) -> int:
        """Where the window ends that begins there."""
        if self.width:
            return start + self.width
        moment = datetime.fromtimestamp(start // _SECOND, UTC)
        return _month_start(moment.year * _MONTHS + moment.month - 1 + self.months)

    def before(self, start: int) -> int:
        """Where the window begins that is followed by the one that begins at `start`."""
        return self.start_of(start - 1)

    def first_start(self, created: int) -> int:
        """Where the first window begins of a monitor that was created at a time."""
        earliest = created - _LOOKBACK
        start = self.start_of(earliest)
        return self.end_of(start) if self.whole and start < earliest else start

    def starts(self, begin: int, end: int) -> Iterator[int]:
        """Where windows begin, of all that reach into the time from `begin` up to `end`."""
        start = self.start_of(begin)
        while start < end:
            yield start
            start = self.end_of(start)


def _month_start(month: int) -> int:
    """Where a month begins, by its number since the year 0."""
    year, index = divmod(month, _MONTHS)
    return int(datetime(year, index + 1, 1, tzinfo=UTC).timestamp()) * _SECOND
