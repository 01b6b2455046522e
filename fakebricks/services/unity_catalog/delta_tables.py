"""The rows of Unity Catalog's tables: each table is Delta in this workspace's own storage.

Real: a new table is an empty Delta table, whose `storage_location` any Delta writer can write to. Where it is, see
`table_storage.py`. Refused: tables elsewhere, which would make the fake read and write whichever path a client names;
see `tables_api.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fakebricks.ids import Ids
from fakebricks.services.unity_catalog import delta
from fakebricks.services.unity_catalog.arrow_tables import fitting
from fakebricks.services.unity_catalog.delta import Delta
from fakebricks.services.unity_catalog.names import object_levels
from fakebricks.services.unity_catalog.records import ColumnRecord, DeltaVersionRecord, TableRecord
from fakebricks.services.unity_catalog.table_storage import TableStorage
from fakebricks.services.unity_catalog.tables import IsAView, Tables
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.state import State
from fakebricks.wire.errors import DatabricksError, InvalidParameterValue, InvalidState

if TYPE_CHECKING:
    import pyarrow as pa


class DeltaTables:
    """The rows of one metastore's tables.

    All methods but `new_location` touch Delta: they take a while and must not be called inside a transaction.
    """

    def __init__(
        self, state: State, ids: Ids, *, unity_catalog: UnityCatalog, tables: Tables, storage: TableStorage
    ) -> None:
        self._state = state
        self._versions = state.table("delta_versions", DeltaVersionRecord)
        self._ids = ids
        self._tables = tables
        self._unity_catalog = unity_catalog
        self._storage = storage
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

    def new_location(self, full_name: str, table_id: str) -> str:
        """Where a new managed table of that name and id is to be; nothing is there yet.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist: what it would be in is missing.
            InvalidParameterValue: the bucket of its storage root is missing.
        """
        delta.require()
        catalog, schema, _ = object_levels(full_name)
        managed = self._unity_catalog.require_schema(catalog, schema).storage_location
        managed = managed or self._unity_catalog.require_catalog(catalog).storage_location
        return self._storage.location(managed, table_id)

    def storage_options(self, full_name: str) -> dict[str, str]:
        """What readers of the family of deltalake must be told to reach a table; nothing where it is on the disk.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist, TableDoesNotExist: it is missing.
            IsAView: it is a view.
        """
        table = self._tables.require(full_name)
        if table.view is not None:
            raise IsAView(table.full_name)
        return dict(self._storage.options(table.storage_location) or {})

    def files_of(self, table: TableRecord) -> Delta:
        """The files of a table.

        Raises:
            IsAView: it is one.
        """
        if table.view is not None:
            raise IsAView(table.full_name)
        return Delta.of(table, self._storage.options(table.storage_location))

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
        table_id = self._ids.uuid()
        location = self.new_location(full_name, table_id)
        try:
            _make(Delta(location, columns, properties, self._storage.options(location)))
            with self._state.transaction():
                return self._tables.create(
                    full_name, columns, location, owner, properties=properties, comment=comment, table_id=table_id
                )
        except DatabricksError:
            self._storage.remove(location)
            raise

    def read(self, full_name: str) -> Any:
        """All rows of a table that have been written by now, as a `pyarrow.Table`.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist, TableDoesNotExist: it is missing.
            InvalidState: somebody has removed its files.
            NotImplementedByFakebricks: deltalake is not installed.
        """
        delta.require()
        self.bring_up_to_date(full_name)  # which may make the table
        table = self._tables.require(full_name)
        files = self.files_of(table)
        if not files.exists():
            raise InvalidState(f"Table '{table.full_name}' has no Delta log at '{table.storage_location}'.")
        rows = files.read()
        return rows.sort_by(table.ordered_by) if table.ordered_by else rows

    def add(self, full_name: str, rows: pa.Table) -> None:
        """More rows of a table; a column that they lack is NULL.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist, TableDoesNotExist: it is missing.
            InvalidParameterValue: the rows do not fit it.
            ChangedByHand: its files have other columns than it has.
        """
        files = self.files_of(self._tables.require(full_name))
        added = fitting(rows, files.schema)
        with self.writing:
            files.ensure()
            files.write(added)

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
        found = ((table, self.files_of(table)) for table in self._tables.all() if table.view is None)
        return [(table, files) for table, files in found if files.exists()]


def _make(files: Delta) -> None:
    from deltalake.exceptions import DeltaError

    try:
        files.ensure()
    except DeltaError as error:
        raise InvalidParameterValue(f"Delta cannot have such columns: {error}") from None
