"""Clocks for tests in which it matters when something happens."""

from __future__ import annotations

from datetime import UTC, datetime

from fakebricks.clock import VirtualClock

MORNING = "2026-03-11T10:30:00"
"""Half past an hour, in the middle of a day, a week and a month."""


def standing_at(moment: str = MORNING) -> VirtualClock:
    """A clock that shows a moment, in UTC, and moves by its jumps only: no test is too slow for it."""
    return VirtualClock(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp(), rate=0)
