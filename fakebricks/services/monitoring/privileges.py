"""What a caller must be allowed, per operation of both APIs; see `rights.py`.

Where a table is named by its id, and there is none of that id, the operation itself says so.
"""

from __future__ import annotations

from typing import Any

from fakebricks.services.monitoring.monitors import Monitors
from fakebricks.wire.operations import Call


def _named(monitors: Monitors, body: Any) -> str | None:
    """The table that a request is about."""
    if hasattr(body, "table_name"):
        return str(body.table_name)
    return monitors.name_of(body.object_type, body.object_id)


def sees(monitors: Monitors, call: Call, body: Any) -> None:
    """To see the monitor of the table."""
    if (table := _named(monitors, body)) is not None:
        monitors.rights.require_see(table, call.caller)


def manages(monitors: Monitors, call: Call, body: Any) -> None:
    """To change or refresh the monitor of the table."""
    if (table := _named(monitors, body)) is not None:
        monitors.rights.require_manage(table, call.caller)


def creates(monitors: Monitors, call: Call, body: Any) -> None:
    """To create a monitor of the table."""
    if (table := _named(monitors, body)) is not None:
        monitors.rights.require_create(table, call.caller)
