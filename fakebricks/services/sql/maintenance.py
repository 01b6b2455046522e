"""OPTIMIZE and VACUUM.

Real: the files are compacted, sorted and removed by deltalake. Files are as old as this machine's clock says: the
workspace's simulated time does not make them older.
"""

from __future__ import annotations

from fakebricks.services.sql import Result, SqlError
from fakebricks.services.sql.asked import Asked
from fakebricks.services.sql.errors import UnresolvedColumn, concurrent_write, refused
from fakebricks.services.sql.reader import Reader
from fakebricks.services.sql.results import told
from fakebricks.services.unity_catalog.delta import Delta
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.records import TableRecord
from fakebricks.services.unity_catalog.rules import Rule

_RETAINED = 168
"""Hours that removed files are kept for at least (documented)."""
_METRICS = {
    "numFilesAdded": "numFilesAdded",
    "numFilesRemoved": "numFilesRemoved",
    "partitionsOptimized": "partitionsOptimized",
    "totalConsideredFiles": "totalConsideredFiles",
    "totalFilesSkipped": "totalFilesSkipped",
}


class Maintenance:
    """Keeps the files of one metastore's tables in shape."""

    def __init__(self, metastore: Metastore, reader: Reader) -> None:
        self._metastore = metastore
        self._reader = reader

    def optimize(self, asked: Asked) -> Result:
        """OPTIMIZE table [ZORDER BY (columns)]."""
        from deltalake.exceptions import CommitFailedError

        words = asked.words
        words.expect("OPTIMIZE")
        table, files = self._table(asked)
        words.take("FULL")
        if words.sees("WHERE"):
            raise refused("OPTIMIZE of a part of a table")
        columns = _ordering(asked, table) if words.take("ZORDER", "BY") else []
        words.end()
        optimizer = files.opened().optimize
        try:
            done = optimizer.z_order(columns) if columns else optimizer.compact()
        except CommitFailedError:
            raise concurrent_write() from None
        metrics = {name: int(done.get(key, 0)) for name, key in _METRICS.items()}
        fields = ",".join(f"{name}:bigint" for name in metrics)
        return told({"path": "string", "metrics": f"struct<{fields}>"}, [(table.storage_location, metrics)])

    def vacuum(self, asked: Asked) -> Result:
        """VACUUM table [RETAIN n HOURS] [DRY RUN]."""
        words = asked.words
        words.expect("VACUUM")
        table, files = self._table(asked)
        hours = _RETAINED
        if words.take("RETAIN"):
            hours = words.number()
            words.expect("HOURS")
        dry = words.take("DRY", "RUN")
        words.end()
        if hours < _RETAINED:
            raise _too_short(hours)
        removed = files.opened().vacuum(hours, dry_run=dry)
        paths = [f"{table.storage_location}/{path}" for path in removed] if dry else [table.storage_location]
        return told({"path": "string"}, [(path,) for path in paths])

    def _table(self, asked: Asked) -> tuple[TableRecord, Delta]:
        name = asked.full_name(asked.words.names())
        table = self._reader.table(name, asked, Rule.READ_TABLE, Rule.WRITE_TABLE)
        self._metastore.delta_tables.bring_up_to_date(table.full_name)
        return table, self._metastore.delta_tables.files_of(table)


def _ordering(asked: Asked, table: TableRecord) -> list[str]:
    words = asked.words
    bracketed = words.take("(")
    columns = [words.name()]
    while words.take(","):
        columns.append(words.name())
    if bracketed:
        words.expect(")")
    known = {one.name.lower(): one.name for one in table.columns}
    for name in columns:
        if name.lower() not in known:
            raise UnresolvedColumn([name], list(known.values()))
    return [known[name.lower()] for name in columns]


def _too_short(hours: int) -> SqlError:
    message = (
        f"Are you sure you would like to vacuum files with such a low retention period ({hours} hours)? If you have "
        "writers that are currently writing to this table, there is a risk that you may corrupt the state of your "
        "Delta table."
    )
    return SqlError("DELTA_VACUUM_RETENTION_PERIOD_TOO_SHORT", message, "22003")
