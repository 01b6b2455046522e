"""A small engine for tests of the ways in to SQL: it answers what a test says, and remembers what it was asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa

from fakebricks import Workspace
from fakebricks.services.sql import Parameter, Result, ResultColumn, Session, SqlError
from fakebricks.services.sql.statements import Statements
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import NotImplementedByFakebricks

UTC = dt.UTC
MOMENT = dt.datetime(2024, 2, 29, 12, 30, 15, 250_000, UTC)

EVERY_TYPE: dict[str, tuple[str, pa.DataType, Any, str]] = {
    "a_boolean": ("BOOLEAN", pa.bool_(), True, "true"),
    "a_byte": ("TINYINT", pa.int8(), -1, "-1"),
    "a_short": ("SMALLINT", pa.int16(), 2, "2"),
    "an_int": ("INT", pa.int32(), 3, "3"),
    "a_long": ("BIGINT", pa.int64(), 2**40, "1099511627776"),
    "a_float": ("FLOAT", pa.float32(), 0.1, "0.1"),
    "a_double": ("DOUBLE", pa.float64(), 1e10, "1.0E10"),
    "a_decimal": ("DECIMAL(10,2)", pa.decimal128(10, 2), Decimal("1.50"), "1.50"),
    "a_string": ("STRING", pa.string(), "né,\"'", "né,\"'"),
    "a_binary": ("BINARY", pa.binary(), b"\x00\xff", "AP8="),
    "a_date": ("DATE", pa.date32(), dt.date(2024, 2, 29), "2024-02-29"),
    "a_time": ("TIMESTAMP", pa.timestamp("us", "UTC"), MOMENT, "2024-02-29T12:30:15.250Z"),
    "a_local_time": (
        "TIMESTAMP_NTZ",
        pa.timestamp("us"),
        dt.datetime(2024, 2, 29, 1, 2, 3, 4),
        "2024-02-29T01:02:03.000004",
    ),
    "an_array": ("ARRAY<INT>", pa.list_(pa.int32()), [1, None], '["1",null]'),
    "a_map": ("MAP<STRING,INT>", pa.map_(pa.string(), pa.int32()), [("k", 1)], '{"k":"1"}'),
    "a_struct": (
        "STRUCT<a:INT,b:ARRAY<STRING>>",
        pa.struct([("a", pa.int32()), ("b", pa.list_(pa.string()))]),
        {"a": 1, "b": ["x"]},
        '{"a":"1","b":["x"]}',
    ),
}
"""By name: its type in SQL and in Arrow, a value, and how the Statement Execution API writes that."""


class Executed(NamedTuple):
    statement: str
    caller: Caller | None
    session: Session | None
    parameters: Sequence[Parameter]


class StubEngine:
    """Answers by what `answers` says for a statement, and by what is built in."""

    def __init__(self) -> None:
        self.executed: list[Executed] = []
        self.answers: dict[str, Callable[[], Result]] = {
            "every type": every_type,
            "fail": fails,
            "insert": lambda: table("num_affected_rows", "BIGINT", pa.int64(), [3]),
            "create": lambda: Result((), pa.table({})),
            "nothing": lambda: table("a", "INT", pa.int32(), []),
        }

    def execute(
        self,
        statement: str,
        caller: Caller | None,
        *,
        session: Session | None = None,
        parameters: Sequence[Parameter] = (),
    ) -> Result:
        self.executed.append(Executed(statement, caller, session, tuple(parameters)))
        if statement.startswith("range "):
            count = int(statement.split()[1])
            return table("id", "BIGINT", pa.int64(), list(range(count)))
        if statement.startswith("text "):
            return table("s", "STRING", pa.string(), ["x" * 1024] * int(statement.split()[1]))
        if statement.strip().upper().startswith("USE "):
            return Result((), pa.table({}))
        if statement not in self.answers:
            raise NotImplementedByFakebricks(f"the stub does not execute {statement!r}")
        return self.answers[statement]()


def stubbed(workspace: Workspace, most_rows: int | None = None) -> StubEngine:
    """Let a workspace execute statements by a stub, with so many rows in a chunk at most."""
    statements = workspace._services[Statements]
    statements.engine = StubEngine()
    statements.results._most_rows = most_rows
    return statements.engine


def table(name: str, type_text: str, kind: pa.DataType, values: Sequence[Any]) -> Result:
    column = ResultColumn(name, type_text, type_text.partition("(")[0])
    return Result((column,), pa.table({name: pa.array(values, kind)}))


def every_type() -> Result:
    """One row of values and one of nulls."""
    columns = tuple(
        ResultColumn(name, text, text.replace("<", "(").partition("(")[0]) for name, (text, *_) in EVERY_TYPE.items()
    )
    rows = {name: pa.array([value, None], kind) for name, (_, kind, value, _) in EVERY_TYPE.items()}
    return Result(columns, pa.table(rows))


def fails() -> Result:
    raise SqlError("TABLE_OR_VIEW_NOT_FOUND", "The table or view `x` cannot be found.", "42P01")
