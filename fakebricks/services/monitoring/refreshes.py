"""Refreshes of monitors: those that somebody asks for, and those of schedules.

Real: the work. It is done when somebody looks at the monitor or its metric tables after a refresh is over, and all that
are over by then are done together, in their order: each writes the windows up to the time when it began, with the rows
that the tables have when one looks. Simulated: how long it waits and takes; one begins when the one before is over.
The history has the latest 25 (documented: "the most recent refreshes (up to 25)"), one that runs among them; those
that are older are forgotten when they are over (inferred).
"""

from __future__ import annotations

import threading
from collections import defaultdict
from itertools import islice
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from fakebricks.clock import Clock
from fakebricks.ids import Ids
from fakebricks.services.monitoring.checks import checked_schedule
from fakebricks.services.monitoring.monitors import Monitors
from fakebricks.services.monitoring.records import MonitorRecord, Progress, RefreshRecord, Trigger
from fakebricks.services.sql import SqlError
from fakebricks.state import State
from fakebricks.wire.errors import DatabricksError, InvalidState, ResourceDoesNotExist

_MOST_KNOWN = 25
_WAITING = (5_000, 20_000)
_TAKING = (60_000, 180_000)
"""Between these bounds, in milliseconds, the waiting and the work of a refresh are drawn (inferred)."""


class Done(NamedTuple):
    """What came of the work."""

    progress: Progress | None
    problems: tuple[str, ...] = ()
    """What could not be computed, while everything else was."""


class Work(Protocol):
    """Computes metrics and writes them."""

    def __call__(self, monitor: MonitorRecord, times: list[int]) -> Done:
        """Do the refreshes that began at these times, in their order.

        Raises:
            SqlError, DatabricksError: they cannot be done at all.
        """


