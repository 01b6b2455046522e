"""Where the files of managed tables are: below the storage root of their schema or catalog, as on the platform.

Real: `<root>/__unitystorage/catalogs/<id>/tables/<id>` or `.../schemas/<id>/tables/<id>` (the form is observed).
Simulated: the roots are URLs of a cloud; here they stand for directories of the workspace's own, which go away with it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from fakebricks.state import Scratch

_UNSAFE = re.compile(r"[^A-Za-z0-9._=@+-]")


class TableStorage(Protocol):
    """A place for the files of tables."""

    def location(self, managed: str, table_id: str) -> str:
        """Where the table of an id is to be, below the managed storage of what it is in; nothing is there yet."""

    def options(self, location: str) -> Mapping[str, str] | None:
        """What deltalake, and other readers of the same family, must be told to reach a location."""

    def remove(self, location: str) -> None:
        """Remove what is at a location."""


class LocalTables:
    """The files of tables on this machine's disk."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch

    def location(self, managed: str, table_id: str) -> str:
        parts = [_UNSAFE.sub("_", part) for part in managed.split("/")]
        named = (part for part in parts if part.strip("._"))
        return str(self._scratch.directory("tables", *named, "tables", table_id))

    def options(self, location: str) -> None:  # noqa: ARG002 - a path is all that it takes
        return None

    def remove(self, location: str) -> None:
        shutil.rmtree(Path(location), ignore_errors=True)
