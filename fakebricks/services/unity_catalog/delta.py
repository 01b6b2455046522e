"""Delta tables, on the local disk or in an S3.

Real: a Delta table that any Delta reader opens and any Delta writer may write, with a change data feed where its
properties ask for one. deltalake and pyarrow are imported when a table is first touched.
Simulated: other properties are the catalog's alone; that of deletion vectors, for one, would keep readers out that do
not know them.

The S3 is in this process. `restore`, `is_deltatable`, `history` and `load_cdf` of deltalake 1.6 hold Python's lock
while they wait for it, and so would wait until they give up; none of them is used on a table there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fakebricks.services.unity_catalog.column_types import arrow_type, column_type
from fakebricks.services.unity_catalog.columns import partition_columns
from fakebricks.services.unity_catalog.records import ColumnRecord, TableRecord
from fakebricks.wire.errors import InvalidParameterValue, InvalidState, NotImplementedByFakebricks

_CHANGE_DATA_FEED = "delta.enableChangeDataFeed"
_WITH_STATISTICS = "delta.dataSkippingStatsColumns"
_FLOATING = re.compile(r"\b(?:double|float)\b", re.IGNORECASE)
_ATTEMPTS = 10
"""How often an append is tried where others commit at the same moment what it cannot be put behind."""


class ChangedByHand(InvalidState):
    """The columns of a table's files are no longer those that it was made with."""


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
        location: its directory, or its URL.
        columns: its schema.
        properties: those of its table in the catalog.
        storage: what deltalake needs to know to reach it.
    """

    def __init__(
        self,
        location: str,
        columns: Sequence[ColumnRecord],
        properties: Mapping[str, str] | None = None,
        storage: Mapping[str, str] | None = None,
    ) -> None:
        self._location = location
        self._columns = columns
        self._configuration = _configuration(properties or {}) | _statistics(columns)
        self._storage = dict(storage) if storage else None

    @classmethod
    def of(cls, table: TableRecord, storage: Mapping[str, str] | None = None) -> Delta:
        """That of a table of Unity Catalog."""
        return cls(table.storage_location, table.columns, table.properties, storage)

    @property
    def schema(self) -> Any:
        """What its rows are as a `pyarrow.Table`."""
        return _schema(self._columns)

    def exists(self) -> bool:
        """Whether the table has been made; imports nothing where it is on the local disk."""
        if self._storage is None:
            return Path(self._location, "_delta_log").is_dir()
        from deltalake.exceptions import TableNotFoundError

        try:
            self.opened()
        except TableNotFoundError:
            return False
        return True

    def ensure(self) -> None:
        """Make the table, empty, where it does not exist."""
        from deltalake import DeltaTable

        if not self.exists():
            DeltaTable.create(
                self._location,
                _schema(self._columns),
                partition_by=partition_columns(self._columns) or None,
                configuration=self._configuration,
                storage_options=self._storage,
            )

    def append(self, rows: list[dict[str, Any]]) -> None:
        """Add rows, in one commit; it is tried again where somebody else's commit came between.

        Raises:
            ChangedByHand: the table's columns are no longer those that it was made with; nothing is written.
            CommitFailedError: of deltalake, where others have won each time.
        """
        import pyarrow as pa

        self.write(pa.Table.from_pylist(rows, self.schema))

    def write(self, rows: Any, *, overwrite: bool = False) -> None:
        """Add the rows of a `pyarrow.Table`, or have no others, in one commit that is tried again as by `append`.

        Raises:
            ChangedByHand, CommitFailedError: as by `append`.
        """
        from deltalake import write_deltalake
        from deltalake.exceptions import CommitFailedError

        for attempt in range(1, _ATTEMPTS + 1):
            table = self.opened()
            self._check_columns(table)
            try:
                write_deltalake(table, rows, mode="overwrite" if overwrite else "append")
            except CommitFailedError:
                if attempt == _ATTEMPTS:
                    raise
            else:
                return

    def replace(self, rows: list[dict[str, Any]], condition: str | None) -> None:
        """Put rows in place of those that a condition holds for, in one commit; without a condition, add them."""
        import pyarrow as pa
        from deltalake import write_deltalake

        added = pa.Table.from_pylist(rows, _schema(self._columns))
        if condition is None:
            write_deltalake(self.opened(), added, mode="append")
        else:
            write_deltalake(self.opened(), added, mode="overwrite", predicate=condition)

    def replace_all(self, rows: Any) -> None:
        """Have the rows of a `pyarrow.Table` and no others, and the columns that this is made with and no others."""
        from deltalake import write_deltalake

        table = self.opened()
        statistics = _statistics(self._columns)
        if statistics.items() - table.metadata().configuration.items():
            table.alter.set_table_properties(statistics)
        write_deltalake(table, rows, mode="overwrite", schema_mode="overwrite")

    def add_columns(self, columns: Sequence[ColumnRecord]) -> None:
        """Give the table more columns, which are NULL in all rows that it has."""
        from deltalake import Schema

        self.opened().alter.add_columns(list(Schema.from_arrow(_schema(columns)).fields))

    def least_changed(self, column: str, since: int) -> list[Any]:
        """The least value of a column in each file that the table has gained or lost since a version.

        It is None where the log does not tell, or no longer knows that version.
        """
        from deltalake.exceptions import DeltaError

        before, now = self.opened(), self.opened()
        try:
            before.load_as_version(since)
        except DeltaError:
            return [None]
        files = [_least_by_file(table, column) for table in (before, now)]
        return [value for ours, theirs in (files, files[::-1]) for path, value in ours.items() if path not in theirs]

    def read(self) -> Any:
        """All rows, as a `pyarrow.Table`.

        Raises:
            NotImplementedByFakebricks: somebody has made the table one that deltalake cannot read.
        """
        from deltalake.exceptions import DeltaProtocolError

        try:
            return self.opened().to_pyarrow_table()
        except DeltaProtocolError as error:
            message = f"fakebricks reads tables with deltalake, which cannot read this one: {error}"
            raise NotImplementedByFakebricks(message) from None

    def holds(self, column: str, values: Iterable[str]) -> set[str]:
        """Which of some values are there in a column of strings."""
        import pyarrow as pa
        import pyarrow.compute as pc

        found = self.opened().to_pyarrow_table(columns=[column])[column]
        wanted = pa.array(list(values), found.type)
        return set(found.filter(pc.is_in(found, value_set=wanted)).to_pylist())

    def version(self) -> int:
        """The number of the last commit."""
        return int(self.opened().version())

    def restore(self, version: int) -> None:
        """Bring back the rows that the table had at `version`, as a new commit where anything has changed since."""
        table = self.opened()
        if table.version() == version:
            return
        if self._storage is None:
            table.restore(version)
            return
        from deltalake import write_deltalake

        before = self.opened(version).to_pyarrow_table()
        write_deltalake(table, before, mode="overwrite", schema_mode="overwrite")

    def opened(self, version: int | None = None) -> Any:
        """The table as it is now, or was at a version, as deltalake's `DeltaTable`."""
        from deltalake import DeltaTable

        return DeltaTable(self._location, version, storage_options=self._storage)

    def _check_columns(self, table: Any) -> None:
        from deltalake import Schema

        made = {field.name: field.type for field in Schema.from_arrow(_schema(self._columns)).fields}
        there = {field.name: field.type for field in table.schema().fields}
        different = sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name))
        if different:
            raise ChangedByHand(
                f"The columns of the table at '{self._location}' were changed by hand: {', '.join(different)}."
            )


