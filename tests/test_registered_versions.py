"""Which versions of registered models there are, and which of them clients load: by all routes, of both registries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.models import infer_signature
from sklearn.linear_model import LinearRegression

from fakebricks import Workspace
from fakebricks.registered_versions import RegisteredVersions, place_read
from fakebricks.services.files.files import Files
from fakebricks.services.model_registry.model_registry import ModelRegistry
from fakebricks.services.workspace_model_registry.workspace_model_registry import WorkspaceModelRegistry
from fakebricks.wire.calls import CallRecord
from fakebricks.wire.errors import ResourceDoesNotExist

FRAME = pd.DataFrame({"x": [1.0, 2.0]})
NAME = "main.default.fraud"
pytestmark = pytest.mark.filterwarnings("ignore:.*model registry stages.*:FutureWarning")


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    """A model's directory."""
    directory = tmp_path_factory.mktemp("saved") / "model"
    model = LinearRegression().fit(FRAME, [1.0, 2.0])
    signature = infer_signature(FRAME, model.predict(FRAME))
    mlflow.sklearn.save_model(model, directory, signature=signature, pip_requirements=["mlflow==2.13.1"])
    return directory


def logged(saved: Path) -> str:
    """The URI of the model in a run."""
    with mlflow.start_run() as run:
        mlflow.log_artifacts(str(saved), "model")
    return f"runs:/{run.info.run_id}/model"


@contextmanager
def registered(entered, saved: Path, registry_uri: str, name: str, **options) -> Iterator[Workspace]:
    """A workspace with one version of a model."""
    with entered(**options) as workspace:
        mlflow.set_registry_uri(registry_uri)
        mlflow.set_experiment("/Shared/fraud")
        mlflow.register_model(logged(saved), name)
        MlflowClient().get_model_version(name, "1")  # a moment later
        yield workspace


def versions(workspace: Workspace) -> RegisteredVersions:
    services = workspace._services
    return RegisteredVersions(services[ModelRegistry], services[WorkspaceModelRegistry], services[Files])


@contextmanager
def reading(workspace: Workspace) -> Iterator[list[str]]:
    """The URIs of the versions whose files are read meanwhile; there when it is left."""
    calls: list[CallRecord] = []
    uris: list[str] = []
    workspace.calls.listen(calls.append)
    yield uris
    workspace.calls.leave(calls.append)
    uris += [one.uri for one in versions(workspace).at(filter(None, map(place_read, calls)))]


def load(uri: str, directory: Path) -> None:
    mlflow.pyfunc.load_model(uri, dst_path=str(directory))


@pytest.mark.parametrize("storage", ["presigned", "files", "s3"])
def test_a_version_of_unity_catalog_that_a_client_loads_is_seen(entered, saved, tmp_path, storage):
    with registered(entered, saved, "databricks-uc", NAME, storage=storage) as workspace:
        with reading(workspace) as uris:
            load("models:/Main.default.FRAUD/1", tmp_path)
            workspace.calls.clear()

        assert uris == [f"models:/{NAME}/1"]


def test_a_version_of_the_workspace_registry_that_a_client_loads_is_seen(entered, saved, tmp_path):
    with registered(entered, saved, "databricks", "fraud") as workspace:
        with reading(workspace) as uris:
            load("models:/fraud/1", tmp_path)

        assert uris == ["models:/fraud/1"]


def test_who_asks_what_a_model_is_does_not_load_it(entered, saved):
    with registered(entered, saved, "databricks-uc", NAME) as workspace:
        with reading(workspace) as uris:
            mlflow.models.get_model_info(f"models:/{NAME}/1")

        assert uris == []
        assert [call for call in workspace.calls if call.method == "GET" and call.path.endswith("/1/MLmodel")]


def test_uploads_and_what_is_left_are_no_reads(entered, saved, tmp_path):
    with entered() as workspace:
        mlflow.set_experiment("/Shared/fraud")
        with reading(workspace) as uris:
            mlflow.register_model(logged(saved), NAME)
        load(f"models:/{NAME}/1", tmp_path)

        assert uris == []


def test_versions_that_are_gone_are_left_out(entered, saved, tmp_path):
    with registered(entered, saved, "databricks-uc", NAME) as workspace:
        with reading(workspace) as uris:
            load(f"models:/{NAME}/1", tmp_path)
            MlflowClient().delete_model_version(NAME, "1")

        assert uris == []


def test_the_newest_version_and_the_aliased_ones_are_in_use(workspace, register):
    for _ in range(4):
        register(name=NAME)
    register(name=NAME, ready=False)
    workspace._services[ModelRegistry].aliases.set(
        "champion", workspace._services[ModelRegistry].get_version(NAME, "2")
    )
    found = versions(workspace)

    assert [one.uri for one in found.in_use()] == [f"models:/{NAME}/4", f"models:/{NAME}/2"]
    assert [one.version for one in found.named(NAME)] == ["4", "2"]
    assert [one.version for one in found.named(f"models:/{NAME}@champion")] == ["2"]
    assert [one.version for one in found.named(f"{NAME}/3")] == ["3"]
    with found.local(found.named(f"{NAME}/3")[0]) as directory:
        assert (directory / "MLmodel").is_file()
    assert not directory.exists()


def test_versions_of_the_workspace_registry_are_in_use_by_stage(entered, saved):
    with registered(entered, saved, "databricks", "fraud") as workspace:
        for _ in range(2):
            mlflow.register_model(logged(saved), "fraud")
        workspace.clock.advance(minutes=1)
        MlflowClient().transition_model_version_stage("fraud", "1", "Production")
        found = versions(workspace)

        assert [one.uri for one in found.in_use()] == ["models:/fraud/3", "models:/fraud/1"]
        assert [one.version for one in found.named("fraud")] == ["3", "1"]
        assert [one.version for one in found.named("models:/fraud/production")] == ["1"]
        assert [one.version for one in found.named("fraud/2")] == ["2"]


@pytest.mark.parametrize("reference", ["", "/3", "fraud@", "fraud/3/4", "runs:/abc/model", "main.default.fraud@a/b"])
def test_what_is_no_reference_is_a_value_error(workspace, reference):
    with pytest.raises(ValueError, match="is no model such as"):
        versions(workspace).named(reference)


@pytest.mark.parametrize("reference", ["fraud", "fraud/1", NAME, f"{NAME}/1", f"{NAME}@champion"])
def test_a_model_that_is_missing_does_not_exist(workspace, reference):
    with pytest.raises(ResourceDoesNotExist):
        versions(workspace).named(reference)
