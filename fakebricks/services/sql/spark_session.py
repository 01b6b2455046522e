"""A `spark` for tests: a Spark session whose SQL is that of the workspace.

Real: `sql`, `table` and `read.table` see the workspace's tables by their names, and statements are executed as by
`workspace.sql`; data frames, functions and temporary views are the engine's own. Refused: `catalog`, `readStream` and
`streams`, which would show the engine's own tables. Writing a data frame's rows into a table takes a temporary view and
a statement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fakebricks.services.sql import Session
from fakebricks.services.sql.engine import SparkSql
from fakebricks.services.sql.errors import quoted, refused
from fakebricks.services.sql.parameters import parameter_of
from fakebricks.services.sql.sessions import session_after
from fakebricks.services.sql.spark import Spark
from fakebricks.services.sql.words import Words
from fakebricks.wire.authentication import Caller

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_REFUSED = ("catalog", "readStream", "streams", "udtf", "dataSource")


class WorkspaceSession:
    """A Spark session on a workspace's tables; what is not here is that of `pyspark.sql.SparkSession`.

    Args:
        spark: the engine's own session.
        engine: what executes statements.
        caller: who acts in this process.
    """

    def __init__(self, spark: Spark, engine: SparkSql, caller: Callable[[], Caller | None]) -> None:
        self._spark = spark
        self._engine = engine
        self._caller = caller
        self._session: Session | None = None

    def sql(self, query: str, args: Mapping[str, Any] | Sequence[Any] | None = None) -> DataFrame:
        """The rows that a statement answers; what it changes is changed at once.

        Args:
            query: the statement.
            args: what its parameters stand for: of `:name` by name, of `?` in their order.

        Raises:
            SqlError: it is no statement, or fails at once, or the person who acts may not.
            NotImplementedByFakebricks: fakebricks does not compute it.
        """
        given = args.items() if isinstance(args, Mapping) else [("", value) for value in args or ()]
        session = self._session or self._engine.default_session
        frame = self._engine.frame(
            query,
            self._caller(),
            session=session,
            parameters=[parameter_of(name, value) for name, value in given],
            views=self._views(),
        )
        self._session = session_after(query, session)
        return frame

    def table(self, tableName: str) -> DataFrame:  # noqa: N803 - as pyspark calls it
        """The rows of a table.

        Raises:
            SqlError: there is none, or the person who acts may not read it.
        """
        words = Words(tableName)
        levels = words.names()
        words.end()
        return self.sql(f"FROM {quoted(*levels)}")

    @property
    def read(self) -> _Read:
        """Reads tables and files; what is not here is that of `pyspark.sql.DataFrameReader`."""
        return _Read(self._spark.session.read, self.table)

    def stop(self) -> None:
        """Nothing: the session is the workspace's, and ends with it."""

    def __getattr__(self, name: str) -> Any:
        if name in _REFUSED:
            raise refused(f"spark.{name}", "Use statements: SHOW, DESCRIBE, CREATE, DROP.")
        return getattr(self._spark.session, name)

    def _views(self) -> frozenset[str]:
        """The temporary views of the engine's session."""
        return frozenset(one.name.lower() for one in self._spark.session.catalog.listTables() if one.isTemporary)


class _Read:
    """What reads; tables are the workspace's."""

    def __init__(self, reader: Any, table: Callable[[str], DataFrame]) -> None:
        self._reader = reader
        self.table = table

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)
