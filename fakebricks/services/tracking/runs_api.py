"""REST operations of runs and of what is logged to them."""

from __future__ import annotations

from itertools import islice
from typing import Literal

import msgspec

from fakebricks.services.search import PageTokens
from fakebricks.services.tracking.experiment_permissions import EDIT, VIEW
from fakebricks.services.tracking.names import LARGEST_BATCH
from fakebricks.services.tracking.privileges import (
    of_batch,
    of_experiment,
    of_experiments,
    of_metric,
    of_run,
    of_run_and_models,
)
from fakebricks.services.tracking.rate_limits import LOG_BATCH, MLFLOW, SEARCH_RUNS
from fakebricks.services.tracking.records import Dataset, DatasetInput, Metric, ModelOutput, Run, Tag
from fakebricks.services.tracking.run_data import RunData
from fakebricks.services.tracking.runs import Runs
from fakebricks.services.tracking.search import RunSearch, check_max_results
from fakebricks.services.tracking.shapes import KeyValue, KeyValueAnswer, Long, MetricAnswer, RunOf, ViewType
from fakebricks.wire.errors import InvalidParameterValue
from fakebricks.wire.operations import Answer, Call, Routes, Shape

routes = Routes(rate_limit=MLFLOW)

_MOST_POINTS = 25_000

RunStatus = Literal["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"]


class CreateRun(Shape):
    experiment_id: str
    user_id: str = ""
    run_name: str = ""
    start_time: Long | None = None
    tags: tuple[KeyValue, ...] = ()


class UpdateRun(RunOf, kw_only=True):
    status: RunStatus | None = None
    end_time: Long | None = None
    run_name: str | None = None


class OfRun(Shape):
    run_id: str


class MetricShape(Shape):
    key: str
    value: float
    timestamp: Long
    step: Long = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None
    run_id: str | None = None

    def of_run(self, run_id: str) -> Metric:
        if self.run_id and self.run_id != run_id:
            raise InvalidParameterValue(f"Metric '{self.key}' names run '{self.run_id}', not '{run_id}'.")
        return Metric(
            key=self.key,
            value=self.value,
            timestamp=self.timestamp,
            step=self.step,
            run_id=run_id,
            model_id=self.model_id or None,
            dataset_name=self.dataset_name or None,
            dataset_digest=self.dataset_digest or None,
        )


class LogMetric(RunOf, kw_only=True):
    key: str
    value: float
    timestamp: Long
    step: Long = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


class LogParam(RunOf, kw_only=True):
    key: str
    value: str = ""


class LogBatch(OfRun, kw_only=True):
    metrics: tuple[MetricShape, ...] = ()
    params: tuple[KeyValue, ...] = ()
    tags: tuple[KeyValue, ...] = ()


class SetTag(RunOf, kw_only=True):
    key: str
    value: str = ""


class DeleteTag(OfRun, kw_only=True):
    key: str


class LogModel(OfRun, kw_only=True):
    model_json: str


class DatasetShape(Shape):
    name: str
    digest: str
    source_type: str = ""
    source: str = ""
    schema: str | None = None
    profile: str | None = None


class DatasetInputShape(Shape):
    dataset: DatasetShape
    tags: tuple[KeyValue, ...] = ()


class ModelInputShape(Shape):
    model_id: str


class ModelOutputShape(Shape):
    model_id: str
    step: Long = 0


class LogInputs(OfRun, kw_only=True):
    datasets: tuple[DatasetInputShape, ...] = ()
    models: tuple[ModelInputShape, ...] = ()


class LogOutputs(OfRun, kw_only=True):
    models: tuple[ModelOutputShape, ...] = ()


class SearchRuns(Shape):
    experiment_ids: tuple[str, ...] = ()
    filter: str = ""
    run_view_type: ViewType = "ACTIVE_ONLY"
    max_results: Long = 1000
    order_by: tuple[str, ...] = ()
    page_token: str | None = None


class GetMetricHistory(RunOf, kw_only=True):
    metric_key: str
    max_results: Long = _MOST_POINTS
    page_token: str | None = None


class RunInfoAnswer(Answer):
    run_id: str
    run_uuid: str
    run_name: str
    experiment_id: str
    user_id: str
    status: str
    start_time: int
    artifact_uri: str
    lifecycle_stage: str
    end_time: int | None = None

    @classmethod
    def of(cls, run: Run) -> RunInfoAnswer:
        return cls(
            run_id=run.run_id,
            run_uuid=run.run_id,
            run_name=run.run_name,
            experiment_id=run.experiment_id,
            user_id=run.user_id,
            status=run.status,
            start_time=run.start_time,
            artifact_uri=run.artifact_uri,
            lifecycle_stage=run.lifecycle_stage,
            end_time=run.end_time,
        )


