"""Runtimes: where a registered model is loaded and scored."""

from __future__ import annotations

from collections.abc import Generator, Mapping
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
    """The model does not load, or has no environment to load in.

    Attributes:
        log: what the model server would have logged.
        build_log: what building the environment has logged; empty where nothing is built.
        built: whether there was an environment to load the model in; if not, the message says why.
    """

    def __init__(self, message: str, log: str = "", *, build_log: str = "", built: bool = True) -> None:
        super().__init__(message)
        self.log = log
        self.build_log = build_log
        self.built = built


class LoadedModel(Protocol):
    """A model that was loaded, and can be asked from any thread."""

    @property
    def build_log(self) -> str:
        """What building its environment has logged; empty where nothing is built."""

    @property
    def log(self) -> str:
        """The last of what it has printed; empty where this process loads models, and prints that itself."""

    def score(self, body: bytes, content_type: str) -> Scored:
        """The answer to one request. What goes wrong in the model is an answer, never an exception."""

    def traced(self, body: bytes, content_type: str) -> tuple[Scored, Any]:
        """The answer to one request, and the trace that the model has made meanwhile, if any, as JSON.

        Raises:
            NotImplementedByFakebricks: this runtime does not see the model's traces.
        """

    def stream(self, body: bytes, content_type: str) -> Scored:
        """The answer to one request as a stream; where it does not come to a first event, an answer in one piece."""

    def close(self) -> None:
        """Free what it holds outside this process; it is not asked any more."""


class Runtime(Protocol):
    """Loads models."""

    def require(self) -> None:
        """Raise `NotImplementedByFakebricks` where this installation cannot load models; imports nothing heavy."""

    def load(self, directory: Path, variables: Mapping[str, str]) -> LoadedModel:
        """The model whose files are in `directory`, with environment variables of its own.

        Raises:
            ModelLoadError: the files are no model, or the model fails while it loads, or its environment cannot be
                built.
        """
