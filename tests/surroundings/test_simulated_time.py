"""Simulated time in process: what moves, what stays real, and that all of it is put back."""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
import time
import time as clock_of_the_machine
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from time import monotonic as ticks
from time import perf_counter, sleep
from time import sleep as nap
from types import ModuleType

import pytest
import requests
import time_machine

from fakebricks import fake_workspace
from fakebricks.clock import RealClock, VirtualClock
from fakebricks.surroundings.simulated_time import SimulatedTime

LONG = 60
"""More seconds than anything here takes on a busy machine."""


@pytest.fixture
def clock():
    """It moves by its jumps only, however slow the machine is."""
    clock = VirtualClock(rate=0)
    with SimulatedTime(clock):
        yield clock


@pytest.fixture
def ticking():
    clock = VirtualClock()
    with SimulatedTime(clock):
        yield clock


def elapsed(clock: VirtualClock, since: float) -> float:
    return round(clock.time() - since, 3)


def agrees(clock: VirtualClock, look: Callable[[], float] = time.time) -> bool:
    """Whether what is seen lies between two looks at the clock, but for what the two count differently."""
    before, seen, after = clock.time(), look(), clock.time()
    return before - 0.05 <= seen <= after + 0.05


def test_sleep_moves_the_clock_under_every_name(clock):
    before, began = clock.time(), perf_counter()
    time.sleep(100)
    sleep(20)
    nap(3)
    clock_of_the_machine.sleep(0.4)
    assert elapsed(clock, before) == 123.4
    assert perf_counter() - began < LONG


def test_an_alias_in_an_installed_package_is_found_by_the_functions_own_name(monkeypatch):
    module = ModuleType("installed")
    module.__file__ = f"{sys.prefix}/lib/python3.11/site-packages/installed.py"
    exec("from time import sleep", vars(module))
    monkeypatch.setitem(sys.modules, "installed", module)
    clock = VirtualClock(rate=0)
    before, real = clock.time(), module.sleep
    with SimulatedTime(clock):
        module.sleep(100)
    assert elapsed(clock, before) == 100
    assert module.sleep is real


def test_a_module_imported_meanwhile_has_the_real_sleep_afterwards(monkeypatch):
    module = ModuleType("late")
    module.__file__ = "/project/late.py"
    real, clock = time.sleep, VirtualClock()
    with SimulatedTime(clock):
        exec("from time import sleep, monotonic; from time import sleep as nap", vars(module))
        monkeypatch.setitem(sys.modules, "late", module)
        module.nap(100)
    assert (module.sleep, module.nap, module.monotonic) == (real, real, time.monotonic)


def test_sleep_takes_what_the_real_one_takes(clock):
    with pytest.raises(ValueError, match="must be non-negative"):
        time.sleep(-1)
    with pytest.raises(TypeError):
        time.sleep("1")
    time.sleep(0)


def test_the_time_of_day_agrees_with_the_clock(ticking):
    for move in (lambda: None, lambda: time.sleep(600), lambda: ticking.advance(days=3)):
        move()
        assert agrees(ticking)
        assert agrees(ticking, lambda: datetime.now(UTC).timestamp())
        assert agrees(ticking, lambda: time.time_ns() / 1e9)


def test_the_time_of_day_agrees_with_the_clock_however_long_it_took_to_enter(monkeypatch):
    travel, clock = time_machine.travel, VirtualClock()
    monkeypatch.setattr(time_machine, "travel", lambda *asked, **more: sleep(0.2) or travel(*asked, **more))
    with SimulatedTime(clock):
        assert agrees(clock)


def test_the_time_of_day_agrees_with_a_clock_that_was_held(ticking):
    monotonic = time.monotonic()
    with ticking.held():
        threading.Event().wait(0.2)
    assert agrees(ticking)
    assert time.monotonic() - monotonic >= 0.2


def test_a_clock_that_starts_elsewhere():
    with SimulatedTime(VirtualClock(start=1_700_000_000)):
        assert datetime.now(UTC).year == 2023


def test_a_loop_with_a_monotonic_deadline_ends(clock):
    began = perf_counter()
    deadline, other = time.monotonic() + 600, ticks() + 600
    while time.monotonic() < deadline or ticks() < other:
        time.sleep(10)
    assert perf_counter() - began < LONG


