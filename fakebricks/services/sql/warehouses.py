"""SQL warehouses: what statements run on.

Real: settings, ids, names that are there once, lists, who may see, use and change which. Every workspace has a
serverless one for everybody from the start. Simulated: that they start and stop. Observed: the texts about ids that
are none and names that are taken. Inferred: the text about an id that is gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from fakebricks.clock import Clock
from fakebricks.ids import Ids
from fakebricks.services.sql import lifecycle, warehouse_settings
from fakebricks.services.sql.records import Warehouse
from fakebricks.services.sql.timings import WarehouseTimings
from fakebricks.state import State
from fakebricks.wire.errors import DatabricksError, InvalidParameterValue, ResourceDoesNotExist

_ID = re.compile(r"[0-9a-f]{16}")
_STARTER: Mapping[str, Any] = {
    "name": "Serverless Starter Warehouse",
    "cluster_size": "Small",
    "auto_stop_mins": 10,
    "warehouse_type": "PRO",
    "enable_serverless_compute": True,
}


class Warehouses:
    """The SQL warehouses of one workspace."""

    def __init__(self, state: State, ids: Ids, clock: Clock, timings: WarehouseTimings) -> None:
        self._state = state
        self._warehouses = state.table("sql_warehouses", Warehouse)
        self._ids = ids
        self._clock = clock
        self.timings = timings

    def add_starter(self, creator: str) -> Warehouse:
        """The warehouse that a workspace has from the start, stopped."""
        # Its id is drawn apart, so that it takes none from what is made later.
        warehouse_id = f"{int(self._ids.chance('starter warehouse') * 16**16):016x}"
        settings = warehouse_settings.complete(_STARTER)
        return self._put(Warehouse(id=warehouse_id, creator_name=creator, settings=settings, for_everybody=True))

    def create(self, told: Mapping[str, Any], creator: str) -> Warehouse:
        """A new warehouse, which starts at once.

        Raises:
            InvalidParameterValue, NotImplementedByFakebricks: see `warehouse_settings.complete`; or its name is taken.
        """
        warehouse_id = self._ids.hex32()[:16]
        settings = warehouse_settings.complete({"name": warehouse_id, **told})
        self._check_free(settings.name)
        made = Warehouse(id=warehouse_id, creator_name=creator, settings=settings)
        return self._put(lifecycle.switched_on(made, self._clock.time(), self.timings))

    def all(self, after: str | None = None) -> Iterator[Warehouse]:
        """All warehouses by id, from the one after `after` on."""
        for _, warehouse in self._warehouses.scan(after=None if after is None else (after,)):
            yield warehouse

    def find(self, warehouse_id: str) -> Warehouse | None:
        """The warehouse of that id, or None."""
        return self._warehouses.get((warehouse_id,))

    def get(self, warehouse_id: str) -> Warehouse:
        """The warehouse of that id.

        Raises:
            InvalidParameterValue: that is no id.
            ResourceDoesNotExist: there is none.
        """
        found = self.find(warehouse_id)
        if found is None:
            raise _missing(warehouse_id)
        return found

    def state(self, warehouse: Warehouse) -> str:
        """The state that it is in."""
        return lifecycle.state_of(warehouse, self._clock.time())

    def edit(self, warehouse_id: str, told: Mapping[str, Any]) -> Warehouse:
        """Change some settings of a warehouse; it goes on as it is.

        Raises as `get` and `create`.
        """
        warehouse = self.get(warehouse_id)
        settings = warehouse_settings.changed(warehouse.settings, told)
        if settings.name != warehouse.settings.name:
            self._check_free(settings.name)
        return self._put(replace(warehouse, settings=settings))

    def delete(self, warehouse_id: str) -> None:
        """Remove a warehouse. Raises as `get`."""
        self.get(warehouse_id)
        self._warehouses.delete((warehouse_id,))

    def start(self, warehouse_id: str) -> Warehouse:
        """Start a warehouse; one that runs goes on. Raises as `get`."""
        return self._put(lifecycle.switched_on(self.get(warehouse_id), self._clock.time(), self.timings))

    def stop(self, warehouse_id: str) -> Warehouse:
        """Stop a warehouse. Raises as `get`."""
        return self._put(lifecycle.switched_off(self.get(warehouse_id), self._clock.time(), self.timings))

    def when(self, warehouse_id: str, now: float) -> tuple[float, float]:
        """From when to when a statement would run that is submitted now, on a warehouse that starts if need be.

        Raises as `get`.
        """
        begins = max(now, lifecycle.switched_on(self.get(warehouse_id), now, self.timings).power.reached)
        return begins, begins + self.timings.statement

    def occupy(self, warehouse_id: str, since: float, until: float) -> None:
        """Let a warehouse be busy with a statement that was submitted then, until it ends. Raises as `get`."""
        warehouse = lifecycle.switched_on(self.get(warehouse_id), since, self.timings)
        self._put(lifecycle.busy(warehouse, until))

    def _check_free(self, name: str) -> None:
        if any(one.settings.name == name for one in self.all()):
            raise InvalidParameterValue(f"SQL warehouse with name `{name}` already exists")

    def _put(self, warehouse: Warehouse) -> Warehouse:
        self._warehouses.put((warehouse.id,), warehouse)
        return warehouse


def _missing(warehouse_id: str) -> DatabricksError:
    if _ID.fullmatch(warehouse_id) is None:
        return InvalidParameterValue(f"{warehouse_id[:64]} is not a valid endpoint id.")
    return ResourceDoesNotExist(f"SQL warehouse {warehouse_id} does not exist.")
