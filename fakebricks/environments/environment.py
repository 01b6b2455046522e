"""A built environment: a Python beside this one, in which programs run and models are loaded."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from fakebricks.environments import plain
from fakebricks.environments.connection import ModelFailedError, WorkerGoneError, WorkerTooSlowError
from fakebricks.environments.fork_server import ForkServer
from fakebricks.environments.limits import Limits
from fakebricks.environments.processes import Deadline, Log, end, ending, ends, launched, surroundings
from fakebricks.environments.uses import BUILD_LOG, Use
from fakebricks.environments.uv import interpreter
from fakebricks.environments.workers import Worker


class ScriptFailedError(Exception):
    """A script has failed in its environment. The message has all that it printed."""


class Environment:
    """A Python with packages. For any thread.

    Args:
        directory: where it was built.
        limits: how long things may take in it.
        forks: whether workers are forked from a server; else each is a process of its own from the start.

    Raises:
        FileNotFoundError: it is not there any more.
    """

    def __init__(self, directory: Path, limits: Limits, *, forks: bool = sys.platform == "linux") -> None:
        self._use = Use(directory)
        self.python = interpreter(directory / "venv")
        """Its interpreter."""
        self.build_log = (directory / BUILD_LOG).read_text(encoding="utf-8")
        """What building it has said, whenever that was."""
        self._limits = limits
        self._forks = forks
        self._lock = threading.Lock()
        self._server: ForkServer | None = None
        self._wanted: dict[str, None] = {}

    def note_use(self) -> None:
        """Say that it is used now; as long as this object is, it is not removed anyway."""
        self._use.note()

    def load(self, directory: Path, variables: Mapping[str, str], modules: Iterable[str] = ()) -> Worker:
        """A new worker that has loaded the model in `directory`, with environment variables of its own.

        Args:
            directory: the model's files.
            variables: the model's own.
            modules: what is worth importing before the worker is forked, so that the next one is quick too.

        Raises:
            ModelFailedError: the model does not load, or nothing does in this environment.
        """
        try:
            worker = self._worker(modules)
        except WorkerGoneError as error:
            raise ModelFailedError(str(error), "") from error
        except WorkerTooSlowError as error:
            message = f"The environment's Python has not started within {self._limits.load:.0f} seconds."
            raise ModelFailedError(message, "") from error
        worker.load(directory, variables, self._limits.load)
        self._wanted.update(dict.fromkeys(worker.imported))
        return worker

    def run(self, script: Path, *arguments: str, variables: Mapping[str, str] | None = None) -> str:
        """Run a Python script in it, in a directory that is removed afterwards, and give what it prints.

        Raises:
            ScriptFailedError: it fails, or takes longer than `Limits.run`.
        """
        command = [str(self.python), "-I", str(script.absolute()), *arguments]
        printed = Log()
        with TemporaryDirectory(prefix="fakebricks-") as directory:
            process = launched(command, log=printed, variables=surroundings(variables or {}), directory=Path(directory))
            try:
                in_time = ends(process, Deadline(self._limits.run))
            finally:
                code = end(process)
        if not in_time:
            raise ScriptFailedError(f"{script.name} took longer than {self._limits.run:.0f} s:\n{printed.text()}")
        if code:
            raise ScriptFailedError(f"{script.name} {ending(code)}:\n{printed.text()}")
        return printed.text()

    @property
    def waits(self) -> bool:
        """Whether its fork server runs, and has no workers."""
        server = self._server
        return server is not None and not server.busy

    def close(self) -> None:
        """End its fork server, and all its workers with it."""
        with self._lock:
            if self._server is not None:
                self._server.close()
                self._server = None

    def _worker(self, modules: Iterable[str]) -> Worker:
        if not self._forks:
            return plain.started(self.python, self._limits.load)
        wanted = [*modules, *self._wanted]
        try:
            return self._forked(wanted)
        except WorkerGoneError:
            return self._forked([])  # it was killed, or does not survive one of these imports

    def _forked(self, modules: list[str]) -> Worker:
        with self._lock:
            if self._server is None:
                self._server = ForkServer(self.python, self._limits.load)
            server = self._server
        try:
            server.learn(modules)
            return server.worker()
        except BaseException:
            with self._lock:
                if self._server is server:
                    server.close()
                    self._server = None
            raise
