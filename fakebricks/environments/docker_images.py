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
import select
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from fakebricks.environments import cache, docker_start, progress, worker
from fakebricks.environments.limits import Limits
from fakebricks.environments.processes import Deadline
from fakebricks.environments.specs import EnvironmentBuildError, EnvironmentSpec
from fakebricks.environments.uv import Installer

LABEL = "fakebricks"
"""All images and containers of fakebricks have it."""

ROOM = "/opt/fakebricks"
"""Where an image has what is not of its base."""

_LOG = f"{LABEL}.log"
_LONGEST_LOG = 32_000  # of what an image keeps; a label has to fit into a URL
_BASE_IMAGE = "python:{version}-slim"
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_OF_THE_DAEMON = ("Step ", "--->", "Removing intermediate")  # what else it says is said by what it runs
_LAYER = re.compile(r"---> ([0-9a-f]{12})")
_BETWEEN_LOOKS = 0.1
_LAST_MOMENTS = 5.0  # for the daemon to notice that nobody waits for a build any more
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

    digest: str
    base: str
    base_id: str
    platform: str

    @property
    def name(self) -> str:
        return f"fakebricks-model:{self.digest}"


@dataclass(frozen=True)
class Image:
    """An image that was built.

    Attributes:
        name: what the daemon calls it.
        base: what it was built on.
        build_log: what installing its packages has said, whenever that was.
    """

    name: str
    base: str
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
        with _refused():
            plan = self._planned(spec)
            with cache.turn(cache.home() / "images" / plan.digest, self._limits.build) as lock:
                if self._found(plan.name) is None:
                    with progress.building("an image", spec):
                        self._build(spec, plan, lock)
            image = self._client.images.get(plan.name)
        return Image(plan.name, plan.base, image.labels[_LOG])

    def _planned(self, spec: EnvironmentSpec) -> _Plan:
        base = base_image(spec.python)
        base_id, platform = self._base(base), self._platform()
        programs = [Path(str(program.__file__)).read_text(encoding="utf-8") for program in _PROGRAMS]
        parts = [cache.digest(spec), base_id, platform, _dockerfile(base, spec.python), *programs]
        digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
        return _Plan(digest, base, base_id, platform)

    def _build(self, spec: EnvironmentSpec, plan: _Plan, lock: int) -> None:
        deadline = Deadline(self._limits.build)
        with TemporaryDirectory(prefix="fakebricks-image-") as context:
            installer = Installer(Path(context), deadline, lock)
            installer.fetch(spec, "site", plan.platform)
            for program in _PROGRAMS:
                shutil.copy(str(program.__file__), context)
            (Path(context) / "Dockerfile").write_text(_dockerfile(plan.base, spec.python), encoding="utf-8")
            with _refused(installer.log):
                self._run_build(context, plan, installer.log[-_LONGEST_LOG:], deadline)

    def _run_build(self, context: str, plan: _Plan, log: str, deadline: Deadline) -> None:
        events = self._client.api.build(
            path=context,
            tag=plan.name,
            labels={LABEL: "image", _LOG: log},
            network_mode="none",
            nocache=True,  # so that what it makes is its own, to be removed where it fails
            rm=True,
            forcerm=True,
            decode=True,
            timeout=max(1, int(deadline.left())),
        )
        said: list[str] = []
        try:
            _follow(events, said, deadline)
        except BaseException:
            events.close()
            self._remove_last_layer(said, plan)
            raise

    def _remove_last_layer(self, said: Sequence[str], plan: _Plan) -> None:
        """Remove what a build that failed has made last, or else the daemon would keep its packages."""
        layers = [found[1] for line in said if (found := _LAYER.fullmatch(line.strip()))]
        if not layers or plan.base_id.startswith(f"sha256:{layers[-1]}"):
            return
        deadline = Deadline(_LAST_MOMENTS)
        while not self._removed(layers[-1]) and deadline.left():
            select.select([], [], [], _BETWEEN_LOOKS)  # waits in real time

    def _removed(self, layer: str) -> bool:
        """Whether a layer could be removed; not as long as a step of the build runs on it."""
        from docker.errors import DockerException, ImageNotFound
        from requests.exceptions import RequestException

        try:
            self._client.images.remove(layer)
        except ImageNotFound:
            return True
        except (DockerException, RequestException):
            return False
        return True

    def _base(self, base: str) -> str:
        """The id of the base image, which is pulled unless it is there."""
        if self._found(base) is None:
            with progress.shown(f"Pulling {base}"):
                self._client.images.pull(base)
        return str(self._client.images.get(base).id)

    def _platform(self) -> str:
        architecture = self._client.info()["Architecture"]
        if architecture not in _PLATFORMS:
            raise EnvironmentBuildError(f"No packages are known for the daemon's architecture, {architecture}.", "")
        return _PLATFORMS[architecture]

    def _found(self, name: str) -> Any:
        from docker.errors import ImageNotFound

        try:
            return self._client.images.get(name)
        except ImageNotFound:
            return None


def base_image(python: str) -> str:
    """The base image for a version of Python: `FAKEBRICKS_DOCKER_BASE_IMAGE`, or the official one of Python.

    In it, `{version}` stands for the version and `{minor}` for the minor version.

    Raises:
        EnvironmentBuildError: it cannot be the name of an image.
    """
    chosen = os.environ.get("FAKEBRICKS_DOCKER_BASE_IMAGE") or _BASE_IMAGE
    name = chosen.replace("{version}", python).replace("{minor}", _minor(python))
    if not _REFERENCE.fullmatch(name):
        raise EnvironmentBuildError(f"FAKEBRICKS_DOCKER_BASE_IMAGE: {name!r} cannot be the name of an image.", "")
    return name


def _follow(events: Iterable[Mapping[str, Any]], said: list[str], deadline: Deadline) -> None:
    """Note all that a build says, until it ends."""
    for event in events:
        if "error" in event:
            raise EnvironmentBuildError(_reason(said) or event["error"].strip(), "".join([*said, event["error"]]))
        said.append(_ANSI.sub("", event.get("stream", "")))
        if not deadline.left():
            message = "Building the image took longer than its limit, and was ended."
            raise EnvironmentBuildError(message, "".join(said))


def _reason(said: Sequence[str]) -> str:
    """The last of what a build has said that is not the daemon's own."""
    lines = (line.strip() for line in reversed(said))
    return next((line for line in lines if line and not line.startswith(_OF_THE_DAEMON)), "")


def _minor(python: str) -> str:
    return ".".join(python.split(".")[:2])


def _dockerfile(base: str, python: str) -> str:
    program = f"{ROOM}/{Path(str(docker_start.__file__)).name}"
    compiled = json.dumps(["python3", "-I", program, "compile", _minor(python)])  # without a shell
    return f"FROM {base}\nCOPY . {ROOM}/\nRUN {compiled}\n"


@contextlib.contextmanager
def _refused(said: str = "") -> Iterator[None]:
    """What the daemon refuses is a build that failed; the log has what was said before."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        yield
    except EnvironmentBuildError as error:
        raise EnvironmentBuildError(str(error), said + error.log) from error
    except (DockerException, RequestException) as error:
        raise EnvironmentBuildError(f"Docker: {error}", f"{said}{error}\n") from error
