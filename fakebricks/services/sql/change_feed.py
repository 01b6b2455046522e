"""Changes to tables with a change data feed: computed by the engine, applied by deltalake, in one commit with the feed.

Real: the feed, which has rows as they were and as they became. Tables in an S3 are changed in the same way, as the
engine in this process does not reach them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakebricks.services.sql import SqlError
from fakebricks.services.sql.asked import Asked
from fakebricks.services.sql.errors import concurrent_write, null_in, several_matches
from fakebricks.services.sql.outcomes import DELETED, INSERTED, OPERATION, UPDATED, after, before, outcomes
from fakebricks.services.sql.parameters import Parameters
from fakebricks.services.sql.reader import Reader
from fakebricks.services.sql.results import result_of
from fakebricks.services.unity_catalog.delta import Delta
from fakebricks.services.unity_catalog.records import TableRecord

if TYPE_CHECKING:
    from sqlglot import exp

FEED = "delta.enableChangeDataFeed"
_COUNTS = {
    "num_target_rows_updated": "numTargetRowsUpdated",
    "num_target_rows_deleted": "numTargetRowsDeleted",
    "num_target_rows_inserted": "numTargetRowsInserted",
}


def has_feed(table: TableRecord) -> bool:
    """Whether a table has a change data feed."""
    return table.properties.get(FEED, "").lower() == "true"


class ChangeFeed:
    """Changes tables that have one."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def change(
        self, statement: exp.Expression, table: TableRecord, files: Delta, asked: Asked, parameters: Parameters
    ) -> dict[str, Any]:
        """Execute UPDATE, DELETE or MERGE; the counts of rows, as Delta's log calls them.

        Raises:
            SqlError: it fails, or another writer was faster.
            NotImplementedByFakebricks: rows of the table cannot be compared.
        """
        from deltalake.exceptions import CommitFailedError, DeltaError

        opened = files.opened()
        frame = self._reader.frame_of(outcomes(statement, table), asked, parameters)
        rows = result_of(frame).rows
        _check(rows, table)
        if not rows.num_rows:
            return {}
        try:
            counts = _merge(opened, rows, table)
        except CommitFailedError:
            raise concurrent_write() from None
        except DeltaError as error:
            if "multiple source rows" in str(error):
                raise several_matches() from None
            raise SqlError("DELTA_WRITE_FAILED", str(error), "XXKDS") from None
        return {name: counts[key] for key, name in _COUNTS.items()}


def _merge(opened: Any, rows: Any, table: TableRecord) -> dict[str, Any]:
    names = [column.name for column in table.columns]
    alike = [f"(t.{_quoted(name)} IS NOT DISTINCT FROM s.{_quoted(before(name))})" for name in names]
    there = f"(s.{OPERATION} <> '{INSERTED}')"
    values = {_quoted(name): f"s.{_quoted(after(name))}" for name in names}
    merging = opened.merge(rows, " AND ".join([there, *alike]), source_alias="s", target_alias="t")
    done: dict[str, Any] = (
        merging.when_matched_update(values, f"s.{OPERATION} = '{UPDATED}'")
        .when_matched_delete(f"s.{OPERATION} = '{DELETED}'")
        .when_not_matched_insert(values, f"s.{OPERATION} = '{INSERTED}'")
        .execute()
    )
    return done


def _check(rows: Any, table: TableRecord) -> None:
    """Refuse rows that will lack a value where one must be."""
    import pyarrow.compute as pc

    kept = rows.filter(pc.not_equal(rows[OPERATION], DELETED))
    for column in table.columns:
        if not column.nullable and kept[after(column.name)].null_count:
            raise null_in(column.name)


def _quoted(name: str) -> str:
    escaped = name.replace("`", "``")
    return f"`{escaped}`"
