"""Monitors of tables: which there are, and what they are to do.

Real: one for each table, at most 100 in a metastore, versions that count the updates, only the creator updates
(documented); the error where there is none, and that a new one is pending for some seconds (observed). The metric
tables stay when a monitor is deleted (documented). A table that is dropped takes its monitor along (inferred).
Refused: dashboards, monitors of views, of metric tables and of schemas (anomaly detection).
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from fakebricks.clock import Clock
from fakebricks.services.monitoring import extras
from fakebricks.services.monitoring.checks import check
from fakebricks.services.monitoring.records import Configuration, MonitorRecord, RefreshRecord
from fakebricks.services.monitoring.rights import MonitorRights
from fakebricks.services.unity_catalog.grants import Grants
from fakebricks.services.unity_catalog.names import schema_levels
from fakebricks.services.unity_catalog.records import SchemaRecord, TableRecord
from fakebricks.services.unity_catalog.tables import Tables
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.state import State, delete_all
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import (
    InvalidParameterValue,
    NotImplementedByFakebricks,
    PermissionDenied,
    QuotaExceeded,
    ResourceAlreadyExists,
    ResourceDoesNotExist,
)

_MOST = 100
_PENDING = 5_000
"""For how many milliseconds a new monitor is pending; "within seconds" is observed."""


class Monitors:
    """The monitors of one metastore."""

    def __init__(
        self,
        state: State,
        clock: Clock,
        *,
        unity_catalog: UnityCatalog,
        tables: Tables,
        grants: Grants,
        rights: MonitorRights,
    ) -> None:
        self._monitors = state.table("monitors", MonitorRecord)
        self._refreshes = state.table("monitor_refreshes", RefreshRecord)
        self._clock = clock
        self._unity_catalog = unity_catalog
        self._tables = tables
        self.rights = rights
        grants.also_forgets(self._forget)

    def create(
        self,
        table_name: str,
        configuration: Configuration,
        caller: Caller,
        *,
        assets_dir: str,
        skip_builtin_dashboard: bool = False,
    ) -> MonitorRecord:
        """A new monitor of a table.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist, TableDoesNotExist: something that is named is missing.
            InvalidParameterValue: the configuration is not valid.
            PermissionDenied: the caller may not create tables in the output schema, or read the baseline table.
            ResourceAlreadyExists: the table has a monitor.
            QuotaExceeded: the metastore has a hundred.
            NotImplementedByFakebricks: fakebricks does not compute something of it, or something is not installed.
        """
        table = self._tables.require(table_name)
        if self._monitors.get((table.id,)) is not None:
            raise ResourceAlreadyExists(f"A monitor of the table '{table.full_name}' already exists.")
        if len(self._monitors) >= _MOST:
            raise QuotaExceeded(f"The metastore has {_MOST} monitors, which is the most that it can have.")
        if not assets_dir.startswith("/"):
            raise InvalidParameterValue(f"assets_dir must be an absolute path, not '{assets_dir}'.")
        checked = self._checked(configuration, table, caller)
        extras.require()
        now = self._clock.millis()
        monitor = MonitorRecord(
            table_id=table.id,
            table_name=table.full_name,
            configuration=checked,
            assets_dir=assets_dir,
            skip_builtin_dashboard=skip_builtin_dashboard,
            creator=caller.user_name,
            created_at=now,
            active_at=now + _PENDING,
            fired_until=now,
        )
        self._refuse_metrics_of_metrics(monitor)
        self.put(monitor)
        return monitor

    def get(self, table_name: str) -> MonitorRecord:
        """The monitor of a table.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist, TableDoesNotExist: there is no such table.
            ResourceDoesNotExist: it has no monitor.
        """
        table = self._tables.require(table_name)
        monitor = self._monitors.get((table.id,))
        if monitor is None:
            raise self._missing(table.id)
        return monitor

    def update(self, table_name: str, configuration: Configuration, caller: Caller) -> MonitorRecord:
        """Give a monitor another configuration, as a whole; its schedule asks for refreshes from where the old one was.

        Raises:
            PermissionDenied: the caller has not created it, or may not use what is named.
            Others: as `create` and `get`.
        """
        monitor = self.get(table_name)
        if monitor.creator != caller.user_name:
            raise PermissionDenied(
                f"User {caller.user_name} did not create the monitor of '{table_name}'; only its creator can update it."
            )
        checked = self._checked(configuration, self._tables.require(table_name), caller)
        changed = replace(monitor, configuration=checked, version=monitor.version + 1)
        self._refuse_metrics_of_metrics(changed)
        self.put(changed)
        return changed

    def delete(self, table_name: str) -> None:
        """Forget a monitor and its refreshes; its metric tables stay.

        Raises:
            Others: as `get`.
        """
        self._forget(self.get(table_name).table_id)

    def put(self, monitor: MonitorRecord) -> None:
        """Store a monitor in place of what it was."""
        self._monitors.put((monitor.table_id,), monitor)

    def find(self, table_id: str) -> MonitorRecord | None:
        """The monitor of the table of that id, or None."""
        return self._monitors.get((table_id,))

    def writing_to(self, full_name: str) -> Iterator[MonitorRecord]:
        """The monitors that have a metric table of that name."""
        name = full_name.lower()
        for _, monitor in self._monitors.scan():
            if name in (monitor.profile_table, monitor.drift_table):
                yield monitor

    def table_of(self, monitor: MonitorRecord) -> TableRecord:
        """The table that is monitored, whatever it is called by now.

        Raises:
            ResourceDoesNotExist: it has been dropped.
        """
        named = self._tables.get(monitor.table_name)
        if named is not None and named.id == monitor.table_id:
            return named
        found = self._by_id(monitor.table_id)
        if found is None:
            raise self._missing(monitor.table_id)
        return found

    def name_of(self, object_type: str, object_id: str) -> str | None:
        """The full name of the table of that id, or None.

        Raises:
            InvalidParameterValue: there are no monitors of such objects.
            NotImplementedByFakebricks: it is a schema.
        """
        if object_type == "schema":
            raise NotImplementedByFakebricks(
                "fakebricks does not compute anomaly_detection_config: it monitors tables, not schemas. "
                "Create a monitor with a data_profiling_config of each table."
            )
        if object_type != "table":
            raise InvalidParameterValue(f"Invalid object_type '{object_type}'; it must be 'table' or 'schema'.")
        found = self._by_id(object_id)
        return found.full_name if found else None

    def require_name(self, object_type: str, object_id: str) -> str:
        """As `name_of`, of a table that must exist.

        Raises:
            ResourceDoesNotExist: there is none of that id.
        """
        name = self.name_of(object_type, object_id)
        if name is None:
            raise self._missing(object_id)
        return name

    def schema_named(self, schema_id: str) -> str:
        """The full name of the schema of that id.

        Raises:
            InvalidParameterValue: there is none.
        """
        found = next((one for one in self._schemas() if one.id == schema_id), None)
        if found is None:
            raise InvalidParameterValue(f"There is no schema with the output_schema_id '{schema_id}'.")
        return found.full_name

    def schema_id(self, full_name: str) -> str:
        """The id of a schema; empty where it has been dropped."""
        return next((one.id for one in self._schemas() if one.full_name == full_name), "")

    def _checked(self, configuration: Configuration, table: TableRecord, caller: Caller) -> Configuration:
        """The configuration with the names as they are stored."""
        schema = self._unity_catalog.require_open_schema(*schema_levels(configuration.output_schema_name))
        baseline = configuration.baseline_table_name
        compared = None if baseline is None else self._tables.require(baseline)
        for one in (table, compared):
            _refuse_view(one)
        self.rights.require_use(schema.full_name, compared.full_name if compared else None, caller)
        named = replace(
            configuration,
            output_schema_name=schema.full_name,
            baseline_table_name=compared.full_name if compared else None,
        )
        check(named, table, compared)
        return named

    def _refuse_metrics_of_metrics(self, monitor: MonitorRecord) -> None:
        """Refuse what would make refreshes wait for each other."""
        reads = {monitor.table_name, monitor.configuration.baseline_table_name}
        writes = {monitor.profile_table, monitor.drift_table}
        others = [one for _, one in self._monitors.scan() if one.table_id != monitor.table_id]
        written = writes.union(*({one.profile_table, one.drift_table} for one in others))
        read = reads.union(*({one.table_name, one.configuration.baseline_table_name} for one in others))
        if reads & written or writes & read:
            raise NotImplementedByFakebricks(
                "fakebricks does not monitor the metric tables of monitors, or compare with them; monitor a copy."
            )
        if any(writes & {one.profile_table, one.drift_table} for one in others):
            raise InvalidParameterValue(
                f"Another monitor writes to '{monitor.profile_table}'; give another output_schema_name."
            )

    def _by_id(self, table_id: str) -> TableRecord | None:
        return next((one for one in self._tables.all() if one.id == table_id), None)

    def _schemas(self) -> Iterator[SchemaRecord]:
        for catalog in self._unity_catalog.catalogs():
            yield from self._unity_catalog.schemas(catalog.name)

    def _missing(self, table_id: str) -> ResourceDoesNotExist:
        """The text is observed, the code is inferred."""
        return ResourceDoesNotExist(
            f"Cannot find Monitor with ID: /metastores:{self._unity_catalog.metastore_id}/tables:{table_id}/"
        )

    def _forget(self, table_id: str) -> None:
        self._monitors.delete((table_id,))
        delete_all(self._refreshes, (table_id,))


def _refuse_view(table: TableRecord | None) -> None:
    if table is not None and table.view is not None:
        raise NotImplementedByFakebricks(
            f"fakebricks does not monitor views, or compare with them, and '{table.full_name}' is one; "
            "monitor a table that is made of it: CREATE TABLE ... AS SELECT."
        )
