"""Environment variables of a model's own.

Real: they are there while the model loads and while it scores, as in the container that the platform gives it.
Simulated: there is one process here, whose environment all its threads share, so that models with variables take turns,
and what else runs meanwhile in other threads sees them too. They are put back afterwards.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from fakebricks.services.model_serving.runtimes import LoadedModel, Scored
from fakebricks.wire.errors import NotImplementedByFakebricks

_LONGEST_TURN = 60.0  # seconds of real time
_TURN = threading.RLock()  # of the whole process, as its environment is


class WithVariables:
    """A model that is asked with environment variables of its own."""

    def __init__(self, model: LoadedModel, variables: Mapping[str, str]) -> None:
        self._model = model
        self._variables = variables

    @property
    def build_log(self) -> str:
        return self._model.build_log

    @property
    def log(self) -> str:
        return self._model.log

    def close(self) -> None:
        self._model.close()

    def score(self, body: bytes, content_type: str) -> Scored:
        with variables_set(self._variables):
            return self._model.score(body, content_type)

    def traced(self, body: bytes, content_type: str) -> tuple[Scored, Any]:
        with variables_set(self._variables):
            return self._model.traced(body, content_type)

    def stream(self, body: bytes, content_type: str) -> Scored:
        with variables_set(self._variables):
            scored = self._model.stream(body, content_type)
        return scored if scored.events is None else scored._replace(events=self._each(scored.events))

    def _each(self, events: Generator[bytes, None, None]) -> Generator[bytes, None, None]:
        """The events, each of them made with the variables; between two of them it is another model's turn."""
        with closing(events):
            while True:
                with variables_set(self._variables):
                    event = next(events, None)
                if event is None:
                    return
                yield event


@contextmanager
def variables_set(variables: Mapping[str, str]) -> Iterator[None]:
    """Meanwhile, the process has these variables too; without any, nobody waits for a turn.

    Raises:
        NotImplementedByFakebricks: two models with variables wait for each other.
    """
    if not variables:
        yield
        return
    if not _TURN.acquire(timeout=_LONGEST_TURN):
        message = (
            "fakebricks does not compute a model with environment_vars that asks another one in another thread of this "
            "process: they would wait for each other. Leave environment_vars out of one of them."
        )
        raise NotImplementedByFakebricks(message)
    before = {name: os.environ.get(name) for name in variables}
    try:
        os.environ.update(variables)
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        _TURN.release()
