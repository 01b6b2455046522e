"""Shapes that both APIs of monitors have, and what they stand for.

The APIs differ in the prefixes of their enumerations: what a name ends with says what is meant.
"""

from __future__ import annotations

from typing import Any, cast

from fakebricks.services.monitoring.records import CronSchedule, CustomMetric, MetricType
from fakebricks.wire.errors import InvalidParameterValue
from fakebricks.wire.operations import Shape


class AskedSnapshot(Shape):
    pass


class AskedDestination(Shape):
    email_addresses: tuple[str, ...] = ()


class AskedMetric(Shape):
    """A custom metric; each API says which types it knows."""

    type: str
    name: str
    input_columns: tuple[str, ...]
    definition: str
    output_data_type: str

    def metric(self) -> CustomMetric:
        """What it asks for."""
        return CustomMetric(
            type=cast("MetricType", _last_word(self.type)),
            name=self.name,
            input_columns=self.input_columns,
            definition=self.definition,
            output_data_type=self.output_data_type,
        )


class AskedSchedule(Shape):
    """A schedule; each API says which states it knows."""

    quartz_cron_expression: str
    timezone_id: str
    pause_status: str

    def schedule(self) -> CronSchedule:
        """What it asks for."""
        return CronSchedule(
            quartz_cron_expression=self.quartz_cron_expression,
            timezone_id=self.timezone_id,
            paused=_last_word(self.pause_status) == "PAUSED",
        )


def only_analysis(*given: Shape | None) -> Shape:
    """The one analysis that is given.

    Raises:
        InvalidParameterValue: none is, or more than one.
    """
    found = [one for one in given if one is not None]
    if len(found) != 1:
        raise InvalidParameterValue("Exactly one of snapshot, time_series and inference_log must be given.")
    return found[0]


def told_metric(metric: CustomMetric, prefix: str) -> dict[str, Any]:
    """A custom metric, as both APIs tell it."""
    return {
        "type": f"{prefix}{metric.type}",
        "name": metric.name,
        "input_columns": list(metric.input_columns),
        "definition": metric.definition,
        "output_data_type": metric.output_data_type,
    }


def told_schedule(schedule: CronSchedule, prefix: str = "") -> dict[str, Any]:
    """A schedule, as both APIs tell it."""
    return {
        "quartz_cron_expression": schedule.quartz_cron_expression,
        "timezone_id": schedule.timezone_id,
        "pause_status": f"{prefix}{'PAUSED' if schedule.paused else 'UNPAUSED'}",
    }


def _last_word(name: str) -> str:
    return name.rpartition("_")[2]
