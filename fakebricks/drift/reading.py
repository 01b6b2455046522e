"""Reads a model's files without executing anything in them."""

from __future__ import annotations

from pathlib import Path

from fakebricks.drift.contents import Contents


def read_contents(model: Path) -> Contents:
    """What is in the files of a model: a directory, or a single file.

    A file that is damaged or hostile is no error; it stands in `Contents.unreadable`.

    Raises:
        FileNotFoundError: there is nothing at that path.
    """
    raise NotImplementedError
