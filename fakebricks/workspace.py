"""The composition root: a workspace has a clock, state, people and services, and answers requests.

The way of a call is one direction: a way in (`wire.intercept`, `wire.server`) → `Workspace.handle` → `wire.exchange` →
an operation of a service → its domain, and back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from fakebricks.clock import Clock, VirtualClock
from fakebricks.control.admin import Admin, Controlled
from fakebricks.ids import Ids, WorkspaceIdentity
from fakebricks.library_drift import WorkspaceDrift, drift_of
from fakebricks.persons import Auth, Group, Person, ServicePrincipal, Surroundings, credential_of
from fakebricks.profiles import checked_profiles
from fakebricks.roster import Principal, Roster
from fakebricks.routes import router
from fakebricks.services.files.s3.places import S3_PATH
from fakebricks.services.model_registry.records import VersionLineage
from fakebricks.services.model_serving.ai_gateway.usage import TABLE as USAGE
from fakebricks.services.model_serving.capture import LegacyTables
from fakebricks.services.model_serving.external_models.providers import Provider
from fakebricks.services.model_serving.runtimes.choice import ImageOption, RuntimeOption, chosen
from fakebricks.services.model_serving.timings import Seconds, Timings
from fakebricks.services.sql.parameters import parameter_of
from fakebricks.services.sql.spark_session import WorkspaceSession
from fakebricks.services.sql.timings import WarehouseTimings
from fakebricks.services.tracking.made_runs import MadeRuns, RunWatch
from fakebricks.services.tracking.rate_limits import rate_limits as chosen_limits
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.state import MemoryState, Scratch, Snapshot
from fakebricks.wire.authentication import Caller
from fakebricks.wire.calls import Calls
from fakebricks.wire.errors import PermissionDenied
from fakebricks.wire.exchange import Exchange
from fakebricks.wire.faults import Faults
from fakebricks.wire.messages import Reply, Request
from fakebricks.wire.rate_limits import RateLimits
from fakebricks.wiring import Services, StorageOption
from fakebricks.workspace_data import SocketS3, WorkspaceData

if TYPE_CHECKING:
    import pyarrow as pa
    from responses import RequestsMock

    from fakebricks.wire.server import Server

DEFAULT_USER = "jane@acme.test"


class UnsupportedCallError(AssertionError):
    """Code under test asked for something that fakebricks does not compute."""


class Workspace(WorkspaceData, WorkspaceDrift):
    """A fake Databricks workspace.

    >>> from fakebricks.wire import Request
    >>> workspace = Workspace()
    >>> reply = workspace.handle(Request.of("GET", "/api/2.0/preview/scim/v2/Me"))
    >>> reply.status, reply.json()["error_code"]
    (401, 401)
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        strict: bool = True,
        seed: int = 0,
        storage: StorageOption = "presigned",
        runtime: RuntimeOption = "process",
        runtime_image: ImageOption | None = None,
        catalogs: tuple[str, ...] = ("main",),
        user: str = DEFAULT_USER,
        host: str | None = None,
        token: str | None = None,
        keep_calls: int | None = None,
        profiles: tuple[str, ...] = (),
        rate_limits: Literal["documented"] | Mapping[str, float] | None = None,
        serving: Mapping[str, Seconds] | None = None,
        warehouses: Mapping[str, float] | None = None,
        spark: str | None = None,
        legacy_inference_tables: LegacyTables = "accept",
    ) -> None:
        self.clock = clock or VirtualClock()
        self.calls = Calls(keep_calls)
        self.strict = strict
        self.unsupported: deque[str] = deque(maxlen=keep_calls)
        """What was asked of this workspace and refused as not implemented, or failed inside the fake."""
        self.user_name = user
        self.profiles = checked_profiles(profiles)
        """The names of the Databricks profiles that lead to this workspace, beside DEFAULT."""
        self._ids = Ids(seed)
        workspace_id = self._ids.number()
        self.identity = WorkspaceIdentity(
            host or f"https://workspace-{workspace_id}.fakebricks.test", workspace_id, self._ids.uuid()
        )
        self.token = token or self._ids.token()
        self._scratch = Scratch()
        self._state = MemoryState()
        self._socket_s3 = SocketS3(self)
        self._services = Services(
            self._state,
            self._ids,
            self.clock,
            self.identity,
            self._scratch,
            secret=f"{self.token}{self._ids.hex32()}",
            storage=storage,
            timings=Timings.of(serving),
            warehouse_timings=WarehouseTimings.of(warehouses),
            spark=spark,
            legacy_inference_tables=legacy_inference_tables,
            s3_url=self._socket_s3.url,
            runtime=chosen(runtime, runtime_image),
        )
        self._roster = Roster(self._services.people)
        self.faults = Faults(router().operations)
        self._drift = drift_of(self._services, self.calls)
        self._services.add(Admin(self._controlled()))
        self._exchange = Exchange(
            router(),
            self._services,
            transaction=self._state.transaction,
            caller=self._services.credentials.caller,
            clock=self.clock,
            ids=self._ids,
            identity=self.identity,
            rate_limits=RateLimits(chosen_limits(rate_limits)),
            faults=self.faults,
            calls=self.calls,
            unsupported=self.unsupported,
        )
        self._spark = WorkspaceSession(self._services.spark, self._services.sql, self._reader)
        self._surroundings: list[Surroundings] = []
        self._acting: list[str] = []
        self.user(user, token=self.token)
        self._services.unity_catalog.update_metastore(owner=user, default_catalog_name=next(iter(catalogs), None))
        for catalog in catalogs:
            self._services.unity_catalog.create_catalog(catalog, user)
        self._services.warehouses.add_starter(user)

    @property
    def host(self) -> str:
        """The workspace's URL, without a trailing slash."""
        return self.identity.host

    @property
    def storage(self) -> StorageOption:
        """By which route clients move the files of model versions."""
        return self._services.storage

    def env(self, host: str | None = None) -> dict[str, str]:
        """The environment variables that make clients talk to this workspace, at its own host or at a server's URL.

        `MLFLOW_TRACKING_TOKEN` is for who sets that URL itself as the tracking URI, as of a plain MLflow server. Such a
        client uses the other variables too: as on the platform, artifacts travel by the Databricks routes. With
        `storage="s3"`, two more make clients of S3 talk to the workspace's own endpoint.
        """
        return {
            **self._s3_variables(host or self.host),
            "DATABRICKS_HOST": host or self.host,
            "DATABRICKS_TOKEN": self.token,
            "MLFLOW_TRACKING_URI": "databricks",
            "MLFLOW_TRACKING_TOKEN": self.token,
            "MLFLOW_REGISTRY_URI": "databricks-uc",
        }

    def user(self, name: str, *, groups: Iterable[str] = (), admin: bool = False, token: str | None = None) -> Person:
        """A user of the workspace, who is added if need be, with a home folder.

        The workspace's own user, who is the first, is its admin; everybody else is an ordinary user, until they are
        made an admin too.

        Args:
            name: such as `bob@acme.test`, or just `bob`.
            groups: the names of groups to be in, beside those that they are in already; made if need be.
            admin: also in the group `admins`.
            token: one to call the workspace with; one is made up for a new person.

        Raises:
            ValueError: the name cannot be that of a user, the token is none or somebody else's, or a group cannot be.
        """
        with self._state.transaction():
            return self._roster.user(name, token, groups, admin=admin)

    def service_principal(self, display_name: str, *, groups: Iterable[str] = ()) -> ServicePrincipal:
        """A service principal of the workspace, which is added if need be, with a token and a secret to sign in with.

        >>> workspace = Workspace()
        >>> scoring = workspace.service_principal("prod-scoring", groups=["scoring"])
        >>> scoring.user_name == scoring.client_id == workspace.service_principal("prod-scoring").client_id
        True

        Args:
            display_name: what it is called; its `user_name` is its application id, a UUID.
            groups: the names of groups to be in, beside those that it is in already; made if need be.

        Raises:
            ValueError: it cannot be called so, or a group cannot be.
            LookupError: several are called so.
        """
        with self._state.transaction():
            return self._roster.service_principal(display_name, groups)

    def group(self, display_name: str, *, members: Iterable[Principal] = ()) -> Group:
        """A group of the workspace, which is added if need be.

        Args:
            display_name: what it is called.
            members: who is to be in it, beside those who are already: names of users and groups, display names or
                application ids of service principals, or what `user`, `service_principal` and `group` returned.

        Raises:
            ValueError: it cannot be called so, or would come to be in itself.
            LookupError: there is no such member, or there are several of that name.
        """
        with self._state.transaction():
            return self._roster.group(display_name, members)

    @contextmanager
    def acting_as(self, name: str, *, auth: Auth = "pat") -> Iterator[Person]:
        """Meanwhile, clients in this process call the workspace as another of its people.

        It is as if another program ran: MLflow begins with nothing active. All is put back on exit. The environment is
        that of the whole process, so other threads are that person, too.

        >>> from fakebricks import fake_workspace
        >>> from databricks.sdk import WorkspaceClient
        >>> with fake_workspace() as workspace:
        ...     workspace.user("bob@acme.test")
        ...     with workspace.acting_as("bob@acme.test"):
        ...         WorkspaceClient().current_user.me().user_name
        Person(user_name='bob@acme.test')
        'bob@acme.test'

        Args:
            name: of a user; or the display name or application id of a service principal.
            auth: `"pat"` for a token in `DATABRICKS_TOKEN`, or `"oauth-m2m"` for a service principal's
                `DATABRICKS_CLIENT_ID` and `DATABRICKS_CLIENT_SECRET`.

        Raises:
            LookupError: there is no such person, or there are several service principals of that name.
            ValueError: a user is to sign in by a client id and secret, which only service principals have.
            RuntimeError: nobody has entered the workspace, so that no environment leads to it.
        """
        with self._state.transaction():
            person = self._roster.person(name)
        credential = credential_of(person, auth)
        if not self._surroundings:
            message = (
                f"acting_as({name!r}) changes the environment of this process, which does not lead to the workspace: "
                "use it within fake_workspace() or a fixture, or send requests with user(...).token"
            )
            raise RuntimeError(message)
        self._acting.append(person.user_name)
        try:
            with self._surroundings[-1](credential):
                yield person
        finally:
            self._acting.remove(person.user_name)

    @contextmanager
    def surrounded(self, surroundings: Surroundings) -> Iterator[None]:
        """Meanwhile, the environment of this process leads to the workspace.

        Args:
            surroundings: makes it lead there with another credential.
        """
        self._surroundings.append(surroundings)
        try:
            yield
        finally:
            self._surroundings.remove(surroundings)

    def table(self, full_name: str) -> pa.Table:
        """All rows of a Delta table of Unity Catalog, with those of an inference table that are due by now.

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
        given = [parameter_of(name, value) for name, value in parameters.items()]
        return self._services.sql.execute(statement, self._reader(), parameters=given).rows

    @property
    def spark(self) -> WorkspaceSession:
        """A Spark session whose `sql`, `table` and `read.table` see the workspace's tables, for tests of Spark code.

        >>> from fakebricks import fake_workspace
        >>> with fake_workspace() as workspace:
        ...     spark = workspace.spark
        ...     _ = spark.sql("CREATE TABLE main.default.cards AS SELECT id, id * 10 AS amount FROM range(5)")
        ...     spark.table("main.default.cards").where("amount > 20").count()
        2
        """
        return self._spark

    def lineage(self, full_name: str, version: int | str) -> VersionLineage:
        """What clients told about a model version: where it comes from, what uses it, and what it needs.

        >>> workspace = Workspace()
        >>> registry = workspace._services.registry
        >>> model = registry.create_model("main.default.fraud", workspace.user_name)
        >>> version = registry.create_version(model.name, workspace.user_name, source="dbfs:/fraud")
        >>> workspace.lineage("main.default.fraud", 1).upstream
        ()

        Args:
            full_name: of a registered model of Unity Catalog.
            version: its number.

        Raises:
            DatabricksError: there is no such version.
        """
        return self._services.registry.lineage.of(self._services.registry.get_version(full_name, str(version)))

    def model_provider(self, name: str, provider: Provider) -> None:
        """Let queries to external models, or to the platform's own, be answered by a callable; nothing else does.

        >>> from fakebricks import fake_workspace
        >>> with fake_workspace() as workspace:
        ...     workspace.model_provider("openai", lambda request: request["messages"][-1]["content"].upper())

        Args:
            name: of an endpoint, a served entity, a model (`gpt-4o`) or a provider (`openai`); the first of these that
                has a callable is asked. Of the platform's own endpoints, `databricks-...`, those exist that have one.
            provider: takes the request in OpenAI's shape as a dict, and returns text, a vector for embeddings, or an
                answer in OpenAI's shape; or it yields texts or chunks, which are a stream to who asks for one. It may
                raise `ModelProviderError`; what else it raises is an error of the provider's with status 500, but for a
                failed assertion, which is the test's.

        Raises:
            TypeError: it cannot be called.
        """
        self._services.providers.add(name, provider)

    def serving_runtime(
        self, endpoint: str, *, runtime: RuntimeOption, runtime_image: ImageOption | None = None
    ) -> None:
        """Let one endpoint's models be loaded elsewhere than the workspace's, from its next deployment on.

        >>> workspace = Workspace()
        >>> workspace.serving_runtime("fraud", runtime="virtualenv", runtime_image="16.4 LTS ML")

        Args:
            endpoint: its name; it need not exist yet.
            runtime: `"process"`, `"virtualenv"` or `"docker"`.
            runtime_image: the name of a Databricks Runtime, or versions by package; as the model was logged by default.

        Raises:
            ValueError: there is no such runtime or image, or no endpoint can be called so.
        """
        with self._state.transaction():
            self._services.serving_runtimes.choose(endpoint, runtime, runtime_image)

    @property
    def runs(self) -> MadeRuns:
        """All MLflow runs of the workspace, to assert on; see `watch_runs` for those of a piece of code."""
        return self._services.all_runs.made

    @contextmanager
    def watch_runs(self) -> Iterator[MadeRuns]:
        """The MLflow runs that are made while it is entered: how many, where, and in which state they are left.

        What happens to them afterwards is still seen.

        >>> from fakebricks import fake_workspace
        >>> from mlflow import MlflowClient
        >>> def train(client):
        ...     experiment = client.create_experiment("/Shared/fraud")
        ...     run = client.create_run(experiment, tags={"team": "risk"})
        ...     client.update_run(run.info.run_id, status="FINISHED")
        >>> with fake_workspace() as workspace:
        ...     with workspace.watch_runs() as made:
        ...         train(MlflowClient())
        >>> assert made.experiments == {"/Shared/fraud": 1}
        >>> assert not made.unfinished
        >>> assert not made.untagged("team")
        """
        watch = RunWatch(self._services.all_runs)
        try:
            yield watch.made
        finally:
            watch.end()

    def snapshot(self) -> Snapshot:
        """Everything the workspace holds, as it is now. The clock is not part of it: time does not go back."""
        self._services.delta_tables.note_versions()
        return self._state.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Bring the workspace back to a snapshot of its own, which can be used again."""
        self._state.restore(snapshot)
        self._services.restored()

    def serve(self, port: int = 0, host: str = "127.0.0.1") -> Server:
        """An HTTP server for this workspace; started when it is entered, stopped when it is left.

        >>> workspace = Workspace()
        >>> with workspace.serve() as server:
        ...     environment = workspace.env(server.url)
        """
        from fakebricks.wire.server import Server

        server = Server(host, port)
        server.add(self)
        return server

    def mount(self, mock: RequestsMock) -> None:
        """Let an existing `responses` mock answer for this workspace's host too.

        What the test mocked itself on that host goes first.

        >>> import requests, responses
        >>> workspace = Workspace()
        >>> with responses.RequestsMock() as mock:
        ...     workspace.mount(mock)
        ...     requests.get(f"{workspace.host}/.well-known/databricks-config").status_code
        200
        """
        from fakebricks.wire.mounting import MountedWorkspace

        mock.add(MountedWorkspace(self, mock))

    def close(self) -> None:
        """Remove the workspace's files and its bucket, and end what its models run in."""
        self._socket_s3.close()
        self._services.close()
        self._scratch.close()

    def handle(self, request: Request) -> Reply:
        """Answer one request: the only way through. Never raises; what goes wrong is a reply."""
        return self._exchange.answer(request)

    def raise_unsupported(self) -> None:
        """Raise if anything was asked that the fake does not compute.

        Raises:
            UnsupportedCallError: names every such call.
        """
        if self.unsupported:
            raise UnsupportedCallError("\n".join(dict.fromkeys(self.unsupported)))

    def recognises(self, request: Request) -> bool:
        """Whether the request carries a credential of this workspace.

        That is a token, a client id of somebody who signs in, the signature of a signed URL, or a credential of AWS.
        """
        if self._services.s3.recognises(request):
            return True
        recognised = self._services.credentials.recognises(request)
        if recognised is not None:
            return recognised
        return self._services.signed_urls.made(request.path, dict(request.query))

    def _s3_variables(self, host: str) -> dict[str, str]:
        if self.storage != "s3":
            return {}
        return dict.fromkeys(("MLFLOW_S3_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"), f"{host}{S3_PATH}")

    def _reader(self) -> Caller | None:
        """Who acts in this process; None where it is the test itself."""
        if not self._acting:
            return None
        caller = self._services.people.caller_named(self._acting[-1])
        if caller is None:
            raise PermissionDenied(f"{self._acting[-1]} is no longer in the workspace.")
        return caller

    def _read(self, full_name: str, reader: Caller | None) -> pa.Table:
        """A table's rows, as far as a reader may read them, if there is one."""
        if full_name.lower() == USAGE:
            return self._services.usage_table.read(reader)
        if reader is not None:
            self._services.authority.require(Rule.READ_TABLE, full_name, reader)
        return self._services.delta_tables.read(full_name)

    def _controlled(self) -> Controlled:
        all_runs = self._services.all_runs
        return Controlled(
            clock=self.clock,
            calls=self.calls,
            snapshot=self.snapshot,
            restore=self.restore,
            table=self._read,
            lineage=self.lineage,
            faults=self.faults,
            runs=all_runs,
            watch_runs=lambda: RunWatch(all_runs),
            drift=self._drift,
            people=self,
            serving_runtime=self.serving_runtime,
        )
