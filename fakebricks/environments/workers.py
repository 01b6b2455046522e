"""Workers in processes beside this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from threading import Lock
from typing import Any, Protocol, TypeVar

from fakebricks.environments import worker
from fakebricks.environments.connection import Connection, ModelFailedError, WorkerGoneError, WorkerTooSlowError
from fakebricks.environments.processes import Deadline, ending
from fakebricks.environments.worker import Message

_T = TypeVar("_T")

PROGRAM = str(Path(worker.__file__).resolve())


class Printed(Protocol):
    """What a process prints."""

    def trim(self) -> None:
        """Forget all, if it has become too much."""

    def text(self) -> str:
        """The last of it."""


class Worker:
    """A process that holds one model. Not for two threads at once.

    Args:
        connection: to the process, which has not been greeted yet.
        log: what the process prints.
        end: ends the process, unless it has ended; how it ended, as `Popen.returncode` has it.
        secret: what the process proves itself by.
    """

    def __init__(self, connection: Connection, log: Printed, end: Callable[[], int], secret: str = "") -> None:
        self._connection = connection
        self._log = log
        self._end = end
        self._secret = secret
        self._closing = Lock()
        self._ended: int | None = None
        self.imported: list[str] = []
        """What had to be imported to load the model, of what may be imported before a fork."""

    @property
    def log(self) -> str:
        """The last of what the process has printed."""
        return self._log.text()

    def load(self, directory: PurePath, variables: Mapping[str, str], seconds: float) -> None:
        """Have it load a model; where it does not, the process is ended.

        Raises:
            ModelFailedError: the model does not load, or not in time, or the process has ended meanwhile.
        """
        deadline = Deadline(seconds)
        try:
            loaded = self._asked(lambda: self._load(str(directory), variables, deadline))
        except WorkerTooSlowError as error:
            raise ModelFailedError(f"The model has not loaded within {seconds:.0f} seconds.", self.log) from error
        except WorkerGoneError as error:
            raise ModelFailedError(str(error), self.log) from error
        except ModelFailedError as error:
            self.close()
            raise ModelFailedError(str(error), self.log + error.log) from error
        self.imported = loaded["imported"]

    def ask(self, message: Message, seconds: float) -> Message:
        """The answer to a message of the protocol.

        Raises:
            WorkerGoneError: the process has ended meanwhile; the message says how.
            WorkerTooSlowError: the answer took too long; the process is ended.
        """
        self._log.trim()
        return self._asked(lambda: self._connection.ask(message, seconds))

    def idle(self) -> bool:
        """Whether it lives, and can be asked."""
        return self._ended is None and self._connection.idle()

    def close(self) -> None:
        """End the process; from any thread, and then whoever waits for its answer is told so."""
        with self._closing:
            if self._ended is None:
                self._ended = self._end()
                self._connection.close()

    def _load(self, directory: str, variables: Mapping[str, str], deadline: Deadline) -> Mapping[str, Any]:
        self._connection.greeted(self._secret, deadline.left())
        return self._connection.load(directory, variables, deadline.left())

    def _asked(self, asked: Callable[[], _T]) -> _T:
        try:
            return asked()
        except WorkerTooSlowError:
            self.close()
            raise
        except WorkerGoneError as error:
            self.close()
            message = f"The model's process {ending(self._ended or 0)}."
            raise WorkerGoneError(message) from error
