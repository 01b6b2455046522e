"""A docker daemon, where one is reachable."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
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
