"""A model in a process of its own, which may end at any time.

Real: the worker's answers, which are those of MLflow's scoring server in the model's own environment; time, so that a
model that sleeps is waited for; that a process which has ended is replaced before the next request. One process answers
one request after the other.
Inferred: 400 for a request in the middle of which the model's process ends, with the text of a model that fails, as
statuses of 5xx are for the platform's own faults (documented); and 504 for one that is not answered in time.
Refused: the model's traces.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from http import HTTPStatus
from threading import Event, Lock
from typing import NoReturn, Protocol

import msgspec

from fakebricks.environments.connection import ModelFailedError, WorkerGoneError, WorkerTooSlowError
from fakebricks.environments.worker import Message
from fakebricks.services.model_serving.runtimes import Scored
from fakebricks.wire.errors import NotImplementedByFakebricks

_JSON = "application/json"
_TIMED_OUT = "Timed out while evaluating the model. Verify that the model evaluates within the timeout."  # documented


class Process(Protocol):
    """A process that has loaded a model. Not for two threads at once."""

    @property
    def log(self) -> str:
        """The last of what it has printed; it may be asked from any thread."""

    def ask(self, message: Message, seconds: float) -> Message:
        """The answer to a message of the worker's protocol.

        Raises:
            WorkerGoneError: the process has ended meanwhile; the message says how.
            WorkerTooSlowError: the answer took too long; the process is ended.
        """

    def idle(self) -> bool:
        """Whether it lives, and can be asked."""

    def close(self) -> None:
        """End it."""


class IsolatedModel:
    """A model behind MLflow's scoring server in another process.

    Args:
        load: makes a process that has loaded the model, or raises `ModelFailedError`.
        seconds: how long one request may take, in real time.
        build_log: what building its environment has logged.

    Raises:
        ModelFailedError: the model does not load.
    """

    def __init__(self, load: Callable[[], Process], seconds: float, build_log: str) -> None:
        self.build_log = build_log
        self._load = load
        self._seconds = seconds
        self._process = load()
        self._lock = Lock()
        self._closed = Event()

    @property
    def log(self) -> str:
        """The last of what its process has printed."""
        return self._process.log

    def score(self, body: bytes, content_type: str) -> Scored:
        """The answer to one request."""
        return self._first(Message({"do": "score", "content_type": content_type}, body))[0]

    def traced(self, body: bytes, content_type: str) -> NoReturn:  # noqa: ARG002 - a runtime is asked with them
        """Refused.

        Raises:
            NotImplementedByFakebricks: always.
        """
        message = (
            "fakebricks does not compute databricks_options.return_trace of a model in an isolated environment, whose "
            "traces it does not see. Leave it out, or serve the model with runtime='process'."
        )
        raise NotImplementedByFakebricks(message)

    def stream(self, body: bytes, content_type: str) -> Scored:
        """The answer to one request as a stream; where it does not come to a first event, an answer in one piece."""
        scored, number, process = self._first(Message({"do": "stream", "content_type": content_type}, body))
        return scored if number is None else scored._replace(events=self._events(process, number))

    def close(self) -> None:
        """End its process, even in the middle of a request."""
        self._closed.set()
        self._process.close()

    def _first(self, asked: Message) -> tuple[Scored, int | None, Process]:
        """What is answered to a request; where a stream follows, its number too, and the process that has it."""
        with self._lock:
            try:
                process = self._there()
                answer = process.ask(asked, self._seconds)
            except ModelFailedError as error:
                return _failed(f"An error occurred while loading the model. {error}"), None, self._process
            except WorkerGoneError as error:
                message = f"Encountered an unexpected error while evaluating the model. Error '{error}'"
                return _failed(message), None, self._process
            except WorkerTooSlowError:
                return _error(HTTPStatus.GATEWAY_TIMEOUT, "DEADLINE_EXCEEDED", _TIMED_OUT), None, self._process
        head = answer.head
        return Scored(head["status"], answer.body, head["content_type"]), head.get("stream"), process

    def _there(self) -> Process:
        """The process, or the one that takes its place."""
        if not self._process.idle() and not self._closed.is_set():
            self._process.close()
            self._process = self._load()
            if self._closed.is_set():  # meanwhile
                self._process.close()
        return self._process

    def _events(self, process: Process, number: int) -> Generator[bytes, None, None]:
        """The events of a stream, each made when it is asked for; the model may answer others between two of them."""
        try:
            while True:
                with self._lock:
                    answer = process.ask(Message({"do": "next", "stream": number}), self._seconds)
                if not answer.head["more"]:
                    return
                yield answer.body
        except GeneratorExit:
            self._stop(process, number)
            raise
        except WorkerGoneError as error:
            yield msgspec.json.encode({"error": str(error)})
        except WorkerTooSlowError:
            yield msgspec.json.encode({"error": _TIMED_OUT})

    def _stop(self, process: Process, number: int) -> None:
        with self._lock:
            if process.idle():
                process.ask(Message({"do": "stop", "stream": number}), self._seconds)


def _failed(message: str) -> Scored:
    return _error(HTTPStatus.BAD_REQUEST, "BAD_REQUEST", message)


def _error(status: int, error_code: str, message: str) -> Scored:
    return Scored(status, msgspec.json.encode({"error_code": error_code, "message": message}), _JSON)
