"""The two metric tables of a monitor: made by the first refresh, and written by each.

Real: Delta tables of Unity Catalog, which belong to the monitor's creator. A refresh replaces the windows that it has
computed by one commit to each table, so that no window is told twice. A table that lacks a column that the monitor has
come to have, as for a new custom metric, gets it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fakebricks.services.monitoring.granularities import Granularity
from fakebricks.services.monitoring.metric_columns import drift_columns, profile_columns
from fakebricks.services.monitoring.records import TABLE, InferenceLog, MonitorRecord
from fakebricks.services.unity_catalog.delta_tables import DeltaTables
from fakebricks.services.unity_catalog.records import ColumnRecord, TableRecord
from fakebricks.services.unity_catalog.tables import Tables
from fakebricks.wire.errors import InvalidState

if TYPE_CHECKING:
    from fakebricks.services.monitoring.analysis.rows import DriftRow, Metrics, ProfileRow


@dataclass(frozen=True, slots=True)
class Replaced:
    """Which rows of the tables a refresh puts others in place of.

    Attributes:
        windows: from where on windows are replaced, of each granularity.
        points: from when on snapshots are; None where there are none.
        baseline: whether the profile of the baseline is.
    """

    windows: Mapping[Granularity, int]
    points: int | None = None
    baseline: bool = False

    def condition(self, *, baseline: bool) -> str | None:
        """As SQL, for the profile table or for the drift table; None where none is replaced."""
        parts = [
            f"(granularity = '{one.name}' AND window['start'] >= '{_instant(begin)}')"
            for one, begin in self.windows.items()
        ]
        if self.points is not None:
            parts.append(f"(granularity IS NULL AND window['start'] >= '{_instant(self.points)}')")
        if baseline and self.baseline:
            parts.append("log_type = 'BASELINE'")
        return " OR ".join(parts) or None


class MetricTables:
    """Writes the metric tables of all monitors. Its methods touch Delta; never call them inside a transaction."""

    def __init__(self, tables: Tables, delta_tables: DeltaTables) -> None:
        self._tables = tables
        self._delta_tables = delta_tables

    def exist(self, monitor: MonitorRecord) -> bool:
        """Whether both tables of a monitor are there."""
        return None not in (self._tables.get(monitor.profile_table), self._tables.get(monitor.drift_table))

    def write(
        self, monitor: MonitorRecord, table: TableRecord, metrics: Metrics, replaced: Replaced, table_version: int
    ) -> None:
        """Put what was computed into the tables.

        Raises:
            InvalidState: one of them exists and cannot be a metric table of this monitor.
            DatabricksError: it cannot be made, as its schema is missing.
        """
        types = {column.name: column.type_text for column in table.columns}
        told = _Told(monitor, types, table_version)
        profile = self._ready(monitor, monitor.profile_table, profile_columns(monitor.configuration, table))
        self._replace(profile, [told.profile(one) for one in metrics.profile], replaced.condition(baseline=True))
        drift = self._ready(monitor, monitor.drift_table, drift_columns(monitor.configuration, table))
        self._replace(drift, [told.drift(one) for one in metrics.drift], replaced.condition(baseline=False))

    def _ready(self, monitor: MonitorRecord, full_name: str, columns: Sequence[ColumnRecord]) -> TableRecord:
        """The table of that name, with these columns at least."""
        table = self._tables.get(full_name)
        if table is None:
            return self._delta_tables.create(full_name, columns, monitor.creator)
        there = {column.name: column.type_text for column in table.columns}
        different = [one.name for one in columns if there.get(one.name, one.type_text) != one.type_text]
        if different or columns[0].name not in there:
            raise InvalidState(
                f"The table '{full_name}' cannot take the metrics of this monitor: it has other columns "
                f"({', '.join(different or [columns[0].name])}). Drop it, or give another output_schema_name."
            )
        added = [one for one in columns if one.name not in there]
        if not added:
            return table
        with self._delta_tables.writing:
            self._delta_tables.files_of(table).add_columns(added)
        return self._tables.update(full_name, monitor.creator, {"columns": (*table.columns, *added)})

    def _replace(self, table: TableRecord, rows: list[dict[str, Any]], condition: str | None) -> None:
        if not rows and condition is None:
            return
        from deltalake.exceptions import DeltaError

        try:
            with self._delta_tables.writing:
                self._delta_tables.files_of(table).replace(rows, condition)
        except DeltaError as error:
            raise InvalidState(f"The table '{table.full_name}' cannot be written: {_first_line(error)}") from None


@dataclass(frozen=True, slots=True)
class _Told:
    """Rows as the tables have them."""

    monitor: MonitorRecord
    types: Mapping[str, str]
    table_version: int

    def profile(self, row: ProfileRow) -> dict[str, Any]:
        return {
            **_plain(row.values),
            **self._place(row),
            "window": row.window.told() if row.window else None,
            "log_type": row.log_type,
            "logging_table_commit_version": self.table_version,
        }

    def drift(self, row: DriftRow) -> dict[str, Any]:
        current, base = row.current, row.base
        return {
            **_plain(row.values),
            **self._place(current),
            "window": current.window.told() if current.window else None,
            "window_cmp": base.window.told() if base.window else None,
            "drift_type": row.drift_type,
        }

    def _place(self, row: ProfileRow) -> dict[str, Any]:
        """What both tables say of where a row belongs."""
        analysis = self.monitor.configuration.analysis
        model = {analysis.model_id_col: self._model(row, analysis)} if isinstance(analysis, InferenceLog) else {}
        return {
            "granularity": row.granularity,
            "monitor_version": self.monitor.version,
            "slice_key": row.key.slice_key,
            "slice_value": row.key.slice_value,
            "column_name": row.column,
            "data_type": None if row.column == TABLE else self.types[row.column],
            **model,
        }

    def _model(self, row: ProfileRow, analysis: InferenceLog) -> Any:
        """The model's id in the type of its column."""
        import pyarrow as pa

        from fakebricks.services.unity_catalog.column_types import arrow_type, column_type

        if row.key.model is None:
            return None
        return pa.scalar(row.key.model).cast(arrow_type(column_type(self.types[analysis.model_id_col]))).as_py()


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as Arrow takes them: maps are lists of pairs, also within structs."""
    return {name: _pairs(name, value) for name, value in values.items()}


_MAPS = frozenset({"one_vs_all", "predictive_parity", "predictive_equality", "equal_opportunity", "statistical_parity"})


def _pairs(name: str, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if name in _MAPS and name != "roc_auc_score" and not {"macro", "weighted"} & value.keys():
        return list(value.items())
    return {inner: _pairs(inner, one) for inner, one in value.items()}


def _instant(millis: int) -> str:
    return datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
