"""Workers in containers: each holds one model, whose files are copied in, and is asked over a port of loopback.

Real: a container of its own for each loaded model, without rights of a superuser, with bounds of memory and CPUs, and
nothing of this machine mounted. It is removed when the model is closed, or this process ends; one that was left behind
by a process that was killed has the label `fakebricks`. Where the daemon is on another machine, the port is open on all
of that machine's addresses, for this one to reach it.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import select
import socket
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
from typing import IO, Any
from urllib.parse import urlsplit

from fakebricks.environments.connection import Connection, ModelFailedError, WorkerGoneError, WorkerTooSlowError
from fakebricks.environments.docker_images import LABEL, ROOM, Image
from fakebricks.environments.limits import Limits
from fakebricks.environments.processes import Deadline, ending
from fakebricks.environments.worker import SECRET
from fakebricks.environments.workers import Worker

_MODEL = "/opt/fakebricks-model"
_PORT = "8080/tcp"
_MEMORY = "4g"  # documented for endpoints on CPUs
_CPUS = 4
_PROCESSES = 1024
_NOBODY = "65534:65534"
_TAIL = 500
_SIGNALLED = 128
_BETWEEN_LOOKS = 0.05
_LAST_MOMENTS = 5.0  # for the daemon to notice that a container has ended by itself


class Containers:
    """Starts containers at a daemon. For any thread.

    Args:
        client: of the `docker` library.
        limits: how long things may take.
    """

    def __init__(self, client: Any, limits: Limits) -> None:
        self._client = client
        self._limits = limits

    def load(self, image: Image, directory: Path, variables: Mapping[str, str]) -> Worker:
        """A worker in a new container, which has loaded the model in `directory`.

        Raises:
            ModelFailedError: the model does not load, or the container does not start.
        """
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        secret, deadline = secrets.token_hex(16), Deadline(self._limits.load)
        try:
            container = _Container(self._created(image, secret))
        except (DockerException, RequestException) as error:
            raise ModelFailedError(f"Docker: {error}", "") from error
        try:
            container.start(directory)
            connection = container.connected(self._published_at(), deadline)
        except (DockerException, RequestException, WorkerGoneError, WorkerTooSlowError) as error:
            said = container.text()
            container.end()
            raise ModelFailedError(str(error) or "The container has not started in time.", said) from error
        except BaseException:
            container.end()
            raise
        loaded = Worker(Connection(connection), container, container.end, secret)
        loaded.load(PurePosixPath(_MODEL), variables, deadline.left())
        return loaded

    def _created(self, image: Image, secret: str) -> Any:
        return self._client.containers.create(
            image.name,
            entrypoint=["python3", "-I", "-u", f"{ROOM}/docker_start.py"],
            command=["listen", "0.0.0.0", _PORT.partition("/")[0]],  # noqa: S104 - of the container's own network
            environment={SECRET: secret, "HOME": "/tmp", "MLFLOW_DISABLE_TELEMETRY": "true"},  # noqa: S108
            ports={_PORT: ("127.0.0.1", None) if self._is_here() else None},
            labels={LABEL: "model", f"{LABEL}.process": str(os.getpid())},
            working_dir="/tmp",  # noqa: S108 - the container's own
            user=_NOBODY,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            mem_limit=_MEMORY,
            nano_cpus=int(min(_CPUS, self._client.info()["NCPU"]) * 1e9),
            pids_limit=_PROCESSES,
            init=True,
        )

    def _is_here(self) -> bool:
        return self._published_at() == "127.0.0.1"

    def _published_at(self) -> str:
        """The host at which ports of containers are reached."""
        url = urlsplit(self._client.api.base_url)
        here = url.scheme not in ("http", "https") or url.hostname in (None, "localhost", "localunixsocket")
        return "127.0.0.1" if here else str(url.hostname)


class _Container:
    """A container, and what it prints. It is removed at the end of this process, or before."""

    def __init__(self, container: Any) -> None:
        self._container = container
        self._process = os.getpid()
        self._address: tuple[str, int] | None = None
        self._printed = ""
        atexit.register(self.end)

    def start(self, directory: Path) -> None:
        """Copy a model into it, and start it."""
        with _packed(directory) as archive:
            self._container.put_archive("/", archive)
        self._container.start()

    def connected(self, host: str, deadline: Deadline) -> socket.socket:
        """A connection to the worker in it, of which the worker knows too.

        Raises:
            WorkerGoneError: it ended instead; the message says how.
            WorkerTooSlowError: it does not answer.
        """
        while deadline.left():
            self._container.reload()
            if self._container.status == "exited":
                said = self.text().strip().splitlines()
                message = f"The container {ending(self._code())}: {said[-1] if said else 'it said nothing'}"
                raise WorkerGoneError(message)
            published = self._container.ports.get(_PORT)
            if published:
                self._address = host, int(published[0]["HostPort"])
                if connection := _answering(self._address, deadline.left()):
                    return connection
            select.select([], [], [], _BETWEEN_LOOKS)  # waits in real time
        raise WorkerTooSlowError

    def text(self) -> str:
        """The last of what it has printed, also after it is removed."""
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        with contextlib.suppress(DockerException, RequestException):  # it is removed
            self._printed = bytes(self._container.logs(tail=_TAIL)).decode("utf-8", "replace")
        return self._printed

    def trim(self) -> None:
        """The daemon keeps what it prints."""

    def end(self) -> int:
        """Remove it; how it ended, as `Popen.returncode` has it."""
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        if os.getpid() != self._process:  # a fork's end is not this process's
            return 0
        atexit.unregister(self.end)
        code = 0
        with contextlib.suppress(DockerException, RequestException):
            self._stop()
            code = self._code()
        self.text()
        with contextlib.suppress(DockerException, RequestException):
            self._container.remove(force=True, v=True)
        return code

    def _stop(self) -> None:
        from docker.errors import APIError
        from requests.exceptions import RequestException

        if not self._waits_for_a_client():
            with contextlib.suppress(RequestException):  # it has not ended, but is in the middle of something
                self._container.wait(timeout=_LAST_MOMENTS)
                return
        with contextlib.suppress(APIError):  # it has ended meanwhile
            self._container.kill()
        self._container.wait()

    def _waits_for_a_client(self) -> bool:
        """Whether the worker lives, and has nothing to do."""
        connection = self._address and _answering(self._address, 1.0)
        if not connection:
            return False
        connection.close()
        return True

    def _code(self) -> int:
        self._container.reload()
        code = int(self._container.attrs["State"]["ExitCode"])
        return code if code <= _SIGNALLED else _SIGNALLED - code


def _answering(address: tuple[str, int], seconds: float) -> socket.socket | None:
    """A connection by which something is said; a daemon's proxy connects before the worker is there, and hangs up."""
    try:
        connection = socket.create_connection(address, timeout=max(seconds, 0.001))
    except OSError:
        return None
    try:
        if connection.recv(1, socket.MSG_PEEK):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection
    except OSError:
        pass
    connection.close()
    return None


@contextlib.contextmanager
def _packed(directory: Path) -> Iterator[IO[bytes]]:
    """A model's files as an archive, readable by all."""

    def readable(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.mode = 0o755 if info.isdir() else 0o644
        info.uid = info.gid = 0
        return info

    with TemporaryFile() as packed:
        with tarfile.open(fileobj=packed, mode="w") as archive:
            archive.add(directory, arcname=_MODEL.lstrip("/"), filter=readable)
        packed.seek(0)
        yield packed
