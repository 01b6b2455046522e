"""What a test does with a workspace's data, and with traffic: a part of `Workspace`.

Real: the traffic that `replay` sends is that of a client. Services load when they are first asked for, as in
`workspace`.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import ref

from fakebricks.clock import Clock
from fakebricks.roster import Roster
from fakebricks.services.files.s3.places import S3_PATH
from fakebricks.services.iam.people import People
from fakebricks.state import MemoryState
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import PermissionDenied
from fakebricks.wire.messages import Reply, Request
from fakebricks.wiring import Services

if TYPE_CHECKING:
    import pyarrow as pa

    from fakebricks.replay import Frame, Replayed
    from fakebricks.services.sql.spark_session import WorkspaceSession
    from fakebricks.wire.server import Server, Tenant


class SocketS3:
    """A workspace's S3 for clients that open sockets: a server in this process, started when it is first needed."""

    def __init__(self, workspace: Tenant) -> None:
        # No cycle: a workspace is freed with the last reference to it, and its files with it.
        self._workspace = ref(workspace)
        self._server: Server | None = None
        self._lock = Lock()

    def url(self) -> str:
        """Where it is."""
        from fakebricks.wire.server import Server

        with self._lock:
            workspace = self._workspace()
            if self._server is None and workspace is not None:
                self._server = Server()
                self._server.add(workspace)
                self._server.start()
        return f"{self._server.url}{S3_PATH}" if self._server else ""

    def close(self) -> None:
        """Stop the server, if there is one."""
        with self._lock:
            if self._server is not None:
                self._server.stop()
            self._server = None


