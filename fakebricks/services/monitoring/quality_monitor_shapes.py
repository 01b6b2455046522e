"""Shapes of the `quality_monitors` API, and what they stand for."""

from __future__ import annotations

from typing import Any, Literal

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
from fakebricks.wire.errors import NotImplementedByFakebricks
from fakebricks.wire.operations import Answer, Shape

_PROBLEMS: dict[str, ProblemType] = {
    "PROBLEM_TYPE_CLASSIFICATION": "CLASSIFICATION",
    "PROBLEM_TYPE_REGRESSION": "REGRESSION",
}
_METRIC = "CUSTOM_METRIC_TYPE_"


class MonitorTimeSeries(Shape):
    timestamp_col: str
    granularities: tuple[str, ...]


class MonitorInferenceLog(MonitorTimeSeries, kw_only=True):
    problem_type: Literal["PROBLEM_TYPE_CLASSIFICATION", "PROBLEM_TYPE_REGRESSION"]
    prediction_col: str
    model_id_col: str
    label_col: str | None = None
    prediction_proba_col: str | None = None


class MonitorMetric(AskedMetric):
    type: Literal["CUSTOM_METRIC_TYPE_AGGREGATE", "CUSTOM_METRIC_TYPE_DERIVED", "CUSTOM_METRIC_TYPE_DRIFT"]


class MonitorCronSchedule(AskedSchedule):
    pause_status: Literal["PAUSED", "UNPAUSED"] = "UNPAUSED"


class MonitorNotifications(Shape):
    on_failure: AskedDestination | None = None
    on_new_classification_tag_detected: AskedDestination | None = None


class MonitorDataClassificationConfig(Shape):
    enabled: bool = False


class OfMonitor(Shape):
    table_name: str


class OfRefresh(OfMonitor, kw_only=True):
    refresh_id: int


class UpdateMonitor(OfMonitor, kw_only=True):
    output_schema_name: str
    baseline_table_name: str | None = None
    custom_metrics: tuple[MonitorMetric, ...] = ()
    dashboard_id: str | None = None
    data_classification_config: MonitorDataClassificationConfig | None = None
    inference_log: MonitorInferenceLog | None = None
    latest_monitor_failure_msg: str | None = None
    """Ignored by updates (documented)."""
    notifications: MonitorNotifications | None = None
    schedule: MonitorCronSchedule | None = None
    slicing_exprs: tuple[str, ...] = ()
    snapshot: AskedSnapshot | None = None
    time_series: MonitorTimeSeries | None = None

    def configuration(self, warehouse_id: str | None = None) -> Configuration:
        """What it asks for.

        Raises:
            InvalidParameterValue: it has no analysis, or several.
            NotImplementedByFakebricks: fakebricks does not compute a field of it.
        """
        self._refuse()
        notifications = self.notifications.on_failure if self.notifications else None
        return Configuration(
            output_schema_name=self.output_schema_name,
            analysis=self._analysis(),
            baseline_table_name=self.baseline_table_name,
            slicing_exprs=self.slicing_exprs,
            custom_metrics=tuple(one.metric() for one in self.custom_metrics),
            schedule=self.schedule.schedule() if self.schedule else None,
            on_failure=notifications.email_addresses if notifications else None,
            warehouse_id=warehouse_id,
        )

    def _analysis(self) -> Analysis:
        asked = only_analysis(self.snapshot, self.time_series, self.inference_log)
        if isinstance(asked, MonitorInferenceLog):
            return InferenceLog(
                problem_type=_PROBLEMS[asked.problem_type],
                timestamp_col=asked.timestamp_col,
                granularities=asked.granularities,
                prediction_col=asked.prediction_col,
                model_id_col=asked.model_id_col,
                label_col=asked.label_col,
                prediction_proba_col=asked.prediction_proba_col,
            )
        if isinstance(asked, MonitorTimeSeries):
            return TimeSeries(timestamp_col=asked.timestamp_col, granularities=asked.granularities)
        return Snapshot()

    def _refuse(self) -> None:
        classified = self.data_classification_config
        tags = self.notifications.on_new_classification_tag_detected if self.notifications else None
        for name, value in {
            "data_classification_config": classified and classified.enabled,
            "notifications.on_new_classification_tag_detected": tags,
            "dashboard_id": self.dashboard_id,
        }.items():
            if value:
                raise NotImplementedByFakebricks(
                    f"fakebricks does not compute the field '{name}' of a monitor; leave it out."
                )


