"""Spark SQL over the tables of one metastore.

Real: the grammar and functions of Spark's SQL, as far as the engine computes them; names of three levels, grants,
parameters, Delta tables. Simulated: time. Refused: what is not computed, by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fakebricks.clock import Clock
from fakebricks.services.sql import Parameter, Result, Session
from fakebricks.services.sql.alter import Alterations
from fakebricks.services.sql.asked import Asked
from fakebricks.services.sql.create_table import CreateTable
from fakebricks.services.sql.ddl import Definitions
from fakebricks.services.sql.describe import Descriptions
from fakebricks.services.sql.dml import Changes
from fakebricks.services.sql.errors import of_domain, refused, syntax_error
from fakebricks.services.sql.grants_sql import GrantStatements
from fakebricks.services.sql.information_schema import Read
from fakebricks.services.sql.maintenance import Maintenance
from fakebricks.services.sql.reader import Reader
from fakebricks.services.sql.results import result_of
from fakebricks.services.sql.sessions import Sessions
from fakebricks.services.sql.show import Listings
from fakebricks.services.sql.spark import Spark
from fakebricks.services.sql.views import Views
from fakebricks.services.sql.words import Words
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.state import State
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import DatabricksError, NotImplementedByFakebricks

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_REFUSED = (
    *("EXPLAIN", "COPY", "SET", "RESET", "CALL", "EXECUTE", "DECLARE", "BEGIN", "CACHE", "UNCACHE", "REFRESH", "MSCK"),
    *("LIST", "ADD", "DENY", "ANALYZE", "UNDROP", "GET", "PUT", "REMOVE", "LOAD", "CLEAR", "SYNC", "CONVERT", "REORG"),
    *("FSCK", "RESTORE", "LS", "TABLE"),
)
_QUERIES = ("SELECT", "WITH", "VALUES", "FROM", "(")


class SparkSql:
    """Executes statements; see `SqlEngine`.

    Args:
        metastore: whose tables they are about.
        spark: what computes.
        caller_named: finds a person by their name, as whom the views that they own read.
    """

    def __init__(
        self,
        metastore: Metastore,
        state: State,
        clock: Clock,
        spark: Spark,
        caller_named: Callable[[str], Caller | None] = lambda _: None,
    ) -> None:
        self._metastore = metastore
        self._clock = clock
        self._spark = spark
        self._reader = Reader(metastore, spark, caller_named)
        self._statements = self._executors(metastore, state, self._reader)

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
        with _unity_catalogs_words():
            asked = self._asked(statement, caller, session, parameters)
            return self._executor(asked.words)(asked)

    def frame(
        self,
        statement: str,
        caller: Caller | None,
        *,
        session: Session,
        parameters: Sequence[Parameter],
        views: frozenset[str],
    ) -> DataFrame:
        """The result of one statement as a data frame; that of a query is not computed yet.

        Args:
            statement: as of `execute`.
            caller: as of `execute`.
            session: as of `execute`.
            parameters: as of `execute`.
            views: names of temporary views of the engine's, which hide tables.

        Raises:
            SqlError, NotImplementedByFakebricks: as by `execute`.
        """
        self._spark.require()
        with _unity_catalogs_words():
            asked = self._asked(statement, caller, session, parameters, views)
            executor = self._executor(asked.words)
            if executor == self._query:
                return self._reader.frame(asked)
            return self._spark.framed(executor(asked).rows)

    def also_reads(self, full_name: str, read: Read) -> None:
        """Have queries read a table that a service makes when it is read.

        Args:
            full_name: its name, in lower case.
            read: makes the rows that a caller may read, or refuses.
        """
        self._reader.made.add(full_name, read)

    @property
    def default_session(self) -> Session:
        """Where names are looked for if nothing else is said: the workspace's own catalog."""
        return Session(self._metastore.unity_catalog.metastore.default_catalog_name or "main", "default")

    def _asked(
        self,
        statement: str,
        caller: Caller | None,
        session: Session | None,
        parameters: Sequence[Parameter],
        views: frozenset[str] = frozenset(),
    ) -> Asked:
        owner = self._metastore.unity_catalog.metastore.owner
        return Asked(
            words=Words(statement),
            caller=caller,
            user_name=caller.user_name if caller else owner,
            session=session or self.default_session,
            parameters=parameters,
            now=self._clock.now(),
            views=views,
        )

    def _executors(
        self, metastore: Metastore, state: State, reader: Reader
    ) -> tuple[tuple[tuple[str, ...], Callable[[Asked], Result]], ...]:
        """What executes the statements that begin with some words; of several, the first."""
        changes = Changes(metastore, reader)
        definitions = Definitions(metastore, state)
        grants = GrantStatements(metastore, state)
        descriptions = Descriptions(metastore, reader)
        maintenance = Maintenance(metastore, reader)
        alterations = Alterations(metastore, state, definitions)
        views = Views(metastore, state, reader, alterations.alter)
        make_table = CreateTable(metastore, reader).execute
        self._insert = changes.insert
        return (
            *(((keyword,), self._query) for keyword in _QUERIES),
            (("INSERT",), self._insert),
            (("UPDATE",), changes.update),
            (("DELETE",), changes.delete),
            (("MERGE",), changes.merge),
            (("TRUNCATE",), changes.truncate),
            (("CREATE", "TABLE"), make_table),
            (("CREATE", "OR", "REPLACE", "TABLE"), make_table),
            (("CREATE", "VIEW"), views.create),
            (("CREATE", "OR", "REPLACE", "VIEW"), views.create),
            (("ALTER", "VIEW"), views.alter),
            (("CREATE",), definitions.create),
            (("DROP",), definitions.drop),
            (("COMMENT",), definitions.comment_on),
            (("ALTER",), alterations.alter),
            (("SHOW",), Listings(metastore, reader, grants.show).show),
            (("DESCRIBE",), descriptions.describe),
            (("DESC",), descriptions.describe),
            (("GRANT",), grants.grant),
            (("REVOKE",), grants.revoke),
            (("OPTIMIZE",), maintenance.optimize),
            (("VACUUM",), maintenance.vacuum),
            (("USE",), Sessions(metastore).use),
        )

    def _executor(self, words: Words) -> Callable[[Asked], Result]:
        if words.sees("WITH") and words.has_outside("INSERT"):
            return self._insert
        for keywords, executor in self._statements:
            if words.sees(*keywords):
                return executor
        if words.next.says(*_REFUSED):
            raise refused(f"{words.next.text.upper()} statements")
        raise syntax_error(words.next.text)

    def _query(self, asked: Asked) -> Result:
        return result_of(self._reader.frame(asked))


@contextmanager
def _unity_catalogs_words() -> Iterator[None]:
    """What Unity Catalog refuses meanwhile is a `SqlError`."""
    try:
        yield
    except NotImplementedByFakebricks:
        raise
    except DatabricksError as error:
        raise of_domain(error) from None
