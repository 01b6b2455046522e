"""The work of refreshes: which windows are computed, from which versions of which tables.

Real: a refresh looks at the windows that have changed since the one before it: those from where rows were added,
changed or removed, which the Delta log tells, and the one that was still open. It looks at all of them where the
configuration, the baseline or the metric tables are no longer those. Rows of the future are not looked at.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from fakebricks.services.monitoring.column_needs import check_quality, check_windows
from fakebricks.services.monitoring.granularities import Granularity
from fakebricks.services.monitoring.metric_tables import MetricTables, Replaced
from fakebricks.services.monitoring.monitors import Monitors
from fakebricks.services.monitoring.records import Analysis, MonitorRecord, Progress, Snapshot
from fakebricks.services.monitoring.refreshes import Done
from fakebricks.services.sql import SqlEngine
from fakebricks.services.unity_catalog.delta_tables import DeltaTables
from fakebricks.services.unity_catalog.records import TableRecord
from fakebricks.services.unity_catalog.tables import Tables
from fakebricks.wire.errors import DatabricksError, InvalidState


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

        configuration, analysis = monitor.configuration, monitor.configuration.analysis
        caller = self._monitors.rights.creator(monitor.creator)
        self._monitors.rights.require_use(configuration.output_schema_name, configuration.baseline_table_name, caller)
        table, baseline = self._monitors.table_of(monitor), self._baseline(monitor)
        check_windows(analysis, table, baseline)
        progress = Progress(
            until=max(times),
            monitor_version=monitor.version,
            table_version=self._version(table),
            baseline_version=self._version(baseline) if baseline else None,
        )
        known = self._known(monitor, progress)
        column = None if isinstance(analysis, Snapshot) else analysis.timestamp_col
        computation = Computation(
            self._engine,
            caller,
            configuration,
            Source(table, column, progress.table_version),
            Source(baseline, version=progress.baseline_version) if baseline else None,
        )
        if known is None:
            computation.add_baseline()
        begins: dict[Granularity, int] = {}
        if isinstance(analysis, Snapshot):
            before = monitor.progress
            computation.add_snapshots(times, Source(table, version=before.table_version) if before else None)
        else:
            changed = self._changed_from(table, analysis.timestamp_col, known)
            begins = {one: _begin(one, monitor, changed) for one in map(Granularity.named, analysis.granularities)}
            for granularity, begin in begins.items():
                first = granularity.first_start(monitor.created_at)
                computation.add_windows(granularity, first, begin, progress.until)
        problems = (*_unjudged(analysis, table), *computation.finish())
        points = min(times) if isinstance(analysis, Snapshot) else None
        replaced = Replaced(begins, points, baseline=computation.has_baseline or known is None)
        self._metric_tables.write(monitor, table, computation.metrics, replaced, progress.table_version)
        return Done(progress, problems)

    def _baseline(self, monitor: MonitorRecord) -> TableRecord | None:
        name = monitor.configuration.baseline_table_name
        return None if name is None else self._tables.require(name)

    def _known(self, monitor: MonitorRecord, progress: Progress) -> Progress | None:
        """What the metric tables say already; None where that is of no use, or something was wrong with it."""
        known = monitor.progress
        if known is None or monitor.failure is not None or not self._metric_tables.exist(monitor):
            return None
        same = (known.monitor_version, known.baseline_version) == (progress.monitor_version, progress.baseline_version)
        return known if same and known.table_version <= progress.table_version else None

    def _version(self, table: TableRecord) -> int:
        """The version of a table that has all rows which are due."""
        from deltalake.exceptions import DeltaError

        self._delta_tables.bring_up_to_date(table.full_name)
        files = self._delta_tables.files_of(table)
        if not files.exists():
            raise InvalidState(f"Table '{table.full_name}' has no Delta log at '{table.storage_location}'.")
        try:
            return files.version()
        except DeltaError as error:
            reason = str(error).partition("\n")[0]
            raise InvalidState(f"The table '{table.full_name}' cannot be read: {reason}") from None

    def _changed_from(self, table: TableRecord, column: str, known: Progress | None) -> int:
        """The earliest time of which the metric tables may not say what they should; 0 where that is not known."""
        if known is None:
            return 0
        files = self._delta_tables.files_of(table)
        return min([known.until, *map(_millis, files.least_changed(column, known.table_version))])


def _unjudged(analysis: Analysis, table: TableRecord) -> tuple[str, ...]:
    """Why the quality of a model cannot be told; nothing where it can."""
    try:
        check_quality(analysis, table)
    except DatabricksError as error:
        return (str(error),)
    return ()


def _begin(granularity: Granularity, monitor: MonitorRecord, changed: int) -> int:
    """Where the first window begins that is computed."""
    return max(granularity.first_start(monitor.created_at), granularity.start_of(changed))


def _millis(value: Any) -> int:
    """A time as milliseconds; 0 where it is not known."""
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return int(moment.timestamp() * 1000)
    if isinstance(value, date):
        return int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000)
    return 0
