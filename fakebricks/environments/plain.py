"""Workers without a fork server, where the system cannot fork a process with threads and frameworks in it safely."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory

from fakebricks.environments.connection import Connection, WorkerGoneError, WorkerTooSlowError
from fakebricks.environments.processes import Deadline, Log, end, ending, launched, surroundings
from fakebricks.environments.worker import SECRET
from fakebricks.environments.workers import PROGRAM, Worker


def started(python: Path, seconds: float) -> Worker:
    """A new process, which has not loaded a model yet.

    Raises:
        WorkerGoneError: it does not start; the message says why.
        WorkerTooSlowError: it does not start in time.
    """
    log, secret, deadline = Log(), secrets.token_hex(16), Deadline(seconds)
    directory = TemporaryDirectory(prefix="fakebricks-", ignore_cleanup_errors=True)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        process = launched(
            [str(python), "-I", "-u", PROGRAM, "connect", "127.0.0.1", str(port)],
            log=log,
            variables=surroundings({SECRET: secret}),
            directory=Path(directory.name),
        )
        try:
            connection = _connected(server, process, log, deadline)
        except BaseException:
            end(process)
            directory.cleanup()
            raise
    return Worker(connection, log, _ender(process, directory), secret)


def _ender(process: Popen[bytes], directory: TemporaryDirectory[str]) -> Callable[[], int]:
    def ended() -> int:
        code = end(process)
        directory.cleanup()
        return code

    return ended


def _connected(server: socket.socket, process: Popen[bytes], log: Log, deadline: Deadline) -> Connection:
    """The connection that the process makes."""
    server.settimeout(0.2)
    while deadline.left():
        try:
            connection, _ = server.accept()
        except TimeoutError:
            if process.poll() is not None:
                message = f"The environment's Python {ending(process.returncode)}: {log.last_words()}"
                raise WorkerGoneError(message) from None
            continue
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Connection(connection)
    raise WorkerTooSlowError
