"""Tracking, as MLflow's unmodified client uses it."""

from __future__ import annotations

import math

import pytest

mlflow = pytest.importorskip("mlflow")

from mlflow import MlflowClient  # noqa: E402
from mlflow.entities import Metric, Param, RunTag, ViewType  # noqa: E402
from mlflow.exceptions import RestException  # noqa: E402

of_mlflow_3 = pytest.mark.skipif(mlflow.__version__.startswith("2."), reason="logged models are of MLflow 3")


@pytest.fixture
def workspace(entered):
    with entered() as workspace:
        yield workspace


@pytest.fixture
def experiment(workspace):
    return mlflow.set_experiment(f"/Users/{workspace.user_name}/fraud")


@pytest.fixture
def client(workspace):
    return MlflowClient()


def test_set_experiment_makes_it_once(workspace, experiment):
    again = mlflow.set_experiment(experiment.name)

    assert again.experiment_id == experiment.experiment_id
    assert again.artifact_location == f"dbfs:/databricks/mlflow-tracking/{experiment.experiment_id}"
    assert again.tags["mlflow.ownerEmail"] == workspace.user_name


def test_a_training_script(experiment, client):
    with mlflow.start_run(run_name="parent") as parent:
        mlflow.log_params({"depth": 3, "kind": "tree"})
        mlflow.log_param("alpha", 0.5)
        mlflow.log_metrics({"auc": 0.8, "bad": math.nan, "far": -math.inf}, step=1)
        mlflow.log_metric("auc", 0.9, step=2)
        mlflow.set_tags({"team": "fraud"})
        with mlflow.start_run(run_name="child", nested=True) as child:
            mlflow.log_metric("auc", 0.5)

    run = client.get_run(parent.info.run_id)
    assert (run.info.status, run.info.run_name) == ("FINISHED", "parent")
    assert run.info.end_time >= run.info.start_time
    assert run.data.params == {"depth": "3", "kind": "tree", "alpha": "0.5"}
    assert (run.data.metrics["auc"], run.data.metrics["far"]) == (0.9, -math.inf)
    assert math.isnan(run.data.metrics["bad"])
    assert run.data.tags["team"] == "fraud"
    assert [(one.step, one.value) for one in client.get_metric_history(run.info.run_id, "auc")] == [(1, 0.8), (2, 0.9)]
    assert client.get_run(child.info.run_id).data.tags["mlflow.parentRunId"] == parent.info.run_id


def test_a_failing_script_leaves_a_failed_run(experiment, client):
    with pytest.raises(ZeroDivisionError), mlflow.start_run() as run:
        raise ZeroDivisionError

    assert client.get_run(run.info.run_id).info.status == "FAILED"


def test_log_input(experiment, client):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"amount": [1.0, 2.0], "fraud": [0, 1]})
    dataset = mlflow.data.from_pandas(frame, source="s3://bucket/train.csv", name="train")

    with mlflow.start_run() as run:
        mlflow.log_input(dataset, context="training", tags={"split": "1"})

    (given,) = client.get_run(run.info.run_id).inputs.dataset_inputs
    assert (given.dataset.name, given.dataset.digest) == ("train", dataset.digest)
    assert {tag.key: tag.value for tag in given.tags} == {"mlflow.data.context": "training", "split": "1"}
    found = mlflow.search_runs(filter_string="dataset.name = 'train' AND dataset.context = 'training'")
    assert list(found.run_id) == [run.info.run_id]


def test_search_runs_pages_through_all(experiment):
    for number in range(5):
        with mlflow.start_run(run_name=f"run {number}"):
            mlflow.log_metric("m", number or math.nan)
            mlflow.log_param("even", number % 2 == 0)

    found = mlflow.search_runs(
        filter_string="params.even = 'True' AND tags.`mlflow.runName` LIKE 'run %'", order_by=["metrics.m DESC"]
    )
    pages = MlflowClient().search_runs([experiment.experiment_id], max_results=2)

    assert list(found["tags.mlflow.runName"]) == ["run 4", "run 2", "run 0"]
    assert len(pages) == 2
    assert pages.token
    assert len(mlflow.search_runs(max_results=4)) == 4


