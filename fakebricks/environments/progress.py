"""Says that something takes a while: on a terminal, and in the log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from fakebricks.environments.specs import EnvironmentSpec

_LOGGER = logging.getLogger(__name__)


@contextmanager
def building(what: str, spec: EnvironmentSpec) -> Iterator[None]:
    """Meanwhile, say that an environment is built, or an image with it."""
    made_of = ", ".join(spec.requirements) or "nothing more"
    with shown(f"Building {what} with Python {spec.python} and {made_of}"):
        yield


@contextmanager
def shown(doing: str) -> Iterator[None]:
    """Meanwhile, say what is being done."""
    from rich.console import Console

    _LOGGER.info(doing)
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    width = console.width - 4
    with console.status(doing if len(doing) <= width else f"{doing[: width - 3]}..."):
        yield
