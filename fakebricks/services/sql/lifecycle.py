"""The states of a warehouse, as functions of time.

Simulated: STARTING, RUNNING, STOPPING and STOPPED follow from when it was switched on or off and from its statements.
It stops by itself when it had none for as long as it is told to wait, and starts by itself for the next one.
"""

from __future__ import annotations

from msgspec.structs import replace

from fakebricks.services.sql.records import Power, Warehouse
from fakebricks.services.sql.timings import WarehouseTimings

STARTING, RUNNING, STOPPING, STOPPED = "STARTING", "RUNNING", "STOPPING", "STOPPED"

_MINUTE = 60


def state_of(warehouse: Warehouse, now: float) -> str:
    """The state that a warehouse is in."""
    power = warehouse.power
    if not power.on:
        return STOPPING if now < power.reached else STOPPED
    if now < power.reached:
        return STARTING
    return STOPPED if _idle_since(warehouse, now) else RUNNING


def switched_on(warehouse: Warehouse, now: float, timings: WarehouseTimings) -> Warehouse:
    """The warehouse, starting if it does not run; nothing changes where it does."""
    if state_of(warehouse, now) in (STARTING, RUNNING):
        return warehouse
    takes = timings.serverless_start if warehouse.settings.enable_serverless_compute else timings.classic_start
    return replace(warehouse, power=Power(on=True, reached=now + takes))


def switched_off(warehouse: Warehouse, now: float, timings: WarehouseTimings) -> Warehouse:
    """The warehouse, stopping if it runs; nothing changes where it does not."""
    if state_of(warehouse, now) in (STOPPING, STOPPED):
        return warehouse
    return replace(warehouse, power=Power(on=False, reached=now + timings.stop))


def busy(warehouse: Warehouse, until: float) -> Warehouse:
    """The warehouse with one statement more, which ends then."""
    return replace(warehouse, power=replace(warehouse.power, busy_until=max(warehouse.power.busy_until, until)))


def next_change(warehouse: Warehouse, now: float) -> float | None:
    """When a warehouse that is in transition will be through it."""
    return warehouse.power.reached if now < warehouse.power.reached else None


def _idle_since(warehouse: Warehouse, now: float) -> bool:
    """Whether it has had no statements for so long that it stopped by itself."""
    waits = warehouse.settings.auto_stop_mins * _MINUTE
    return waits > 0 and now >= max(warehouse.power.reached, warehouse.power.busy_until) + waits
