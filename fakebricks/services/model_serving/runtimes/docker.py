"""The runtime `docker`: each model is loaded and scored in a container of its own.

Real: the image, with what the model was logged with, or that and the libraries of an image of the test's choice, which
go before it; a container without this machine's files, environment and rights, with the memory of an endpoint on CPUs;
what goes wrong while the image is built, or while the model loads in it. `isolated.py` says the rest. Inferred: which
base image stands for the platform's; `FAKEBRICKS_DOCKER_BASE_IMAGE` is another.
"""

from __future__ import annotations

import gc
import warnings
import weakref
from collections.abc import Mapping
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fakebricks.environments.connection import ModelFailedError
from fakebricks.environments.containers import Containers
from fakebricks.environments.docker_images import Image, Images
from fakebricks.environments.limits import Limits
from fakebricks.environments.specs import EnvironmentBuildError
from fakebricks.services.model_serving.runtimes import LoadedModel, ModelLoadError
from fakebricks.services.model_serving.runtimes.isolated import IsolatedModel
from fakebricks.services.model_serving.runtimes.required import required
from fakebricks.wire.errors import NotImplementedByFakebricks

_DAEMON_SECONDS = 60


class DockerRuntime:
    """Loads models in containers.

    Args:
        pins: versions by normalised name of the package, which go before those that a model was logged with.
        python: the version of Python, where it is not to be the model's.
    """

    def __init__(self, pins: Mapping[str, str] | None = None, python: str | None = None) -> None:
        self._pins = pins or {}
        self._python = python
        self._limits = Limits.of_environment()

    def require(self) -> None:
        if any(find_spec(name) is None for name in ("docker", "uv", "packaging", "yaml")):
            message = (
                "fakebricks runs containers with the packages docker and uv, which are not installed here. "
                "Install them with: pip install 'fakebricks[serving,docker]'"
            )
            raise NotImplementedByFakebricks(message)
        if silent := self._silent():
            message = (
                f"fakebricks runs containers with Docker, whose daemon does not answer here: {silent}. Start one, or "
                "say where it is in DOCKER_HOST; or use runtime='virtualenv', which needs none."
            )
            raise NotImplementedByFakebricks(message)

    def load(self, directory: Path, variables: Mapping[str, str]) -> LoadedModel:
        image = self._image(directory)
        containers = Containers(self._client, self._limits)
        try:
            return IsolatedModel(
                lambda: containers.load(image, directory, variables), self._limits.request, image.build_log
            )
        except ModelFailedError as error:
            raise ModelLoadError(str(error), error.log, build_log=image.build_log) from error

    def _image(self, directory: Path) -> Image:
        try:
            return Images(self._client, self._limits).get(required(directory, self._pins, self._python))
        except EnvironmentBuildError as error:
            raise ModelLoadError(str(error), build_log=error.log, built=False) from error

    def _silent(self) -> str:
        """Why the daemon does not answer; empty where it does."""
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        try:
            self._client.ping()
        except (DockerException, RequestException) as error:
            reason = str(error)
        else:
            return ""
        with warnings.catch_warnings():  # docker forgets about a socket that does not connect
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
        return reason

    @cached_property
    def _client(self) -> Any:
        import docker

        client = docker.from_env(timeout=_DAEMON_SECONDS)
        weakref.finalize(self, client.close)
        return client
