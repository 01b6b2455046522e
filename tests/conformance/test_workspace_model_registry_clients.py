"""The workspace model registry through unmodified MLflow and databricks-sdk: it works, and can be seen to be used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import mlflow
import pandas as pd
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, NotFound
from databricks.sdk.service.serving import EndpointCoreConfigInput, ServedEntityInput
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression

from fakebricks import Workspace

FRAME = pd.DataFrame({"amount": [1.0, 250.0, 3.0, 999.0], "night": [0.0, 1.0, 0.0, 1.0]})
CLASSIFIER = LogisticRegression().fit(FRAME, [0, 1, 0, 1])
PREDICTIONS = CLASSIFIER.predict(FRAME)
pytestmark = pytest.mark.filterwarnings("ignore:.*model registry stages.*:FutureWarning")
MLFLOW_3 = mlflow.__version__ >= "3"


@pytest.fixture
def workspace(entered) -> Iterator[Workspace]:
    with entered() as workspace:
        client = WorkspaceClient()
        client.catalogs.create("prod")
        client.schemas.create("ml", "prod")
        mlflow.set_registry_uri("databricks")
        mlflow.set_experiment("/Users/jane@acme.test/fraud-detection")
        yield workspace


def log_model(**options: Any) -> str:
    """Log the classifier to a run, with the argument that this MLflow knows; its URI."""
    named = {"name": "model"} if MLFLOW_3 else {"artifact_path": "model"}
    signature = infer_signature(FRAME, PREDICTIONS)
    with mlflow.start_run() as run:
        mlflow.sklearn.log_model(CLASSIFIER, pip_requirements=[], signature=signature, **named, **options)
    return f"runs:/{run.info.run_id}/model"


def load(uri: str) -> list[int]:
    return list(mlflow.pyfunc.load_model(uri).predict(FRAME))


def test_a_model_is_registered_moved_and_loaded_back(workspace: Workspace):
    uri = log_model()
    version = mlflow.register_model(uri, "fraud", tags={"team": "risk"})
    assert (version.name, str(version.version), version.status) == ("fraud", "1", "PENDING_REGISTRATION")
    client = MlflowClient()
    version = client.get_model_version("fraud", "1")
    assert (version.status, version.current_stage, version.tags) == ("READY", "None", {"team": "risk"})
    assert version.run_id == uri.split("/")[1]
    client.transition_model_version_stage("fraud", "1", "Production")
    for where in ("models:/fraud/1", "models:/fraud/Production", "models:/fraud/production", "models:/fraud/latest"):
        assert load(where) == list(PREDICTIONS)
    assert client.get_model_version_download_uri("fraud", "1").startswith("dbfs:/databricks/mlflow-registry/")


def test_its_use_can_be_asserted_on(workspace: Workspace):
    mlflow.register_model(log_model(), "fraud")
    noted = [call for call in workspace.calls if any("legacy" in note for note in call.notes)]
    assert "create_registered_model" in [call.operation for call in noted]
    assert "create_model_version" in [call.operation for call in noted]
    mlflow.set_registry_uri("databricks-uc")
    workspace.calls.clear()
    mlflow.register_model(log_model(), "prod.ml.fraud")
    assert not [call for call in workspace.calls if call.notes]


def test_a_model_registered_while_it_is_logged(workspace: Workspace):
    log_model(registered_model_name="fraud")
    assert load("models:/fraud/1") == list(PREDICTIONS)


def test_a_name_of_three_levels_is_sent_to_unity_catalog(workspace: Workspace):
    with pytest.raises(MlflowException, match="Invalid name 'prod.ml.fraud'. A workspace registered model") as caught:
        mlflow.register_model(log_model(), "prod.ml.fraud")
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    assert "set_registry_uri('databricks-uc')" in str(caught.value)


def test_a_source_that_is_gone_fails_as_on_the_platform(workspace: Workspace):
    client = MlflowClient()
    client.create_registered_model("fraud")
    with pytest.raises(MlflowException, match=r"FAILED_REGISTRATION and message: .*given source path `dbfs:/nowhere`"):
        client.create_model_version("fraud", "dbfs:/nowhere")


def test_aliases_are_refused_by_the_client(workspace: Workspace):
    mlflow.register_model(log_model(), "fraud")
    with pytest.raises(MlflowException, match="is unsupported for models in the Workspace Model Registry"):
        MlflowClient().set_registered_model_alias("fraud", "champion", "1")


def test_everything_else_that_a_client_asks(workspace: Workspace):
    client = MlflowClient()
    source = _source(log_model())
    client.create_registered_model("fraud", tags={"team": "risk"}, description="a")
    for _ in range(2):
        client.create_model_version("fraud", source)
    client.update_registered_model("fraud", "b")
    client.update_model_version("fraud", "1", "first")
    client.set_registered_model_tag("fraud", "tier", "1")
    client.delete_registered_model_tag("fraud", "team")
    client.set_model_version_tag("fraud", "2", "checked", "yes")
    client.transition_model_version_stage("fraud", "1", "Staging")
    client.transition_model_version_stage("fraud", "2", "Staging", archive_existing_versions=True)
    client.rename_registered_model("fraud", "fraud2")
    model = client.get_registered_model("fraud2")
    assert (model.name, model.description, model.tags) == ("fraud2", "b", {"tier": "1"})
    stages = {one.current_stage: one.version for one in client.get_latest_versions("fraud2")}
    assert {stage: str(version) for stage, version in stages.items()} == {"Archived": "1", "Staging": "2"}
    assert [one.name for one in client.search_registered_models("name LIKE 'fraud%'")] == ["fraud2"]
    found = client.search_model_versions("name = 'fraud2' AND tags.checked = 'yes'", order_by=["version_number DESC"])
    assert [str(one.version) for one in found] == ["2"]
    client.delete_model_version_tag("fraud2", "2", "checked")
    assert client.get_model_version("fraud2", "2").tags == {}
    with pytest.raises(MlflowException, match="Transition it to stage"):
        client.delete_registered_model("fraud2")
    client.transition_model_version_stage("fraud2", "2", "None")
    client.delete_model_version("fraud2", "1")
    client.delete_registered_model("fraud2")
    assert client.search_registered_models() == []


def _source(uri: str) -> str:
    """What a client makes of a `runs:/` URI: a logged model from MLflow 3 on, a directory of the run before."""
    from mlflow.store.artifact.runs_artifact_repo import RunsArtifactRepository

    if not MLFLOW_3:
        return RunsArtifactRepository.get_underlying_uri(uri)
    (model,) = mlflow.search_logged_models(output_format="list")
    return f"models:/{model.model_id}"


def test_a_version_is_copied_within_the_registry(workspace: Workspace):
    mlflow.register_model(log_model(), "staging_fraud")
    copy = MlflowClient().copy_model_version("models:/staging_fraud/1", "prod_fraud")
    workspace.clock.advance(seconds=3)
    assert load(f"models:/prod_fraud/{copy.version}") == list(PREDICTIONS)


@pytest.mark.skipif(not MLFLOW_3, reason="MLflow 2 has no way from the workspace registry to Unity Catalog")
def test_a_version_moves_to_unity_catalog(workspace: Workspace):
    mlflow.register_model(log_model(), "fraud")
    copy = MlflowClient().copy_model_version("models:/fraud/1", "prod.ml.fraud")
    assert (copy.name, str(copy.version)) == ("prod.ml.fraud", "1")
    mlflow.set_registry_uri("databricks-uc")
    assert load("models:/prod.ml.fraud/1") == list(PREDICTIONS)


def test_databricks_sdk(workspace: Workspace):
    registry = WorkspaceClient().model_registry
    registry.create_model("fraud", description="a")
    registry.create_model_version("fraud", _source(log_model()))
    workspace.clock.advance(seconds=3)
    model = registry.get_model("fraud").registered_model_databricks
    assert model
    assert model.latest_versions
    assert (model.name, model.latest_versions[0].version) == ("fraud", "1")
    comment = registry.create_comment("fraud", "1", "looks good").comment
    assert comment
    assert comment.id
    registry.update_comment(comment.id, "looks better")
    registry.delete_comment(comment.id)
    registry.create_transition_request("fraud", "1", _stage("STAGING"), comment="please")
    assert [one.comment for one in registry.list_transition_requests("fraud", "1")] == ["please"]
    registry.approve_transition_request("fraud", "1", _stage("STAGING"), archive_existing_versions=True)
    moved = registry.transition_stage("fraud", "1", _stage("PRODUCTION"), archive_existing_versions=False)
    version = moved.model_version_databricks if hasattr(moved, "model_version_databricks") else moved.model_version
    assert version
    assert _text(version.current_stage) == "Production"
    assert [one.version for one in registry.get_latest_versions("fraud", stages=["Production"])] == ["1"]
    assert [one.name for one in registry.list_models()] == ["fraud"]
    assert [one.name for one in registry.search_models(filter="name LIKE 'rau'")] == ["fraud"]
    assert [one.version for one in registry.search_model_versions(filter="name='fraud'")] == ["1"]
    with pytest.raises(BadRequest):
        registry.delete_model("fraud")
    with pytest.raises(NotFound, match="RegisteredModel 'x' does not exist. It might have been deleted."):
        registry.get_model("x")


def test_an_endpoint_serves_a_model_of_the_workspace_registry(workspace: Workspace):
    mlflow.register_model(log_model(), "fraud")
    endpoints = WorkspaceClient().serving_endpoints
    entity = ServedEntityInput(
        entity_name="fraud", entity_version="1", workload_size="Small", scale_to_zero_enabled=True
    )
    endpoints.create_and_wait(name="fraud", config=EndpointCoreConfigInput(name="fraud", served_entities=[entity]))
    answer = endpoints.query("fraud", dataframe_records=FRAME.to_dict(orient="records"))
    assert answer.predictions == list(PREDICTIONS)


def _stage(name: str) -> Any:
    """A stage as this SDK takes it: an enumeration in older ones, a text in newer ones."""
    from databricks.sdk.service import ml

    return getattr(ml.Stage, name) if hasattr(ml, "Stage") else name.title()


def _text(stage: Any) -> str:
    return str(getattr(stage, "value", stage))
