"""Docker images that models run in: a base image, the packages of an environment, and the worker.

Real: uv resolves and fetches the packages on this machine, for the daemon's kind of machine and the environment's
Python, and they are copied in. Building the image itself needs neither network nor shell nor pip. An image is kept by
the daemon under a digest of what it is made of. Inferred: that the base image is a Linux with glibc 2.28 or later, as
the wheels on the package index are for.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from fakebricks.environments import cache, docker_start, worker
from fakebricks.environments.limits import Limits
from fakebricks.environments.processes import Deadline
from fakebricks.environments.specs import EnvironmentBuildError, EnvironmentSpec
from fakebricks.environments.uv import Installer

LABEL = "fakebricks"
"""All images and containers of fakebricks have it."""

ROOM = "/opt/fakebricks"
"""Where an image has what is not of its base."""

_BASE_IMAGE = "python:{version}-slim"
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_OF_THE_DAEMON = ("Step ", "--->", "Removing intermediate")  # what else it says is said by what it runs
_REFERENCE = re.compile(r"[a-z0-9][A-Za-z0-9._:/@-]*")
_PLATFORMS = {
    "x86_64": "x86_64-manylinux_2_28",
    "amd64": "x86_64-manylinux_2_28",
    "aarch64": "aarch64-manylinux_2_28",
    "arm64": "aarch64-manylinux_2_28",
}


_PROGRAMS = (worker, docker_start)


class _Plan(NamedTuple):
    """An image that there is, or that is to be built."""

    name: str
    base: str
    platform: str
    directory: Path
    """Where its build log is kept."""


@dataclass(frozen=True)
class Image:
    """An image that was built.

    Attributes:
        name: what the daemon calls it.
        base: what it was built on.
        python: the version that the environment asks for.
        build_log: what building it has said, whenever that was.
    """

    name: str
    base: str
    python: str
    build_log: str


class Images:
    """The images of a daemon. For any thread.

    Args:
        client: of the `docker` library.
        limits: how long things may take.
    """

    def __init__(self, client: Any, limits: Limits) -> None:
        self._client = client
        self._limits = limits

    def get(self, spec: EnvironmentSpec) -> Image:
        """The image of an environment; it is built unless the daemon has it.

        Raises:
            EnvironmentBuildError: it cannot be built, or not in time.
        """
        plan = self._planned(spec)
        with cache.turn(plan.directory, self._limits.build) as lock:
            if not self._there(plan.name):
                self._build(spec, plan, lock)
        log = plan.directory / "build.log"
        said = log.read_text(encoding="utf-8") if log.exists() else f"The daemon has {plan.name} already.\n"
        return Image(plan.name, plan.base, spec.python, said)

    def _planned(self, spec: EnvironmentSpec) -> _Plan:
        base = base_image(spec.python)
        with _refused():
            base_id, platform = self._base(base), self._platform()
        programs = [Path(str(program.__file__)).read_bytes() for program in _PROGRAMS]
        parts = [cache.digest(spec).encode(), base_id.encode(), platform.encode(), *programs]
        digest = hashlib.sha256(b"\0".join(parts)).hexdigest()[:32]
        return _Plan(f"fakebricks-model:{digest}", base, platform, cache.home() / "images" / digest)

    def _build(self, spec: EnvironmentSpec, plan: _Plan, lock: int) -> None:
        deadline = Deadline(self._limits.build)
        with TemporaryDirectory(prefix="fakebricks-image-") as context:
            installer = Installer(Path(context), deadline, lock)
            installer.fetch(spec, "site", plan.platform)
            for program in _PROGRAMS:
                shutil.copy(str(program.__file__), context)
            (Path(context) / "Dockerfile").write_text(_dockerfile(plan.base, spec.python), encoding="utf-8")
            said = [installer.log]
            with _refused(said):
                said.extend(self._built(context, plan.name, deadline))
        plan.directory.mkdir(parents=True, exist_ok=True)
        (plan.directory / "build.log").write_text("".join(said), encoding="utf-8")

    def _built(self, context: str, name: str, deadline: Deadline) -> Iterator[str]:
        """What the daemon says while it builds."""
        events = self._client.api.build(
            path=context,
            tag=name,
            labels={LABEL: "image"},
            network_mode="none",
            rm=True,
            forcerm=True,
            decode=True,
            timeout=max(1, int(deadline.left())),
        )
        last = ""
        for event in events:
            if "error" in event:
                raise EnvironmentBuildError(last or event["error"].strip(), event["error"])
            said = _ANSI.sub("", event.get("stream", ""))
            if said.strip() and not said.lstrip().startswith(_OF_THE_DAEMON):
                last = said.strip()
            if not deadline.left():
                message = "Building the image took longer than its limit, and was ended."
                raise EnvironmentBuildError(message, "")
            yield said

    def _base(self, base: str) -> str:
        """The id of the base image, which is pulled unless it is there."""
        if not self._there(base):
            self._client.images.pull(base)
        return str(self._client.images.get(base).id)

    def _platform(self) -> str:
        architecture = self._client.info()["Architecture"]
        if architecture not in _PLATFORMS:
            raise EnvironmentBuildError(f"No packages are known for the daemon's architecture, {architecture}.", "")
        return _PLATFORMS[architecture]

    def _there(self, name: str) -> bool:
        from docker.errors import ImageNotFound

        try:
            self._client.images.get(name)
        except ImageNotFound:
            return False
        return True


def base_image(python: str) -> str:
    """The base image for a version of Python: `FAKEBRICKS_DOCKER_BASE_IMAGE`, or the official one of Python.

    In it, `{version}` stands for the version and `{minor}` for the minor version.

    >>> base_image("3.11.7")
    'python:3.11.7-slim'

    Raises:
        EnvironmentBuildError: it cannot be the name of an image.
    """
    chosen = os.environ.get("FAKEBRICKS_DOCKER_BASE_IMAGE") or _BASE_IMAGE
    name = chosen.replace("{version}", python).replace("{minor}", _minor(python))
    if not _REFERENCE.fullmatch(name):
        raise EnvironmentBuildError(f"FAKEBRICKS_DOCKER_BASE_IMAGE: {name!r} cannot be the name of an image.", "")
    return name


def _minor(python: str) -> str:
    return ".".join(python.split(".")[:2])


def _dockerfile(base: str, python: str) -> str:
    program = f"{ROOM}/{Path(str(docker_start.__file__)).name}"
    compiled = json.dumps(["python3", "-I", program, "compile", _minor(python)])  # without a shell
    return f"FROM {base}\nCOPY . {ROOM}/\nRUN {compiled}\n"


@contextlib.contextmanager
def _refused(said: Sequence[str] = ()) -> Iterator[None]:
    """What the daemon refuses is a build that failed; the log has what was said before."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        yield
    except EnvironmentBuildError as error:
        raise EnvironmentBuildError(str(error), "".join([*said, error.log])) from error
    except (DockerException, RequestException) as error:
        raise EnvironmentBuildError(f"Docker: {error}", "".join([*said, f"{error}\n"])) from error