def test_the_client_logs_batches_renames_deletes_and_restores(experiment, client):
    run_id = client.create_run(experiment.experiment_id, run_name="one").info.run_id
    client.log_batch(
        run_id, metrics=[Metric("m", 1.0, 1, 0)], params=[Param("p", "1")], tags=[RunTag("t", "1"), RunTag("u", "2")]
    )
    client.delete_tag(run_id, "t")
    client.update_run(run_id, status="KILLED", name="two")
    client.set_terminated(run_id, "FINISHED")

    run = client.get_run(run_id)
    assert (run.info.run_name, run.info.status) == ("two", "FINISHED")
    assert (run.data.metrics, run.data.params) == ({"m": 1.0}, {"p": "1"})
    assert run.data.tags == {"u": "2", "mlflow.runName": "two"} | {
        key: value for key, value in run.data.tags.items() if key == "mlflow.user"
    }
    client.delete_run(run_id)
    assert client.get_run(run_id).info.lifecycle_stage == "deleted"
    assert [one.info.run_id for one in client.search_runs([experiment.experiment_id], "", ViewType.DELETED_ONLY)] == [
        run_id
    ]
    client.restore_run(run_id)
    assert client.get_run(run_id).info.lifecycle_stage == "active"


def test_experiments_are_searched_renamed_deleted_and_restored(experiment, client):
    other = client.create_experiment("/Shared/other", tags={"team": "fraud"})
    client.set_experiment_tag(other, "stage", "x")
    client.rename_experiment(other, "/Shared/renamed")

    (found,) = mlflow.search_experiments(filter_string="tags.team = 'fraud' AND name LIKE '%renamed'")
    assert (found.experiment_id, found.tags["stage"]) == (other, "x")
    assert [one.name for one in mlflow.search_experiments(order_by=["name ASC"])] == [
        "/Shared/renamed",
        experiment.name,
    ]
    client.delete_experiment(other)
    assert client.get_experiment_by_name("/Shared/renamed").lifecycle_stage == "deleted"
    client.restore_experiment(other)
    assert client.get_experiment(other).lifecycle_stage == "active"
    assert client.get_experiment_by_name("/Shared/nothing") is None


def test_set_experiment_hides_why_a_creation_failed_in_mlflow_2_as_it_does_on_the_platform(workspace):
    expected = (
        'BAD_REQUEST: For input string: "None"' if mlflow.__version__.startswith("2.") else "invalid experiment name"
    )

    with pytest.raises(RestException, match=expected):
        mlflow.set_experiment("relative")


def test_errors_reach_the_script_as_the_platform_words_them(experiment, client):
    with pytest.raises(RestException, match="INVALID_PARAMETER_VALUE: Got an invalid experiment name 'relative'"):
        client.create_experiment("relative")
    with pytest.raises(RestException, match="Parent directory /Shared/no does not exist."):
        client.create_experiment("/Shared/no/x")
    with mlflow.start_run() as run:
        mlflow.log_param("p", 1)
        with pytest.raises(Exception, match="Changing param values is not allowed"):
            mlflow.log_param("p", 2)
    with pytest.raises(RestException, match="RESOURCE_DOES_NOT_EXIST: Run '0' not found"):
        client.get_run("0")
    with pytest.raises(RestException, match="INVALID_PARAMETER_VALUE"):
        client.search_runs([run.info.experiment_id], "metrics.a = 'x' OR")


@of_mlflow_3
def test_logged_models_have_params_tags_metrics_and_a_status(experiment, client):
    with mlflow.start_run() as run:
        model = mlflow.initialize_logged_model(name="agent", params={"a": "1"}, tags={"t": "x"}, model_type="agent")
        mlflow.log_metric("auc", 0.9, model_id=model.model_id)
    mlflow.finalize_logged_model(model.model_id, "READY")
    mlflow.set_logged_model_tags(model.model_id, {"u": "y"})
    mlflow.delete_logged_model_tag(model.model_id, "t")
    mlflow.log_model_params({f"p{number}": str(number) for number in range(150)}, model.model_id)

    found = mlflow.get_logged_model(model.model_id)
    assert (str(found.status), found.source_run_id, found.model_type) == ("READY", run.info.run_id, "agent")
    assert found.tags["u"] == "y"
    assert "t" not in found.tags
    assert len(found.params) == 151
    assert [(one.key, one.value) for one in found.metrics] == [("auc", 0.9)]
    (again,) = mlflow.search_logged_models(
        experiment_ids=[experiment.experiment_id],
        filter_string="metrics.auc > 0.5 AND params.a = '1'",
        order_by=[{"field_name": "metrics.auc", "ascending": False}],
        output_format="list",
    )
    assert again.model_id == model.model_id
    client.delete_logged_model(model.model_id)
    with pytest.raises(RestException, match="RESOURCE_DOES_NOT_EXIST"):
        mlflow.get_logged_model(model.model_id)
