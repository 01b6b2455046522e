"""Spark SQL over the tables of one metastore.

Real: the grammar and functions of Spark's SQL, as far as the engine computes them; names of three levels, grants,
parameters, Delta tables. Simulated: time. Refused: what is not computed, by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fakebricks.clock import Clock
from fakebricks.services.sql import Parameter, Result, Session
from fakebricks.services.sql.asked import Asked
from fakebricks.services.sql.errors import of_domain, refused, syntax_error
from fakebricks.services.sql.reader import Reader
from fakebricks.services.sql.results import result_of
from fakebricks.services.sql.spark import Spark
from fakebricks.services.sql.words import Words
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import DatabricksError, NotImplementedByFakebricks

_QUERIES = ("SELECT", "WITH", "VALUES", "FROM", "(", "TABLE")
_REFUSED = (
    "EXPLAIN",
    "COPY",
    "SET",
    "RESET",
    "CALL",
    "EXECUTE",
    "DECLARE",
    "BEGIN",
    "CACHE",
    "UNCACHE",
    "REFRESH",
    "MSCK",
    "LIST",
    "ADD",
    "DENY",
    "ANALYZE",
    "UNDROP",
    "GET",
    "PUT",
    "REMOVE",
    "LOAD",
    "CLEAR",
    "SYNC",
    "CONVERT",
    "REORG",
    "FSCK",
)


class SparkSql:
    """Executes statements; see `SqlEngine`.

    Args:
        metastore: whose tables they are about.
        spark: what computes.
    """

    def __init__(self, metastore: Metastore, clock: Clock, spark: Spark) -> None:
        self._metastore = metastore
        self._clock = clock
        self._spark = spark
        self._reader = Reader(metastore, spark)

    def execute(
        self,
        statement: str,
        caller: Caller | None,
        *,
        session: Session | None = None,
        parameters: Sequence[Parameter] = (),
    ) -> Result:
        """The result of one statement under the caller's grants.

        Args:
            statement: its text.
            caller: who asks; None stands for fakebricks itself, which may all.
            session: where names without a catalog or schema are looked for.
            parameters: named ones, and such without a name for each `?`.

        Raises:
            SqlError: it is no statement, or it fails, or the caller may not.
            NotImplementedByFakebricks: fakebricks does not compute such statements, or the engine is not installed.
        """
        self._spark.require()
        asked = self._asked(statement, caller, session, parameters)
        try:
            return self._executor(asked.words)(asked)
        except NotImplementedByFakebricks:
            raise
        except DatabricksError as error:
            raise of_domain(error) from None

    @property
    def default_session(self) -> Session:
        """Where names are looked for if nothing else is said: the workspace's own catalog."""
        return Session(self._metastore.unity_catalog.metastore.default_catalog_name or "main", "default")

    def _asked(
        self, statement: str, caller: Caller | None, session: Session | None, parameters: Sequence[Parameter]
    ) -> Asked:
        owner = self._metastore.unity_catalog.metastore.owner
        return Asked(
            words=Words(statement),
            caller=caller,
            user_name=caller.user_name if caller else owner,
            session=session or self.default_session,
            parameters=parameters,
            now=self._clock.now(),
        )

    def _executor(self, words: Words) -> Callable[[Asked], Result]:
        """What executes a statement that begins with these words."""
        if any(words.sees(keyword) for keyword in _QUERIES):
            return self._query
        if words.next.says(*_REFUSED):
            raise refused(f"{words.next.text.upper()} statements")
        raise syntax_error(words.next.text)

    def _query(self, asked: Asked) -> Result:
        return result_of(self._reader.frame(asked))
