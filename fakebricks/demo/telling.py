"""How the story is told: chapters, facts that are checked as they are told, and progress on what takes long."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_WIDEST_CELL = 26


class StoryError(Exception):
    """What happened is not what the story says."""


class Teller:
    """Prints the story, and stops it at the first thing that is not as told."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)

    def chapter(self, title: str) -> None:
        """Begin the next chapter."""
        self._console.print()
        self._console.rule(f"[bold]{escape(title)}", align="left")

    def say(self, text: str) -> None:
        """A plain line."""
        self._console.print(f"  {escape(text)}")

    def fact(self, told: str, holds: object) -> None:
        """A line that must be true.

        Raises:
            StoryError: it is not.
        """
        if not holds:
            self._console.print(f"  [red]✗[/] {escape(told)}")
            raise StoryError(told)
        self._console.print(f"  [green]✓[/] {escape(told)}")

    @contextmanager
    def busy(self, doing: str) -> Iterator[None]:
        """Show that something is under way, and how long it took."""
        started = time.perf_counter()
        if not self._console.is_terminal:
            self._console.print(f"  … {escape(doing)}")
        with self._console.status(f"  {escape(doing)}"):
            yield
        self._console.print(f"  [dim]{escape(doing)}: {time.perf_counter() - started:.1f} s[/]")

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """A small table."""
        table = Table(title=title, title_justify="left", title_style="italic")
        for column in columns:
            table.add_column(column, no_wrap=True)
        for row in rows:
            table.add_row(*(escape(_cut(str(cell))) for cell in row))
        self._console.print(table)


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST_CELL else f"{text[: _WIDEST_CELL - 1]}…"