class CreateMonitor(UpdateMonitor, kw_only=True):
    assets_dir: str
    skip_builtin_dashboard: bool = False
    warehouse_id: str | None = None


class RegenerateDashboard(OfMonitor, kw_only=True):
    warehouse_id: str | None = None


class MonitorInfo(Answer):
    table_name: str
    status: str
    profile_metrics_table_name: str
    drift_metrics_table_name: str
    monitor_version: int
    output_schema_name: str
    assets_dir: str
    baseline_table_name: str | None = None
    custom_metrics: list[dict[str, Any]] | None = None
    inference_log: dict[str, Any] | None = None
    latest_monitor_failure_msg: str | None = None
    notifications: dict[str, Any] | None = None
    schedule: dict[str, Any] | None = None
    slicing_exprs: tuple[str, ...] | None = None
    snapshot: dict[str, Any] | None = None
    time_series: dict[str, Any] | None = None


class MonitorRefreshInfo(Answer):
    refresh_id: int
    state: str
    start_time_ms: int
    trigger: str
    end_time_ms: int | None = None
    message: str | None = None


def told_monitor(monitor: MonitorRecord, table_name: str, now: int) -> MonitorInfo:
    """A monitor as this API tells it; the warehouse is never told (observed)."""
    configuration = monitor.configuration
    schedule = configuration.schedule
    emails = configuration.on_failure
    return MonitorInfo(
        table_name=table_name,
        status=f"MONITOR_STATUS_{status_of(monitor, now)}",
        profile_metrics_table_name=monitor.profile_table,
        drift_metrics_table_name=monitor.drift_table,
        monitor_version=monitor.version,
        output_schema_name=configuration.output_schema_name,
        assets_dir=monitor.assets_dir,
        baseline_table_name=configuration.baseline_table_name,
        custom_metrics=[told_metric(one, _METRIC) for one in configuration.custom_metrics] or None,
        latest_monitor_failure_msg=monitor.failure,
        notifications=None if emails is None else {"on_failure": {"email_addresses": emails}},
        schedule=told_schedule(schedule) if schedule else None,
        slicing_exprs=configuration.slicing_exprs or None,
        **_told_analysis(configuration.analysis),
    )


def told_refresh(refresh: RefreshRecord, now: int) -> MonitorRefreshInfo:
    """A refresh as this API tells it."""
    over = now >= refresh.end
    return MonitorRefreshInfo(
        refresh_id=refresh.id,
        state=state_of(refresh, now),
        start_time_ms=refresh.start,
        trigger=refresh.trigger,
        end_time_ms=refresh.end if over else None,
        message=refresh.message,
    )


def _told_analysis(analysis: Analysis) -> dict[str, Any]:
    if isinstance(analysis, Snapshot):
        return {"snapshot": {}}
    told: dict[str, Any] = {"timestamp_col": analysis.timestamp_col, "granularities": analysis.granularities}
    if isinstance(analysis, TimeSeries):
        return {"time_series": told}
    told |= {
        "problem_type": f"PROBLEM_TYPE_{analysis.problem_type}",
        "prediction_col": analysis.prediction_col,
        "model_id_col": analysis.model_id_col,
        "label_col": analysis.label_col,
        "prediction_proba_col": analysis.prediction_proba_col,
    }
    return {"inference_log": {name: value for name, value in told.items() if value is not None}}
