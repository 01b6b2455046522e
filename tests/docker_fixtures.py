"""A docker daemon, where one is reachable."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import docker
import pytest
from docker.errors import DockerException

from fakebricks.environments.docker_images import LABEL


@pytest.fixture(scope="session")
def docker_client() -> Iterator[Any]:
    """A client of the daemon; tests that need one are skipped without."""
    try:
        client = docker.from_env(timeout=60)
    except DockerException as error:
        pytest.skip(f"no docker daemon is reachable: {error}")
    yield client
    client.close()


@pytest.fixture
def docker_containers(docker_client) -> Callable[[], list[Any]]:
    """The containers of this process, when it is called."""

    def containers() -> list[Any]:
        label = f"{LABEL}.process={os.getpid()}"
        return docker_client.containers.list(all=True, filters={"label": label})

    return containers


def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether something comes to hold in real time: a daemon is told of what a container prints a moment later."""
    deadline = time.perf_counter() + seconds
    while not holds():
        if time.perf_counter() > deadline:
            return False
        Event().wait(0.05)
    return True
