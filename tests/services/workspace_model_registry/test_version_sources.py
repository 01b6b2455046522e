"""Where versions come from: artifacts of runs, DBFS, logged models and other versions."""

from __future__ import annotations

import pytest
from conftest import Rest
from registry_calls import FILES, MLFLOW, MODELS, VERSIONS, download, logged, refused, registered


@pytest.fixture
def run(rest: Rest) -> dict[str, str]:
    return logged(rest)


@pytest.mark.parametrize(
    "source",
    [
        "dbfs:/tmp/model",
        "/tmp/model",
        "file:///tmp/model",
        "runs:/0/model",
        "RUN/other",
        "RUN/model/MLmodel",
        "dbfs:/elsewhere/11111111111111111111111111111111/artifacts/model",
        "REGISTRY",
    ],
)
def test_a_source_that_does_not_exist_fails_registration(rest, run, source):
    registered(rest, run["source"], name="first")
    uri = rest.get(f"{VERSIONS}/get-download-uri", name="first", version="1")["artifact_uri"]
    source = source.replace("RUN", run["artifacts"]).replace("REGISTRY", uri)
    failed = registered(rest, source)
    assert failed["status"] == "FAILED_REGISTRATION"
    expected = f"Failed registration. The given source path `{source}` does not exist."
    assert failed["status_message"] == expected
    assert refused(rest.get, f"{VERSIONS}/list-artifacts", name="fraud", version="1")[1] == "INVALID_STATE"
    assert rest.post(f"{MODELS}/get-latest-versions", name="fraud") == {}


def test_a_directory_of_dbfs_is_copied(rest):
    for path, content in FILES.items():
        assert rest.call("POST", f"/dbfs/models/fraud/{path}", content).status == 200
    assert registered(rest, "dbfs:/models/fraud")["status"] == "READY"
    rest.post("/api/2.0/dbfs/delete", path="/models", recursive=True)
    for path, content in FILES.items():
        assert download(rest, "fraud", "1", path) == content


def test_a_run_that_keeps_its_artifacts_in_dbfs(rest):
    asked = {"name": "/Shared/elsewhere", "artifact_location": "dbfs:/elsewhere"}
    experiment = rest.post(f"{MLFLOW}/experiments/create", **asked)["experiment_id"]
    info = rest.post(f"{MLFLOW}/runs/create", experiment_id=experiment)["run"]["info"]
    path = f"{info['artifact_uri'].removeprefix('dbfs:')}/model"
    assert rest.call("POST", f"/dbfs{path}/MLmodel", FILES["MLmodel"]).status == 200
    assert registered(rest, f"dbfs:{path}")["status"] == "READY"
    assert download(rest, "fraud", "1", "MLmodel") == FILES["MLmodel"]


def test_a_source_on_a_volume_is_refused_by_name(rest):
    rest.post(f"{MODELS}/create", name="fraud")
    source = "dbfs:/Volumes/main/default/v/model"
    refusal = refused(rest.post, f"{VERSIONS}/create", name="fraud", source=source)
    assert refusal[:2] == (501, "NOT_IMPLEMENTED")
    assert source in refusal[2]


def test_a_source_in_a_cloud_is_refused_by_name(rest):
    rest.post(f"{MODELS}/create", name="fraud")
    refusal = refused(rest.post, f"{VERSIONS}/create", name="fraud", source="s3://bucket/model")
    assert refusal[0] == 501
    assert "s3://bucket/model" in refusal[2]


@pytest.mark.parametrize("path", ["../model", "model/..", "model//x", "model\n/x"])
def test_a_source_that_climbs_is_refused(rest, run, path):
    rest.post(f"{MODELS}/create", name="fraud")
    refusal = refused(rest.post, f"{VERSIONS}/create", name="fraud", source=f"{run['artifacts']}/{path}")
    assert refusal[:2] == (400, "INVALID_PARAMETER_VALUE")
    assert rest.get(f"{VERSIONS}/search") == {}


def test_a_version_is_made_of_a_logged_model(rest, run):
    experiment = rest.get(f"{MLFLOW}/runs/get", run_id=run["run_id"])["run"]["info"]["experiment_id"]
    body = {"experiment_id": experiment, "name": "m", "source_run_id": run["run_id"]}
    model_id = rest.post(f"{MLFLOW}/logged-models", **body)["model"]["info"]["model_id"]
    asked = rest.post(f"{MLFLOW}/logged-models/{model_id}/artifacts/credentials-for-upload", paths=["MLmodel"])
    url = asked["credentials"][0]["credential_info"]["signed_uri"]
    rest.call("PUT", url[url.index("/_fakebricks") :], b"logged")
    version = registered(rest, f"models:/{model_id}", model_id=model_id)
    assert (version["status"], version["model_id"], version["run_id"]) == ("READY", model_id, run["run_id"])
    assert download(rest, "fraud", "1", "MLmodel") == b"logged"


def test_a_version_is_copied_to_another_model(rest, run):
    registered(rest, run["source"], name="staging", run_id=run["run_id"])
    copy = registered(rest, "models:/staging/1", name="prod")
    assert (copy["status"], copy["run_id"]) == ("READY", run["run_id"])
    rest.delete(f"{MODELS}/delete", name="staging")
    assert download(rest, "prod", "1", "data/model.pkl") == FILES["data/model.pkl"]


def test_a_copy_needs_a_version_that_is_there(rest):
    rest.post(f"{MODELS}/create", name="prod")
    for source in ("models:/staging/1", "models:/prod/7", f"models:/m-{'0' * 32}"):
        assert refused(rest.post, f"{VERSIONS}/create", name="prod", source=source)[:2] == (
            404,
            "RESOURCE_DOES_NOT_EXIST",
        )
    assert rest.get(f"{VERSIONS}/search") == {}
