"""Stored shapes of monitoring: monitors with their configuration, and refreshes. Times are milliseconds."""

from __future__ import annotations

from typing import Literal

from fakebricks.state import Record

TABLE = ":table"
"""What stands for the table as a whole, where else a column is named (documented)."""

ProblemType = Literal["CLASSIFICATION", "REGRESSION"]
MetricType = Literal["AGGREGATE", "DERIVED", "DRIFT"]
Trigger = Literal["MANUAL", "SCHEDULE"]
Outcome = Literal["SUCCESS", "FAILED", "CANCELED"]


class Snapshot(Record, frozen=True, tag=True):
    """The whole table, as it is at each refresh."""


class TimeSeries(Record, frozen=True, tag=True):
    """Windows of time."""

    timestamp_col: str
    granularities: tuple[str, ...]


class InferenceLog(Record, frozen=True, tag=True):
    """Windows of time of a model's requests, for each model by itself."""

    problem_type: ProblemType
    timestamp_col: str
    granularities: tuple[str, ...]
    prediction_col: str
    model_id_col: str
    label_col: str | None = None
    prediction_proba_col: str | None = None


Analysis = Snapshot | TimeSeries | InferenceLog


class CronSchedule(Record, frozen=True):
    quartz_cron_expression: str
    timezone_id: str
    paused: bool = False


class CustomMetric(Record, frozen=True):
    """A metric that SQL computes; the definition is a Jinja template of an expression."""

    type: MetricType
    name: str
    input_columns: tuple[str, ...]
    definition: str
    output_data_type: str
    """A field of a Spark struct, as JSON."""


class Configuration(Record, frozen=True):
    """What a monitor is to do; an update replaces it as a whole."""

    output_schema_name: str
    analysis: Analysis
    baseline_table_name: str | None = None
    slicing_exprs: tuple[str, ...] = ()
    custom_metrics: tuple[CustomMetric, ...] = ()
    schedule: CronSchedule | None = None
    on_failure: tuple[str, ...] | None = None
    """Whom the platform would write an e-mail to; here nobody is."""
    warehouse_id: str | None = None


class Progress(Record, frozen=True):
    """What the metric tables say: up to when, and of which versions of what they are computed from."""

    until: int
    monitor_version: int
    table_version: int
    baseline_version: int | None


class MonitorRecord(Record, frozen=True):
    """A monitor, stored under the id of its table."""

    table_id: str
    table_name: str
    """When it was created; the table may have another name since."""
    configuration: Configuration
    assets_dir: str
    skip_builtin_dashboard: bool
    creator: str
    created_at: int
    active_at: int
    fired_until: int
    """Up to when the schedule's refreshes are known."""
    version: int = 0
    failure: str | None = None
    progress: Progress | None = None

    @property
    def profile_table(self) -> str:
        return f"{self.configuration.output_schema_name}.{self.table_name.rpartition('.')[2]}_profile_metrics"

    @property
    def drift_table(self) -> str:
        return f"{self.configuration.output_schema_name}.{self.table_name.rpartition('.')[2]}_drift_metrics"


class RefreshRecord(Record, frozen=True):
    """A refresh, stored under its table's id, when it begins to run, and its own id."""

    id: int
    trigger: Trigger
    start: int
    running_at: int
    end: int
    outcome: Outcome | None = None
    """None until it is over, and somebody has looked."""
    message: str | None = None