def test_perf_counter_stays_real(clock):
    began = time.perf_counter()
    time.sleep(600)
    assert time.perf_counter() - began < LONG


def test_a_waiter_of_ten_minutes_takes_no_time(clock):
    began, deadline, polls = perf_counter(), time.time() + 600, 0
    while time.time() < deadline:
        polls += 1
        time.sleep(min(polls, 10) + 0.3)
    assert 30 < polls < 80
    assert perf_counter() - began < LONG


def test_threads_started_from_a_simulated_one_are_simulated(clock):
    before, began = clock.time(), perf_counter()

    def nested() -> None:
        thread = threading.Thread(target=time.sleep, args=(100,))
        thread.start()
        thread.join()

    with ThreadPoolExecutor(2) as pool:
        pool.submit(nested).result()
    assert elapsed(clock, before) == 100
    assert perf_counter() - began < LONG


def test_a_thread_from_outside_keeps_its_beat():
    beats, begin = [], threading.Event()

    def beat() -> None:
        begin.wait(LONG)
        for _ in range(5):
            seen, really = time.monotonic(), perf_counter()
            time.sleep(0.02)
            beats.append((time.monotonic() - seen, perf_counter() - really))

    outside = threading.Thread(target=beat)
    outside.start()
    clock, moves = VirtualClock(start=0, rate=0), 0
    with SimulatedTime(clock):
        begin.set()
        while outside.is_alive():
            time.sleep(1000)
            moves += 1
            outside.join(0.005)
    assert len(beats) == 5
    assert all(seen < 1000 and really >= 0.02 for seen, really in beats)
    assert clock.time() == 1000 * moves


def test_waiting_for_other_threads_stays_real(clock):
    before = clock.time()
    assert not threading.Event().wait(0.02)
    with pytest.raises(queue.Empty):
        queue.Queue().get(timeout=0.02)
    asyncio.run(asyncio.sleep(0.02))
    assert clock.time() == before


def test_of_nested_workspaces_the_innermost_one_s_clock_moves():
    outer, inner = VirtualClock(rate=0), VirtualClock(start=1_700_000_000, rate=0)
    before = outer.time()
    with SimulatedTime(outer):
        time.sleep(100)
        with SimulatedTime(inner):
            time.sleep(1000)
            assert 1000 <= time.time() - 1_700_000_000 < 1000 + LONG
        assert 100 <= time.time() - before < 100 + LONG
        time.sleep(10)
    assert elapsed(outer, before) == 110
    assert elapsed(inner, 1_700_000_000) == 1000


def test_everything_is_put_back_also_after_an_error():
    before = (time.sleep, time.monotonic, time.monotonic_ns, threading.Thread.start, nap, ticks)
    clock, present = VirtualClock(), time.time()
    with pytest.raises(ZeroDivisionError), SimulatedTime(clock):
        time.sleep(10_000)
        raise ZeroDivisionError
    assert before == (time.sleep, time.monotonic, time.monotonic_ns, threading.Thread.start, nap, ticks)
    assert time.time() - present < LONG
    clock.advance(days=1)
    assert time.time() - present < LONG


def test_a_real_clock_leaves_time_alone():
    with fake_workspace(clock="real") as workspace:
        assert isinstance(workspace.clock, RealClock)
        began = perf_counter()
        time.sleep(0.05)
        assert perf_counter() - began >= 0.05


def test_urllib3_s_back_off_is_simulated():
    with fake_workspace() as workspace, requests.Session() as session:
        from urllib3 import Retry

        retry = Retry(4, status_forcelist=(403,), backoff_factor=8, raise_on_status=False)
        session.mount("https://", requests.adapters.HTTPAdapter(max_retries=retry))
        before, began = workspace.clock.time(), perf_counter()
        wrong = {"authorization": "Bearer wrong"}
        session.get(f"{workspace.host}/api/2.0/preview/scim/v2/Me", headers=wrong, timeout=5)
        assert len(workspace.calls) == 5
        assert workspace.clock.time() - before > 60
        assert perf_counter() - began < 60
