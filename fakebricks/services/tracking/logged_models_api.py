"""REST operations of logged models; their files have routes of their own."""

from __future__ import annotations

from typing import Literal

from fakebricks.services.tracking.experiment_permissions import EDIT, VIEW
from fakebricks.services.tracking.logged_model_search import DatasetFilter, LoggedModelSearch, OrderBy
from fakebricks.services.tracking.logged_models import LoggedModels
from fakebricks.services.tracking.metrics import Metrics
from fakebricks.services.tracking.privileges import of_experiments, of_logged_model, of_new_logged_model
from fakebricks.services.tracking.rate_limits import MLFLOW
from fakebricks.services.tracking.records import LoggedModel
from fakebricks.services.tracking.shapes import KeyValue, KeyValueAnswer, Long, MetricAnswer
from fakebricks.wire.operations import Answer, Call, Routes, Shape

routes = Routes(rate_limit=MLFLOW)


class CreateLoggedModel(Shape):
    experiment_id: str
    name: str | None = None
    model_type: str | None = None
    source_run_id: str | None = None
    params: tuple[KeyValue, ...] = ()
    tags: tuple[KeyValue, ...] = ()


class OfModel(Shape):
    model_id: str


class GetLoggedModel(OfModel, kw_only=True):
    allow_deleted: bool = False


class FinalizeLoggedModel(OfModel, kw_only=True):
    status: Literal["LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED"]


class SetLoggedModelTags(OfModel, kw_only=True):
    tags: tuple[KeyValue, ...] = ()


class DeleteLoggedModelTag(OfModel, kw_only=True):
    tag_key: str


class LogLoggedModelParams(OfModel, kw_only=True):
    params: tuple[KeyValue, ...] = ()


class DatasetShape(Shape):
    dataset_name: str
    dataset_digest: str | None = None


class OrderByShape(Shape):
    field_name: str
    ascending: bool = True
    dataset_name: str | None = None
    dataset_digest: str | None = None


class SearchLoggedModels(Shape):
    experiment_ids: tuple[str, ...] = ()
    filter: str = ""
    datasets: tuple[DatasetShape, ...] = ()
    max_results: Long = 50
    order_by: tuple[OrderByShape, ...] = ()
    page_token: str | None = None


class LoggedModelInfoAnswer(Answer):
    model_id: str
    experiment_id: str
    name: str
    creation_timestamp_ms: int
    last_updated_timestamp_ms: int
    artifact_uri: str
    status: str
    creator_id: int
    model_type: str | None = None
    source_run_id: str | None = None
    tags: tuple[KeyValueAnswer, ...] = ()


class LoggedModelDataAnswer(Answer):
    params: tuple[KeyValueAnswer, ...] = ()
    metrics: tuple[MetricAnswer, ...] = ()


class LoggedModelAnswer(Answer):
    info: LoggedModelInfoAnswer
    data: LoggedModelDataAnswer

    @classmethod
    def of(cls, models: LoggedModels, metrics: Metrics, model: LoggedModel) -> LoggedModelAnswer:
        info = LoggedModelInfoAnswer(
            model_id=model.model_id,
            experiment_id=model.experiment_id,
            name=model.name,
            creation_timestamp_ms=model.creation_timestamp_ms,
            last_updated_timestamp_ms=model.last_updated_timestamp_ms,
            artifact_uri=model.artifact_uri,
            status=model.status,
            creator_id=int(model.creator_id),
            model_type=model.model_type,
            source_run_id=model.source_run_id,
            tags=KeyValueAnswer.all(models.tags(model.model_id)),
        )
        data = LoggedModelDataAnswer(
            params=KeyValueAnswer.all(models.params(model.model_id)),
            metrics=tuple(MetricAnswer.of(metric, with_run=True) for metric in metrics.of_model(model.model_id)),
        )
        return cls(info=info, data=data)


class GetLoggedModelAnswer(Answer):
    model: LoggedModelAnswer


class SearchLoggedModelsAnswer(Answer):
    models: tuple[LoggedModelAnswer, ...] = ()
    next_page_token: str | None = None


@routes.post("/api/2.0/mlflow/logged-models", privilege=of_new_logged_model)
def create_logged_model(search: LoggedModelSearch, call: Call, body: CreateLoggedModel) -> GetLoggedModelAnswer:
    model = search.models.create(
        body.experiment_id,
        name=body.name or None,
        model_type=body.model_type,
        source_run_id=body.source_run_id,
        params=[one.pair for one in body.params],
        tags=[one.pair for one in body.tags],
        creator_id=call.caller.id,
        millis=call.millis,
    )
    return _answer(search, model)


@routes.get("/api/2.0/mlflow/logged-models/<model_id>", privilege=of_logged_model(VIEW))
def get_logged_model(search: LoggedModelSearch, call: Call, body: GetLoggedModel) -> GetLoggedModelAnswer:
    return _answer(search, search.models.get(body.model_id, allow_deleted=body.allow_deleted))


@routes.patch("/api/2.0/mlflow/logged-models/<model_id>", privilege=of_logged_model(EDIT))
def finalize_logged_model(search: LoggedModelSearch, call: Call, body: FinalizeLoggedModel) -> GetLoggedModelAnswer:
    return _answer(search, search.models.finalize(body.model_id, body.status, call.millis))


@routes.delete("/api/2.0/mlflow/logged-models/<model_id>", privilege=of_logged_model(EDIT))
def delete_logged_model(models: LoggedModels, call: Call, body: OfModel) -> None:
    models.delete(body.model_id, call.millis)


@routes.patch("/api/2.0/mlflow/logged-models/<model_id>/tags", privilege=of_logged_model(EDIT))
def set_logged_model_tags(models: LoggedModels, call: Call, body: SetLoggedModelTags) -> None:
    models.set_tags(body.model_id, [tag.pair for tag in body.tags])


@routes.delete("/api/2.0/mlflow/logged-models/<model_id>/tags/<path:tag_key>", privilege=of_logged_model(EDIT))
def delete_logged_model_tag(models: LoggedModels, call: Call, body: DeleteLoggedModelTag) -> None:
    models.delete_tag(body.model_id, body.tag_key)


@routes.post("/api/2.0/mlflow/logged-models/<model_id>/params", privilege=of_logged_model(EDIT))
def log_logged_model_params(models: LoggedModels, call: Call, body: LogLoggedModelParams) -> None:
    models.log_params(body.model_id, [one.pair for one in body.params])


@routes.post("/api/2.0/mlflow/logged-models/search", privilege=of_experiments(VIEW))
def search_logged_models(search: LoggedModelSearch, call: Call, body: SearchLoggedModels) -> SearchLoggedModelsAnswer:
    found, token = search.search(
        body.experiment_ids,
        filter_string=body.filter,
        datasets=[DatasetFilter(one.dataset_name, one.dataset_digest) for one in body.datasets],
        max_results=body.max_results,
        order_by=[
            OrderBy(one.field_name, one.ascending, one.dataset_name, one.dataset_digest) for one in body.order_by
        ],
        page_token=body.page_token,
    )
    answers = tuple(LoggedModelAnswer.of(search.models, search.metrics, model) for model in found)
    return SearchLoggedModelsAnswer(models=answers, next_page_token=token)


def _answer(search: LoggedModelSearch, model: LoggedModel) -> GetLoggedModelAnswer:
    return GetLoggedModelAnswer(model=LoggedModelAnswer.of(search.models, search.metrics, model))
