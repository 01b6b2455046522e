"""The work of refreshes: which windows are computed, from which versions of which tables.

Real: a refresh looks at the windows that have changed since the one before it: those from where rows were added,
changed or removed, which the Delta log tells, and the one that was still open. It looks at all of them where the
configuration, the baseline or the metric tables are no longer those. Rows of the future are not looked at.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from fakebricks.services.monitoring.granularities import Granularity
from fakebricks.services.monitoring.metric_tables import MetricTables, Replaced
from fakebricks.services.monitoring.monitors import Monitors
from fakebricks.services.monitoring.records import MonitorRecord, Progress, Snapshot
from fakebricks.services.monitoring.refreshes import Done
from fakebricks.services.sql import SqlEngine
from fakebricks.services.unity_catalog.delta_tables import DeltaTables
from fakebricks.services.unity_catalog.records import TableRecord
from fakebricks.services.unity_catalog.tables import Tables
from fakebricks.wire.errors import InvalidState


class Refreshing:
    """Does the work of the refreshes of one metastore's monitors. It takes long; never call it in a transaction."""

    def __init__(self, monitors: Monitors, tables: Tables, delta_tables: DeltaTables, engine: SqlEngine) -> None:
        self._monitors = monitors
        self._tables = tables
        self._delta_tables = delta_tables
        self._engine = engine
        self._metric_tables = MetricTables(tables, delta_tables)

    def __call__(self, monitor: MonitorRecord, times: list[int]) -> Done:
        """Do the refreshes that began at these times, in their order; see `Work`."""
        from fakebricks.services.monitoring.analysis.computation import Computation
        from fakebricks.services.monitoring.analysis.queries import Source

        configuration = monitor.configuration
        caller = self._monitors.rights.creator(monitor.creator)
        self._monitors.rights.require_use(configuration.output_schema_name, configuration.baseline_table_name, caller)
        table = self._monitors.table_of(monitor)
        baseline = None
        if configuration.baseline_table_name is not None:
            named = self._tables.require(configuration.baseline_table_name)
            baseline = Source(named, version=self._version(named))
        progress = Progress(
            until=max(times),
            monitor_version=monitor.version,
            table_version=self._version(table),
            baseline_version=baseline.version if baseline else None,
        )
        analysis = configuration.analysis
        column = None if isinstance(analysis, Snapshot) else analysis.timestamp_col
        source = Source(table, column, progress.table_version)
        computation = Computation(self._engine, caller, configuration, source, baseline)
        known = self._known(monitor, progress)
        if isinstance(analysis, Snapshot):
            computation.add_snapshots(times, Source(table, version=known.table_version) if known else None)
            replaced = Replaced({}, baseline=baseline is not None)
        else:
            changed = self._changed_from(table, analysis.timestamp_col, known) if known else None
            begins = {}
            for name in analysis.granularities:
                granularity = Granularity.named(name)
                first = granularity.first_start(monitor.created_at)
                begin = first
                if known is not None:
                    from_ = known.until if changed is None else min(changed, known.until)
                    begin = max(first, granularity.start_of(from_))
                computation.add_windows(granularity, first, begin, progress.until)
                begins[granularity] = begin
            replaced = Replaced(begins, baseline=baseline is not None)
        problems = computation.finish()
        self._metric_tables.write(monitor, table, computation.metrics, replaced, progress.table_version)
        return Done(progress, problems)

    def _known(self, monitor: MonitorRecord, progress: Progress) -> Progress | None:
        """What the metric tables say already; None where that is of no use."""
        known = monitor.progress
        if known is None or not self._metric_tables.exist(monitor):
            return None
        same = (known.monitor_version, known.baseline_version) == (progress.monitor_version, progress.baseline_version)
        return known if same and known.table_version <= progress.table_version else None

    def _version(self, table: TableRecord) -> int:
        """The version of a table that has all rows which are due."""
        self._delta_tables.bring_up_to_date(table.full_name)
        files = self._delta_tables.files_of(table)
        if not files.exists():
            raise InvalidState(f"Table '{table.full_name}' has no Delta log at '{table.storage_location}'.")
        return files.version()

    def _changed_from(self, table: TableRecord, column: str, known: Progress) -> int | None:
        """The earliest time of rows that were added, changed or removed since; None where there are none."""
        earliest = [
            _millis(one) for one in self._delta_tables.files_of(table).least_changed(column, known.table_version)
        ]
        return min(earliest, default=None)


def _millis(value: Any) -> int:
    """A time as milliseconds; 0 where it is not known."""
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return int(moment.timestamp() * 1000)
    if isinstance(value, date):
        return int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000)
    return 0
