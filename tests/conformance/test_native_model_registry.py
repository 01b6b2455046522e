"""Registered models through databricks-sdk, and through MLflow's store of the native dialect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import mlflow
import pandas as pd
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, NotFound, PermissionDenied
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression

from fakebricks import Workspace

NAME = "prod.ml.fraud"
FRAME = pd.DataFrame({"amount": [1.0, 250.0, 3.0, 999.0]})
CLASSIFIER = LogisticRegression().fit(FRAME, [0, 1, 0, 1])
PREDICTIONS = list(CLASSIFIER.predict(FRAME))

native = pytest.mark.skipif(
    mlflow.__version__ < "3.17", reason="MLflow speaks the native dialect from 3.17 on, by an environment variable"
)


def log_model(**options: Any) -> str:
    """Log the classifier to a run, with the argument that this MLflow knows; its URI."""
    named = {"name": "model"} if mlflow.__version__ >= "3" else {"artifact_path": "model"}
    with mlflow.start_run() as run:
        options = {"signature": infer_signature(FRAME, CLASSIFIER.predict(FRAME)), **options}
        mlflow.sklearn.log_model(CLASSIFIER, pip_requirements=[], **named, **options)
    return f"runs:/{run.info.run_id}/model"


def load(uri: str) -> list[int]:
    return list(mlflow.pyfunc.load_model(uri).predict(FRAME))


def prepare(workspace: Workspace) -> None:
    client = WorkspaceClient()
    for catalog in ("staging", "prod"):
        client.catalogs.create(catalog)
        client.schemas.create("ml", catalog)
    mlflow.set_experiment(f"/Users/{workspace.user_name}/fraud")


@pytest.fixture
def workspace(entered) -> Iterator[Workspace]:
    with entered() as workspace:
        prepare(workspace)
        yield workspace


@pytest.fixture(params=["presigned", "files", "s3"])
def natively(request: pytest.FixtureRequest, entered, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A workspace that MLflow speaks the native dialect to, over each route that model files take."""
    monkeypatch.setenv("MLFLOW_ENABLE_UC_NATIVE_MODEL_REGISTRY", "true")
    with entered(storage=request.param) as workspace:
        prepare(workspace)
        yield workspace
        workspace.raise_unsupported()
        legacy = {call.path for call in workspace.calls if "/mlflow/unity-catalog/" in call.path}
        assert {path.rpartition("/")[2].rpartition(":")[2] for path in legacy} <= {
            "is-databricks-sdk-models-artifact-repository-enabled",
            "emit-lineage",
        }


@native
def test_a_model_is_registered_aliased_and_loaded_back(natively: Workspace):
    uri = log_model()
    version = mlflow.register_model(uri, NAME)
    assert (version.name, version.version, version.status) == (NAME, "1", "READY")
    assert version.run_id == uri.split("/")[1]
    client = MlflowClient()
    client.set_registered_model_alias(NAME, "champion", version.version)
    assert load(f"models:/{NAME}@champion") == PREDICTIONS
    assert load(f"models:/{NAME}/1") == PREDICTIONS
    assert client.get_registered_model(NAME).aliases == {"champion": "1"}
    assert client.get_model_version_by_alias(NAME, "champion").aliases == ["champion"]
    client.delete_registered_model_alias(NAME, "champion")
    with pytest.raises(MlflowException) as error:
        load(f"models:/{NAME}@champion")
    assert error.value.error_code == "RESOURCE_DOES_NOT_EXIST"


