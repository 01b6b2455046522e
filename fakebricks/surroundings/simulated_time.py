"""The workspace's time, as code in this process sees it.

Simulated, in the thread that entered and in the threads started from it: `time.sleep` moves the workspace's clock
instead of waiting, under whatever name a module imported it, and `time.monotonic` counts those moves, so that a loop
with a deadline ends. `time.time()`, `datetime.now()` and their relatives agree with the clock, in every thread.

Real, everywhere: `time.perf_counter` and the process's CPU times, so that measurements stay measurements;
`threading.Event.wait`, `Queue.get`, `Lock.acquire`, `Future.result`, `threading.Timer` and `asyncio.sleep`, which wait
for something that other threads really do; sockets; child processes; clients written in Rust. Threads that were not
started from the entering one sleep as ever, and so does a pool that was there before. A function that was captured
where no module shows it (a default argument, a closure) keeps its sleep; in installed packages an alias is
found only where it has the function's own name.

A test that itself travels with time-machine sees its own time, which no sleep moves; `clock.advance()` is the way.

Of several workspaces, one in another, a sleep moves the clock of the innermost that its thread belongs to, and
`datetime.now()` is that of the innermost. Sleeps of parallel threads add up: there is one clock.
"""

from __future__ import annotations

import site
import sys
import sysconfig
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Self
from weakref import WeakSet

from fakebricks.clock import Clock
from fakebricks.patching import Patch

# Where modules are not searched for aliases under other names; fakebricks itself is among them, for its clock is real.
_INSTALLED = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    | {*site.getsitepackages(), site.getusersitepackages(), str(Path(__file__).parents[1])}
)


class SimulatedTime:
    """While entered, this thread and those started from it live in a clock's time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._jumped = 0.0
        self._threads: WeakSet[threading.Thread] = WeakSet()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        import time_machine

        self._threads.add(threading.current_thread())
        with ExitStack() as stack:
            traveller = stack.enter_context(time_machine.travel(self._clock.time(), tick=True))
            time.time()  # from the first look on, it ticks
            traveller.shift(self._clock.time() - time.time())  # the clock has gone on meanwhile, on a busy machine far
            for listener in (traveller.shift, self._moved):
                self._clock.on_jump(listener)
                stack.callback(self._clock.forget, listener)
            sleep = Patch(time, "sleep", self._sleep)
            monotonic = Patch(time, "monotonic", self._monotonic)
            monotonic_ns = Patch(time, "monotonic_ns", self._monotonic_ns)
            for patch in (Patch(threading.Thread, "start", self._inherited), sleep, monotonic, monotonic_ns):
                patch.start()
                stack.callback(patch.stop)
            stack.enter_context(_Aliases(sleep, monotonic))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.clear()
        self._stack.close()

    def _moved(self, seconds: float) -> None:
        self._jumped += max(0.0, seconds)  # a monotonic clock does not go back

    def _here(self) -> bool:
        return threading.current_thread() in self._threads

    def _inherited(self, original: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
        def start(thread: threading.Thread) -> None:
            if self._here():
                self._threads.add(thread)
            original(thread)

        return start

    def _sleep(self, original: Callable[[float], None]) -> Callable[[float], None]:
        def sleep(seconds: float, /) -> None:
            if not self._here():
                original(seconds)
                return
            if seconds < 0:
                message = "sleep length must be non-negative"
                raise ValueError(message)
            self._clock.spend(seconds)
            original(0)  # other threads get their turn, as in a sleep

        return sleep

    def _monotonic(self, original: Callable[[], float]) -> Callable[[], float]:
        def monotonic() -> float:
            return original() + self._jumped if self._here() else original()

        return monotonic

    def _monotonic_ns(self, original: Callable[[], int]) -> Callable[[], int]:
        def monotonic_ns() -> int:
            return original() + round(self._jumped * 1e9) if self._here() else original()

        return monotonic_ns


class _Aliases:
    """The patched functions under the names by which modules imported them."""

    def __init__(self, *patches: Patch) -> None:
        self._patches = patches
        self._changed: list[tuple[dict[str, Any], str, Any]] = []
        self._known: frozenset[str] = frozenset()

    def __enter__(self) -> Self:
        self._known = frozenset(sys.modules)
        replacements = [(patch.name, patch.original, patch.replacement) for patch in self._patches]
        for space, alias, replacement in _found(list(sys.modules.values()), replacements):
            self._changed.append((space, alias, space[alias]))
            space[alias] = replacement
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put back what the modules had; those imported meanwhile get what they would have got."""
        for space, alias, value in self._changed:
            space[alias] = value
        originals = [(patch.name, patch.replacement, patch.original) for patch in self._patches]
        imported = [sys.modules[name] for name in sys.modules.keys() - self._known]
        for space, alias, original in _found(imported, originals):
            space[alias] = original


def _found(modules: list[ModuleType], functions: list[tuple[str, Any, Any]]) -> list[tuple[dict[str, Any], str, Any]]:
    """Where modules hold one of the functions: the module's names, the alias, and what the function is to become.

    It runs for every test, over thousands of modules: hence the plain loop.
    """
    found = []
    for module in modules:
        try:
            space = object.__getattribute__(module, "__dict__")  # a lazy module stays asleep
        except AttributeError:  # not everything in sys.modules is a module
            continue
        for name, function, becomes in functions:
            if name in space and space[name] is function and module is not time:
                found.append((space, name, becomes))
        file = space.get("__file__")
        if not isinstance(file, str) or file.startswith(_INSTALLED):
            continue
        for alias, value in space.items():
            for name, function, becomes in functions:
                if value is function and alias != name:
                    found.append((space, alias, becomes))
    return found
