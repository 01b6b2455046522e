"""Time as a parameter: one clock feeds every timestamp, expiry, latency and state of a workspace.

Simulated. Every clock starts at the present and ticks with the machine's own monotonic time; what differs is how fast,
and who may make it jump. No clock runs a thread: a state that depends on time is computed when it is read.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

# Bound at import, so that a clock never sees the simulated time that it gives to others.
_monotonic = time.monotonic
_sleep = time.sleep


class Clock:
    """Simulated time: a start, a rate, and the jumps made so far.

    Args:
        start: seconds since the epoch; the present by default.
        rate: simulated seconds per real second.

    >>> from datetime import timedelta
    >>> clock = VirtualClock()
    >>> before = clock.now()
    >>> clock.advance(minutes=31)
    >>> clock.now() - before >= timedelta(minutes=31)
    True
    """

    def __init__(self, start: float | None = None, rate: float = 1.0) -> None:
        self._start = time.time() if start is None else start
        self._began = _monotonic()
        self._rate = rate
        self._jumped = 0.0
        self._lock = threading.Lock()
        self._listeners: list[Callable[[float], None]] = []

    @property
    def name(self) -> str:
        """What `clock_named` calls it."""
        raise NotImplementedError

    def time(self) -> float:
        """Seconds since the epoch."""
        return self._start + self._counted() * self._rate + self._jumped

    def now(self) -> datetime:
        """The simulated present, in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def millis(self) -> int:
        """Milliseconds since the epoch, the platform's usual unit."""
        return int(self.time() * 1000)

    def advance(
        self,
        delta: timedelta | None = None,
        *,
        seconds: float = 0,
        minutes: float = 0,
        hours: float = 0,
        days: float = 0,
    ) -> None:
        """Move simulated time forward, by a `timedelta` or by its parts.

        Raises:
            ValueError: time would move backward.
        """
        total = (delta or timedelta()) + timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)
        self.jump(total.total_seconds())

    def jump(self, seconds: float) -> None:
        """Move simulated time forward by that many seconds, and tell the listeners."""
        if not seconds >= 0:
            message = f"time cannot move backward (by {seconds} s)"
            raise ValueError(message)
        with self._lock:
            self._jumped += seconds
        self._tell(seconds)

    def on_jump(self, listener: Callable[[float], None]) -> None:
        """Call `listener(seconds)` after each jump, from the thread that made it.

        The number is negative after real time that the clock has not counted.
        """
        self._listeners.append(listener)

    def forget(self, listener: Callable[[float], None]) -> None:
        """Stop calling a listener.

        Raises:
            ValueError: it was not called so far.
        """
        self._listeners.remove(listener)

    def jump_to(self, at: float) -> None:
        """Move simulated time forward to `at`, in seconds since the epoch; nothing happens where that is past."""
        with self._lock:
            seconds = max(0.0, at - self.time())
            self._jumped += seconds
        if seconds:
            self._tell(seconds)

    def spend(self, seconds: float, interrupt: threading.Event | None = None) -> None:
        """Let a caller's waiting time pass; `interrupt` ends a wait in real time early."""
        raise NotImplementedError

    @contextmanager
    def held(self) -> Iterator[None]:
        """Meanwhile, where waiting costs nothing, real time is not counted; jumps are."""
        yield

    def _counted(self) -> float:
        """The real seconds that have passed for the clock."""
        return _monotonic() - self._began

    def _tell(self, seconds: float) -> None:
        for listener in list(self._listeners):
            listener(seconds)

    def awaited(self, at: float) -> None:
        """A caller has been told to come back later, and nothing will change before the time `at`."""


class VirtualClock(Clock):
    """Waiting costs nothing: it moves the clock. The clock of the fixtures."""

    def __init__(self, start: float | None = None, rate: float = 1.0) -> None:
        super().__init__(start, rate)
        self._holders = 0
        self._ticking: tuple[float, float | None] = (self._began, None)  # one value, for who reads it without a lock

    @property
    def name(self) -> str:
        return "virtual"

    def spend(self, seconds: float, interrupt: threading.Event | None = None) -> None:  # noqa: ARG002 - nobody waits
        self.jump(seconds)

    @contextmanager
    def held(self) -> Iterator[None]:
        with self._lock:
            began, held_since = self._ticking
            self._ticking = (began, _monotonic() if held_since is None else held_since)
            self._holders += 1
        try:
            yield
        finally:
            if uncounted := self._let_go():
                self._tell(-uncounted * self._rate)

    def _let_go(self) -> float:
        """The real seconds that were not counted, once nobody holds the clock any more."""
        with self._lock:
            self._holders -= 1
            began, held_since = self._ticking
            if self._holders or held_since is None:
                return 0.0
            uncounted = _monotonic() - held_since
            self._ticking = (began + uncounted, None)
            return uncounted

    def _counted(self) -> float:
        began, held_since = self._ticking
        return (_monotonic() if held_since is None else held_since) - began


class AutoClock(VirtualClock):
    """A virtual clock for clients in other processes, whose sleeps it cannot see.

    When such a client reads a resource that is in transition, time moves on to the transition's end, so that the next
    poll sees it done.
    """

    @property
    def name(self) -> str:
        return "auto"

    def awaited(self, at: float) -> None:
        self.jump_to(at)


class RealClock(Clock):
    """Real time, or a multiple of it: waiting is waiting."""

    @property
    def name(self) -> str:
        return "real" if self._rate == 1 else f"x{self._rate:g}"

    def spend(self, seconds: float, interrupt: threading.Event | None = None) -> None:
        if interrupt is None:
            _sleep(seconds / self._rate)
        else:
            interrupt.wait(seconds / self._rate)


def clock_named(name: str) -> Clock:
    """The clock of an option: `virtual`, `auto`, `real`, or `xN` for N times as fast as real time.

    Raises:
        ValueError: there is no such clock.
    """
    if name in ("virtual", "auto", "real"):
        return {"virtual": VirtualClock, "auto": AutoClock, "real": RealClock}[name]()
    try:
        rate = float(name.removeprefix("x")) if name.startswith("x") else 0.0
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        message = f"no clock is called {name!r}; there are 'virtual', 'auto', 'real' and 'xN', for example 'x60'"
        raise ValueError(message)
    return RealClock(rate=rate)
