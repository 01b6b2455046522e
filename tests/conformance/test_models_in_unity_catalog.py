"""Registered models through unmodified MLflow and databricks-sdk, over all routes that model files take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, NotFound
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression

from fakebricks import Workspace

NAME = "prod.ml.fraud_score"
FRAME = pd.DataFrame({"amount": [1.0, 250.0, 3.0, 999.0], "night": [0.0, 1.0, 0.0, 1.0]})
CLASSIFIER = LogisticRegression().fit(FRAME, [0, 1, 0, 1])
PREDICTIONS = CLASSIFIER.predict(FRAME)


@pytest.fixture(params=["presigned", "files", "s3"])
def workspace(request: pytest.FixtureRequest, entered) -> Iterator[Workspace]:
    with entered(storage=request.param) as workspace:
        client = WorkspaceClient()
        client.catalogs.create("prod")
        client.schemas.create("ml", "prod")
        mlflow.set_experiment("/Users/jane@acme.test/fraud-detection")
        yield workspace


def log_model(**options: Any) -> str:
    """Log the classifier to a run, with the argument that this MLflow knows; its URI."""
    named = {"name": "model"} if mlflow.__version__ >= "3" else {"artifact_path": "model"}
    with mlflow.start_run() as run:
        options = {"signature": infer_signature(FRAME, PREDICTIONS), **options}
        mlflow.sklearn.log_model(CLASSIFIER, pip_requirements=[], **named, **options)
    return f"runs:/{run.info.run_id}/model"


def load(uri: str) -> list[int]:
    return list(mlflow.pyfunc.load_model(uri).predict(FRAME))


def test_a_logged_model_is_registered_aliased_and_loaded_back(workspace: Workspace):
    uri = log_model(input_example=FRAME[:2])
    version = mlflow.register_model(uri, NAME)
    assert (version.name, version.version, version.status) == (NAME, "1", "READY")
    assert version.run_id == uri.split("/")[1]
    client = MlflowClient()
    client.set_registered_model_alias(NAME, "champion", version.version)
    assert load(f"models:/{NAME}@champion") == list(PREDICTIONS)
    assert load(f"models:/{NAME}/1") == list(PREDICTIONS)
    assert client.get_registered_model(NAME).aliases == {"champion": "1"}
    assert client.get_model_version_by_alias(NAME, "champion").version == "1"
    workspace.raise_unsupported()


def test_a_model_is_loaded_by_the_new_name_of_its_schema_and_catalog(workspace: Workspace):
    mlflow.register_model(log_model(), NAME)
    MlflowClient().set_registered_model_alias(NAME, "champion", "1")
    client = WorkspaceClient()
    client.schemas.update("prod.ml", new_name="risk")
    client.catalogs.update("prod", new_name="live")
    assert load("models:/live.risk.fraud_score@champion") == list(PREDICTIONS)
    with pytest.raises(MlflowException, match="Catalog 'prod' does not exist"):
        load(f"models:/{NAME}@champion")
    assert mlflow.register_model(log_model(), "live.risk.fraud_score").version == "2"
    assert load("models:/live.risk.fraud_score/2") == list(PREDICTIONS)
    workspace.raise_unsupported()


def test_the_route_that_the_files_take(workspace: Workspace):
    mlflow.register_model(log_model(), NAME)
    asked = {
        call.operation
        for call in workspace.calls
        if "/Models/" in call.path or "create-upload-url" in call.path or "/s3/" in call.path
    }
    taken = {
        "presigned": {"create_upload_url", "upload_to_signed_url"},
        "files": {"upload_file"},
        "s3": {"answer_s3"},
    }
    assert taken[workspace.storage] <= asked
    assert not asked & set().union(*(taken[one] for one in taken if one != workspace.storage))


def test_log_model_registers_by_itself_and_the_alias_moves(workspace: Workspace):
    log_model(registered_model_name=NAME)
    log_model(registered_model_name=NAME)
    client = MlflowClient()
    client.set_registered_model_alias(NAME, "champion", "1")
    client.set_registered_model_alias(NAME, "champion", "2")
    assert client.get_model_version_by_alias(NAME, "champion").version == "2"
    versions = client.search_model_versions(f"name='{NAME}'")
    assert [one.version for one in versions] == ["2", "1"]
    assert [one.name for one in client.search_registered_models()] == [NAME]
    client.delete_registered_model_alias(NAME, "champion")
    with pytest.raises(MlflowException) as error:
        load(f"models:/{NAME}@champion")
    assert error.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_the_catalog_and_the_schema_must_exist(workspace: Workspace):
    uri = log_model()
    for name, text in [
        ("nope.ml.m", "CATALOG_DOES_NOT_EXIST: Catalog 'nope' does not exist."),
        ("prod.nope.m", "SCHEMA_DOES_NOT_EXIST: Schema 'prod.nope' does not exist."),
    ]:
        with pytest.raises(MlflowException, match=text):
            mlflow.register_model(uri, name)
    with pytest.raises(MlflowException, match="specify all three levels"):
        mlflow.register_model(uri, "fraud_score")
    with pytest.raises(MlflowException, match=r"Routine or Model 'prod.ml.nope' does not exist"):
        MlflowClient().get_registered_model("prod.ml.nope")


def test_a_model_without_a_signature_is_not_registered(workspace: Workspace):
    with pytest.raises(MlflowException, match="did not contain any signature metadata"):
        mlflow.register_model(log_model(signature=None), NAME)


def test_a_model_is_copied_described_tagged_renamed_and_deleted(workspace: Workspace):
    mlflow.register_model(log_model(), NAME)
    client = MlflowClient()
    copied = client.copy_model_version(f"models:/{NAME}/1", "prod.ml.copied")
    assert copied.status == "READY"
    client.update_registered_model("prod.ml.copied", "a copy")
    client.update_model_version("prod.ml.copied", "1", "the first")
    client.set_registered_model_tag("prod.ml.copied", "team", "fraud")
    client.set_model_version_tag("prod.ml.copied", "1", "validated", "yes")
    client.rename_registered_model("prod.ml.copied", "prod.ml.renamed")
    model, version = client.get_registered_model("prod.ml.renamed"), client.get_model_version("prod.ml.renamed", "1")
    assert (model.description, model.tags) == ("a copy", {"team": "fraud"})
    assert (version.description, version.tags) == ("the first", {"validated": "yes"})
    assert load("models:/prod.ml.renamed/1") == list(PREDICTIONS)
    client.delete_model_version("prod.ml.renamed", "1")
    with pytest.raises(MlflowException) as error:
        client.get_model_version("prod.ml.renamed", "1")
    assert error.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    client.delete_registered_model("prod.ml.renamed")
    assert [one.name for one in client.search_registered_models()] == [NAME]


def test_the_files_of_a_version_are_downloaded(workspace: Workspace, tmp_path: Path):
    mlflow.register_model(log_model(input_example=FRAME[:2]), NAME)
    directory = Path(mlflow.artifacts.download_artifacts(f"models:/{NAME}/1", dst_path=str(tmp_path)))
    assert {"MLmodel", "model.pkl", "input_example.json"} <= {path.name for path in directory.iterdir()}


def test_catalogs_and_schemas_through_the_sdk(workspace: Workspace):
    client = WorkspaceClient()
    assert [one.name for one in client.catalogs.list()] == ["main", "prod"]
    assert [one.name for one in client.schemas.list("prod")] == ["default", "information_schema", "ml"]
    assert client.schemas.update("prod.ml", comment="models").comment == "models"
    assert client.schemas.get("PROD.ML").full_name == "prod.ml"
    with pytest.raises(NotFound, match="Catalog 'nope' does not exist"):
        client.catalogs.get("nope")
    with pytest.raises(BadRequest, match="already exists"):
        client.schemas.create("ml", "prod")
    mlflow.register_model(log_model(), NAME)
    with pytest.raises(BadRequest, match=r"Schema 'prod.ml' is not empty. The schema has 0 tables\(s\), 1 functions"):
        client.schemas.delete("prod.ml")
    client.schemas.delete("prod.ml", force=True)
    client.catalogs.delete("prod", force=True)
    assert [one.name for one in client.catalogs.list()] == ["main"]
    assert list(client.tables.list("main", "default")) == []
    assert client.tables.exists("main.default.t").table_exists in (False, None)
