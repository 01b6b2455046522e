"""The client's side of a fork server, of which there is one for each environment."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fakebricks.environments.connection import Connection, WorkerGoneError, WorkerTooSlowError
from fakebricks.environments.processes import Log, end, ending, launched, surroundings
from fakebricks.environments.workers import PROGRAM, Worker

_LARGEST_PACKET = 1 << 20
_FAREWELL = 2.0  # seconds in which it ends its workers, with what those have started
_MODULES_AT_ONCE = 500  # names, so that a packet stays small


class ForkServer:
    """A process that has imported MLflow, and forks workers. For any thread.

    Args:
        python: the environment's interpreter.
        seconds: how long it may take to answer.

    Raises:
        WorkerGoneError: it does not start; the message says why.
        WorkerTooSlowError: it does not start in time.
    """

    def __init__(self, python: Path, seconds: float) -> None:
        self._lock = threading.Lock()
        self._seconds = seconds
        self._imported: set[str] = set()
        self._workers: set[int] = set()
        self._log = Log()
        self._directory = TemporaryDirectory(prefix="fakebricks-", ignore_cleanup_errors=True)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [str(python), "-I", "-u", PROGRAM, "fork-server", str(theirs.fileno())]
            self._process = launched(
                command,
                log=self._log,
                variables=surroundings({}),
                directory=Path(self._directory.name),
                keep=[theirs.fileno()],
            )
        try:
            self._greet()
        except BaseException:
            self.close()
            raise

    def worker(self) -> Worker:
        """A new process, which has not loaded a model yet.

        Raises:
            WorkerGoneError: the fork server has ended.
            WorkerTooSlowError: the fork server does not answer.
        """
        log = Log()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            try:
                pid = self._asked({"do": "fork"}, theirs.fileno(), log.fileno())["pid"]
            except BaseException:
                ours.close()
                raise
        self._workers.add(pid)
        return Worker(Connection(ours), log, lambda: self._end(pid))

    @property
    def busy(self) -> bool:
        """Whether it has workers that nobody has closed."""
        return bool(self._workers)

    def learn(self, modules: list[str]) -> None:
        """Import these, so that the next worker need not.

        Raises:
            WorkerGoneError: the fork server has ended, of an import perhaps.
            WorkerTooSlowError: the imports take too long.
        """
        new = [name for name in modules if name not in self._imported]
        self._imported.update(new)
        for start in range(0, len(new), _MODULES_AT_ONCE):
            self._asked({"do": "import", "modules": new[start : start + _MODULES_AT_ONCE]})

    def close(self) -> None:
        """End it, and its workers with it."""
        with contextlib.suppress(OSError):  # it has ended by itself, or does not listen
            self._control.shutdown(socket.SHUT_WR)
            self._control.settimeout(_FAREWELL)
            while self._control.recv(_LARGEST_PACKET):
                pass
        self._control.close()
        end(self._process)
        self._directory.cleanup()

    def _greet(self) -> None:
        greeting = self._received()
        if "failed" in greeting:
            raise WorkerGoneError(greeting["failed"])

    def _end(self, pid: int) -> int:
        """End a worker; how it ended. Where the fork server itself has ended, its workers were killed with it."""
        self._workers.discard(pid)
        try:
            return os.waitstatus_to_exitcode(self._asked({"do": "end", "pid": pid})["status"])
        except (WorkerGoneError, WorkerTooSlowError):
            return -signal.SIGKILL

    def _asked(self, message: dict[str, Any], *descriptors: int) -> Any:
        with self._lock:
            try:
                self._control.settimeout(self._seconds)
                socket.send_fds(self._control, [json.dumps(message).encode()], descriptors)
            except OSError as error:
                raise self._gone() from error
            return self._received()

    def _received(self) -> Any:
        try:
            self._control.settimeout(self._seconds)
            packet = self._control.recv(_LARGEST_PACKET)
        except TimeoutError as error:
            self._control.close()  # or else the answer would be taken for that to the next question
            raise WorkerTooSlowError from error
        except OSError as error:
            raise self._gone() from error
        if not packet:
            raise self._gone()
        return json.loads(packet)

    def _gone(self) -> WorkerGoneError:
        code = end(self._process)
        return WorkerGoneError(f"The environment's Python {ending(code)}: {self._log.last_words()}")
