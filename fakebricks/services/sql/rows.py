"""Rows on their way into a table: of which columns, of which types, none missing.

Real: values are cast as Spark's ANSI rules say; columns that are left out are NULL.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fakebricks.services.sql import SqlError
from fakebricks.services.sql.errors import UnresolvedColumn, concurrent_write, null_in, quoted
from fakebricks.services.sql.spark import engine_errors
from fakebricks.services.unity_catalog.delta import Delta
from fakebricks.services.unity_catalog.records import ColumnRecord, TableRecord

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Plan = list[tuple[ColumnRecord, int | None]]
"""For each column of a table, which column of the data it is; None where there is none."""


def planned(table: TableRecord, frame: DataFrame, named: Sequence[str], *, by_name: bool) -> Plan:
    """Which column of the data goes where.

    Args:
        table: where to.
        frame: the data.
        named: the table's columns that the data is for, in its order; empty for all.
        by_name: the data's own names say where to.

    Raises:
        SqlError: there are too many or too few, or a column is none of the table's.
    """
    names = list(frame.columns) if by_name else list(named) or [column.name for column in table.columns]
    known = {column.name.lower() for column in table.columns}
    for name in names:
        if name.lower() not in known:
            raise _extra(table, name) if by_name else UnresolvedColumn([name], [one.name for one in table.columns])
    lowered = [name.lower() for name in names]
    for name in lowered:
        if lowered.count(name) > 1:
            message = f"The column {quoted(name)} already exists. Choose another name or rename the existing column."
            raise SqlError("COLUMN_ALREADY_EXISTS", message, "42711")
    if len(frame.columns) != len(names):
        raise _arity(table, names, frame.columns)
    places = {name: place for place, name in enumerate(lowered)}
    return [(column, places.get(column.name.lower())) for column in table.columns]


def collected(frame: DataFrame, plan: Plan, schema: Any) -> Any:
    """The data as a `pyarrow.Table` of a table's schema.

    Raises:
        SqlError: it fails, a value cannot be cast, or is missing where one must be.
    """
    given = {place: f"_{place}" for place in range(len(frame.columns))}
    with engine_errors():
        chosen = [_expression(column, None if place is None else given[place]) for column, place in plan]
        rows = frame.toDF(*given.values()).selectExpr(*chosen).toArrow()
    for column in (column for column, _ in plan if not column.nullable):
        if rows[column.name].null_count:
            raise null_in(column.name)
    return rows.cast(schema)


def put(files: Delta, rows: Any, *, overwrite: bool = False) -> None:
    """Write rows to a table's files.

    Raises:
        SqlError: others write to it all the time, or Delta refuses them.
    """
    from deltalake.exceptions import CommitFailedError, DeltaError

    try:
        files.write(rows, overwrite=overwrite)
    except CommitFailedError:
        raise concurrent_write() from None
    except DeltaError as error:
        raise SqlError("DELTA_WRITE_FAILED", str(error), "XXKDS") from None


def _expression(column: ColumnRecord, given: str | None) -> str:
    return f"CAST({given or 'NULL'} AS {column.type_text}) AS {quoted(column.name)}"


def _extra(table: TableRecord, name: str) -> SqlError:
    message = (
        f"Cannot write incompatible data for the table {quoted(*table.key)}: Cannot write extra columns {quoted(name)}."
    )
    return SqlError("INCOMPATIBLE_DATA_FOR_TABLE.EXTRA_COLUMNS", message, "KD000")


def _arity(table: TableRecord, names: Sequence[str], given: Sequence[str]) -> SqlError:
    enough = len(given) > len(names)
    message = (
        f"Cannot write to {quoted(*table.key)}, the reason is {'too many' if enough else 'not enough'} data columns:\n"
        f"Table columns: {', '.join(map(quoted, names))}.\nData columns: {', '.join(map(quoted, given))}."
    )
    which = "TOO_MANY_DATA_COLUMNS" if enough else "NOT_ENOUGH_DATA_COLUMNS"
    return SqlError(f"INSERT_COLUMN_ARITY_MISMATCH.{which}", message, "21S01")