def _least_by_file(table: Any, column: str) -> dict[str, Any]:
    """The least value of a column in each file of a table, as the log tells it."""
    import pyarrow as pa

    files = pa.table(table.get_add_actions(flatten=True))
    least = files[f"min.{column}"].to_pylist() if f"min.{column}" in files.column_names else [None] * len(files)
    return dict(zip(files["path"].to_pylist(), least, strict=True))


def _configuration(properties: Mapping[str, str]) -> dict[str, str]:
    """What of a table's properties its Delta log has too.

    Raises:
        InvalidParameterValue: the value of one of them is none.
    """
    value = properties.get(_CHANGE_DATA_FEED)
    if value is None:
        return {}
    if value.lower() not in ("true", "false"):
        raise InvalidParameterValue(f"The table property '{_CHANGE_DATA_FEED}' must be 'true' or 'false'.")
    return {_CHANGE_DATA_FEED: value.lower()}


def _statistics(columns: Sequence[ColumnRecord]) -> dict[str, str]:
    """Have the log know nothing of the values of columns with floating point numbers.

    The least and greatest value that Delta's log knows of a file leave NaN out. The engine takes them at their word: a
    column of 2.0, NaN and 2.0 would be 2.0 three times.
    """
    known = [column.name for column in columns if not _FLOATING.search(column.type_text)]
    if len(known) == len(columns):
        return {}
    return {_WITH_STATISTICS: ",".join(f"`{name.replace('`', '``')}`" for name in known)}


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
