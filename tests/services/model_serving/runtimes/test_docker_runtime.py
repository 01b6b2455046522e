"""The runtime `docker` where it cannot be had, and models that no image is built for."""

from __future__ import annotations

import pytest
from conftest import RefusedError
from serving_fixtures import MODEL

from fakebricks import Workspace
from fakebricks.services.model_serving.runtimes import ModelLoadError
from fakebricks.services.model_serving.runtimes.docker import DockerRuntime
from fakebricks.wire.errors import NotImplementedByFakebricks

NOWHERE = "unix:///nowhere/docker.sock"


@pytest.fixture
def workspace():
    workspace = Workspace(runtime="docker")
    yield workspace
    workspace.close()


def test_without_a_daemon_an_endpoint_is_refused_before_it_is_made(rest, workspace, register, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", NOWHERE)
    config = {"served_entities": [{"entity_name": MODEL, "entity_version": register()}]}
    before = workspace.snapshot()
    with pytest.raises(RefusedError) as caught:
        rest.post("/api/2.0/serving-endpoints", name="fraud", config=config)
    assert caught.value.status == 501
    assert "whose daemon does not answer" in caught.value.message
    assert "DOCKER_HOST" in caught.value.message
    assert workspace.snapshot() == before


def test_a_daemon_that_is_started_later_is_found(monkeypatch, docker_client):
    runtime = DockerRuntime()
    with monkeypatch.context() as patch:
        patch.setenv("DOCKER_HOST", NOWHERE)
        with pytest.raises(NotImplementedByFakebricks, match="does not answer"):
            runtime.require()
    runtime.require()


def test_without_its_packages_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("fakebricks.services.model_serving.runtimes.docker.find_spec", lambda _: None)
    with pytest.raises(NotImplementedByFakebricks, match=r"pip install 'fakebricks\[serving,docker\]'"):
        DockerRuntime().require()


@pytest.mark.parametrize(
    ("requirements", "why"),
    [
        ("scikit-learn==1.3.2\n", "does not specify mlflow as a dependency"),
        ("mlflow\n--index-url https://nowhere.test\nother==1; rm -rf /\n", "not a requirement that pip understands"),
    ],
)
def test_a_model_for_which_no_image_is_built(tmp_path, requirements, why):
    (tmp_path / "MLmodel").write_text("flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n")
    (tmp_path / "python_env.yaml").write_text("python: 3.11.7\n")
    (tmp_path / "requirements.txt").write_text(requirements)
    with pytest.raises(ModelLoadError, match=why) as caught:
        DockerRuntime().load(tmp_path, {})
    assert not caught.value.built
