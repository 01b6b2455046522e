"""Points of metrics, of runs and of logged models.

Real: every point is kept; the same point again is one point; the latest one is that of the highest step, then the
latest timestamp, then the highest value, as in MLflow's own store. Not-a-number counts as zero in that comparison.

A series, which is one metric of one run, keeps its last points in one record with the latest of all; what came before
is in full chunks, each under the place of its last point. See `points` for what a chunk holds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import chain, groupby
from operator import attrgetter

from msgspec.structs import replace

from fakebricks.services.tracking.points import (
    SIZE,
    Place,
    inserted,
    last_place,
    packed_place,
    place_of,
    points,
    rank,
    value_of,
)
from fakebricks.services.tracking.records import Chunk, Metric, Series, Source
from fakebricks.services.tracking.words import Words
from fakebricks.state import Key, State


class Metrics:
    """The points of all metrics of one workspace."""

    def __init__(self, state: State) -> None:
        self._series = state.table("metric_series", Series)
        self._chunks = state.table("metric_chunks", Chunk)
        self._words = Words()
        self._of_models = state.table("logged_model_metrics", Metric)

    def add(self, run_id: str, metrics: Iterable[Metric]) -> None:
        """Keep points of a run, each also of the logged model that it names."""
        by_key = attrgetter("key")
        for key, of_series in groupby(sorted(metrics, key=by_key), key=by_key):
            index = (run_id, self._words(key))
            before = self._series.get(index)
            series = before
            for metric in of_series:
                series = self._with(index, series, metric)
                if metric.model_id:
                    self._put_of_model(index, metric, self._words(metric.model_id))
            if series is not None and series is not before:
                self._series.put(index, series)

    def latest(self, run_id: str) -> list[Metric]:
        """The latest point of each metric of a run, by key."""
        return [_latest(index, series) for index, series in self._series.scan((run_id,))]

    def latest_value(self, run_id: str, key: str) -> float | None:
        """The latest value of one metric of a run, or None."""
        series = self._series.get((run_id, key))
        return value_of(place_of(series.latest)[2]) if series else None

    def history(self, run_id: str, key: str, after: Place | None = None) -> Iterator[tuple[Place, Metric]]:
        """All points of one metric of a run by timestamp, step and value, each with its place, for `after`."""
        index = (run_id, key)
        series = self._series.get(index)
        if series is None:
            return
        chunks = (chunk for _, chunk in self._chunks.scan(index, after=(*index, *after) if after else None))
        for chunk in chain(chunks, [series.last]):
            for place, source in points(chunk, after):
                yield place, _metric(index, place, source)

    def of_model(self, model_id: str) -> list[Metric]:
        """All points of all metrics of a logged model, by key."""
        return [metric for _, metric in self._of_models.scan((model_id,))]

    def of_model_named(self, model_id: str, key: str) -> list[Metric]:
        """All points of one metric of a logged model, by timestamp."""
        return [metric for _, metric in self._of_models.scan((model_id, key))]

    def _put_of_model(self, index: tuple[str, str], metric: Metric, model_id: str) -> None:
        run_id, key = index
        shared = replace(metric, run_id=run_id, key=key, model_id=model_id)
        self._of_models.put((model_id, key, metric.timestamp, metric.step, run_id), shared)

    def _with(self, index: tuple[str, str], series: Series | None, metric: Metric) -> Series:
        """The series with a point more; chunks that are not its last are stored."""
        place = (metric.timestamp, metric.step, rank(metric.value))
        packed = packed_place(place)
        source = _source(metric)
        if series is None:
            (first,) = inserted(Chunk(packed=b""), packed, source)
            return Series(last=first, latest=first.packed, latest_source=source)
        last = series.last
        if packed > last.packed[:SIZE] or not self._in_earlier_chunk(index, place, packed, source):
            *full, last = inserted(last, packed, source)
            for chunk in full:
                self._chunks.put((*index, *last_place(chunk)), chunk)
        if _age(place) > _age(place_of(series.latest)):
            return Series(last=last, latest=packed, latest_source=source)
        if last is series.last:
            return series
        return Series(last=last, latest=series.latest, latest_source=series.latest_source)

    def _in_earlier_chunk(self, index: tuple[str, str], place: Place, packed: bytes, source: Source | None) -> bool:
        """Keep a point in the chunk that it belongs to, if that is not the series' last one."""
        timestamp, step, ranked = place
        for key, chunk in self._chunks.scan(index, after=(*index, timestamp, step, ranked - 1)):
            *split, rest = inserted(chunk, packed, source)
            for first in split:
                self._chunks.put((*index, *last_place(first)), first)
            if rest is not chunk:
                self._chunks.put(key, rest)
            return True
        return False


def _metric(index: Key, place: Place, source: Source | None) -> Metric:
    run_id, key = map(str, index)
    timestamp, step, ranked = place
    return Metric(
        key=key,
        value=value_of(ranked),
        timestamp=timestamp,
        step=step,
        run_id=run_id,
        model_id=source.model_id if source else None,
        dataset_name=source.dataset_name if source else None,
        dataset_digest=source.dataset_digest if source else None,
    )


def _latest(index: Key, series: Series) -> Metric:
    return _metric(index, place_of(series.latest), series.latest_source)


def _source(metric: Metric) -> Source | None:
    if not metric.model_id and not metric.dataset_name and not metric.dataset_digest:
        return None
    return Source(model_id=metric.model_id, dataset_name=metric.dataset_name, dataset_digest=metric.dataset_digest)


def _age(place: Place) -> tuple[int, int, float]:
    timestamp, step, ranked = place
    value = value_of(ranked)
    return step, timestamp, 0.0 if math.isnan(value) else value