@native
def test_models_are_described_tagged_searched_renamed_and_deleted(natively: Workspace):
    client = MlflowClient()
    client.create_registered_model(NAME, tags={"team": "fraud"}, description="a model")
    uri = log_model()
    mlflow.register_model(uri, NAME, tags={"origin": "test"})
    mlflow.register_model(uri, NAME)
    client.update_model_version(NAME, "1", "the first")
    client.set_registered_model_tag(NAME, "owner", "risk")
    client.set_model_version_tag(NAME, "1", "validated", "yes")
    model, version = client.get_registered_model(NAME), client.get_model_version(NAME, "1")
    assert (model.description, model.tags) == ("a model", {"team": "fraud", "owner": "risk"})
    assert (version.description, version.tags) == ("the first", {"origin": "test", "validated": "yes"})
    client.delete_registered_model_tag(NAME, "team")
    client.delete_model_version_tag(NAME, "1", "origin")
    assert client.get_registered_model(NAME).tags == {"owner": "risk"}
    assert client.get_model_version(NAME, "1").tags == {"validated": "yes"}
    assert [one.name for one in client.search_registered_models()] == [NAME]
    assert [one.version for one in client.search_model_versions(f"name='{NAME}'")] == ["2", "1"]
    assert client.search_model_versions("name='prod.ml.nope'") == []
    client.update_registered_model(NAME, "changed")
    client.rename_registered_model(NAME, "prod.ml.renamed")
    assert client.get_registered_model("prod.ml.renamed").description == "changed"
    assert load("models:/prod.ml.renamed/2") == PREDICTIONS
    client.delete_model_version("prod.ml.renamed", "2")
    with pytest.raises(MlflowException, match="Model version 2"):
        client.get_model_version("prod.ml.renamed", "2")
    assert mlflow.register_model(uri, "prod.ml.renamed").version == "3"
    client.delete_registered_model("prod.ml.renamed")
    assert client.search_registered_models() == []


@native
def test_what_the_platform_refuses(natively: Workspace):
    client = MlflowClient()
    mlflow.register_model(log_model(), NAME)
    with (
        pytest.warns(FutureWarning, match="stages will be removed"),
        pytest.raises(MlflowException, match="is unsupported for models in the Unity Catalog"),
    ):
        client.transition_model_version_stage(NAME, "1", "Production")
    with pytest.raises(MlflowException, match="did not contain any signature metadata"):
        mlflow.register_model(log_model(signature=None), NAME)
    with pytest.raises(MlflowException, match="SCHEMA_DOES_NOT_EXIST: Schema 'prod.nope' does not exist"):
        client.create_registered_model("prod.nope.m")
    with pytest.raises(MlflowException, match="already exists"):
        client.create_registered_model(NAME)
    with pytest.raises(MlflowException, match="Invalid alias name"):
        client.set_registered_model_alias(NAME, "v1", "1")


@native
def test_the_params_and_metrics_of_the_logged_model_are_told(natively: Workspace):
    with mlflow.start_run():
        mlflow.log_param("depth", 3)
        info = mlflow.sklearn.log_model(
            CLASSIFIER, name="model", pip_requirements=[], signature=infer_signature(FRAME, CLASSIFIER.predict(FRAME))
        )
        mlflow.log_metric("auc", 0.9, model_id=info.model_id)
    mlflow.register_model(info.model_uri, NAME)
    version = MlflowClient().get_model_version(NAME, "1")
    assert version.model_id == info.model_id
    assert [(one.key, one.value) for one in version.metrics] == [("auc", 0.9)]
    assert {one.key: one.value for one in version.params} == {"depth": "3"}


@native
def test_a_version_is_copied_from_staging_to_prod_natively(natively: Workspace):
    copy_from_staging_to_prod()


def test_a_version_is_copied_from_staging_to_prod(workspace: Workspace):
    copy_from_staging_to_prod()


def copy_from_staging_to_prod() -> None:
    client = MlflowClient()
    uri = log_model()
    mlflow.register_model(uri, "staging.ml.fraud")
    client.update_model_version("staging.ml.fraud", "1", "reviewed")
    client.set_model_version_tag("staging.ml.fraud", "1", "validated", "yes")
    client.set_registered_model_alias("staging.ml.fraud", "candidate", "1")
    source = client.get_model_version("staging.ml.fraud", "1")
    copied = client.copy_model_version("models:/staging.ml.fraud@candidate", NAME)
    assert (copied.name, copied.version, copied.status) == (NAME, "1", "READY")
    assert copied.source == "models:/staging.ml.fraud/1"
    assert copied.run_id == source.run_id == uri.split("/")[1]
    kept = client.get_model_version(NAME, "1")
    assert (kept.description, kept.tags) == ("reviewed", {"validated": "yes"})
    assert kept.aliases == []
    client.set_registered_model_alias(NAME, "champion", "1")
    client.delete_registered_model("staging.ml.fraud")
    assert load(f"models:/{NAME}@champion") == PREDICTIONS


