"""What `fakebricks drift` and `fakebricks check` answer: a text for people, and an exit status for pipelines.

The status is the answer: 0 and 1 say what was found, and nothing that goes wrong meanwhile may look like one of them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console


class Unusable(click.ClickException):
    """Input that cannot be checked; a model that breaks is no error, but an answer."""

    exit_code = 2


def rendered(draw: Callable[[Console], None], *, piped_width: int | None = None) -> str:
    """What is drawn, as text that is as wide as the terminal and as colourful.

    Args:
        draw: is given what to draw on.
        piped_width: how many columns there are where there is no terminal and nobody says so.
    """
    from rich.console import Console

    is_terminal = sys.stdout.isatty()
    width = None if is_terminal or "COLUMNS" in os.environ else piped_width
    written = StringIO()
    draw(Console(file=written, force_terminal=is_terminal or None, width=width))
    return written.getvalue().rstrip("\n")


def say(answer: str) -> None:
    """Print it; where nobody listens any more, as behind `head`, the exit tells the answer all the same.

    Raises:
        Unusable: it cannot be written.
    """
    try:
        click.echo(answer)
    except BrokenPipeError:
        _drop_output()
    except OSError as error:
        _drop_output()
        message = f"the answer cannot be written: {error.strerror}"
        raise Unusable(message) from None


def _drop_output() -> None:
    """Or else what could not be written is tried once more at the end of the process, which changes its exit."""
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
