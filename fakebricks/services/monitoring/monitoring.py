"""Monitoring as its operations see it: the monitors, and their refreshes."""

from __future__ import annotations

from dataclasses import dataclass

from fakebricks.services.monitoring.monitors import Monitors
from fakebricks.services.monitoring.records import Configuration, MonitorRecord, RefreshRecord
from fakebricks.services.monitoring.refreshes import Refreshes
from fakebricks.wire.authentication import Caller


@dataclass(frozen=True, slots=True)
class Monitoring:
    """What the operations of both APIs work on."""

    monitors: Monitors
    refreshes: Refreshes

    def up_to_date(self, table_name: str) -> MonitorRecord:
        """The monitor of a table, after all of its refreshes that are over have been done.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist, TableDoesNotExist: there is no such table.
            ResourceDoesNotExist: it has no monitor.
        """
        self.refreshes.catch_up(self.monitors.get(table_name).table_id)
        return self.monitors.get(table_name)

    def refreshed(self, table_name: str, refresh_id: int) -> RefreshRecord:
        """The refresh of that id, as it is by now.

        Raises:
            ResourceDoesNotExist: there is none such.
            Others: as `up_to_date`.
        """
        return self.refreshes.get(self.up_to_date(table_name), refresh_id)

    def update(self, table_name: str, configuration: Configuration, caller: Caller) -> MonitorRecord:
        """Give a monitor another configuration; what its schedule has asked for so far stays asked for.

        Raises:
            Others: as `Monitors.update`.
        """
        self.refreshes.fire(self.monitors.get(table_name).table_id)
        return self.monitors.update(table_name, configuration, caller)

    def delete(self, table_name: str) -> None:
        """Forget a monitor, once its refreshes that are over have been done: its metric tables stay.

        Raises:
            Others: as `up_to_date`.
        """
        self.up_to_date(table_name)
        self.monitors.delete(table_name)


def status_of(monitor: MonitorRecord, now: int) -> str:
    """The status of a monitor at a time, in the words that both APIs share."""
    if now < monitor.active_at:
        return "PENDING"
    return "ACTIVE" if monitor.failure is None else "ERROR"
