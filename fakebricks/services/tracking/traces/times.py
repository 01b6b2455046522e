"""Times and durations as protobuf's JSON has them, to the millisecond: `2026-11-22T23:43:48.383Z` and `1.500s`.

Real: where they are of whole seconds there is no fraction: `2026-11-22T23:43:48Z` and `1s`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from fakebricks.wire.errors import InvalidParameterValue

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LATEST = 253402300799999  # the last millisecond of the year 9999, after which protobuf has no timestamps
_DURATION = re.compile(r"(?P<sign>-?)(?P<seconds>\d{1,12})(?:\.(?P<fraction>\d{1,9}))?s", re.ASCII)


def checked(millis: int, name: str) -> int:
    """A moment that can be: not before the epoch, and not after the year 9999.

    Raises:
        InvalidParameterValue: it is not.
    """
    if not 0 <= millis <= _LATEST:
        raise InvalidParameterValue(f"Invalid value {millis} for parameter '{name}' supplied: it is out of range.")
    return millis


def millis_of(moment: datetime, name: str) -> int:
    """Milliseconds since the epoch; see `checked`."""
    return checked((moment - _EPOCH) // _MILLISECOND, name)


def timestamp(millis: int) -> str:
    """A moment as protobuf's JSON has it."""
    precision = "milliseconds" if millis % 1000 else "seconds"
    return (_EPOCH + millis * _MILLISECOND).isoformat(timespec=precision).replace("+00:00", "Z")


def millis_of_duration(text: str, name: str) -> int:
    """Milliseconds of a duration.

    Raises:
        InvalidParameterValue: it is not written as one.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise InvalidParameterValue(
            f"Invalid value for parameter '{name}': {text!r} is not a duration, such as '1.5s'."
        )
    millis = int(found["seconds"]) * 1000 + int((found["fraction"] or "").ljust(3, "0")[:3])
    return -millis if found["sign"] else millis


def duration(millis: int) -> str:
    """A duration as protobuf's JSON has it."""
    sign = "-" if millis < 0 else ""
    seconds, rest = divmod(abs(millis), 1000)
    return f"{sign}{seconds}.{rest:03d}s" if rest else f"{sign}{seconds}s"
