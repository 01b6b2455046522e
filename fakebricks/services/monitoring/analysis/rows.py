"""Rows of the metric tables, before they are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from fakebricks.services.monitoring.analysis.observations import Key


class Window(NamedTuple):
    """From one time up to another, in milliseconds."""

    begin: int
    end: int

    def told(self) -> dict[str, datetime]:
        """As the metric tables have it."""
        return {"start": _moment(self.begin), "end": _moment(self.end)}


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """What one column of one group of rows comes to in one window; None stands for all time."""

    window: Window | None
    granularity: str | None
    log_type: Literal["INPUT", "BASELINE"]
    key: Key
    column: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class DriftRow:
    """How far a row of the profile is from another."""

    current: ProfileRow
    base: ProfileRow
    drift_type: Literal["CONSECUTIVE", "BASELINE"]
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Metrics:
    """All that a refresh has computed."""

    profile: list[ProfileRow] = field(default_factory=list)
    drift: list[DriftRow] = field(default_factory=list)


def _moment(millis: int) -> datetime:
    return datetime.fromtimestamp(millis / 1000, UTC)
