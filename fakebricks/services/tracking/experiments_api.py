"""REST operations of experiments."""

from __future__ import annotations

from fakebricks.services.tracking.experiment_permissions import EDIT, MANAGE, VIEW
from fakebricks.services.tracking.experiments import Experiments
from fakebricks.services.tracking.privileges import (
    of_experiment,
    of_named_experiment,
    of_new_experiment,
    of_renamed_experiment,
)
from fakebricks.services.tracking.rate_limits import EXPERIMENTS, MLFLOW
from fakebricks.services.tracking.records import Experiment
from fakebricks.services.tracking.search import MOST_RESULTS, ExperimentSearch
from fakebricks.services.tracking.shapes import KeyValue, KeyValueAnswer, Long, ViewType
from fakebricks.wire.operations import Answer, Call, Routes, Shape

routes = Routes(rate_limit=MLFLOW)

_MOST_LISTED = 1000


class CreateExperiment(Shape):
    name: str
    artifact_location: str | None = None
    tags: tuple[KeyValue, ...] = ()


class OfExperiment(Shape):
    experiment_id: str


class GetExperimentByName(Shape):
    experiment_name: str


class UpdateExperiment(Shape):
    experiment_id: str
    new_name: str | None = None


class SearchExperiments(Shape):
    """MLflow's own server asks for `max_results`; Databricks does not (observed)."""

    max_results: Long = 1000
    page_token: str | None = None
    filter: str = ""
    order_by: tuple[str, ...] = ()
    view_type: ViewType = "ACTIVE_ONLY"


class ListExperiments(Shape):
    max_results: Long | None = None
    page_token: str | None = None
    view_type: ViewType = "ACTIVE_ONLY"


class SetExperimentTag(Shape):
    experiment_id: str
    key: str
    value: str


class DeleteExperimentTag(Shape):
    experiment_id: str
    key: str


class ExperimentAnswer(Answer):
    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: str
    last_update_time: int
    creation_time: int
    tags: tuple[KeyValueAnswer, ...] = ()

    @classmethod
    def of(cls, experiments: Experiments, experiment: Experiment) -> ExperimentAnswer:
        return cls(
            experiment_id=experiment.experiment_id,
            name=experiment.name,
            artifact_location=experiment.artifact_location,
            lifecycle_stage=experiment.lifecycle_stage,
            last_update_time=experiment.last_update_time,
            creation_time=experiment.creation_time,
            tags=KeyValueAnswer.all(experiments.tags(experiment)),
        )


class CreateExperimentAnswer(Answer):
    experiment_id: str


class GetExperimentAnswer(Answer):
    experiment: ExperimentAnswer


class SearchExperimentsAnswer(Answer):
    experiments: tuple[ExperimentAnswer, ...] = ()
    next_page_token: str | None = None


@routes.post("/api/2.0/mlflow/experiments/create", rate_limit=EXPERIMENTS, privilege=of_new_experiment)
def create_experiment(experiments: Experiments, call: Call, body: CreateExperiment) -> CreateExperimentAnswer:
    tags = [tag.pair for tag in body.tags]
    created = experiments.create(body.name, body.artifact_location, tags, call.caller, call.millis)
    return CreateExperimentAnswer(experiment_id=created.experiment_id)


@routes.get("/api/2.0/mlflow/experiments/get", privilege=of_experiment(VIEW))
def get_experiment(experiments: Experiments, call: Call, body: OfExperiment) -> GetExperimentAnswer:
    return GetExperimentAnswer(experiment=ExperimentAnswer.of(experiments, experiments.get(body.experiment_id)))


@routes.get("/api/2.0/mlflow/experiments/get-by-name", privilege=of_named_experiment)
def get_experiment_by_name(experiments: Experiments, call: Call, body: GetExperimentByName) -> GetExperimentAnswer:
    found = experiments.get_by_name(body.experiment_name)
    return GetExperimentAnswer(experiment=ExperimentAnswer.of(experiments, found))


@routes.post("/api/2.0/mlflow/experiments/search", rate_limit=EXPERIMENTS)
@routes.get("/api/2.0/mlflow/experiments/search", rate_limit=EXPERIMENTS)
def search_experiments(search: ExperimentSearch, call: Call, body: SearchExperiments) -> SearchExperimentsAnswer:
    found, token = search.search(
        call.caller,
        filter_string=body.filter,
        view_type=body.view_type,
        max_results=body.max_results,
        order_by=body.order_by,
        page_token=body.page_token,
    )
    answers = tuple(ExperimentAnswer.of(search.experiments, one) for one in found)
    return SearchExperimentsAnswer(experiments=answers, next_page_token=token)


@routes.get("/api/2.0/mlflow/experiments/list", rate_limit=EXPERIMENTS)
def list_experiments(search: ExperimentSearch, call: Call, body: ListExperiments) -> SearchExperimentsAnswer:
    """All of them, unless a page is asked for, of at most 1,000 (documented)."""
    found, token = search.search(
        call.caller,
        filter_string="",
        view_type=body.view_type,
        max_results=MOST_RESULTS if body.max_results is None else min(body.max_results, _MOST_LISTED),
        order_by=(),
        page_token=body.page_token,
    )
    answers = tuple(ExperimentAnswer.of(search.experiments, one) for one in found)
    return SearchExperimentsAnswer(experiments=answers, next_page_token=token)


@routes.post("/api/2.0/mlflow/experiments/update", rate_limit=EXPERIMENTS, privilege=of_renamed_experiment)
def update_experiment(experiments: Experiments, call: Call, body: UpdateExperiment) -> None:
    """Without a new name nothing changes, but the experiment must exist."""
    if body.new_name is None:
        experiments.get(body.experiment_id)
        return
    experiments.rename(body.experiment_id, body.new_name, call.millis)


@routes.post("/api/2.0/mlflow/experiments/delete", rate_limit=EXPERIMENTS, privilege=of_experiment(MANAGE))
def delete_experiment(experiments: Experiments, call: Call, body: OfExperiment) -> None:
    experiments.delete(body.experiment_id, call.millis)


@routes.post("/api/2.0/mlflow/experiments/restore", rate_limit=EXPERIMENTS, privilege=of_experiment(MANAGE))
def restore_experiment(experiments: Experiments, call: Call, body: OfExperiment) -> None:
    experiments.restore(body.experiment_id, call.millis)


@routes.post("/api/2.0/mlflow/experiments/set-experiment-tag", privilege=of_experiment(EDIT))
def set_experiment_tag(experiments: Experiments, call: Call, body: SetExperimentTag) -> None:
    experiments.set_tag(body.experiment_id, body.key, body.value)


@routes.post("/api/2.0/mlflow/experiments/delete-experiment-tag", privilege=of_experiment(EDIT))
def delete_experiment_tag(experiments: Experiments, call: Call, body: DeleteExperimentTag) -> None:
    experiments.delete_tag(body.experiment_id, body.key)
