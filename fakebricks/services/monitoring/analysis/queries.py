"""The SQL of refreshes: what is read of a table, and in which windows.

Real: slices, windows and the choice of rows are the engine's, whichever it is. Names and texts are quoted; slicing
expressions and custom metrics are SQL of the monitor's creator, as whom they are executed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fakebricks.services.monitoring.granularities import Granularity
from fakebricks.services.unity_catalog.records import TableRecord

_MICROS = 1_000
_TRUNCATED = {1: "MONTH", 12: "YEAR"}


@dataclass(frozen=True, slots=True)
class Source:
    """A table of which rows are read.

    Attributes:
        table: the table.
        timestamp_col: the column whose time puts a row into a window; None where there are no windows.
        version: the one that is read; None for the latest.
    """

    table: TableRecord
    timestamp_col: str | None = None
    version: int | None = None

    def select(self, expressions: Iterable[str], begin: int = 0, end: int = 0, more: str = "") -> str:
        """A query for expressions over the rows from one time up to another, in milliseconds."""
        name = ".".join(quoted(level) for level in self.table.full_name.split("."))
        version = "" if self.version is None else f" VERSION AS OF {self.version}"
        where = self._where(begin, end)
        return f"SELECT {', '.join(expressions)} FROM {name}{version}{where}{more}"  # noqa: S608 - names are quoted

    @property
    def time(self) -> str:
        """The time of a row."""
        return as_time(self.table, self.timestamp_col or "")

    def _where(self, begin: int, end: int) -> str:
        if self.timestamp_col is None:
            return ""
        time = self.time
        return f" WHERE {time} >= timestamp_micros({begin * _MICROS}) AND {time} < timestamp_micros({end * _MICROS})"


def quoted(name: str) -> str:
    """A name as an identifier.

    >>> quoted("a`b")
    '`a``b`'
    """
    return f"`{name.replace('`', '``')}`"


def as_time(table: TableRecord, column: str) -> str:
    """A column of times as a TIMESTAMP."""
    kind = next(one.type_name for one in table.columns if one.name == column)
    return quoted(column) if kind == "TIMESTAMP" else f"CAST({quoted(column)} AS TIMESTAMP)"


def window_start(granularity: Granularity, time: str) -> str:
    """Where the window of a time begins, in milliseconds."""
    if granularity.months:
        return f"unix_millis(date_trunc('{_TRUNCATED[granularity.months]}', {time}))"
    width, origin = granularity.width, granularity.origin
    return f"((unix_millis({time}) - {origin}) DIV {width}) * {width} + {origin}"


def slice_value(expression: str, table: TableRecord) -> str:
    """The value of a slicing expression as text: of a column as it is, else `true` or `false`."""
    column = sliced_column(expression, table)
    if column is not None:
        return f"CAST({quoted(column)} AS STRING)"
    return f"CAST({as_type(expression, 'BOOLEAN')} AS STRING)"


def sliced_column(expression: str, table: TableRecord) -> str | None:
    """The column that a slicing expression is, of which each value is a slice; None where it is a condition."""
    said = expression.strip().lower()
    names = (column.name for column in table.columns)
    return next((name for name in names if said in (name.lower(), quoted(name).lower())), None)


def as_type(expression: str, kind: str) -> str:
    """What somebody has written as SQL, of a type; a comment at its end ends there."""
    return f"CAST(({expression}\n) AS {kind})"


def rows_of(names: Sequence[str], types: Sequence[str], rows: Iterable[Sequence[object]], alias: str) -> str:
    """Rows that stand in a query themselves.

    >>> rows_of(["id", "avg"], ["bigint", "double"], [(0, 1.5), (1, None)], "t")
    "(SELECT * FROM VALUES (CAST('0' AS bigint), ...) AS t(`id`, `avg`)) AS t"
    """
    lines = (f"({', '.join(map(_literal, row, types))})" for row in rows)
    columns = ", ".join(quoted(name) for name in names)
    return f"(SELECT * FROM VALUES {', '.join(lines)} AS {alias}({columns})) AS {alias}"  # noqa: S608 - all quoted


def _literal(value: object, kind: str) -> str:
    if value is None:
        return f"CAST(NULL AS {kind})"
    if isinstance(value, float):
        text = repr(value) if math.isfinite(value) else {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    else:
        text = str(value)
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"CAST('{escaped}' AS {kind})"
