"""What a monitor's configuration must be like, before it is stored.

Real: exactly one analysis, known granularities, at most 5 addresses (documented). Everything that is named must exist.
Inferred: the texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from fakebricks.services.monitoring.column_needs import check_quality, check_windows, require_columns
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
from fakebricks.wire.errors import InvalidParameterValue

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
    _check_analysis(analysis, table, baseline)
    _check_slices(configuration.slicing_exprs)
    _check_metrics(configuration, table)
    if configuration.schedule is not None:
        checked_schedule(configuration.schedule)
    if len(configuration.on_failure or ()) > _MOST_ADDRESSES:
        raise InvalidParameterValue(f"At most {_MOST_ADDRESSES} e-mail addresses can be notified on failure.")


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


def _check_analysis(analysis: Analysis, table: TableRecord, baseline: TableRecord | None) -> None:
    if not isinstance(analysis, Snapshot):
        if not analysis.granularities or len(set(analysis.granularities)) < len(analysis.granularities):
            raise InvalidParameterValue("At least one granularity must be given, and none twice.")
        for name in analysis.granularities:
            Granularity.named(name)
    check_windows(analysis, table, baseline)
    check_quality(analysis, table)


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
    require_columns(
        table, [one for one in metric.input_columns if one != TABLE], f"Custom metric '{metric.name}': the table"
    )
    output_type(metric.name, metric.output_data_type)
    rendered(metric.name, metric.definition, variables(analysis, metric.input_columns[0]))


def variables(analysis: Analysis, input_column: str) -> dict[str, str]:
    """What a definition can name.

    Backticks in the names of columns are doubled, as definitions put names between backticks (documented).
    """
    columns = {"input_column": input_column}
    if isinstance(analysis, InferenceLog):
        columns["prediction_col"] = analysis.prediction_col
        if analysis.label_col is not None:
            columns["label_col"] = analysis.label_col
    escaped = {name: column.replace("`", "``") for name, column in columns.items()}
    return {**escaped, "current_df": "current_df", "base_df": "base_df"}
