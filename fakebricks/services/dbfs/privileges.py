"""What a caller must be allowed in DBFS: every user may do everything (documented), but for the paths that are closed.

A handle was seen to when its stream was opened.
"""

from __future__ import annotations

from typing import Any

from fakebricks.services.dbfs.dbfs import Dbfs
from fakebricks.wire.operations import Call


def uses(dbfs: Dbfs, _call: Call, body: Any) -> None:
    """To use the path that the request names."""
    dbfs.require_open(body.path)


def uses_both(dbfs: Dbfs, _call: Call, body: Any) -> None:
    """To use the two paths that the request names."""
    dbfs.require_open(body.source_path)
    dbfs.require_open(body.destination_path)
