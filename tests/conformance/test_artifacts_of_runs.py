"""Artifacts through unmodified MLflow and databricks-sdk."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config
from databricks.sdk.errors import NotFound
from mlflow import MlflowClient

from fakebricks import Workspace

BIG = bytes(range(256)) * 12_000


@pytest.fixture
def workspace(entered) -> Iterator[Workspace]:
    with entered() as workspace:
        mlflow.set_experiment("/Users/jane@acme.test/artifacts")
        yield workspace


@pytest.fixture
def run_id(workspace: Workspace) -> str:
    with mlflow.start_run() as run:
        return run.info.run_id


def listed(run_id: str, path: str | None = None) -> list[tuple[str, bool, int | None]]:
    return [(one.path, one.is_dir, one.file_size) for one in MlflowClient().list_artifacts(run_id, path)]


def test_files_are_logged_listed_and_downloaded(run_id: str, tmp_path: Path):
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "big.bin").write_bytes(BIG)
    (source / "deep" / "a b#.txt").write_text("text")
    client = MlflowClient()
    client.log_artifacts(run_id, str(source), "many")
    client.log_artifact(run_id, str(source / "big.bin"))
    client.log_text(run_id, "hello", "notes/hello.txt")
    client.log_dict(run_id, {"a": 1}, "config.json")
    assert listed(run_id) == [
        ("big.bin", False, len(BIG)),
        ("config.json", False, 12),
        ("many", True, None),
        ("notes", True, None),
    ]
    assert listed(run_id, "many/deep") == [("many/deep/a b#.txt", False, 4)]
    assert listed(run_id, "big.bin") == []
    assert listed(run_id, "nope") == []
    target = Path(mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="", dst_path=str(tmp_path / "all")))
    assert (target / "many/big.bin").read_bytes() == BIG
    assert (target / "many/deep/a b#.txt").read_text() == "text"
    assert mlflow.artifacts.load_text(f"runs:/{run_id}/notes/hello.txt") == "hello"
    assert mlflow.artifacts.load_dict(f"runs:/{run_id}/config.json") == {"a": 1}


def test_a_run_without_artifacts_lists_none(run_id: str):
    assert listed(run_id) == []


def test_an_artifact_is_logged_again(run_id: str):
    client = MlflowClient()
    client.log_text(run_id, "old", "a.txt")
    client.log_text(run_id, "new", "a.txt")
    assert mlflow.artifacts.load_text(f"runs:/{run_id}/a.txt") == "new"


def test_the_sdks_files_api_sees_the_same_files(workspace: Workspace, run_id: str):
    MlflowClient().log_text(run_id, "hello", "notes/hello.txt")
    files = WorkspaceClient().files
    experiment_id = mlflow.get_run(run_id).info.experiment_id
    root = f"/WorkspaceInternal/Mlflow/Artifacts/{experiment_id}/Runs/{run_id}/artifacts"
    assert files.download(f"{root}/notes/hello.txt").contents.read() == b"hello"
    assert files.get_metadata(f"{root}/notes/hello.txt").content_length == 5
    assert [one.path for one in files.list_directory_contents(f"{root}/notes")] == [f"{root}/notes/hello.txt"]
    files.upload(f"{root}/up.bin", io.BytesIO(BIG), overwrite=True)
    assert files.download(f"{root}/up.bin").contents.read() == BIG
    files.create_directory(f"{root}/empty")
    files.get_directory_metadata(f"{root}/empty")
    files.delete_directory(f"{root}/empty")
    files.delete(f"{root}/up.bin")
    for missing in (files.get_metadata, files.download):
        with pytest.raises(NotFound):
            missing(f"{root}/up.bin")
    assert listed(run_id) == [("notes", True, None)]
    workspace.raise_unsupported()


def test_the_sdk_uploads_a_large_file_in_parts(workspace: Workspace, run_id: str):
    config = Config()
    if not hasattr(config, "files_ext_multipart_upload_min_stream_size"):
        pytest.skip("this databricks-sdk uploads every file at once")
    config.files_ext_multipart_upload_min_stream_size = 100_000
    files = WorkspaceClient(config=config).files
    experiment_id = mlflow.get_run(run_id).info.experiment_id
    path = f"/WorkspaceInternal/Mlflow/Artifacts/{experiment_id}/Runs/{run_id}/artifacts/big.bin"
    for use_parallel in (True, False):
        files.upload(path, io.BytesIO(BIG), overwrite=True, part_size=500_000, use_parallel=use_parallel)
        assert files.download(path).contents.read() == BIG
        files.delete(path)
    assert workspace.calls.matching("create_upload_part_urls")
    assert "upload_file" not in {call.operation for call in workspace.calls}
    workspace.raise_unsupported()


def test_mlflow_uploads_a_large_file_in_parts_by_signed_urls(
    workspace: Workspace, run_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from mlflow.store.artifact.databricks_artifact_repo import DatabricksArtifactRepository

    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", "100000")
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", str(5 * 1024 * 1024))  # the least that it takes
    content = bytes(range(256)) * 24_000
    (tmp_path / "big.bin").write_bytes(content)
    experiment_id = mlflow.get_run(run_id).info.experiment_id

    uri = f"dbfs:/databricks/mlflow-tracking/{experiment_id}/{run_id}/artifacts"
    DatabricksArtifactRepository(uri).log_artifact(str(tmp_path / "big.bin"), "deep")

    assert workspace.calls.matching("complete_multipart_upload")
    assert (
        Path(mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="deep/big.bin")).read_bytes() == content
    )
