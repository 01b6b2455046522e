"""REST operations over many runs at once: deletion and restoration by time, histories of metrics, data sets.

Real: what databricks-sdk documents of deletion and restoration, the newest runs first (inferred); histories as MLflow's
own server gives them to its pages, evenly sampled where asked for.
"""

from __future__ import annotations

from itertools import islice
from typing import Annotated

import msgspec

from fakebricks.services.tracking.experiment_permissions import EDIT, VIEW
from fakebricks.services.tracking.privileges import of_experiment, of_experiments, of_runs
from fakebricks.services.tracking.rate_limits import MLFLOW
from fakebricks.services.tracking.records import DatasetSummary, Metric
from fakebricks.services.tracking.run_data import RunData
from fakebricks.services.tracking.runs import Runs
from fakebricks.services.tracking.shapes import Long, MetricAnswer
from fakebricks.wire.errors import InvalidParameterValue
from fakebricks.wire.operations import Answer, Call, Routes, Shape

routes = Routes(rate_limit=MLFLOW)

_MOST_RUNS = 10_000
_MOST_POINTS = 25_000
_MOST_SAMPLED = 2500
_MOST_HISTORIES = 100

MostRuns = Annotated[int, msgspec.Meta(ge=1, le=_MOST_RUNS)]
RunIds = Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=_MOST_HISTORIES)]


class DeleteRuns(Shape):
    experiment_id: str
    max_timestamp_millis: Long
    max_runs: MostRuns = _MOST_RUNS


class RestoreRuns(Shape):
    experiment_id: str
    min_timestamp_millis: Long
    max_runs: MostRuns = _MOST_RUNS


class GetHistories(Shape):
    run_id: RunIds
    metric_key: str
    max_results: Annotated[int, msgspec.Meta(ge=1)] = _MOST_POINTS


class SampleHistories(Shape):
    run_ids: RunIds
    metric_key: str
    start_step: Long | None = None
    end_step: Long | None = None
    max_results: Annotated[int, msgspec.Meta(ge=1, le=_MOST_SAMPLED)] = _MOST_SAMPLED


class SearchDatasets(Shape):
    experiment_ids: tuple[str, ...] = ()


class DeleteRunsAnswer(msgspec.Struct):
    runs_deleted: int


class RestoreRunsAnswer(msgspec.Struct):
    runs_restored: int


class HistoriesAnswer(Answer):
    metrics: tuple[MetricAnswer, ...] = ()


class DatasetSummaryAnswer(Answer):
    experiment_id: str
    name: str
    digest: str
    context: str | None = None

    @classmethod
    def of(cls, summary: DatasetSummary) -> DatasetSummaryAnswer:
        return cls(
            experiment_id=summary.experiment_id, name=summary.name, digest=summary.digest, context=summary.context
        )


class SearchDatasetsAnswer(Answer):
    dataset_summaries: tuple[DatasetSummaryAnswer, ...] = ()


@routes.post("/api/2.0/mlflow/databricks/runs/delete-runs", privilege=of_experiment(EDIT))
def delete_runs(runs: Runs, call: Call, body: DeleteRuns) -> DeleteRunsAnswer:
    """Created at or before a time: the time that the run says it started at."""
    count = runs.delete_started_until(body.experiment_id, body.max_timestamp_millis, body.max_runs, call.millis)
    return DeleteRunsAnswer(count)


@routes.post("/api/2.0/mlflow/databricks/runs/restore-runs", privilege=of_experiment(EDIT))
def restore_runs(runs: Runs, call: Call, body: RestoreRuns) -> RestoreRunsAnswer:
    return RestoreRunsAnswer(runs.restore_deleted_since(body.experiment_id, body.min_timestamp_millis, body.max_runs))


@routes.get(
    "/api/2.0/mlflow/metrics/get-history-bulk",
    "/ajax-api/2.0/mlflow/metrics/get-history-bulk",
    privilege=of_runs(VIEW, "run_id"),
)
def get_history_bulk(data: RunData, call: Call, body: GetHistories) -> HistoriesAnswer:
    """The points of one metric of some runs, by run, and then by time and step."""
    points = (metric for run_id in sorted(set(body.run_id)) for metric in data.points(run_id, body.metric_key))
    return _answer(list(islice(points, min(body.max_results, _MOST_POINTS))))


@routes.get(
    "/api/2.0/mlflow/metrics/get-history-bulk-interval",
    "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval",
    privilege=of_runs(VIEW, "run_ids"),
)
def get_history_bulk_interval(data: RunData, call: Call, body: SampleHistories) -> HistoriesAnswer:
    """Of each run as many points as asked for, evenly spread over the steps, the first and the last among them."""
    low, high = body.start_step, body.end_step
    if (low is None) != (high is None):
        raise InvalidParameterValue("If either start step or end step are specified, both must be specified.")
    if low is not None and high is not None and low > high:
        raise InvalidParameterValue(
            f"end_step must be greater than start_step. Found start_step={low} and end_step={high}."
        )
    found: list[Metric] = []
    for run_id in body.run_ids:
        points = [
            one
            for one in data.points(run_id, body.metric_key)
            if low is None or high is None or low <= one.step <= high
        ]
        found += _sampled(sorted(points, key=lambda one: one.step), body.max_results)
    return _answer(found)


@routes.post(
    "/api/2.0/mlflow/experiments/search-datasets",
    "/ajax-api/2.0/mlflow/experiments/search-datasets",
    privilege=of_experiments(VIEW),
)
def search_datasets(data: RunData, call: Call, body: SearchDatasets) -> SearchDatasetsAnswer:
    found = data.datasets_of(body.experiment_ids)
    return SearchDatasetsAnswer(dataset_summaries=tuple(DatasetSummaryAnswer.of(one) for one in found))


def _answer(points: list[Metric]) -> HistoriesAnswer:
    return HistoriesAnswer(metrics=tuple(MetricAnswer.of(one, with_run=True) for one in points))


def _sampled(points: list[Metric], most: int) -> list[Metric]:
    """The first point of each of so many parts of almost one size, and the last of all, as MLflow's store samples."""
    if len(points) <= most:
        return points
    size, longer = divmod(len(points), most)
    sampled = [points[number * size + min(number, longer)] for number in range(most)]
    return sampled if sampled[-1] is points[-1] else [*sampled[:-1], points[-1]]
