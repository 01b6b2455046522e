"""The admin plane: a workspace's clock, call log, snapshots and tables.

Real: all of it; each operation does what the method of the same name on `Workspace` does. A reader of the log or the
clock changes neither: calls of the admin plane are left out of the call log and take no simulated time.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from typing import Any
from uuid import uuid4

from fakebricks.clock import Clock
from fakebricks.state import Snapshot
from fakebricks.wire.calls import CallRecord, Calls
from fakebricks.wire.errors import InvalidParameterValue, ResourceDoesNotExist

_KEPT_SNAPSHOTS = 100
_LONGEST_ADVANCE = timedelta(days=36_500)


@dataclass(frozen=True, slots=True)
class Controlled:
    """The parts of a workspace that the admin plane reaches."""

    clock: Clock
    calls: Calls
    snapshot: Callable[[], Snapshot]
    restore: Callable[[Snapshot], None]
    table: Callable[[str], Any]
    """The `pyarrow.Table` of a full name."""


class Admin:
    """What may be done to one workspace from outside."""

    def __init__(self, controlled: Controlled) -> None:
        self._controlled = controlled
        self._snapshots: OrderedDict[str, Snapshot] = OrderedDict()
        self._lock = Lock()

    @property
    def clock(self) -> Clock:
        """The workspace's clock."""
        return self._controlled.clock

    def advance(self, *, seconds: float, minutes: float, hours: float, days: float) -> None:
        """Move simulated time forward.

        Raises:
            InvalidParameterValue: by nothing, backward, or by more than a century.
        """
        total = seconds + minutes * 60 + hours * 3600 + days * 86400
        if not (math.isfinite(total) and 0 < total <= _LONGEST_ADVANCE.total_seconds()):
            message = (
                f"The clock cannot be advanced by {total:g} seconds. Give a positive number of 'seconds', 'minutes', "
                f"'hours' or 'days', of {_LONGEST_ADVANCE.days} days at most; time does not move backward."
            )
            raise InvalidParameterValue(message)
        if min(seconds, minutes, hours, days) < 0:
            message = "None of 'seconds', 'minutes', 'hours' and 'days' may be negative."
            raise InvalidParameterValue(message)
        self.clock.jump(total)

    def calls(self, matching: str | None) -> list[CallRecord]:
        """The call log, or its calls of an operation's name or a shell pattern of `METHOD /path`."""
        return list(self._controlled.calls) if matching is None else self._controlled.calls.matching(matching)

    def forget_calls(self) -> None:
        """Empty the call log."""
        self._controlled.calls.clear()

    def snapshot(self) -> str:
        """Keep everything the workspace holds as it is now; the id to restore it by. The last hundred are kept."""
        name = str(uuid4())
        snapshot = self._controlled.snapshot()
        with self._lock:
            self._snapshots[name] = snapshot
            if len(self._snapshots) > _KEPT_SNAPSHOTS:
                self._snapshots.popitem(last=False)
        return name

    def restore(self, name: str) -> None:
        """Bring the workspace back to a snapshot.

        Raises:
            ResourceDoesNotExist: there is no such snapshot, or no longer.
        """
        with self._lock:
            snapshot = self._snapshots.get(name)
        if snapshot is None:
            message = f"There is no snapshot {name!r}; this workspace keeps its last {_KEPT_SNAPSHOTS}."
            raise ResourceDoesNotExist(message)
        self._controlled.restore(snapshot)

    def table(self, full_name: str) -> bytes:
        """A table, as an Arrow IPC stream."""
        table = self._controlled.table(full_name)
        import pyarrow as pa

        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return bytes(sink.getvalue())