class Refreshes:
    """The refreshes of all monitors. `catch_up` may take long, and must not be called inside a transaction."""

    def __init__(self, state: State, ids: Ids, clock: Clock, monitors: Monitors, work: Work) -> None:
        self._state = state
        self._refreshes = state.table("monitor_refreshes", RefreshRecord)
        self._ids = ids
        self._clock = clock
        self._monitors = monitors
        self._work = work
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def run(self, monitor: MonitorRecord) -> RefreshRecord:
        """Ask for a refresh."""
        with self._state.transaction():
            return self._add(monitor, "MANUAL", self._clock.millis())

    def history(self, monitor: MonitorRecord) -> list[RefreshRecord]:
        """The latest refreshes of a monitor, the newest first."""
        return self._all(monitor)[:_MOST_KNOWN]

    def get(self, monitor: MonitorRecord, refresh_id: int) -> RefreshRecord:
        """The refresh of that id.

        Raises:
            ResourceDoesNotExist: the monitor has none such.
        """
        found = next((one for one in self._all(monitor) if one.id == refresh_id), None)
        if found is None:
            raise ResourceDoesNotExist(f"Cannot find refresh {refresh_id} of the monitor of '{monitor.table_name}'.")
        return found

    def cancel(self, monitor: MonitorRecord, refresh_id: int) -> RefreshRecord:
        """End a refresh that is not over; its work is not done.

        Raises:
            ResourceDoesNotExist: the monitor has none such.
            InvalidState: it is over.
        """
        refresh = self.get(monitor, refresh_id)
        now = self._clock.millis()
        if refresh.outcome is not None or refresh.end <= now:
            raise InvalidState(f"Refresh {refresh_id} is over and cannot be canceled.")
        canceled = replace(refresh, outcome="CANCELED", end=now)
        self._put(monitor, canceled)
        self._forget_old(monitor)
        return canceled

    def catch_up(self, table_id: str) -> None:
        """Do the work of all refreshes of a table's monitor that are over by now."""
        with self._locks[table_id]:
            monitor = self.fire(table_id)
            if monitor is None:
                return
            now = self._clock.millis()
            over = [one for one in self._all(monitor) if one.outcome is None and one.end <= now][::-1]
            if over:
                self._do(monitor, over)

    def fire(self, table_id: str) -> MonitorRecord | None:
        """The monitor of a table, with the refreshes that its schedule has asked for up to now, or None."""
        with self._state.transaction():
            monitor = self._monitors.find(table_id)
            if monitor is None:
                return None
            schedule = monitor.configuration.schedule
            now = self._clock.millis()
            if schedule is not None and not schedule.paused:
                times = checked_schedule(schedule).latest(monitor.fired_until, now)
                for time in reversed(list(islice(times, _MOST_KNOWN))):
                    if not self._waits(monitor, time):
                        self._add(monitor, "SCHEDULE", time)
            fired = replace(monitor, fired_until=now)
            self._monitors.put(fired)
            return fired

    def before_reading(self, full_name: str) -> None:
        """Have a table up to date before it is read, if it is one of a monitor's metric tables."""
        for monitor in list(self._monitors.writing_to(full_name)):
            self.catch_up(monitor.table_id)

    def _do(self, monitor: MonitorRecord, over: list[RefreshRecord]) -> None:
        try:
            done = self._work(monitor, [one.start for one in over])
        except (SqlError, DatabricksError) as error:
            done = Done(monitor.progress, (str(error),))
        message = " ".join(done.problems) or None
        with self._state.transaction():
            current = self._monitors.find(monitor.table_id)
            known = [one for one in over if self._refreshes.get(_key(monitor, one)) is not None]
            if current is None or not known:  # it has been deleted in the meantime
                return
            for one in known:
                self._put(monitor, replace(one, outcome="FAILED" if message else "SUCCESS", message=message))
            self._forget_old(monitor)
            self._monitors.put(replace(current, progress=done.progress, failure=message))

    def _waits(self, monitor: MonitorRecord, time: int) -> bool:
        """Whether one that the schedule has asked for has not begun at that time."""
        asked = (one for one in self._all(monitor) if one.trigger == "SCHEDULE" and one.outcome is None)
        return any(time < one.running_at for one in asked)

    def _add(self, monitor: MonitorRecord, trigger: Trigger, start: int) -> RefreshRecord:
        """A new refresh, which begins to run when all others are over."""
        free = max([start, *(one.end for one in self._all(monitor) if one.outcome != "CANCELED")])
        chance = self._ids.chance("refresh", monitor.table_id, start)
        running_at = free + _drawn(_WAITING, chance)
        refresh = RefreshRecord(
            id=int(self._ids.number(15)),
            trigger=trigger,
            start=start,
            running_at=running_at,
            end=running_at + _drawn(_TAKING, chance),
        )
        self._put(monitor, refresh)
        self._forget_old(monitor)
        return refresh

    def _all(self, monitor: MonitorRecord) -> list[RefreshRecord]:
        """The history, and what is older and not over; the newest first."""
        return [refresh for _, refresh in self._refreshes.scan((monitor.table_id,), reverse=True)]

    def _put(self, monitor: MonitorRecord, refresh: RefreshRecord) -> None:
        self._refreshes.put(_key(monitor, refresh), refresh)

    def _forget_old(self, monitor: MonitorRecord) -> None:
        for one in self._all(monitor)[_MOST_KNOWN:]:
            if one.outcome is not None:
                self._refreshes.delete(_key(monitor, one))


def _key(monitor: MonitorRecord, refresh: RefreshRecord) -> tuple[str, int, int]:
    return monitor.table_id, refresh.running_at, refresh.id


def state_of(refresh: RefreshRecord, now: int) -> str:
    """The state of a refresh at a time, in the words that both APIs share."""
    if refresh.outcome == "CANCELED":
        return "CANCELED"
    if now < refresh.running_at:
        return "PENDING"
    if now < refresh.end or refresh.outcome is None:
        return "RUNNING"
    return refresh.outcome


def awaits(refresh: RefreshRecord, now: int) -> float | None:
    """When the state of a refresh will change, in seconds; None where it is over."""
    if refresh.outcome is not None or now >= refresh.end:
        return None
    return (refresh.running_at if now < refresh.running_at else refresh.end) / 1000


def _drawn(bounds: tuple[int, int], chance: float) -> int:
    return round(bounds[0] + chance * (bounds[1] - bounds[0]))
