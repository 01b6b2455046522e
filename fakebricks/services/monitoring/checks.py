"""What a monitor's configuration must be like, before it is stored.

Real: exactly one analysis, known granularities, at most 5 addresses (documented). Everything that is named must exist.
Inferred: the texts. Refused: a column of times that is not of a type of times, which the platform would convert.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from fakebricks.services.monitoring.custom_metrics import output_type, rendered
from fakebricks.services.monitoring.granularities import Granularity
from fakebricks.services.monitoring.metric_columns import TAKEN
from fakebricks.services.monitoring.quartz import Schedule
from fakebricks.services.monitoring.records import (
    TABLE,
    Analysis,
    Configuration,
    CronSchedule,
    CustomMetric,
    InferenceLog,
    Snapshot,
)
from fakebricks.services.unity_catalog.records import TableRecord
from fakebricks.wire.errors import InvalidParameterValue, NotImplementedByFakebricks

_TIMES = frozenset({"TIMESTAMP", "TIMESTAMP_NTZ", "DATE"})
_NUMBERS = frozenset({"BYTE", "SHORT", "INT", "LONG", "FLOAT", "DOUBLE", "DECIMAL"})
_MOST_ADDRESSES = 5
_LONGEST = 10_000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")


def check(configuration: Configuration, table: TableRecord, baseline: TableRecord | None) -> None:
    """Refuse a configuration that the table cannot be monitored with.

    Raises:
        InvalidParameterValue: something in it is not valid.
        NotImplementedByFakebricks: fakebricks does not compute something of it.
    """
    analysis = configuration.analysis
    _check_analysis(analysis, table)
    _check_slices(configuration.slicing_exprs)
    _check_metrics(configuration, table)
    if configuration.schedule is not None:
        checked_schedule(configuration.schedule)
    if len(configuration.on_failure or ()) > _MOST_ADDRESSES:
        raise InvalidParameterValue(f"At most {_MOST_ADDRESSES} e-mail addresses can be notified on failure.")
    if baseline is not None and isinstance(analysis, InferenceLog):
        _require_columns(baseline, [analysis.model_id_col], "The baseline table")


def checked_schedule(schedule: CronSchedule) -> Schedule:
    """When a schedule fires.

    Raises:
        InvalidParameterValue: it is not valid.
    """
    try:
        return Schedule.parse(schedule.quartz_cron_expression, schedule.timezone_id)
    except ValueError as error:
        raise InvalidParameterValue(
            f"Invalid schedule '{schedule.quartz_cron_expression}' in '{schedule.timezone_id}': {error}."
        ) from None


def _check_analysis(analysis: Analysis, table: TableRecord) -> None:
    if isinstance(analysis, Snapshot):
        return
    if not analysis.granularities or len(set(analysis.granularities)) < len(analysis.granularities):
        raise InvalidParameterValue("At least one granularity must be given, and none twice.")
    for name in analysis.granularities:
        Granularity.named(name)
    _require_columns(table, [analysis.timestamp_col], "The monitored table")
    kind = _type_of(table, analysis.timestamp_col)
    if kind not in _TIMES:
        raise NotImplementedByFakebricks(
            f"fakebricks does not convert the column '{analysis.timestamp_col}' of the type {kind} to times; give a "
            "column of the type TIMESTAMP, TIMESTAMP_NTZ or DATE as the one of timestamps."
        )
    if isinstance(analysis, InferenceLog):
        _check_inference_log(analysis, table)


def _check_inference_log(analysis: InferenceLog, table: TableRecord) -> None:
    told = (analysis.prediction_col, analysis.model_id_col, analysis.label_col, analysis.prediction_proba_col)
    _require_columns(table, [one for one in told if one is not None], "The monitored table")
    if analysis.model_id_col.lower() in TAKEN:
        raise InvalidParameterValue(
            f"The column '{analysis.model_id_col}' of models must have another name: the metric tables have such a "
            "column already."
        )
    if analysis.problem_type != "REGRESSION":
        return
    for column in (analysis.prediction_col, analysis.label_col):
        if column is not None and _type_of(table, column) not in _NUMBERS:
            raise InvalidParameterValue(f"Column '{column}' of a regression must be of a numeric type.")


def _check_slices(expressions: Iterable[str]) -> None:
    seen = list(expressions)
    if not all(one.strip() and len(one) <= _LONGEST for one in seen) or len(set(seen)) < len(seen):
        raise InvalidParameterValue("A slicing expression must not be empty, and none must be given twice.")


def _check_metrics(configuration: Configuration, table: TableRecord) -> None:
    metrics = configuration.custom_metrics
    taken = set(TAKEN)
    if isinstance(configuration.analysis, InferenceLog):
        taken.add(configuration.analysis.model_id_col.lower())
    for metric in metrics:
        if not _NAME.fullmatch(metric.name):
            raise InvalidParameterValue(f"Custom metric '{metric.name[:255]}': that is not a valid name of a column.")
        if metric.name.lower() in taken:
            raise InvalidParameterValue(f"Custom metric '{metric.name}': the metric tables have such a column already.")
        taken.add(metric.name.lower())
        _check_metric(metric, configuration.analysis, table)


def _check_metric(metric: CustomMetric, analysis: Analysis, table: TableRecord) -> None:
    if not metric.input_columns:
        raise InvalidParameterValue(f"Custom metric '{metric.name}': it has no input_columns.")
    if not metric.definition.strip() or len(metric.definition) > _LONGEST:
        raise InvalidParameterValue(f"Custom metric '{metric.name}': it has no definition.")
    _require_columns(
        table, [one for one in metric.input_columns if one != TABLE], f"Custom metric '{metric.name}': the table"
    )
    output_type(metric.name, metric.output_data_type)
    rendered(metric.name, metric.definition, variables(analysis, metric.input_columns[0]))


def variables(analysis: Analysis, input_column: str) -> dict[str, str]:
    """What a definition can name."""
    known = {"input_column": input_column, "current_df": "current_df", "base_df": "base_df"}
    if isinstance(analysis, InferenceLog):
        known["prediction_col"] = analysis.prediction_col
        if analysis.label_col is not None:
            known["label_col"] = analysis.label_col
    return known


def _require_columns(table: TableRecord, names: Iterable[str], who: str) -> None:
    known = {column.name for column in table.columns}
    for name in names:
        if name not in known:
            raise InvalidParameterValue(f"{who} '{table.full_name}' has no column '{name}'.")


def _type_of(table: TableRecord, name: str) -> str:
    return next(column.type_name for column in table.columns if column.name == name)
