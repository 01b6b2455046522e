"""Shapes of the `data_quality` API, and what they stand for.

What the platform only tells may stand in a request, as a client sends back what it was told, and is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from fakebricks.services.monitoring.monitoring import status_of
from fakebricks.services.monitoring.records import (
    Analysis,
    Configuration,
    InferenceLog,
    MonitorRecord,
    ProblemType,
    RefreshRecord,
    Snapshot,
    TimeSeries,
)
from fakebricks.services.monitoring.refreshes import state_of
from fakebricks.services.monitoring.shared_shapes import (
    AskedDestination,
    AskedMetric,
    AskedSchedule,
    AskedSnapshot,
    only_analysis,
    told_metric,
    told_schedule,
)
from fakebricks.wire.errors import InvalidParameterValue, NotImplementedByFakebricks
from fakebricks.wire.operations import Answer, Shape

_GRANULARITIES = (
    "5 minutes",
    "30 minutes",
    "1 hour",
    "1 day",
    "1 week",
    "2 weeks",
    "3 weeks",
    "4 weeks",
    "1 month",
    "1 year",
)
_GRANULARITY_OF = {f"AGGREGATION_GRANULARITY_{one.upper().replace(' ', '_')}": one for one in _GRANULARITIES}
_TOLD_GRANULARITY = {one: told for told, one in _GRANULARITY_OF.items()}
_PROBLEMS: dict[str, ProblemType] = {
    "INFERENCE_PROBLEM_TYPE_CLASSIFICATION": "CLASSIFICATION",
    "INFERENCE_PROBLEM_TYPE_REGRESSION": "REGRESSION",
}
_METRIC = "DATA_PROFILING_CUSTOM_METRIC_TYPE_"
_PAUSE = "CRON_SCHEDULE_PAUSE_STATUS_"
_CONFIG = "data_profiling_config"
_READ_ONLY = frozenset(
    {
        "dashboard_id",
        "drift_metrics_table_name",
        "effective_warehouse_id",
        "latest_monitor_failure_message",
        "monitor_version",
        "monitored_table_name",
        "profile_metrics_table_name",
        "status",
    }
)
_FIXED = frozenset({"assets_dir", "skip_builtin_dashboard"})
"""What an update cannot change; of the directory this is documented."""


class TimeSeriesConfig(Shape):
    timestamp_column: str
    granularities: tuple[str, ...]


class InferenceLogConfig(TimeSeriesConfig, kw_only=True):
    problem_type: Literal["INFERENCE_PROBLEM_TYPE_CLASSIFICATION", "INFERENCE_PROBLEM_TYPE_REGRESSION"]
    prediction_column: str
    model_id_column: str
    label_column: str | None = None


class DataProfilingCustomMetric(AskedMetric):
    type: Literal[
        "DATA_PROFILING_CUSTOM_METRIC_TYPE_AGGREGATE",
        "DATA_PROFILING_CUSTOM_METRIC_TYPE_DERIVED",
        "DATA_PROFILING_CUSTOM_METRIC_TYPE_DRIFT",
    ]


class CronScheduleConfig(AskedSchedule):
    pause_status: Literal["CRON_SCHEDULE_PAUSE_STATUS_PAUSED", "CRON_SCHEDULE_PAUSE_STATUS_UNPAUSED"] = (
        "CRON_SCHEDULE_PAUSE_STATUS_UNPAUSED"
    )


class NotificationSettings(Shape):
    on_failure: AskedDestination | None = None


class DataProfilingConfig(Shape):
    output_schema_id: str
    assets_dir: str | None = None
    baseline_table_name: str | None = None
    custom_metrics: tuple[DataProfilingCustomMetric, ...] = ()
    inference_log: InferenceLogConfig | None = None
    notification_settings: NotificationSettings | None = None
    schedule: CronScheduleConfig | None = None
    skip_builtin_dashboard: bool = False
    slicing_exprs: tuple[str, ...] = ()
    snapshot: AskedSnapshot | None = None
    time_series: TimeSeriesConfig | None = None
    warehouse_id: str | None = None
    dashboard_id: str | None = None
    drift_metrics_table_name: str | None = None
    effective_warehouse_id: str | None = None
    latest_monitor_failure_message: str | None = None
    monitor_version: int | None = None
    monitored_table_name: str | None = None
    profile_metrics_table_name: str | None = None
    status: str | None = None

    def configuration(self, output_schema_name: str) -> Configuration:
        """What it asks for.

        Raises:
            InvalidParameterValue: it has no analysis or several, or a granularity is none.
        """
        notified = self.notification_settings.on_failure if self.notification_settings else None
        return Configuration(
            output_schema_name=output_schema_name,
            analysis=self._analysis(),
            baseline_table_name=self.baseline_table_name,
            slicing_exprs=self.slicing_exprs,
            custom_metrics=tuple(one.metric() for one in self.custom_metrics),
            schedule=self.schedule.schedule() if self.schedule else None,
            on_failure=notified.email_addresses if notified else None,
            warehouse_id=self.warehouse_id,
        )

    def _analysis(self) -> Analysis:
        asked = only_analysis(self.snapshot, self.time_series, self.inference_log)
        if isinstance(asked, InferenceLogConfig):
            return InferenceLog(
                problem_type=_PROBLEMS[asked.problem_type],
                timestamp_col=asked.timestamp_column,
                granularities=_granularities(asked.granularities),
                prediction_col=asked.prediction_column,
                model_id_col=asked.model_id_column,
                label_col=asked.label_column,
            )
        if isinstance(asked, TimeSeriesConfig):
            granularities = _granularities(asked.granularities)
            return TimeSeries(timestamp_col=asked.timestamp_column, granularities=granularities)
        return Snapshot()


class OfObject(Shape):
    object_type: str
    object_id: str


class CreateMonitor(OfObject, kw_only=True):
    data_profiling_config: DataProfilingConfig | None = None
    anomaly_detection_config: dict[str, Any] | None = None

    def profiling(self) -> DataProfilingConfig:
        """What it asks for, of a table.

        Raises:
            InvalidParameterValue: it asks for nothing.
            NotImplementedByFakebricks: it asks for anomaly detection.
        """
        if self.anomaly_detection_config is not None:
            raise NotImplementedByFakebricks(
                "fakebricks does not compute anomaly_detection_config; give a data_profiling_config of a table."
            )
        if self.data_profiling_config is None:
            raise InvalidParameterValue("A data_profiling_config must be given for a table.")
        return self.data_profiling_config


class UpdateMonitor(CreateMonitor, kw_only=True):
    update_mask: str


class OfRefresh(OfObject, kw_only=True):
    refresh_id: int


class CreateRefresh(OfObject, kw_only=True):
    """A refresh is sent as a whole; what it says of itself is not looked at (documented: the platform tells it)."""

    refresh_id: int | None = None
    state: str | None = None
    trigger: str | None = None
    message: str | None = None
    start_time_ms: int | None = None
    end_time_ms: int | None = None


class ListRefreshes(OfObject, kw_only=True):
    page_size: int | None = None
    page_token: str = ""


class Monitor(Answer):
    object_type: str
    object_id: str
    data_profiling_config: dict[str, Any]


class Refresh(Answer):
    object_type: str
    object_id: str
    refresh_id: int
    state: str
    start_time_ms: int
    trigger: str
    end_time_ms: int | None = None
    message: str | None = None


def merged(monitor: MonitorRecord, schema_id: str, asked: DataProfilingConfig, mask: str) -> DataProfilingConfig:
    """What a monitor's configuration is to be after an update of the fields that a mask names.

    Raises:
        InvalidParameterValue: the mask names no field that can be updated, or the result is not valid.
    """
    wanted = msgspec.to_builtins(asked)
    result = {**told_configuration(monitor.configuration, schema_id), "assets_dir": monitor.assets_dir}
    paths = [path.strip() for path in mask.split(",")]
    if mask.strip() in ("*", _CONFIG):
        writable = set(DataProfilingConfig.__struct_fields__) - _READ_ONLY - _FIXED
        paths = [f"{_CONFIG}.{name}" for name in sorted(writable)]
    for path in paths:
        names = path.removeprefix(f"{_CONFIG}.").split(".")
        if not path.startswith(f"{_CONFIG}.") or names[0] not in DataProfilingConfig.__struct_fields__:
            raise InvalidParameterValue(f"Invalid update_mask: a monitor has no field '{path}'.")
        if names[0] in _READ_ONLY or names[0] in _FIXED:
            raise InvalidParameterValue(f"Invalid update_mask: the field '{path}' cannot be updated.")
        _copy(wanted, result, names, path)
    try:
        return msgspec.convert(result, DataProfilingConfig, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidParameterValue(f"The update makes the data_profiling_config invalid: {error}.") from None


def told_monitor(monitor: MonitorRecord, table_name: str, schema_id: str, now: int) -> Monitor:
    """A monitor as this API tells it."""
    told = {
        **told_configuration(monitor.configuration, schema_id),
        "assets_dir": monitor.assets_dir,
        "skip_builtin_dashboard": monitor.skip_builtin_dashboard or None,
        "drift_metrics_table_name": monitor.drift_table,
        "latest_monitor_failure_message": monitor.failure,
        "monitor_version": monitor.version,
        "monitored_table_name": table_name,
        "profile_metrics_table_name": monitor.profile_table,
        "status": f"DATA_PROFILING_STATUS_{status_of(monitor, now)}",
    }
    present = {name: value for name, value in told.items() if value is not None}
    return Monitor(object_type="table", object_id=monitor.table_id, data_profiling_config=present)


def told_refresh(refresh: RefreshRecord, table_id: str, now: int) -> Refresh:
    """A refresh as this API tells it."""
    return Refresh(
        object_type="table",
        object_id=table_id,
        refresh_id=refresh.id,
        state=f"MONITOR_REFRESH_STATE_{state_of(refresh, now)}",
        start_time_ms=refresh.start,
        trigger=f"MONITOR_REFRESH_TRIGGER_{refresh.trigger}",
        end_time_ms=refresh.end if now >= refresh.end else None,
        message=refresh.message,
    )


def told_configuration(configuration: Configuration, schema_id: str) -> dict[str, Any]:
    """A configuration as this API tells it, and takes it."""
    schedule, emails = configuration.schedule, configuration.on_failure
    told = {
        "output_schema_id": schema_id,
        "baseline_table_name": configuration.baseline_table_name,
        "custom_metrics": [told_metric(one, _METRIC) for one in configuration.custom_metrics] or None,
        "notification_settings": None if emails is None else {"on_failure": {"email_addresses": list(emails)}},
        "schedule": told_schedule(schedule, _PAUSE) if schedule else None,
        "slicing_exprs": list(configuration.slicing_exprs) or None,
        "warehouse_id": configuration.warehouse_id,
        **_told_analysis(configuration.analysis),
    }
    return {name: value for name, value in told.items() if value is not None}


def _copy(source: dict[str, Any], target: dict[str, Any], names: list[str], path: str) -> None:
    """Take over one field, however deep; what is not given is taken away."""
    *parents, last = names
    for name in parents:
        inner = source.get(name)
        if not isinstance(inner, dict):
            raise InvalidParameterValue(f"Invalid update_mask: the request has no field '{path}'.")
        source = inner
        kept = target.get(name)
        target[name] = dict(kept) if isinstance(kept, dict) else {}
        target = target[name]
    if source.get(last) is None:
        target.pop(last, None)
    else:
        target[last] = source[last]


def _granularities(told: Iterable[str]) -> tuple[str, ...]:
    found = []
    for one in told:
        if one not in _GRANULARITY_OF:
            raise InvalidParameterValue(
                f"Invalid granularity '{one}'. The granularities are {', '.join(_GRANULARITY_OF)}."
            )
        found.append(_GRANULARITY_OF[one])
    return tuple(found)


def _told_analysis(analysis: Analysis) -> dict[str, Any]:
    if isinstance(analysis, Snapshot):
        return {"snapshot": {}}
    told: dict[str, Any] = {
        "timestamp_column": analysis.timestamp_col,
        "granularities": [_TOLD_GRANULARITY[one] for one in analysis.granularities],
    }
    if isinstance(analysis, TimeSeries):
        return {"time_series": told}
    told |= {
        "problem_type": f"INFERENCE_PROBLEM_TYPE_{analysis.problem_type}",
        "prediction_column": analysis.prediction_col,
        "model_id_column": analysis.model_id_col,
    }
    return {"inference_log": told if analysis.label_col is None else {**told, "label_column": analysis.label_col}}