class WorkspaceData:
    """Traffic, and what becomes of it; never there but in a `Workspace`, which has the attributes."""

    clock: Clock
    user_name: str
    _acting: list[str]
    _roster: Roster
    _services: Services
    _state: MemoryState

    def handle(self, request: Request) -> Reply:
        """Answer one request."""
        raise NotImplementedError

    def table(self, full_name: str) -> pa.Table:
        """All rows of a table or view of Unity Catalog, with those of an inference table that are due by now.

        Within `acting_as`, that person reads it, who must be allowed to; else it is the test that looks, which may.
        `system.serving.endpoint_usage` is a table too, with the requests to endpoints whose usage is tracked.

        Raises:
            DatabricksError: there is no such table, the person may not read it, or deltalake is not installed.
        """
        return self._read(full_name, self._reader())

    def sql(self, statement: str, /, **parameters: Any) -> pa.Table:
        """What one SQL statement answers.

        Within `acting_as`, that person executes it, who must be allowed to; else it is the test that does, which may.

        >>> from fakebricks import fake_workspace
        >>> with fake_workspace() as workspace:
        ...     _ = workspace.sql("CREATE TABLE main.default.cards (id BIGINT, amount DOUBLE)")
        ...     _ = workspace.sql("INSERT INTO main.default.cards VALUES (1, 9.5), (2, 80.0)")
        ...     workspace.sql("SELECT id FROM main.default.cards WHERE amount > :least", least=50).to_pylist()
        [{'id': 2}]

        Args:
            statement: its text; see docs/sql.md.
            parameters: what `:name` in it stands for: strings, numbers, booleans, dates, decimals or None.

        Raises:
            SqlError: it is no statement, or it fails, or the person may not.
            TypeError: a parameter is of another type.
            NotImplementedByFakebricks: fakebricks does not compute such statements, or the engine is not installed.
        """
        from fakebricks.services.sql.engine import SparkSql
        from fakebricks.services.sql.parameters import parameter_of

        given = [parameter_of(name, value) for name, value in parameters.items()]
        return self._services[SparkSql].execute(statement, self._reader(), parameters=given).rows

    @cached_property
    def spark(self) -> WorkspaceSession:
        """A Spark session whose `sql`, `table` and `read.table` see the workspace's tables, for tests of Spark code.

        >>> from fakebricks import fake_workspace
        >>> with fake_workspace() as workspace:
        ...     spark = workspace.spark
        ...     _ = spark.sql("CREATE TABLE main.default.cards AS SELECT id, id * 10 AS amount FROM range(5)")
        ...     spark.table("main.default.cards").where("amount > 20").count()
        2
        """
        from fakebricks.services.sql.engine import SparkSql
        from fakebricks.services.sql.spark import Spark
        from fakebricks.services.sql.spark_session import WorkspaceSession

        return WorkspaceSession(self._services[Spark], self._services[SparkSql], self._reader)

    def replay(
        self,
        endpoint: str,
        frame: Frame,
        *,
        over: timedelta | None = None,
        times: str | None = None,
        client_request_id: str | None = None,
        rows_per_request: int = 1,
        served_model: str | None = None,
        check: bool = False,
    ) -> Replayed:
        """Send the rows of a data frame to a serving endpoint, spread over simulated time.

        The workspace's user sends them, or within `acting_as` that person. Afterwards it is later: the clock is at the
        end of the traffic. An answer that is an error is in the result, as one of its `errors`.

        Args:
            endpoint: whom to ask.
            frame: a `pandas.DataFrame` or a `pyarrow.Table`, each row of which is one of the model's input.
            over: how long it takes; a week by default. With `times`, these are stretched to it.
            times: the column that says when each row is sent (timestamps, or seconds; in order). Only the distances
                count: the first row is sent now. It is no input of the model.
            client_request_id: the column with each request's own id, by which labels can be joined later. It is no
                input of the model either.
            rows_per_request: how many rows each request has; they are sent when the first of them is.
            served_model: the one of the endpoint's models that is asked, whatever its traffic split.
            check: raise where an answer is an error.

        Raises:
            ValueError: the clock is not virtual, or the traffic is not possible: a column is missing, or there is no
                row.
            TypeError: it is no such data frame, or a value has no JSON.
            ReplayError: `check` is set, and an answer is an error.
        """
        from fakebricks.replay import Traffic, check_answers, replay

        name = self._acting[-1] if self._acting else self.user_name
        with self._state.transaction():
            token = self._roster.person(name).token
        traffic = Traffic(endpoint, frame, over, times, client_request_id, rows_per_request, served_model)
        replayed = replay(traffic, self.handle, self.clock, token)
        if check:
            check_answers(replayed)
        return replayed

    def save_table(self, full_name: str, rows: Frame, *, append: bool = False) -> None:
        """Make a managed Delta table of rows, as a notebook's `saveAsTable` does, or add them to one that is there.

        Within `acting_as`, that person makes it, is its owner, and must be allowed to; else it is the test that does,
        which may, and the workspace's user is the owner.

        Args:
            full_name: of the table.
            rows: a `pandas.DataFrame`, whose index is left out, or a `pyarrow.Table`.
            append: add the rows to the table, where there is one; a column that they lack is NULL.

        Raises:
            DatabricksError: there is one already, what it is to be in is missing, it may not be made or written, or
                Delta cannot have such columns.
            TypeError: the rows are neither.
        """
        from fakebricks.services.unity_catalog.arrow_tables import as_arrow, columns_of
        from fakebricks.services.unity_catalog.authority import Authority
        from fakebricks.services.unity_catalog.delta_tables import DeltaTables
        from fakebricks.services.unity_catalog.rules import Rule
        from fakebricks.services.unity_catalog.tables import Tables

        added = as_arrow(rows)
        caller, services = self._reader(), self._services
        there = append and services[Tables].get(full_name) is not None
        if caller is not None:
            place = full_name if there else full_name.rpartition(".")[0]
            services[Authority].require(Rule.WRITE_TABLE if there else Rule.CREATE_TABLE, place, caller)
        if not there:
            owner = caller.user_name if caller else self.user_name
            services[DeltaTables].create(full_name, columns_of(added.schema), owner)
        services[DeltaTables].add(full_name, added)

    def storage_options(self, full_name: str) -> dict[str, str]:
        """What readers and writers of Delta must be told, beside its `storage_location`, to reach a table.

        Nothing, where it is on this machine's disk; for one in an S3, the endpoint and a credential, as
        `deltalake.DeltaTable(location, storage_options=...)` and `polars.read_delta` take them.

        Raises:
            DatabricksError: there is no such table.
        """
        from fakebricks.services.unity_catalog.delta_tables import DeltaTables

        return self._services[DeltaTables].storage_options(full_name)

    def unpacked(self, full_name: str, *, signature: Any = None, prefix: str = "") -> pa.Table:
        """The rows of an inference table as features and predictions: one for each row that a model has scored.

        The columns are those of `fakebricks.unpack`, typed by the signatures of the models that the table has rows of;
        `model_name` and `model_version` are those of each row. What cannot be unpacked is a row too, with an `error`.

        Args:
            full_name: of an inference table, which who is acting may read.
            signature: of all rows, where the models' own are not to be taken: MLflow's `ModelSignature`, or what its
                `to_dict` returns.
            prefix: of the names of inputs, where one of them is that of another column.

        Raises:
            DatabricksError: there is no such table, or it may not be read.
            ValueError: it is no inference table, no signature, or two columns would have one name.
        """
        from fakebricks.services.model_serving.payload_features import PayloadFeatures

        return self._services[PayloadFeatures].unpacked(self.table(full_name), full_name, signature, prefix)

    def _reader(self) -> Caller | None:
        """Who acts in this process; None where it is the test itself."""
        if not self._acting:
            return None
        caller = self._services[People].caller_named(self._acting[-1])
        if caller is None:
            raise PermissionDenied(f"{self._acting[-1]} is no longer in the workspace.")
        return caller

    def _read(self, full_name: str, reader: Caller | None) -> pa.Table:
        """A table's rows, as far as a reader may read them, if there is one."""
        from fakebricks.services.model_serving.ai_gateway.usage import TABLE, UsageTable
        from fakebricks.services.sql.engine import SparkSql
        from fakebricks.services.sql.errors import quoted
        from fakebricks.services.unity_catalog.authority import Authority
        from fakebricks.services.unity_catalog.delta_tables import DeltaTables
        from fakebricks.services.unity_catalog.rules import Rule
        from fakebricks.services.unity_catalog.tables import Tables

        if full_name.lower() == TABLE:
            return self._services[UsageTable].read(reader)
        if reader is not None:
            self._services[Authority].require(Rule.READ_TABLE, full_name, reader)
        named = self._services[Tables].get(full_name)
        if named is not None and named.view is not None:
            return self._services[SparkSql].execute(f"FROM {quoted(*named.key)}", reader).rows
        return self._services[DeltaTables].read(full_name)
