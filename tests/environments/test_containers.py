"""Images and containers, with the tests' own MLflow; they need a docker daemon and a base image with this Python."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
import time

import pytest
from docker_fixtures import eventually
from environment_fixtures import HERE

from fakebricks.environments import docker_images
from fakebricks.environments.connection import ModelFailedError, WorkerGoneError, WorkerTooSlowError
from fakebricks.environments.containers import Containers
from fakebricks.environments.docker_images import Images, base_image
from fakebricks.environments.limits import Limits
from fakebricks.environments.specs import EnvironmentBuildError, EnvironmentSpec
from fakebricks.environments.worker import Message

LIMITS = Limits(build=240, load=120, request=60, run=60)
SPEC = EnvironmentSpec(HERE, ("mlflow==3000.0", "fakebricks-inner"), {"fakebricks-inner": "1.5"})


@pytest.fixture(scope="module")
def offline(wheels, tmp_path_factory):
    """uv finds the tests' own wheels and nothing else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_FIND_LINKS", str(wheels))
        patch.setenv("UV_OFFLINE", "1")
        patch.setenv("FAKEBRICKS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def image(docker_client, offline):
    return Images(docker_client, LIMITS).get(SPEC)


@pytest.fixture
def load(docker_client, image, model):
    """Load the model in a container, which is removed at the end."""
    loaded = []

    def load(**variables):
        loaded.append(Containers(docker_client, LIMITS).load(image, model, variables))
        return loaded[-1]

    yield load
    for worker in loaded:
        worker.close()


def asked(worker, limit=60.0, /, **what):
    message = Message({"do": "score", "content_type": "application/json"}, json.dumps(what).encode())
    return json.loads(worker.ask(message, limit).body)["predictions"]


def test_building_an_image_is_logged(docker_client, offline, caplog):
    with caplog.at_level("INFO", "fakebricks"), pytest.raises(EnvironmentBuildError):
        Images(docker_client, LIMITS).get(EnvironmentSpec(HERE, ("fakebricks-inner==9",)))
    (record,) = caplog.records
    assert record.message == "Building an image with Python 3.11 and fakebricks-inner==9"


def test_an_image_is_built_once_and_says_of_what(docker_client, image):
    assert image.base == base_image(HERE)
    assert "mlflow==3000.0" in image.build_log
    assert "fakebricks-inner==1.5" in image.build_log
    created = docker_client.images.get(image.name).attrs["Created"]
    assert Images(docker_client, LIMITS).get(SPEC) == image
    assert docker_client.images.get(image.name).attrs["Created"] == created
    assert docker_client.images.get(image.name).labels["fakebricks"] == "image"


def test_a_model_in_a_container(load, docker_containers, monkeypatch):
    monkeypatch.setenv("OF_THIS_MACHINE", "1")
    worker = load(LEVEL="3")
    environ = asked(worker, do="environ")
    assert environ["LEVEL"] == "3"
    assert not {"OF_THIS_MACHINE", "FAKEBRICKS_WORKER_SECRET"} & environ.keys()
    asked(worker, do="print", text="a word")
    assert eventually(lambda: "a word" in worker.log)
    assert worker.idle()
    (container,) = docker_containers()
    host = container.attrs["HostConfig"]
    assert (host["Memory"], host["CapDrop"], host["Binds"]) == (4 << 30, ["ALL"], None)
    assert {one["HostIp"] for one in container.ports["8080/tcp"]} == {"127.0.0.1"}
    assert container.attrs["Config"]["User"] == "65534:65534"
    worker.close()
    assert docker_containers() == []


@pytest.mark.parametrize(("do", "how"), [("exit", "exited with status 3"), ("kill", "ended by SIGKILL")])
def test_a_container_that_ends_in_the_middle_of_a_request(load, docker_containers, do, how):
    worker = load()
    with pytest.raises(WorkerGoneError, match=how):
        asked(worker, do=do)
    assert not worker.idle()
    assert docker_containers() == []


def test_a_model_that_hangs(load, docker_containers):
    worker, began = load(), time.perf_counter()
    with pytest.raises(WorkerTooSlowError):
        asked(worker, 0.5, do="sleep", seconds=100)
    assert time.perf_counter() - began < 50
    assert docker_containers() == []


@pytest.mark.parametrize(("file", "why"), [("exit", "exited with status 5"), (None, "no MLmodel")])
def test_a_model_that_does_not_load(load, model, docker_containers, file, why):
    if file:
        (model / file).touch()
    else:
        (model / "MLmodel").unlink()
    with pytest.raises(ModelFailedError, match=why) as caught:
        load()
    assert "loading fakebricks-model" in caught.value.log
    assert docker_containers() == []


def left_of(docker_client, log):
    """The layers that a build has made and that are still there, without its base."""
    base = docker_client.images.get(base_image(HERE)).id
    layers = {f"sha256:{layer}" for layer in re.findall(r"---> ([0-9a-f]{12})\n", log)}
    there = [image.id for image in docker_client.images.list(all=True)]
    return [one for one in there if one != base and any(map(one.startswith, layers))]


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        (EnvironmentSpec(HERE, ("fakebricks-inner==9",)), "fakebricks-inner==9"),
        (EnvironmentSpec(HERE, ("--index-url=https://nowhere.test",)), "is an option"),
        (EnvironmentSpec(HERE, ("mlflow\nRUN evil",)), "more than one line"),
        (EnvironmentSpec("3.8", ()), "The base image has Python 3.11, and not 3.8."),
    ],
)
def test_an_image_that_cannot_be_built(docker_client, offline, monkeypatch, spec, why):
    monkeypatch.setenv("FAKEBRICKS_DOCKER_BASE_IMAGE", base_image(HERE))
    before = docker_client.images.list("fakebricks-model")
    with pytest.raises(EnvironmentBuildError, match=why) as caught:
        Images(docker_client, LIMITS).get(spec)
    assert docker_client.images.list("fakebricks-model") == before
    assert left_of(docker_client, caught.value.log) == []


