"""Stored shapes of files."""

from __future__ import annotations

from fakebricks.state import Record


class FileEntry(Record, frozen=True):
    """A file or a directory, stored under its parent's path and its name."""

    path: str
    """Absolute."""
    name: str
    is_directory: bool
    modified: int
    """Milliseconds since the epoch."""
    size: int = 0
    digest: str = ""
    """Of the content, in the blobs; empty for a directory."""
    lasting: bool = False
    """Whether it is a directory that cannot be deleted by itself."""


class UploadRecord(Record, frozen=True):
    """An upload in parts that is under way, stored under its token."""

    path: str
    overwrite: bool
