"""Delta tables on the local disk.

Real: a Delta table that any Delta reader opens. deltalake and pyarrow are imported when a table is first touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fakebricks.services.unity_catalog.column_types import arrow_type, column_type
from fakebricks.services.unity_catalog.columns import partition_columns
from fakebricks.services.unity_catalog.records import ColumnRecord, TableRecord
from fakebricks.wire.errors import NotImplementedByFakebricks


def require() -> None:
    """Raise `NotImplementedByFakebricks` where this installation cannot write Delta; imports nothing heavy."""
    if find_spec("deltalake") is None or find_spec("pyarrow") is None:
        message = (
            "fakebricks writes tables with deltalake and pyarrow, which are not installed here. "
            "Install them with: pip install 'fakebricks[tables]'"
        )
        raise NotImplementedByFakebricks(message)


class Delta:
    """One Delta table.

    Args:
        location: its directory.
        columns: its schema.
    """

    def __init__(self, location: Path, columns: Sequence[ColumnRecord]) -> None:
        self._location = str(location)
        self._columns = columns

    @classmethod
    def of(cls, table: TableRecord) -> Delta:
        """That of a table of Unity Catalog."""
        return cls(Path(table.storage_location), table.columns)

    def exists(self) -> bool:
        """Whether the table has been made; imports nothing."""
        return Path(self._location, "_delta_log").is_dir()

    def ensure(self) -> None:
        """Make the table, empty, where it does not exist."""
        from deltalake import DeltaTable

        if not DeltaTable.is_deltatable(self._location):
            DeltaTable.create(
                self._location, _schema(self._columns), partition_by=partition_columns(self._columns) or None
            )

    def append(self, rows: list[dict[str, Any]]) -> None:
        """Add rows, in one commit."""
        import pyarrow as pa
        from deltalake import write_deltalake

        write_deltalake(self._location, pa.Table.from_pylist(rows, _schema(self._columns)), mode="append")

    def read(self) -> Any:
        """All rows, as a `pyarrow.Table` with the declared schema."""
        from deltalake import DeltaTable

        return DeltaTable(self._location).to_pyarrow_table()

    def version(self) -> int:
        """The number of the last commit."""
        from deltalake import DeltaTable

        return int(DeltaTable(self._location).version())

    def restore(self, version: int) -> None:
        """Bring back the rows that the table had at `version`, as a new commit where anything has changed since."""
        from deltalake import DeltaTable

        table = DeltaTable(self._location)
        if table.version() != version:
            table.restore(version)


def _schema(columns: Sequence[ColumnRecord]) -> Any:
    """The Arrow schema of columns, with their comments where Delta keeps them."""
    import pyarrow as pa

    return pa.schema(
        [
            pa.field(
                column.name,
                arrow_type(column_type(column.type_text)),
                column.nullable,
                {"comment": column.comment} if column.comment else None,
            )
            for column in columns
        ]
    )
