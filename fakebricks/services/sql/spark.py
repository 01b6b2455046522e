"""The engine that computes: a Spark Connect server, and this workspace's session on it.

Real: Sail, in this process, which is started on first use and shared by all workspaces; each has a session of its own.
Where a URL is given, it is that server instead, which must reach the tables where they are. Nothing is imported before
the first statement.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import warnings
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from itertools import count
from typing import TYPE_CHECKING, Any

from fakebricks.services.sql.errors import of_engine
from fakebricks.services.sql.json_values import json_value_at
from fakebricks.wire.errors import NotImplementedByFakebricks

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

_NEEDED = ("sqlglot", "pyspark", "deltalake", "pyarrow")
_VIEWS = 64
_RETRIES = 4
"""With pauses that add up to four seconds; pyspark's own would to ten minutes."""
_import = threading.Lock()
_JSON = "_json_value_at"
_SETTINGS = {
    "RUST_LOG": "error",
    # The least and greatest value that a file's footer knows leave NaN out, so that files with it would be passed over.
    "SAIL_PARQUET__PRUNING": "false",
    "SAIL_PARQUET__ENABLE_PAGE_INDEX": "false",
}
"""What Sail reads of the environment, once, at its start."""
Arguments = Mapping[str, Any] | Sequence[Any]


def require(*, embedded: bool) -> None:
    """Raise `NotImplementedByFakebricks` where this installation cannot execute SQL; imports nothing heavy."""
    needed = (*_NEEDED, "pysail") if embedded else _NEEDED
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        raise NotImplementedByFakebricks(
            f"fakebricks executes SQL with {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not "
            "installed here. Install it with: pip install 'fakebricks[sql]'"
        )


class Spark:
    """One workspace's session.

    Args:
        url: of a Spark Connect server, such as `sc://cluster:15002`; None for the one in this process.
    """

    def __init__(self, url: str | None = None) -> None:
        self._url = url
        self._session: SparkSession | None = None
        self._starting = threading.Lock()
        self._numbers = count()
        self._views: deque[str] = deque()

    def require(self) -> None:
        """Raise `NotImplementedByFakebricks` where what it takes is not installed."""
        require(embedded=self._url is None)

    @property
    def json_function(self) -> str | None:
        """What reads paths with `[*]` in the engine; a server elsewhere need not have fakebricks."""
        return _JSON if self._url is None else None

    @property
    def session(self) -> SparkSession:
        """The session, started if need be.

        Raises:
            NotImplementedByFakebricks: what it takes is not installed.
            SqlError: the server cannot be reached.
        """
        with self._starting:
            if self._session is None:
                self.require()
                self._session = self._started()
            return self._session

    def _started(self) -> SparkSession:
        session = _session(self._url or _embedded())
        if self.json_function is not None:
            from pyspark.sql.types import StringType

            with engine_errors():
                session.udf.register(self.json_function, json_value_at, StringType())
        return session

    def reaches(self, location: str) -> bool:
        """Whether the engine can read and write a place; the one in this process does not know a workspace's S3."""
        return self._url is not None or "://" not in location

    def query(self, text: str, arguments: Arguments | None = None) -> DataFrame:
        """What a query will answer; a command has been executed by then."""
        with engine_errors():
            return self.session.sql(text, args=arguments or None)

    def framed(self, rows: pa.Table) -> DataFrame:
        """A data frame of these rows."""
        with engine_errors():
            if not rows.num_columns:
                return self.session.range(0).drop("id")
            if not rows.num_rows:
                from pyspark.sql.pandas.types import from_arrow_schema

                return self.session.createDataFrame([], from_arrow_schema(rows.schema))
            return self.session.createDataFrame(rows)

    def view_of(self, rows: pa.Table) -> str:
        """The name of a temporary view of these rows, which is there for a while: until there are many newer ones."""
        name = f"_made_{next(self._numbers)}"
        with engine_errors():
            self.framed(rows).createOrReplaceTempView(name)
            self._views.append(name)
            if len(self._views) > _VIEWS:
                self.session.catalog.dropTempView(self._views.popleft())
        return name

    def close(self) -> None:
        """End the session; the server in this process goes on."""
        with self._starting:
            if self._session is not None:
                session, self._session = self._session, None
                session.client.close()


def analyzed(frame: DataFrame) -> DataFrame:
    """The same, once the engine has found out what its columns are.

    Raises:
        SqlError: it could not.
    """
    with engine_errors():
        _ = frame.schema
    return frame


@contextmanager
def engine_errors() -> Iterator[None]:
    """What goes wrong in the engine meanwhile is a `SqlError`."""
    with _import:
        _import_pyspark()
    from grpc import RpcError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, RpcError, UserWarning) as error:  # it warns of its last try, which may be an error
        raise of_engine(error) from None


def _session(url: str) -> SparkSession:
    with engine_errors():
        from pyspark.sql.connect.client.core import DefaultChannelBuilder
        from pyspark.sql.connect.client.retries import DefaultPolicy
        from pyspark.sql.connect.session import SparkSession

        # A proxy of the environment's is not on the way to a server that the test has named.
        channel = DefaultChannelBuilder(url, [("grpc.enable_http_proxy", 0)])
        session: SparkSession = SparkSession.builder.channelBuilder(channel).create()
        session.client.set_retry_policies([DefaultPolicy(max_retries=_RETRIES)])
        session.conf.set("spark.sql.session.timeZone", "UTC")
    return session


@cache
def _import_pyspark() -> None:
    """Import it, which takes a program that is no file, such as `python -c`, for the running of its own doctests."""
    program = sys.modules["__main__"]
    before = program.__spec__
    program.__spec__ = before or ModuleSpec("__main__", None)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pandas 3, which is not used here
            import pyspark.sql.connect.session  # noqa: F401
    finally:
        program.__spec__ = before


@cache
def _embedded() -> str:
    """The URL of the server in this process, of which there is one until the process ends."""
    from pysail.spark import SparkConnectServer

    ours = {name: value for name, value in _SETTINGS.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        server = SparkConnectServer()
        server.start(background=True)
    finally:
        for name in ours:
            os.environ.pop(name)
    atexit.register(server.stop)
    host, port = server.listening_address
    return f"sc://{host}:{port}"
