"""The lineage and the dependencies that unmodified MLflow tells of model versions, in both dialects."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import mlflow
import pandas as pd
import pytest
from databricks.sdk import WorkspaceClient
from mlflow import MlflowClient
from mlflow.data.delta_dataset_source import DeltaDatasetSource
from mlflow.models import infer_signature
from mlflow.models.resources import DatabricksServingEndpoint, DatabricksVectorSearchIndex

from fakebricks import Workspace
from fakebricks.services.unity_catalog.tables import Tables

NAME = "prod.ml.fraud"
FRAME = pd.DataFrame({"amount": [1.0, 250.0]})
DIALECTS = ["mlflow", *(["native"] if mlflow.__version__ >= "3.17" else [])]
IN_A_JOB = {
    "mlflow.databricks.notebookID": "7",
    "mlflow.databricks.jobID": "12",
    "mlflow.databricks.jobRunID": "120",
}


class Doubler(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input["amount"] * 2


@pytest.fixture(params=["presigned", "files", "s3"])
def storage(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "native":
        monkeypatch.setenv("MLFLOW_ENABLE_UC_NATIVE_MODEL_REGISTRY", "true")
    return request.param


@pytest.fixture
def workspace(entered, storage: str, dialect: str) -> Iterator[Workspace]:
    with entered(storage=storage) as workspace:
        client = WorkspaceClient()
        client.catalogs.create("prod")
        client.schemas.create("ml", "prod")
        mlflow.set_experiment("/Shared/fraud")
        yield workspace
        workspace.raise_unsupported()


def register(tags: dict[str, str] | None = None, tables: tuple[str, ...] = (), **options: Any) -> None:
    named = {"name": "model"} if mlflow.__version__ >= "3" else {"artifact_path": "model"}
    with mlflow.start_run(tags=tags):
        for table in tables:
            source = DeltaDatasetSource(delta_table_name=table, delta_table_id=f"id of {table}")
            mlflow.log_input(mlflow.data.from_pandas(FRAME, source=source, name=table))
        signature = infer_signature(FRAME, FRAME["amount"])
        options = {"signature": signature, "pip_requirements": [], **options}
        mlflow.pyfunc.log_model(python_model=Doubler(), registered_model_name=NAME, **named, **options)


def test_a_run_in_a_job_tells_which_tables_it_read(workspace: Workspace):
    register(IN_A_JOB, ("prod.ml.payments", "prod.ml.people"))
    lineage = workspace.lineage(NAME, 1)
    (told,) = lineage.upstream
    assert [one.id for one in told.notebooks] == ["7"]
    assert [(one.id, one.job_run_id) for one in told.jobs] == [("12", "120")]
    assert [(one.name, one.table_id) for one in told.sources] == [
        ("prod.ml.payments", "id of prod.ml.payments"),
        ("prod.ml.people", "id of prod.ml.people"),
    ]
    assert told.emitted_by == workspace.user_name
    created = MlflowClient().get_model_version(NAME, "1").creation_timestamp
    assert 0 <= told.emitted_at - int(created) < 60_000
    assert lineage.downstream == ()


def test_mlflow_finds_the_id_of_a_table(workspace: Workspace):
    workspace._services[Tables].create("prod.ml.payments", (), "file:///nowhere", workspace.user_name)
    told = DeltaDatasetSource(delta_table_name="prod.ml.payments").to_dict()["delta_table_id"]
    assert told == WorkspaceClient().tables.get("prod.ml.payments").table_id
    assert DeltaDatasetSource(delta_table_name="prod.ml.nope").to_dict()["delta_table_id"] is None


def test_a_run_outside_of_notebooks_and_jobs_tells_nothing(workspace: Workspace):
    register(tables=("prod.ml.payments",))
    assert workspace.lineage(NAME, 1).upstream == ()


def test_a_load_in_a_job_tells_who_uses_the_version(workspace: Workspace, storage: str, monkeypatch):
    register()
    in_databricks(monkeypatch, isInNotebook=True, notebookId="9", isInJob=True, jobId="40", idInJob="41")
    mlflow.pyfunc.load_model(f"models:/{NAME}/1")
    told = [one for one in workspace.lineage(NAME, 1).downstream if one.entities]
    assert [[(one.id) for one in record.notebooks] for record in told] == [["9"]]
    assert [[(one.id) for one in record.jobs] for record in told] == [["40"]]
    assert told[0].emitted_by == workspace.user_name


def test_any_load_over_the_files_api_is_told_too(workspace: Workspace, storage: str):
    register()
    bob = workspace.user("bob@acme.test").user_name
    client = WorkspaceClient()
    client.api_client.do(
        "PATCH",
        "/api/2.1/unity-catalog/permissions/CATALOG/prod",
        body={"changes": [{"principal": bob, "add": ["USE_CATALOG", "USE_SCHEMA", "EXECUTE"]}]},
    )
    with workspace.acting_as(bob):
        mlflow.pyfunc.load_model(f"models:/{NAME}/1")
    told = workspace.lineage(NAME, 1).downstream
    assert {(one.emitted_by, one.entities) for one in told} == ({(bob, ())} if storage == "files" else set())


def in_databricks(monkeypatch: pytest.MonkeyPatch, **context: Any) -> None:
    """As MLflow finds it in a notebook or a job of Databricks, where the runtime has a module that tells it."""
    fields = dict.fromkeys(["isInNotebook", "notebookId", "isInJob", "jobId", "idInJob"])
    module = ModuleType("dbruntime.databricks_repl_context")
    module.get_context = lambda: SimpleNamespace(**{**fields, **context})
    monkeypatch.setitem(sys.modules, "dbruntime", ModuleType("dbruntime"))
    monkeypatch.setitem(sys.modules, "dbruntime.databricks_repl_context", module)
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "15.4")


def test_the_resources_of_a_model_become_its_dependencies(workspace: Workspace, dialect: str):
    index, endpoint = DatabricksVectorSearchIndex("prod.ml.docs"), DatabricksServingEndpoint("llm")
    register(resources=[index, endpoint])
    told = [(one.type, one.name) for one in workspace.lineage(NAME, 1).dependencies]
    if dialect == "native":
        assert told == [("DATABRICKS_TABLE", "prod.ml.docs")]
    else:
        assert told == [("DATABRICKS_VECTOR_INDEX", "prod.ml.docs"), ("DATABRICKS_MODEL_ENDPOINT", "llm")]
    version = WorkspaceClient().model_versions.get(NAME, 1)
    tables = [one.table.table_full_name for one in version.model_version_dependencies.dependencies]
    assert tables == ["prod.ml.docs"]