def test_a_build_that_is_interrupted_leaves_nothing(docker_client, offline, monkeypatch):
    told = []

    def interrupted(events, said, deadline):
        def until_it_runs():
            for event in events:
                told.append(event.get("stream", ""))
                yield event
                if "Running in" in event.get("stream", ""):
                    raise KeyboardInterrupt

        follow(until_it_runs(), said, deadline)

    follow = docker_images._follow
    monkeypatch.setattr(docker_images, "_follow", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Images(docker_client, LIMITS).get(EnvironmentSpec(HERE, ("fakebricks-inner==2.0",)))
    assert "COPY" in "".join(told)
    assert left_of(docker_client, "".join(told)) == []


def test_containers_end_with_the_process_that_started_them(docker_client, image, model):
    program = f"""
        import docker, os
        from pathlib import Path
        from fakebricks.environments.containers import Containers
        from fakebricks.environments.docker_images import Images
        from fakebricks.environments.limits import Limits
        from fakebricks.environments.specs import EnvironmentSpec
        client = docker.from_env()
        image = Images(client, Limits()).get({SPEC!r})
        loaded = Containers(client, Limits()).load(image, Path({str(model)!r}), {{}})
        label = f"fakebricks.process={{os.getpid()}}"
        print(label, len(client.containers.list(filters={{"label": label}})))
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=120, check=True
    )
    label, running = ran.stdout.split()
    assert running == "1"
    assert docker_client.containers.list(all=True, filters={"label": label}) == []


@pytest.mark.parametrize("name", ["", "python:3.11\nRUN evil", "Python", "a b"])
def test_a_base_image_that_cannot_be(monkeypatch, name):
    monkeypatch.setenv("FAKEBRICKS_DOCKER_BASE_IMAGE", name)
    if not name:
        assert base_image("3.11") == "python:3.11-slim"
        return
    with pytest.raises(EnvironmentBuildError, match="cannot be the name of an image"):
        base_image("3.11")


def test_the_base_image_of_a_version(monkeypatch):
    monkeypatch.setenv("FAKEBRICKS_DOCKER_BASE_IMAGE", "registry.test:5000/base:{minor}-{version}")
    assert base_image("3.11.7") == "registry.test:5000/base:3.11-3.11.7"
