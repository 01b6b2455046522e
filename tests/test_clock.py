from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from fakebricks.clock import AutoClock, RealClock, VirtualClock, clock_named

LONG = 60
"""More seconds than anything here takes on a busy machine."""


class Machine:
    """The machine's time, in the test's hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr("fakebricks.clock._monotonic", machine.monotonic)
    return machine


def test_a_clock_starts_at_the_present():
    before = datetime.now(UTC)
    assert before <= VirtualClock(rate=0).now() <= datetime.now(UTC)


def test_a_clock_ticks_with_the_machine(machine):
    slow, still, fast = (VirtualClock(start=100, rate=rate) for rate in (1, 0, 60))
    machine.seconds += 5
    assert (slow.time(), still.time(), fast.time()) == (105, 100, 400)


def test_advance_adds_its_parts():
    clock = VirtualClock(start=0, rate=0)
    clock.advance(timedelta(seconds=1), seconds=2, minutes=3, hours=4, days=5)
    assert clock.time() == 1 + 2 + 180 + 4 * 3600 + 5 * 86400


@pytest.mark.parametrize("seconds", [-1, -0.001, float("nan")])
def test_time_does_not_go_backward(seconds):
    clock = VirtualClock(start=100, rate=0)
    with pytest.raises(ValueError, match="backward|NaN"):
        clock.advance(seconds=seconds)
    assert clock.time() == 100


def test_listeners_hear_of_every_jump():
    clock, heard = VirtualClock(), []
    clock.on_jump(heard.append)
    clock.advance(minutes=1)
    clock.spend(5)
    assert heard == [60, 5]


def test_real_time_does_not_count_while_a_clock_is_held(machine):
    clock, heard = VirtualClock(start=0), []
    clock.on_jump(heard.append)
    with clock.held():
        held = clock.time()
        with clock.held():
            machine.seconds += 5
        machine.seconds += 3
        assert clock.time() == held
        clock.advance(minutes=1)
        assert clock.time() == held + 60
    assert clock.time() == held + 60
    assert heard == [60, -8]
    machine.seconds += 2
    assert clock.time() == held + 62


def test_a_real_clock_is_not_held(machine):
    clock = RealClock(start=0)
    with clock.held():
        machine.seconds += 5
    assert clock.time() == 5


def test_spending_virtual_time_takes_none():
    clock, began = VirtualClock(start=0, rate=0), time.perf_counter()
    clock.spend(3600)
    assert clock.time() == 3600
    assert time.perf_counter() - began < LONG


def test_only_the_auto_clock_moves_to_what_is_awaited():
    virtual, auto = VirtualClock(start=0, rate=0), AutoClock(start=0, rate=0)
    for clock in (virtual, auto):
        clock.awaited(600)
        clock.awaited(1)
    assert (virtual.time(), auto.time()) == (0, 600)


def test_a_fast_clock_runs_at_its_rate_and_waits_its_part():
    clock = clock_named("x1000")
    before, began = clock.time(), time.perf_counter()
    clock.spend(20)
    assert time.perf_counter() - began >= 0.02
    assert clock.time() - before >= 20


@pytest.mark.parametrize("name", ["", "fast", "x", "x0", "x-1", "xinf", "xnan", "60"])
def test_a_clock_that_there_is_not(name):
    with pytest.raises(ValueError, match="no clock is called"):
        clock_named(name)


def test_names():
    assert type(clock_named("virtual")) is VirtualClock
    assert type(clock_named("auto")) is AutoClock
    assert type(clock_named("real")) is RealClock


def test_many_who_await_the_same_event_move_time_there_once():
    clock = AutoClock(start=0, rate=0)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(clock.awaited, [600] * 64))
    assert clock.time() == 600


def test_a_real_wait_ends_when_it_is_interrupted():
    stopping = Event()
    stopping.set()
    began = time.monotonic()
    RealClock().spend(10 * LONG, stopping)
    assert time.monotonic() - began < LONG


@pytest.mark.parametrize("name", ["virtual", "auto", "real", "x60"])
def test_a_clock_says_its_name(name):
    assert clock_named(name).name == name
