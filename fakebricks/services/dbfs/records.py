"""Stored shapes of DBFS."""

from __future__ import annotations

from fakebricks.state import Record


class StreamRecord(Record, frozen=True):
    """A stream that is open for writing, stored under its handle."""

    path: str
    overwrite: bool
    user: str
    used_at: int
    """When it was opened or last added to, in milliseconds since the epoch."""
    blocks: int = 0
