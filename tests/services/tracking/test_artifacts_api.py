"""Artifacts of runs and logged models over REST."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from conftest import RefusedError, Rest

ARTIFACTS = "/api/2.0/mlflow/artifacts"
FILES = "/api/2.0/fs/files"


@pytest.fixture
def experiment(rest: Rest) -> str:
    return rest.post("/api/2.0/mlflow/experiments/create", name="/Shared/artifacts")["experiment_id"]


@pytest.fixture
def run(rest: Rest, experiment: str) -> str:
    return rest.post("/api/2.0/mlflow/runs/create", experiment_id=experiment)["run"]["info"]["run_id"]


@pytest.fixture
def model(rest: Rest, experiment: str) -> str:
    created = rest.post("/api/2.0/mlflow/logged-models", experiment_id=experiment, name="m")
    return created["model"]["info"]["model_id"]


def follow(rest: Rest, method: str, url: str, body: bytes = b"") -> bytes:
    parts = urlsplit(url)
    headers, rest.headers = rest.headers, {}
    reply = rest.call(method, f"{parts.path}?{parts.query}", body)
    rest.headers = headers
    assert reply.status == 200, reply.body
    return reply.body


def test_an_artifact_of_a_run_goes_up_is_listed_and_comes_down(rest: Rest, run: str, experiment: str):
    infos = rest.post(f"{ARTIFACTS}/credentials-for-write", run_id=run, path=["a/1.txt", "2.txt"])["credential_infos"]
    assert [(info["path"], info["type"], info["run_id"]) for info in infos] == [
        ("a/1.txt", "AWS_PRESIGNED_URL", run),
        ("2.txt", "AWS_PRESIGNED_URL", run),
    ]
    for info in infos:
        follow(rest, "PUT", info["signed_uri"], info["path"].encode())
    listed = rest.get(f"{ARTIFACTS}/list", run_id=run)
    assert listed["files"] == [{"path": "2.txt", "is_dir": False, "file_size": 5}, {"path": "a", "is_dir": True}]
    assert listed["root_uri"] == f"dbfs:/databricks/mlflow-tracking/{experiment}/{run}/artifacts"
    assert rest.get(f"{ARTIFACTS}/list", run_id=run, path="a")["files"] == [
        {"path": "a/1.txt", "is_dir": False, "file_size": 7}
    ]
    assert rest.get(f"{ARTIFACTS}/list", run_id=run, path="2.txt")["files"] == [
        {"path": "2.txt", "is_dir": False, "file_size": 5}
    ]
    assert "files" not in rest.get(f"{ARTIFACTS}/list", run_id=run, path="nope")
    info = rest.post(f"{ARTIFACTS}/credentials-for-read", run_id=run, path=["a/1.txt"])["credential_infos"][0]
    assert follow(rest, "GET", info["signed_uri"]) == b"a/1.txt"


def test_both_views_show_the_same_files(rest: Rest, run: str, experiment: str, model: str):
    for kind, owner in (("Runs", run), ("LoggedModels", model)):
        path = f"{FILES}/WorkspaceInternal/Mlflow/Artifacts/{experiment}/{kind}/{owner}/artifacts/x/y"
        assert rest.call("PUT", path, kind.encode()).status == 204
    info = rest.post(f"{ARTIFACTS}/credentials-for-read", run_id=run, path=["x/y"])["credential_infos"][0]
    assert follow(rest, "GET", info["signed_uri"]) == b"Runs"
    base = f"/api/2.0/mlflow/logged-models/{model}/artifacts"
    credential = rest.post(f"{base}/credentials-for-download", paths=["x/y"])["credentials"][0]
    assert credential["model_id"] == model
    assert follow(rest, "GET", credential["credential_info"]["signed_uri"]) == b"LoggedModels"
    listed = rest.get(f"{base}/directories", artifact_directory_path="x")
    assert listed["files"] == [{"path": "x/y", "is_dir": False, "file_size": 12}]
    assert listed["root_uri"].endswith(f"/logged_models/{model}/artifacts")


def test_a_logged_models_artifacts_go_up_by_signed_url(rest: Rest, model: str):
    base = f"/api/2.0/mlflow/logged-models/{model}/artifacts"
    credential = rest.post(f"{base}/credentials-for-upload", paths=["MLmodel"])["credentials"][0]
    follow(rest, "PUT", credential["credential_info"]["signed_uri"], b"m")
    assert rest.get(f"{base}/directories")["files"] == [{"path": "MLmodel", "is_dir": False, "file_size": 1}]


def test_artifacts_need_a_run_or_a_model_that_exists(rest: Rest):
    missing = "0" * 32
    for method, path, fields in [
        ("POST", f"{ARTIFACTS}/credentials-for-write", {"run_id": missing, "path": ["a"]}),
        ("POST", f"{ARTIFACTS}/credentials-for-read", {"run_id": missing, "path": ["a"]}),
        ("GET", f"{ARTIFACTS}/list", {"run_id": missing}),
        ("POST", f"/api/2.0/mlflow/logged-models/m-{missing}/artifacts/credentials-for-upload", {"paths": ["a"]}),
        ("GET", f"/api/2.0/mlflow/logged-models/m-{missing}/artifacts/directories", {}),
    ]:
        with pytest.raises(RefusedError) as error:
            rest.json(method, path, body=fields)
        assert (error.value.status, error.value.error_code) == (404, "RESOURCE_DOES_NOT_EXIST"), path


def test_the_artifacts_of_a_deleted_run_are_read_but_not_written(rest: Rest, run: str):
    info = rest.post(f"{ARTIFACTS}/credentials-for-write", run_id=run, path=["a"])["credential_infos"][0]
    follow(rest, "PUT", info["signed_uri"], b"a")
    rest.post("/api/2.0/mlflow/runs/delete", run_id=run)
    read = rest.post(f"{ARTIFACTS}/credentials-for-read", run_id=run, path=["a"])["credential_infos"][0]
    assert follow(rest, "GET", read["signed_uri"]) == b"a"
    with pytest.raises(RefusedError) as error:
        rest.post(f"{ARTIFACTS}/credentials-for-write", run_id=run, path=["b"])
    assert error.value.error_code == "INVALID_PARAMETER_VALUE"
    parts = urlsplit(info["signed_uri"])
    assert rest.call("PUT", f"{parts.path}?{parts.query}", b"late").status == 400


@pytest.mark.parametrize("path", ["", "..", "../x", "a/../b", "/etc/passwd", "a//b", "a\x00"])
def test_an_artifact_path_stays_in_its_run(rest: Rest, run: str, path: str):
    with pytest.raises(RefusedError) as error:
        rest.post(f"{ARTIFACTS}/credentials-for-write", run_id=run, path=[path])
    assert error.value.error_code == "INVALID_PARAMETER_VALUE"


def test_a_missing_artifact_has_no_url(rest: Rest, run: str):
    with pytest.raises(RefusedError) as error:
        rest.post(f"{ARTIFACTS}/credentials-for-read", run_id=run, path=["nope"])
    assert (error.value.status, error.value.error_code) == (404, "RESOURCE_DOES_NOT_EXIST")


def _put(rest: Rest, url: str, body: bytes, method: str = "PUT"):
    parts = urlsplit(url)
    return rest.call(method, f"{parts.path}?{parts.query}", body)


def test_an_artifact_is_uploaded_in_parts_in_any_order(rest: Rest, run: str):
    begun = rest.post(f"{ARTIFACTS}/create-multipart-upload", run_id=run, path="big/a", num_parts=2)
    question = {"run_id": run, "path": "big/a", "upload_id": begun["upload_id"]}
    again = rest.get(f"{ARTIFACTS}/get-presigned-upload-part-url", part_number=1, **question)
    urls = [again["upload_credential_info"]["signed_uri"], begun["upload_credential_infos"][1]["signed_uri"]]
    second = _put(rest, urls[1], b"two")
    first = _put(rest, urls[0], b"one")
    etags = [{"part_number": number, "etag": reply.headers["etag"]} for number, reply in ((2, second), (1, first))]
    assert "files" not in rest.get(f"{ARTIFACTS}/list", run_id=run, path="big")

    rest.post(f"{ARTIFACTS}/complete-multipart-upload", part_etags=etags, **question)

    assert rest.get(f"{ARTIFACTS}/list", run_id=run, path="big")["files"] == [
        {"path": "big/a", "is_dir": False, "file_size": 6}
    ]
    with pytest.raises(RefusedError, match="404"):
        rest.post(f"{ARTIFACTS}/complete-multipart-upload", part_etags=etags, **question)


def test_an_upload_in_parts_that_is_aborted_or_lacks_a_part_leaves_nothing(rest: Rest, run: str):
    begun = rest.post(f"{ARTIFACTS}/create-multipart-upload", run_id=run, path="a", num_parts=1)
    question = {"run_id": run, "path": "a", "upload_id": begun["upload_id"]}
    with pytest.raises(RefusedError, match="Part 1 was not uploaded"):
        rest.post(f"{ARTIFACTS}/complete-multipart-upload", part_etags=[{"part_number": 1, "etag": "x"}], **question)

    assert _put(rest, begun["abort_credential_info"]["signed_uri"], b"", "DELETE").status == 204

    assert _put(rest, begun["upload_credential_infos"][0]["signed_uri"], b"late").status == 404
    assert "files" not in rest.get(f"{ARTIFACTS}/list", run_id=run)


@pytest.mark.parametrize("wrong", [{"num_parts": 0}, {"num_parts": 10_001}, {"path": ""}, {"path": "../a"}])
def test_an_upload_in_parts_that_cannot_be_is_refused(rest: Rest, run: str, wrong):
    with pytest.raises(RefusedError, match="400"):
        rest.post(f"{ARTIFACTS}/create-multipart-upload", **{"run_id": run, "path": "a", "num_parts": 1, **wrong})