def test_what_one_client_makes_the_other_sees(workspace: Workspace):
    sdk, client = WorkspaceClient(), MlflowClient()
    made = sdk.registered_models.create(catalog_name="prod", schema_name="ml", name="fraud", comment="by the SDK")
    assert client.get_registered_model(NAME).description == "by the SDK"
    mlflow.register_model(log_model(), NAME)
    version = sdk.model_versions.get(NAME, 1)
    assert (version.status.value, version.model_name, version.version) == ("READY", "fraud", 1)
    assert version.created_by == workspace.user_name
    sdk.registered_models.set_alias(NAME, "champion", 1)
    assert load(f"models:/{NAME}@champion") == PREDICTIONS
    assert not sdk.registered_models.get(NAME).aliases
    told = sdk.registered_models.get(NAME, include_aliases=True)
    assert [(one.alias_name, one.version_num) for one in told.aliases] == [("champion", 1)]
    assert told.metastore_id == made.metastore_id == sdk.metastores.current().metastore_id
    assert sdk.model_versions.get_by_alias(NAME, "champion").version == 1
    sdk.model_versions.update(NAME, 1, comment="first")
    assert client.get_model_version(NAME, "1").description == "first"
    assert [one.version for one in sdk.model_versions.list(NAME)] == [1]
    client.set_registered_model_alias(NAME, "challenger", "1")
    sdk.registered_models.delete_alias(NAME, "champion")
    assert client.get_registered_model(NAME).aliases == {"challenger": "1"}
    sdk.model_versions.delete(NAME, 1)
    assert client.search_model_versions(f"name='{NAME}'") == []
    sdk.registered_models.delete(NAME)
    with pytest.raises(NotFound, match=f"Routine or Model '{NAME}' does not exist"):
        sdk.registered_models.get(NAME)


def test_the_sdk_lists_all_models_or_those_of_a_schema(workspace: Workspace):
    sdk = WorkspaceClient()
    for catalog in ("prod", "staging"):
        for number in range(3):
            sdk.registered_models.create(catalog_name=catalog, schema_name="ml", name=f"m{number}")
    everything = [one.full_name for one in sdk.registered_models.list(max_results=2)]
    assert sorted(everything) == [f"{catalog}.ml.m{number}" for catalog in ("prod", "staging") for number in range(3)]
    listed = sdk.registered_models.list(catalog_name="prod", schema_name="ml", max_results=2)
    assert {one.full_name for one in listed} == {f"prod.ml.m{number}" for number in range(3)}
    assert [call.status for call in workspace.calls.matching("list_registered_models")] == [200] * 5


def test_the_sdk_gives_a_model_to_somebody_else(workspace: Workspace):
    sdk = WorkspaceClient()
    bob = workspace.user("bob@acme.test").user_name
    sdk.registered_models.create(catalog_name="prod", schema_name="ml", name="fraud")
    with workspace.acting_as(bob), pytest.raises(PermissionDenied, match="USE CATALOG on Catalog 'prod'"):
        WorkspaceClient().registered_models.get(NAME)
    assert sdk.registered_models.update(NAME, owner=bob, comment="bob's").owner == bob
    assert sdk.registered_models.update(NAME, new_name="bobs").full_name == "prod.ml.bobs"
    with pytest.raises(NotFound, match="Could not find principal with name nobody"):
        sdk.registered_models.update("prod.ml.bobs", owner="nobody")
    with pytest.raises(BadRequest, match="is not a valid name"):
        sdk.registered_models.update("prod.ml.bobs", new_name="bob's own")
