"""Monitors of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakebricks.services.iam.people import People
from fakebricks.services.monitoring.monitoring import Monitoring
from fakebricks.services.monitoring.monitors import Monitors
from fakebricks.services.monitoring.refreshes import Refreshes
from fakebricks.services.monitoring.refreshing import Refreshing
from fakebricks.services.monitoring.rights import MonitorRights
from fakebricks.services.sql.engine import SparkSql
from fakebricks.services.unity_catalog.authority import Authority
from fakebricks.services.unity_catalog.delta_tables import DeltaTables
from fakebricks.services.unity_catalog.grants import Grants
from fakebricks.services.unity_catalog.tables import Tables
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog

if TYPE_CHECKING:
    from fakebricks.wiring.services import Services


def wire(services: Services) -> None:
    """Add monitors, and have them write to their tables."""
    state, clock, tables, delta_tables = services.state, services.clock, services[Tables], services[DeltaTables]
    monitors = Monitors(
        state,
        clock,
        unity_catalog=services[UnityCatalog],
        tables=tables,
        grants=services[Grants],
        rights=MonitorRights(services[Authority], services[People]),
    )
    work = Refreshing(monitors, tables, delta_tables, services[SparkSql])
    refreshes = Refreshes(state, services.ids, clock, monitors, work)
    # Before anybody has asked for monitors there are none, and nothing that they would have to write.
    delta_tables.also_writes(refreshes.before_reading)
    services.add(monitors, Monitoring(monitors, refreshes))
