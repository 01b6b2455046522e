"""The workspace's option `storage`."""

from __future__ import annotations

import subprocess
import sys

import pytest
from conftest import RefusedError, Rest
from s3_client import MLMODEL, MODEL, VersionFiles, finalize, new_version, ready_version, refusal

from fakebricks import Workspace, fake_workspace
from fakebricks.services.files.files import Files
from fakebricks.services.files.s3.moto_s3 import OwnBucket

PROBE = "/api/2.0/mlflow/unity-catalog/registered-models:is-databricks-sdk-models-artifact-repository-enabled"
UC = "/api/2.0/mlflow/unity-catalog"
CREDENTIALS = f"{UC}/model-versions/generate-temporary-credentials"


@pytest.mark.parametrize(("storage", "enabled"), [("presigned", False), ("files", True), ("s3", False)])
def test_the_probe_tells_clients_which_route_to_take(storage: str, enabled: bool):
    rest = Rest(Workspace(storage=storage))
    assert rest.workspace.storage == storage
    assert rest.get(PROBE) == {"is_databricks_sdk_models_artifact_repository_enabled": enabled}


@pytest.mark.parametrize("storage", ["presigned", "files"])
def test_without_a_bucket_there_are_no_credentials_of_a_cloud(storage: str):
    workspace = Workspace(storage=storage)
    version = new_version(workspace)
    told = Rest(workspace).post(
        CREDENTIALS, name=MODEL, version=version, operation="MODEL_VERSION_OPERATION_READ_WRITE"
    )
    assert told["credentials"].keys() == {"storage_mode", "expiration_time"}
    assert told["credentials"]["storage_mode"] == "DEFAULT_STORAGE"


@pytest.mark.parametrize("storage", ["presigned", "files", "s3"])
def test_credentials_are_for_the_state_that_a_version_is_in(storage: str):
    workspace = Workspace(storage=storage)
    version = new_version(workspace)
    with pytest.raises(RefusedError, match="not READY"):
        Rest(workspace).post(CREDENTIALS, name=MODEL, version=version, operation="MODEL_VERSION_OPERATION_READ")
    with pytest.raises(RefusedError, match="does not exist"):
        Rest(workspace).post(CREDENTIALS, name=MODEL, version="9", operation="MODEL_VERSION_OPERATION_READ")


def test_what_is_unknown_is_refused_at_once():
    with pytest.raises(ValueError, match="'floppy'"):
        Workspace(storage="floppy")
    with pytest.raises(ValueError, match="'floppy'"):
        fake_workspace(storage="floppy")


def test_moto_is_not_imported_for_other_storage():
    code = (
        "import sys; from fakebricks import Workspace\n"
        "Workspace(storage='files').close(); Workspace(storage='s3').close()\n"
        "assert not {'moto', 'boto3', 'botocore'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# A version's bytes are in the bucket and in the workspace's files: they stay the same


def directory(workspace: Workspace, version: str) -> dict[str, bytes]:
    files = workspace._services[Files]
    return {name: files.content(entry) for name, entry in files.walk(f"/Models/main/default/fraud/{version}")}


def objects(workspace: Workspace, version: str) -> dict[str, bytes]:
    reader = VersionFiles(workspace, version, "READ")
    return {name: reader.get(name) for name in reader.names()}


def test_finalizing_takes_the_objects_in(entered):
    with entered(storage="s3") as workspace:
        version = new_version(workspace)
        writer = VersionFiles(workspace, version)
        writer.put()
        writer.put("data/model.pkl", b"\x00")
        writer.put("data/gone.pkl", b"")
        writer.s3.delete_object(Bucket=writer.bucket, Key=f"{writer.prefix}/data/gone.pkl")
        assert directory(workspace, version) == {}
        assert finalize(workspace, version)["status"] == "READY"
        assert directory(workspace, version) == {"MLmodel": MLMODEL, "data/model.pkl": b"\x00"}
        path = f"/api/2.0/fs/files/Models/main/default/fraud/{version}/data/model.pkl"
        assert writer.rest.call("GET", path).body == b"\x00"


def test_a_version_whose_finalization_is_refused_can_be_mended(entered):
    with entered(storage="s3") as workspace:
        version = new_version(workspace)
        writer = VersionFiles(workspace, version)
        writer.put("other", b"1")
        with pytest.raises(RefusedError, match="no file 'MLmodel'"):
            finalize(workspace, version)
        assert directory(workspace, version) == {}
        writer.put()
        assert finalize(workspace, version)["status"] == "READY"
        assert directory(workspace, version) == {"MLmodel": MLMODEL, "other": b"1"}


def test_what_the_files_api_wrote_is_in_the_bucket_too(entered):
    with entered(storage="s3") as workspace:
        version = new_version(workspace)
        rest = Rest(workspace)
        rest.call("PUT", f"/api/2.0/fs/files/Models/main/default/fraud/{version}/MLmodel", MLMODEL)
        VersionFiles(workspace, version).put("x", b"1")
        finalize(workspace, version)
        assert objects(workspace, version) == directory(workspace, version) == {"MLmodel": MLMODEL, "x": b"1"}


def test_a_renamed_model_keeps_its_objects(entered):
    with entered(storage="s3") as workspace:
        version = ready_version(workspace)
        reader = VersionFiles(workspace, version, "READ")
        reader.rest.patch(f"{UC}/registered-models/update", name=MODEL, new_name="main.default.renamed")
        assert reader.get() == MLMODEL


def test_snapshots_hold_the_bucket_too(entered):
    with entered(storage="s3") as workspace:
        first = ready_version(workspace)
        pending = new_version(workspace)
        upload = VersionFiles(workspace, pending)
        upload.put()
        before = workspace.snapshot()
        reader = VersionFiles(workspace, first, "READ")

        finalize(workspace, pending)
        later = ready_version(workspace)
        forgotten = VersionFiles(workspace, later, "READ")
        reader.rest.delete(f"{UC}/model-versions/delete", name=MODEL, version=first)
        assert reader.names() == []

        workspace.restore(before)
        assert objects(workspace, first) == {"MLmodel": MLMODEL}
        assert refusal(reader.get)[1] == "InvalidAccessKeyId"  # it was issued after the snapshot
        assert refusal(forgotten.get)[1] == "InvalidAccessKeyId"
        kept = workspace._services[OwnBucket].objects()
        assert {key.rpartition("/")[0] for key, _ in kept} == {reader.prefix, upload.prefix}
        upload.put("more", b"2")  # the version is PENDING_REGISTRATION again
        finalize(workspace, pending)
        assert objects(workspace, pending) == {"MLmodel": MLMODEL, "more": b"2"}
