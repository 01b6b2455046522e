"""Runtimes: where a registered model is loaded and scored."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol


class Scored(NamedTuple):
    """What a scoring server answers."""

    status: int
    body: bytes
    content_type: str


class ModelLoadError(Exception):
    """The model does not load. Its message is the model's own error; `log` is what a server would have logged."""

    def __init__(self, message: str, log: str = "") -> None:
        super().__init__(message)
        self.log = log


class LoadedModel(Protocol):
    """A model that was loaded, and can be asked from any thread."""

    def score(self, body: bytes, content_type: str) -> Scored:
        """The answer to one request. What goes wrong in the model is an answer, never an exception."""


class Runtime(Protocol):
    """Loads models."""

    def require(self) -> None:
        """Raise `NotImplementedByFakebricks` where this installation cannot load models; imports nothing heavy."""

    def load(self, directory: Path) -> LoadedModel:
        """The model whose files are in `directory`.

        Raises:
            ModelLoadError: the files are no model, or the model fails while it loads.
        """
