"""The tracking and registry URIs by which MLflow code names a workspace."""

from __future__ import annotations

import os

import pytest

mlflow = pytest.importorskip("mlflow")

from databricks.sdk import WorkspaceClient  # noqa: E402
from mlflow import MlflowClient  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402
from mlflow.models import ModelSignature  # noqa: E402
from mlflow.types import ColSpec, DataType, Schema  # noqa: E402

from fakebricks import fake_workspace  # noqa: E402

SIGNATURE = ModelSignature(Schema([ColSpec(DataType.double, "x")]), Schema([ColSpec(DataType.double)]))
MLFLOW_2 = mlflow.__version__.startswith("2.")


class Doubled(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input["x"] * 2


def train(**options):
    """A run with an artifact and a model; the run, and where the model is."""
    with mlflow.start_run() as run:
        mlflow.log_metric("auc", 0.9)
        mlflow.log_text("hello", "notes/today.txt")
        name = {"artifact_path": "model"} if MLFLOW_2 else {"name": "model"}
        model = mlflow.pyfunc.log_model(
            python_model=Doubled(), signature=SIGNATURE, pip_requirements=[], **name, **options
        )
    return run, model


@pytest.mark.parametrize("kind", ["databricks", "databricks://DEFAULT", "databricks://prod", "http"])
def test_a_script_under_each_tracking_uri(entered, kind, tmp_path):
    with entered(profiles=("prod",)) as workspace:
        mlflow.set_tracking_uri(os.environ["DATABRICKS_HOST"] if kind == "http" else kind)
        experiment = mlflow.set_experiment("/Shared/uris")
        run, model = train()

        assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/notes/today.txt") == "hello"
        assert [one.path for one in MlflowClient().list_artifacts(run.info.run_id, "notes")] == ["notes/today.txt"]
        mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="notes", dst_path=str(tmp_path))
        assert (tmp_path / "notes" / "today.txt").read_text() == "hello"
        assert mlflow.pyfunc.load_model(model.model_uri).predict({"x": [1.5]}).tolist() == [3.0]
        assert list(mlflow.search_runs([experiment.experiment_id])["run_id"]) == [run.info.run_id]
        # One workspace by every name: what was written by one is read by another.
        other = MlflowClient(tracking_uri="databricks")
        assert other.get_run(run.info.run_id).data.metrics == {"auc": 0.9}
        assert other.get_run(run.info.run_id).data.tags["mlflow.user"]
        assert {call.caller for call in workspace.calls if call.operation == "create_run"} == {workspace.user_name}


@pytest.mark.parametrize("kind", ["databricks-uc", "databricks-uc://prod"])
def test_a_model_is_registered_under_each_registry_uri(entered, kind):
    with entered(profiles=("prod",)):
        WorkspaceClient(profile="prod").schemas.create(name="ml", catalog_name="main")
        mlflow.set_registry_uri(kind)
        mlflow.set_experiment("/Shared/uris")
        train(registered_model_name="main.ml.doubled")
        MlflowClient().set_registered_model_alias("main.ml.doubled", "champion", "1")

        assert mlflow.pyfunc.load_model("models:/main.ml.doubled@champion").predict({"x": [1.5]}).tolist() == [3.0]


def test_a_profile_for_tracking_and_another_for_the_registry():
    with fake_workspace(profiles=("dev",), seed=1) as dev, fake_workspace(profiles=("prod",), seed=2) as prod:
        WorkspaceClient(profile="prod").schemas.create(name="ml", catalog_name="main")
        mlflow.set_tracking_uri("databricks://dev")
        mlflow.set_registry_uri("databricks-uc://prod")
        mlflow.set_experiment("/Shared/uris")
        train(registered_model_name="main.ml.doubled")

        assert len(dev.calls.matching("create_run")) == len(prod.calls.matching("create_model_version")) == 1
        assert not prod.calls.matching("create_run")
        assert not dev.calls.matching("create_model_version")


def test_what_is_no_tracking_uri_is_none(entered):
    with entered():
        with pytest.raises(MlflowException, match=r"databricks-uc|Unity Catalog"):
            MlflowClient(tracking_uri="databricks-uc").search_experiments()
        with pytest.raises(Exception, match="other"):
            MlflowClient(tracking_uri="databricks://other").search_experiments()


def test_without_its_token_a_plain_client_is_refused(entered, monkeypatch):
    with entered():
        for name in ("MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"):
            monkeypatch.delenv(name)
        with pytest.raises(MlflowException, match="401"):
            MlflowClient(tracking_uri=os.environ["DATABRICKS_HOST"]).search_experiments()


@pytest.mark.skipif(MLFLOW_2, reason="MLflow 2 asks no server for its version")
def test_a_plain_client_asks_for_a_version_and_sends_its_traces_without_one(entered):
    with entered() as workspace:
        mlflow.set_tracking_uri(os.environ["DATABRICKS_HOST"])
        mlflow.set_experiment("/Shared/uris")
        with mlflow.start_span("answer") as span:
            span.set_inputs({"question": 1})
        mlflow.flush_trace_async_logging()

        assert [call.error_code for call in workspace.calls.matching("GET /version")] == ["ENDPOINT_NOT_FOUND"]
        (trace,) = mlflow.search_traces(return_type="list")
        assert [(one.name, one.inputs) for one in trace.data.spans] == [("answer", {"question": 1})]


def test_a_plain_client_s_registry_is_the_workspace_s(entered):
    with entered():
        url = os.environ["DATABRICKS_HOST"]
        MlflowClient(tracking_uri=url, registry_uri=url).create_registered_model("doubled")
        client = MlflowClient(tracking_uri="databricks", registry_uri="databricks")
        assert [one.name for one in client.search_registered_models()] == ["doubled"]
