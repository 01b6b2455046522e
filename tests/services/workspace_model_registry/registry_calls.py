"""What tests of the workspace model registry ask of it."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import RefusedError, Rest

MLFLOW = "/api/2.0/mlflow"
MODELS = f"{MLFLOW}/registered-models"
VERSIONS = f"{MLFLOW}/model-versions"
FILES = {"MLmodel": b"flavors: {}\n", "data/model.pkl": b"pickled"}


def refused(call, *args: Any, **fields: Any) -> tuple[int, str, str]:
    with pytest.raises(RefusedError) as caught:
        call(*args, **fields)
    return caught.value.status, caught.value.error_code, caught.value.message


def logged(rest: Rest) -> dict[str, str]:
    """A run with a model among its artifacts."""
    experiment = rest.post(f"{MLFLOW}/experiments/create", name="/Shared/fraud")["experiment_id"]
    info = rest.post(f"{MLFLOW}/runs/create", experiment_id=experiment)["run"]["info"]
    for path, content in FILES.items():
        upload(rest, info["run_id"], f"model/{path}", content)
    return {"run_id": info["run_id"], "source": f"{info['artifact_uri']}/model", "artifacts": info["artifact_uri"]}


def upload(rest: Rest, run_id: str, path: str, content: bytes) -> None:
    asked = rest.post(f"{MLFLOW}/artifacts/credentials-for-write", run_id=run_id, path=[path])
    url = asked["credential_infos"][0]["signed_uri"]
    assert rest.call("PUT", url[url.index("/_fakebricks") :], content).status == 200


def download(rest: Rest, name: str, version: str, path: str) -> bytes:
    url = rest.get(f"{VERSIONS}/get-signed-download-uri", name=name, version=version, path=path)["signed_uri"]
    reply = rest.call("GET", url[url.index("/_fakebricks") :])
    assert reply.status == 200
    return reply.body


def registered(rest: Rest, source: str, name: str = "fraud", **fields: Any) -> dict[str, Any]:
    """One more READY version."""
    if refused_model(rest, name):
        rest.post(f"{MODELS}/create", name=name)
    created = rest.post(f"{VERSIONS}/create", name=name, source=source, **fields)["model_version"]
    rest.workspace.clock.advance(seconds=2)
    return get(rest, name, created["version"])


def refused_model(rest: Rest, name: str) -> bool:
    return rest.call("GET", f"{MODELS}/get?name={name}").status == 404


def get(rest: Rest, name: str, version: str) -> dict[str, Any]:
    found: dict[str, Any] = rest.get(f"{VERSIONS}/get", name=name, version=version)["model_version"]
    return found


def move(rest: Rest, version: str, stage: str, archive: bool = False, name: str = "fraud") -> dict[str, Any]:
    body = {"name": name, "version": version, "stage": stage, "archive_existing_versions": archive}
    moved: dict[str, Any] = rest.post(f"{VERSIONS}/transition-stage", **body)["model_version"]
    return moved
