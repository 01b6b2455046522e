"""The rows of Unity Catalog's tables: each table is Delta on this workspace's disk.

Real: a new table is an empty Delta table, whose `storage_location` any Delta writer can write to. Simulated: managed
storage is a directory that goes away with the workspace. Refused: tables elsewhere, which would make the fake read and
write whichever path a client names; see `tables_api.py`.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fakebricks.ids import Ids
from fakebricks.services.unity_catalog import delta
from fakebricks.services.unity_catalog.delta import Delta
from fakebricks.services.unity_catalog.records import ColumnRecord, DeltaVersionRecord, TableRecord
from fakebricks.services.unity_catalog.tables import Tables
from fakebricks.state import Scratch, State
from fakebricks.wire.errors import DatabricksError, InvalidParameterValue, InvalidState


class DeltaTables:
    """The rows of one metastore's tables.

    All methods but `new_location` touch Delta: they take a while and must not be called inside a transaction.
    """

    def __init__(self, state: State, ids: Ids, tables: Tables, scratch: Scratch) -> None:
        self._state = state
        self._versions = state.table("delta_versions", DeltaVersionRecord)
        self._ids = ids
        self._tables = tables
        self._scratch = scratch
        self._writers: list[Callable[[str], None]] = []
        self.writing = threading.Lock()
        """Held by who changes files together with what is remembered of them."""

    def also_writes(self, write: Callable[[str], None]) -> None:
        """Have `write(full_name)` called before a table is read, for a service that has rows of tables yet to write."""
        self._writers.append(write)

    def bring_up_to_date(self, full_name: str) -> None:
        """Have all rows that are due written to a table."""
        for write in self._writers:
            write(full_name)

    def new_location(self) -> str:
        """Where a new managed table is to be; nothing is there yet."""
        delta.require()
        return str(self._scratch.directory("tables", self._ids.hex32()))

    def create(
        self,
        full_name: str,
        columns: Sequence[ColumnRecord],
        owner: str,
        *,
        properties: Mapping[str, str] | None = None,
        comment: str | None = None,
    ) -> TableRecord:
        """A new managed table, without rows.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist: its parents are missing.
            InvalidParameterValue: the name is not valid, or Delta cannot have such columns.
            TableAlreadyExists: there is one of that name.
            NotImplementedByFakebricks: deltalake is not installed.
        """
        self._tables.require_free(full_name)
        location = self.new_location()
        try:
            _make(location, columns)
            with self._state.transaction():
                return self._tables.create(full_name, columns, location, owner, properties=properties, comment=comment)
        except DatabricksError:
            shutil.rmtree(location, ignore_errors=True)
            raise

    def read(self, full_name: str) -> Any:
        """All rows of a table that have been written by now, as a `pyarrow.Table`.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist, TableDoesNotExist: it is missing.
            InvalidState: somebody has removed its files.
            NotImplementedByFakebricks: deltalake is not installed.
        """
        table = self._tables.require(full_name)
        delta.require()
        self.bring_up_to_date(table.full_name)
        files = Delta.of(table)
        if not files.exists():
            raise InvalidState(f"Table '{table.full_name}' has no Delta log at '{table.storage_location}'.")
        rows = files.read()
        return rows.sort_by(table.ordered_by) if table.ordered_by else rows

    def note_versions(self) -> None:
        """Remember which rows each table has, so that `restored` can bring them back. Before a snapshot is taken."""
        with self.writing:
            for table, files in self._written():
                self._versions.put((table.id,), DeltaVersionRecord(version=files.version()))

    def restored(self) -> None:
        """Bring the files back to what the tables had. After the state was restored from a snapshot."""
        with self.writing:
            for table, files in self._written():
                noted = self._versions.get((table.id,))
                files.restore(noted.version if noted else 0)

    def _written(self) -> list[tuple[TableRecord, Delta]]:
        """The tables whose files exist."""
        found = ((table, Delta.of(table)) for table in self._tables.all())
        return [(table, files) for table, files in found if files.exists()]


def _make(location: str, columns: Sequence[ColumnRecord]) -> None:
    from deltalake.exceptions import DeltaError

    try:
        Delta(Path(location), columns).ensure()
    except DeltaError as error:
        raise InvalidParameterValue(f"Delta cannot have such columns: {error}") from None
