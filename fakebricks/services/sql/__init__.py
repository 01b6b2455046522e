"""SQL: statements over Unity Catalog's tables, in Spark SQL's dialect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from fakebricks.wire.authentication import Caller

if TYPE_CHECKING:
    import pyarrow as pa


class Parameter(NamedTuple):
    """A named parameter of a statement: `type` is a SQL type such as `INT`, `value` its text, or None for NULL."""

    name: str
    value: str | None
    type: str = "STRING"


class ResultColumn(NamedTuple):
    """A column of a result.

    `type_text` is Spark's, as in `DECIMAL(10,2)` or `ARRAY<STRING>`; `type_name` is its first word.
    """

    name: str
    type_text: str
    type_name: str


class Result(NamedTuple):
    """What a statement has answered.

    A statement that changes rows answers the columns that Spark answers (`num_affected_rows` and its like).
    """

    columns: tuple[ResultColumn, ...]
    rows: pa.Table


class SqlError(Exception):
    """A statement that fails.

    Attributes:
        error_class: Spark's, such as `TABLE_OR_VIEW_NOT_FOUND`.
        sql_state: five characters, such as `42P01`.
    """

    def __init__(self, error_class: str, message: str, sql_state: str) -> None:
        super().__init__(f"[{error_class}] {message} SQLSTATE: {sql_state}")
        self.error_class = error_class
        self.sql_state = sql_state


class Session(NamedTuple):
    """Where names without a catalog or a schema are looked for."""

    catalog: str
    schema: str


class SqlEngine(Protocol):
    """Executes statements."""

    def execute(
        self,
        statement: str,
        caller: Caller | None,
        *,
        session: Session | None = None,
        parameters: Sequence[Parameter] = (),
    ) -> Result:
        """The result of one statement under the caller's grants; None stands for fakebricks itself, which may all.

        Touches Delta and takes a while: never call it inside a transaction.

        Raises:
            SqlError: it is no statement, or it fails, or the caller may not.
            NotImplementedByFakebricks: fakebricks does not compute such statements, or the engine is not installed.
        """