class RunDataAnswer(Answer):
    metrics: tuple[MetricAnswer, ...] = ()
    params: tuple[KeyValueAnswer, ...] = ()
    tags: tuple[KeyValueAnswer, ...] = ()


class DatasetAnswer(Answer):
    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None = None
    profile: str | None = None


class DatasetInputAnswer(Answer):
    dataset: DatasetAnswer
    tags: tuple[KeyValueAnswer, ...] = ()


class ModelInputAnswer(msgspec.Struct):
    model_id: str


class ModelOutputAnswer(msgspec.Struct):
    model_id: str
    step: int


class RunInputsAnswer(Answer):
    dataset_inputs: tuple[DatasetInputAnswer, ...] = ()
    model_inputs: tuple[ModelInputAnswer, ...] = ()


class RunOutputsAnswer(Answer):
    model_outputs: tuple[ModelOutputAnswer, ...] = ()


class RunAnswer(Answer):
    info: RunInfoAnswer
    data: RunDataAnswer
    inputs: RunInputsAnswer
    outputs: RunOutputsAnswer | None = None

    @classmethod
    def of(cls, data: RunData, run: Run) -> RunAnswer:
        outputs = tuple(ModelOutputAnswer(one.model_id, one.step) for one in data.model_outputs(run.run_id))
        return cls(
            info=RunInfoAnswer.of(run),
            data=RunDataAnswer(
                metrics=tuple(MetricAnswer.of(metric) for metric in data.metrics(run.run_id)),
                params=KeyValueAnswer.all(data.params(run.run_id)),
                tags=KeyValueAnswer.all(data.runs.tags(run.run_id)),
            ),
            inputs=RunInputsAnswer(
                dataset_inputs=tuple(_dataset_answer(one) for one in data.datasets(run.run_id)),
                model_inputs=tuple(ModelInputAnswer(one.model_id) for one in data.model_inputs(run.run_id)),
            ),
            outputs=RunOutputsAnswer(model_outputs=outputs) if outputs else None,
        )


class GetRunAnswer(Answer):
    run: RunAnswer


class UpdateRunAnswer(Answer):
    run_info: RunInfoAnswer


class SearchRunsAnswer(Answer):
    runs: tuple[RunAnswer, ...] = ()
    next_page_token: str | None = None


class GetMetricHistoryAnswer(Answer):
    metrics: tuple[MetricAnswer, ...] = ()
    next_page_token: str | None = None


@routes.post("/api/2.0/mlflow/runs/create", privilege=of_experiment(EDIT))
def create_run(data: RunData, call: Call, body: CreateRun) -> GetRunAnswer:
    """The caller is the user, unless the client says another one, as MLflow's always does (observed)."""
    start = call.millis if body.start_time is None else body.start_time
    user = body.user_id or call.caller.user_name
    run = data.runs.create(body.experiment_id, body.run_name, user, start, [tag.pair for tag in body.tags])
    return GetRunAnswer(run=RunAnswer.of(data, run))


@routes.get("/api/2.0/mlflow/runs/get", privilege=of_run(VIEW))
def get_run(data: RunData, call: Call, body: RunOf) -> GetRunAnswer:
    return GetRunAnswer(run=RunAnswer.of(data, data.runs.get(body.id)))


@routes.post("/api/2.0/mlflow/runs/update", privilege=of_run(EDIT))
def update_run(runs: Runs, call: Call, body: UpdateRun) -> UpdateRunAnswer:
    run = runs.update(body.id, body.status, body.end_time, body.run_name)
    return UpdateRunAnswer(run_info=RunInfoAnswer.of(run))


@routes.post("/api/2.0/mlflow/runs/delete", privilege=of_run(EDIT))
def delete_run(runs: Runs, call: Call, body: OfRun) -> None:
    runs.delete(body.run_id, call.millis)


@routes.post("/api/2.0/mlflow/runs/restore", privilege=of_run(EDIT))
def restore_run(runs: Runs, call: Call, body: OfRun) -> None:
    runs.restore(body.run_id)


@routes.post("/api/2.0/mlflow/runs/search", rate_limit=SEARCH_RUNS, privilege=of_experiments(VIEW))
def search_runs(search: RunSearch, call: Call, body: SearchRuns) -> SearchRunsAnswer:
    found, token = search.search(
        body.experiment_ids,
        filter_string=body.filter,
        run_view_type=body.run_view_type,
        max_results=body.max_results,
        order_by=body.order_by,
        page_token=body.page_token,
    )
    return SearchRunsAnswer(runs=tuple(RunAnswer.of(search.data, run) for run in found), next_page_token=token)


