"""Runtimes: where a registered model is loaded and scored."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any, NamedTuple, Protocol


class Scored(NamedTuple):
    """What a scoring server answers.

    `events`, where there are some, are the answer as a stream, each of them JSON; `body` is empty then.
    """

    status: int
    body: bytes
    content_type: str
    events: Generator[bytes, None, None] | None = None


class ModelLoadError(Exception):
    """The model does not load. Its message is the model's own error; `log` is what a server would have logged."""

    def __init__(self, message: str, log: str = "") -> None:
        super().__init__(message)
        self.log = log


class LoadedModel(Protocol):
    """A model that was loaded, and can be asked from any thread."""

    def score(self, body: bytes, content_type: str) -> Scored:
        """The answer to one request. What goes wrong in the model is an answer, never an exception."""

    def traced(self, body: bytes, content_type: str) -> tuple[Scored, Any]:
        """The answer to one request, and the trace that the model has made meanwhile, if any, as JSON.

        Raises:
            NotImplementedByFakebricks: this runtime does not see the model's traces.
        """

    def stream(self, body: bytes, content_type: str) -> Scored:
        """The answer to one request as a stream; where it does not come to a first event, an answer in one piece."""


class Runtime(Protocol):
    """Loads models."""

    def require(self) -> None:
        """Raise `NotImplementedByFakebricks` where this installation cannot load models; imports nothing heavy."""

    def load(self, directory: Path) -> LoadedModel:
        """The model whose files are in `directory`.

        Raises:
            ModelLoadError: the files are no model, or the model fails while it loads.
        """
