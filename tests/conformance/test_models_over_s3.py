"""Model files over S3 through unmodified MLflow: in parts, with ranges, with credentials that are over."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import boto3
import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.models import infer_signature
from mlflow.store.artifact.optimized_s3_artifact_repo import OptimizedS3ArtifactRepository
from mlflow.store.artifact.s3_artifact_repo import S3ArtifactRepository
from s3_client import MLMODEL, VersionFiles, ready_version
from sklearn.linear_model import LinearRegression

from fakebricks import Workspace, fake_workspace
from fakebricks.fake import surroundings

NAME = "main.default.large"
FRAME = pd.DataFrame({"x": [1.0, 2.0]})
MIB = 1 << 20


def registered(extra: bytes, tmp_path: Path) -> None:
    """Register a model that has a file beside it."""
    model = LinearRegression().fit(FRAME, [1.0, 2.0])
    mlflow.sklearn.save_model(
        model, tmp_path / "model", signature=infer_signature(FRAME, model.predict(FRAME)), pip_requirements=[]
    )
    (tmp_path / "model" / "extra.bin").write_bytes(extra)
    mlflow.set_experiment("/Shared/large")
    with mlflow.start_run() as run:
        mlflow.log_artifacts(str(tmp_path / "model"), "model")
    mlflow.register_model(f"runs:/{run.info.run_id}/model", NAME)


def operations(workspace: Workspace, method: str, named: str) -> list:
    return [
        call
        for call in workspace.calls.matching("answer_s3")
        if call.method == method and any(name == named for name, _ in call.query)
    ]


def test_a_large_file_goes_up_in_parts_and_comes_down_in_ranges(entered, tmp_path, monkeypatch):
    content = np.random.default_rng(0).bytes(11 * MIB)
    with entered(storage="s3") as workspace:
        monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", str(5 * MIB))
        registered(content, tmp_path)
        parts = operations(workspace, "PUT", "partNumber")
        assert len(parts) == 3
        assert all(("X-Amz-Signature", "[REDACTED]") in part.query for part in parts)
        downloaded = Path(mlflow.artifacts.download_artifacts(f"models:/{NAME}/1", dst_path=str(tmp_path / "down")))
        assert (downloaded / "extra.bin").read_bytes() == content
        partial = [call for call in workspace.calls.matching("answer_s3") if call.status == 206]
        assert len(partial) > 1  # boto3 asks for ranges of 8 MiB
        assert list(mlflow.pyfunc.load_model(f"models:/{NAME}/1").predict(FRAME)) == pytest.approx([1.0, 2.0])
        workspace.raise_unsupported()


def test_child_processes_download_parts_over_the_server(server, tmp_path, monkeypatch):
    content = np.random.default_rng(1).bytes(6 * MIB)
    with closing(fake_workspace(storage="s3").workspace()) as workspace:
        server.add(workspace)
        with surroundings(workspace, server.url):
            registered(content, tmp_path)
            monkeypatch.setenv("MLFLOW_MULTIPART_DOWNLOAD_MINIMUM_FILE_SIZE", str(2 * MIB))
            monkeypatch.setenv("MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE", str(2 * MIB))
            down = Path(mlflow.artifacts.download_artifacts(f"models:/{NAME}/1", dst_path=str(tmp_path / "down")))
            assert (down / "extra.bin").read_bytes() == content
            assert len(operations(workspace, "GET", "X-Amz-Signature")) >= 3
        server.remove(workspace)


def test_a_credential_that_is_over_reads_nothing(entered):
    with entered(storage="s3") as workspace:
        reader = VersionFiles(workspace, ready_version(workspace), "READ")
        repository = OptimizedS3ArtifactRepository(
            f"s3://{reader.bucket}/{reader.prefix}", **reader.credentials["aws_temp_credentials"]
        )
        assert [one.path for one in repository.list_artifacts()] == ["MLmodel"]
        workspace.clock.advance(hours=2)
        with pytest.raises(Exception, match="ExpiredToken"):
            repository.list_artifacts()


def test_a_download_with_a_credential_that_is_over_is_begun_again_with_another(entered, tmp_path):
    with entered(storage="s3") as workspace:
        reader = VersionFiles(workspace, ready_version(workspace), "READ")
        aws = reader.credentials["aws_temp_credentials"]

        def renewed() -> dict:
            fresh = VersionFiles(workspace, "1", "READ").credentials["aws_temp_credentials"]
            return {**fresh, "s3_upload_extra_args": {}}

        repository = OptimizedS3ArtifactRepository(
            f"s3://{reader.bucket}/{reader.prefix}", **aws, credential_refresh_def=renewed
        )
        workspace.clock.advance(hours=2)
        repository._download_from_cloud("MLmodel", str(tmp_path / "MLmodel"))
        assert (tmp_path / "MLmodel").read_bytes() == MLMODEL


def test_a_bucket_of_the_test_s_own_holds_artifacts_too(entered, tmp_path):
    with entered(storage="s3"):
        boto3.session.Session().client("s3", region_name="us-east-1").create_bucket(Bucket="artifacts")
        (tmp_path / "a.txt").write_text("mine")
        repository = S3ArtifactRepository("s3://artifacts/run")
        repository.log_artifact(str(tmp_path / "a.txt"))
        assert [one.path for one in repository.list_artifacts()] == ["a.txt"]
        assert os.environ["MLFLOW_S3_ENDPOINT_URL"].endswith("/_fakebricks/s3")
