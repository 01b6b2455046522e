"""Volumes, the Files API and DBFS through unmodified databricks-sdk and MLflow."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, NotFound, PermissionDenied
from databricks.sdk.errors import ResourceAlreadyExists as AlreadyThere
from databricks.sdk.service.catalog import VolumeType
from mlflow import MlflowClient

from fakebricks import Workspace

ROOT = "/Volumes/main/default/raw"
BIG = bytes(range(256)) * 12_000


@pytest.fixture
def workspace(entered) -> Iterator[Workspace]:
    with entered() as workspace:
        yield workspace


@pytest.fixture
def client(workspace: Workspace) -> WorkspaceClient:
    client = WorkspaceClient()
    client.volumes.create("main", "default", "raw", VolumeType.MANAGED, comment="as it came")
    return client


def test_volumes_are_managed(client: WorkspaceClient):
    volume = client.volumes.read("main.default.raw")
    assert (volume.name, volume.volume_type, volume.comment) == ("raw", VolumeType.MANAGED, "as it came")
    client.volumes.update("main.default.raw", new_name="cooked", comment="done")
    assert [one.full_name for one in client.volumes.list("main", "default", max_results=1)] == ["main.default.cooked"]
    client.volumes.delete("main.default.cooked")
    with pytest.raises(NotFound, match=r"Volume 'main\.default\.cooked' does not exist\."):
        client.volumes.read("main.default.cooked")
    with pytest.raises(NotFound, match=r"Schema 'main\.no' does not exist\."):
        client.volumes.create("main", "no", "v", VolumeType.MANAGED)


def test_files_of_a_volume_are_uploaded_listed_downloaded_and_deleted(client: WorkspaceClient):
    files = client.files
    files.create_directory(f"{ROOT}/a/b")
    files.upload(f"{ROOT}/a/b/c d#.bin", io.BytesIO(BIG))
    assert files.download(f"{ROOT}/a/b/c d#.bin").contents.read() == BIG
    metadata = files.get_metadata(f"{ROOT}/a/b/c d#.bin")
    assert (metadata.content_length, metadata.content_type) == (len(BIG), "application/octet-stream")
    files.get_directory_metadata(ROOT)
    for number in range(5):
        files.upload(f"{ROOT}/a/{number}", io.BytesIO(b""))
    listed = [(one.path, one.is_directory) for one in files.list_directory_contents(f"{ROOT}/a", page_size=2)]
    assert listed == [*((f"{ROOT}/a/{number}", False) for number in range(5)), (f"{ROOT}/a/b", True)]
    with pytest.raises(BadRequest, match="not empty"):
        files.delete_directory(f"{ROOT}/a/b")
    files.delete(f"{ROOT}/a/b/c d#.bin")
    files.delete_directory(f"{ROOT}/a/b")
    with pytest.raises(NotFound):
        files.get_directory_metadata(f"{ROOT}/a/b")
    with pytest.raises(NotFound):
        files.download(f"{ROOT}/nope")


def test_a_large_file_goes_up_in_parts_and_comes_down_in_ranges(
    workspace: Workspace, client: WorkspaceClient, tmp_path: Path
):
    if not hasattr(client.files, "upload_from"):
        pytest.skip("this databricks-sdk uploads files whole")
    client.files._config.files_ext_multipart_upload_min_stream_size = 1024
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(BIG)
    client.files.upload_from(f"{ROOT}/big", str(source), overwrite=True, part_size=1024 * 1024)
    client.files.upload(f"{ROOT}/stream", io.BytesIO(BIG), part_size=1024 * 1024)
    client.files.download_to(f"{ROOT}/big", str(target), use_parallel=True)
    assert target.read_bytes() == BIG
    assert client.files.download(f"{ROOT}/stream").contents.read() == BIG
    assert len({call.path for call in workspace.calls.matching("PUT */_fakebricks/storage/_Uploads/*")}) >= 6


def test_files_of_a_volume_are_for_those_who_may_use_it(workspace: Workspace, client: WorkspaceClient):
    client.files.upload(f"{ROOT}/x", io.BytesIO(b"hello"))
    workspace.user("bob@acme.test")
    with workspace.acting_as("bob@acme.test"), pytest.raises(PermissionDenied, match="USE CATALOG on Catalog 'main'"):
        WorkspaceClient().files.download(f"{ROOT}/x")
    for kind, name, privileges in [
        ("catalog", "main", ["USE_CATALOG", "USE_SCHEMA"]),
        ("volume", "main.default.raw", ["READ_VOLUME"]),
    ]:
        change = {"changes": [{"principal": "bob@acme.test", "add": privileges}]}
        client.api_client.do("PATCH", f"/api/2.1/unity-catalog/permissions/{kind}/{name}", body=change)
    with workspace.acting_as("bob@acme.test"):
        bob = WorkspaceClient()
        assert bob.files.download(f"{ROOT}/x").contents.read() == b"hello"
        with pytest.raises(PermissionDenied, match="WRITE VOLUME on Volume 'main.default.raw'"):
            bob.files.upload(f"{ROOT}/y", io.BytesIO(b""))


def test_dbfs_through_the_sdk(client: WorkspaceClient, tmp_path: Path):
    dbfs = client.dbfs
    dbfs.mkdirs("dbfs:/data/deep")
    dbfs.upload("/data/big.bin", io.BytesIO(BIG))
    assert dbfs.download("dbfs:/data/big.bin").read() == BIG
    with dbfs.open("/data/deep/x.txt", write=True) as stream:
        stream.write(b"hello")
    assert {one.path for one in dbfs.list("/data", recursive=True)} == {"/data/big.bin", "/data/deep/x.txt"}
    with pytest.raises(AlreadyThere, match="already exists at the input path dbfs:/data/big.bin"):
        dbfs.upload("/data/big.bin", io.BytesIO(b""))
    dbfs.upload("/data/big.bin", io.BytesIO(b"new"), overwrite=True)
    assert dbfs.read("/data/big.bin").data == "bmV3"
    dbfs.move_("/data", "/moved")
    assert not dbfs.exists("/data")
    dbfs.copy("/moved/deep/x.txt", f"file:{tmp_path}/x.txt")
    assert (tmp_path / "x.txt").read_bytes() == b"hello"
    with pytest.raises(OSError, match="recursive"):
        dbfs.delete("/moved")
    dbfs.delete("/moved", recursive=True)
    with pytest.raises(NotFound, match=r"No file or directory exists on path /moved\."):
        dbfs.get_status("/moved")


def test_dbfs_paths_of_volumes_through_the_sdk(client: WorkspaceClient, tmp_path: Path):
    dbfs = client.dbfs
    (tmp_path / "x.txt").write_bytes(b"hello")
    dbfs.mkdirs(f"dbfs:{ROOT}/deep")
    dbfs.copy(f"file:{tmp_path}/x.txt", f"dbfs:{ROOT}/deep/x.txt")
    assert [one.path for one in dbfs.list(ROOT, recursive=True)] == [f"{ROOT}/deep/x.txt"]
    dbfs.copy(f"{ROOT}/deep/x.txt", "/x.txt")
    assert dbfs.download("/x.txt").read() == b"hello"
    dbfs.delete(f"{ROOT}/deep", recursive=True)
    assert list(dbfs.list(ROOT)) == []
    with pytest.raises(PermissionDenied, match="No operations allowed on this path"):
        dbfs.put(f"{ROOT}/x", contents="")


@pytest.mark.parametrize("location", [f"dbfs:{ROOT}/experiment", "dbfs:/experiment"])
def test_mlflow_keeps_artifacts_on_volumes_and_dbfs(client: WorkspaceClient, location: str, tmp_path: Path):
    experiment = mlflow.create_experiment("/Shared/elsewhere", artifact_location=location)
    (tmp_path / "many" / "deep").mkdir(parents=True)
    (tmp_path / "many" / "deep" / "big.bin").write_bytes(BIG)
    (tmp_path / "many" / "empty").write_bytes(b"")
    with mlflow.start_run(experiment_id=experiment) as run:
        mlflow.log_text("hello", "notes/a b.txt")
        mlflow.log_artifacts(str(tmp_path / "many"), "many")
    run_id, uri = run.info.run_id, run.info.artifact_uri
    assert uri == f"{location}/{run_id}/artifacts"
    listed = [(one.path, one.is_dir) for one in MlflowClient().list_artifacts(run_id)]
    assert listed == [("many", True), ("notes", True)]
    assert [one.path for one in MlflowClient().list_artifacts(run_id, "many")] == ["many/deep", "many/empty"]
    assert [one.file_size for one in MlflowClient().list_artifacts(run_id, "many/deep")] == [len(BIG)]
    assert mlflow.artifacts.load_text(f"{uri}/notes/a b.txt") == "hello"
    target = Path(mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="many", dst_path=str(tmp_path)))
    assert (target / "deep" / "big.bin").read_bytes() == BIG
    # To DBFS, MLflow 3 sends an empty file as `{}`, which is what databricks-sdk makes of no data (observed).
    assert (target / "empty").read_bytes() in ((b"", b"{}") if location == "dbfs:/experiment" else (b"",))
    stored = client.dbfs.list(f"{location}/{run_id}/artifacts/notes")
    assert [one.path for one in stored] == [f"{location.removeprefix('dbfs:')}/{run_id}/artifacts/notes/a b.txt"]


def test_a_model_on_a_volume_is_loaded_and_registered(client: WorkspaceClient):
    mlflow.create_experiment("/Shared/models", artifact_location=f"dbfs:{ROOT}/models")
    mlflow.set_experiment("/Shared/models")

    class Doubling(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input: list[int], params=None) -> list[int]:
            return [2 * one for one in model_input]

    name = {"artifact_path" if mlflow.__version__.startswith("2.") else "name": "model"}
    with mlflow.start_run():
        info = mlflow.pyfunc.log_model(
            **name, python_model=Doubling(), input_example=[1, 2], pip_requirements=["mlflow"]
        )
    assert mlflow.pyfunc.load_model(info.model_uri).predict([3]) == [6]
    version = mlflow.register_model(info.model_uri, "main.default.doubling")
    assert mlflow.pyfunc.load_model(f"models:/{version.name}/{version.version}").predict([4]) == [8]