@routes.post("/api/2.0/mlflow/runs/log-metric", privilege=of_metric)
def log_metric(data: RunData, call: Call, body: LogMetric) -> None:
    data.log_metric(
        Metric(
            key=body.key,
            value=body.value,
            timestamp=body.timestamp,
            step=body.step,
            run_id=body.id,
            model_id=body.model_id or None,
            dataset_name=body.dataset_name or None,
            dataset_digest=body.dataset_digest or None,
        )
    )


@routes.post("/api/2.0/mlflow/runs/log-parameter", privilege=of_run(EDIT))
def log_param(data: RunData, call: Call, body: LogParam) -> None:
    data.log_param(body.id, body.key, body.value)


@routes.post("/api/2.0/mlflow/runs/log-batch", rate_limit=LOG_BATCH, privilege=of_batch)
def log_batch(data: RunData, call: Call, body: LogBatch) -> None:
    size = len(call.request.body)
    if size > LARGEST_BATCH:
        raise InvalidParameterValue(
            f"Batched logging API requests must be at most {LARGEST_BATCH} bytes, got a request of size {size}."
        )
    metrics = [metric.of_run(body.run_id) for metric in body.metrics]
    data.log_batch(body.run_id, metrics, [one.pair for one in body.params], [one.pair for one in body.tags])


@routes.post("/api/2.0/mlflow/runs/set-tag", privilege=of_run(EDIT))
def set_tag(runs: Runs, call: Call, body: SetTag) -> None:
    runs.set_tag(body.id, body.key, body.value)


@routes.post("/api/2.0/mlflow/runs/delete-tag", privilege=of_run(EDIT))
def delete_tag(runs: Runs, call: Call, body: DeleteTag) -> None:
    runs.delete_tag(body.run_id, body.key)


@routes.post("/api/2.0/mlflow/runs/log-model", privilege=of_run(EDIT))
def log_model(data: RunData, call: Call, body: LogModel) -> None:
    """MLflow 2 calls this after it has uploaded a model's files."""
    data.log_model(body.run_id, body.model_json)


@routes.post("/api/2.0/mlflow/runs/log-inputs", privilege=of_run_and_models(VIEW))
def log_inputs(data: RunData, call: Call, body: LogInputs) -> None:
    datasets = [_dataset_input(given) for given in body.datasets]
    data.log_inputs(body.run_id, datasets, [one.model_id for one in body.models])


@routes.post("/api/2.0/mlflow/runs/outputs", privilege=of_run_and_models(EDIT))
def log_outputs(data: RunData, call: Call, body: LogOutputs) -> None:
    data.log_outputs(body.run_id, [ModelOutput(model_id=one.model_id, step=one.step) for one in body.models])


@routes.get("/api/2.0/mlflow/metrics/get-history", privilege=of_run(VIEW))
def get_history(data: RunData, call: Call, body: GetMetricHistory) -> GetMetricHistoryAnswer:
    """A page has at most 25,000 points (documented); who asks for more gets that many and a token."""
    check_max_results(body.max_results, 2**31 - 1)
    most = min(body.max_results, _MOST_POINTS)
    tokens = PageTokens("metric-history", body.id, body.metric_key)
    place = tokens.read(body.page_token)
    after = (int(place[0]), int(place[1]), int(place[2])) if place else None
    found = list(islice(data.history(body.id, body.metric_key, after), most + 1))
    more = len(found) > most
    return GetMetricHistoryAnswer(
        metrics=tuple(MetricAnswer.of(metric) for _, metric in found[:most]),
        next_page_token=tokens.write(list(found[most - 1][0])) if more else None,
    )


def _dataset_input(given: DatasetInputShape) -> DatasetInput:
    of = given.dataset
    dataset = Dataset(
        name=of.name,
        digest=of.digest,
        source_type=of.source_type,
        source=of.source,
        schema=of.schema,
        profile=of.profile,
    )
    return DatasetInput(dataset=dataset, tags=tuple(Tag(key=tag.key, value=tag.value) for tag in given.tags))


def _dataset_answer(stored: DatasetInput) -> DatasetInputAnswer:
    of = stored.dataset
    dataset = DatasetAnswer(
        name=of.name,
        digest=of.digest,
        source_type=of.source_type,
        source=of.source,
        schema=of.schema,
        profile=of.profile,
    )
    return DatasetInputAnswer(dataset=dataset, tags=KeyValueAnswer.all(stored.tags))
