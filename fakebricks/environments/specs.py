"""What an environment is to be made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class EnvironmentSpec:
    """A Python and the packages in it.

    Attributes:
        python: its version, `3.11` or `3.11.7`.
        requirements: lines as in a requirements file (PEP 508), in the order in which they were written.
        pins: versions by normalised name of the package. They override what the requirements, and the packages
            that they bring, ask for; a pin alone installs nothing.
    """

    python: str
    requirements: tuple[str, ...]
    pins: Mapping[str, str] = field(default_factory=dict)


class EnvironmentBuildError(Exception):
    """An environment that cannot be had.

    Its message is the reason in one line; `log` is all that the build has said.
    """

    def __init__(self, message: str, log: str) -> None:
        super().__init__(message)
        self.log = log
