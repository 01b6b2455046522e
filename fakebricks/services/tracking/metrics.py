"""Points of metrics, of runs and of logged models.

Real: every point is kept; the same point again is one point; the latest one is that of the highest step, then the
latest timestamp, then the highest value, as in MLflow's own store. Not-a-number counts as zero in that comparison.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator

from fakebricks.services.tracking.records import Metric
from fakebricks.state import State


class Metrics:
    """The points of all metrics of one workspace."""

    def __init__(self, state: State) -> None:
        self._points = state.table("metric_points", Metric)
        self._latest = state.table("latest_metrics", Metric)
        self._of_models = state.table("logged_model_metrics", Metric)

    def add(self, metric: Metric) -> None:
        """Keep a point, of its run and, if it names one, of its logged model."""
        place = (metric.run_id, metric.key, metric.timestamp, metric.step, _rank(metric.value))
        if self._points.get(place) is None:
            self._points.put(place, metric)
        latest = self._latest.get((metric.run_id, metric.key))
        if latest is None or _age(metric) > _age(latest):
            self._latest.put((metric.run_id, metric.key), metric)
        if metric.model_id:
            self._of_models.put((metric.model_id, metric.key, metric.timestamp, metric.step, metric.run_id), metric)

    def latest(self, run_id: str) -> list[Metric]:
        """The latest point of each metric of a run, by key."""
        return [metric for _, metric in self._latest.scan((run_id,))]

    def latest_value(self, run_id: str, key: str) -> float | None:
        """The latest value of one metric of a run, or None."""
        metric = self._latest.get((run_id, key))
        return metric.value if metric else None

    def history(
        self, run_id: str, key: str, after: tuple[int, int, int] | None = None
    ) -> Iterator[tuple[tuple[int, int, int], Metric]]:
        """All points of one metric of a run by timestamp, step and value, each with its place, for `after`."""
        index = (run_id, key)
        for place, metric in self._points.scan(index, after=(*index, *after) if after else None):
            yield (int(place[2]), int(place[3]), int(place[4])), metric

    def of_model(self, model_id: str) -> list[Metric]:
        """All points of all metrics of a logged model, by key."""
        return [metric for _, metric in self._of_models.scan((model_id,))]

    def of_model_named(self, model_id: str, key: str) -> list[Metric]:
        """All points of one metric of a logged model, by timestamp."""
        return [metric for _, metric in self._of_models.scan((model_id, key))]


def _age(metric: Metric) -> tuple[int, int, float]:
    return (metric.step, metric.timestamp, 0.0 if math.isnan(metric.value) else metric.value)


def _rank(value: float) -> int:
    """An integer of 64 bits that orders as the number does; one number is one integer, NaN too."""
    if math.isnan(value):
        value = math.nan
    bits: int = struct.unpack(">q", struct.pack(">d", value + 0.0))[0]
    return bits if bits >= 0 else bits ^ 0x7FFF_FFFF_FFFF_FFFF
