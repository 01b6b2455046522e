"""The composition root: a workspace has a clock, state, people and services, and answers requests.

The way of a call is one direction: a way in (`wire.intercept`, `wire.server`) → `Workspace.handle` → `wire.exchange` →
an operation of a service → its domain, and back. Services load when they are first asked for (see `wiring`); so a
method here imports the class of the one that it asks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from fakebricks.clock import Clock, VirtualClock
from fakebricks.control.admin import Admin, Controlled
from fakebricks.ids import Ids, WorkspaceIdentity
from fakebricks.roster import Roster, several
from fakebricks.routes import router
from fakebricks.services.files.s3.places import S3_PATH
from fakebricks.services.files.signed_urls import SignedUrls
from fakebricks.services.iam.credentials import Credentials
from fakebricks.services.iam.people import People
from fakebricks.services.model_serving.runtimes.choice import ImageOption, RuntimeOption, chosen
from fakebricks.services.model_serving.timings import Seconds, Timings
from fakebricks.services.sql.timings import WarehouseTimings
from fakebricks.services.sql.warehouses import Warehouses
from fakebricks.services.tracking.rate_limits import rate_limits as chosen_limits
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.state import MemoryState, Scratch, Snapshot
from fakebricks.surroundings.persons import Surroundings
from fakebricks.surroundings.profiles import checked_profiles
from fakebricks.wire.calls import Calls
from fakebricks.wire.exchange import Exchange
from fakebricks.wire.faults import Faults
from fakebricks.wire.messages import Reply, Request
from fakebricks.wire.rate_limits import RateLimits
from fakebricks.wiring import Services, StorageOption
from fakebricks.workspace_data import SocketS3, WorkspaceData
from fakebricks.workspace_drift import WorkspaceDrift
from fakebricks.workspace_people import WorkspacePeople

if TYPE_CHECKING:
    from responses import RequestsMock

    from fakebricks.contracts.findings import Verdict
    from fakebricks.contracts.policies import Policies
    from fakebricks.services.model_registry.records import VersionLineage
    from fakebricks.services.model_serving.capture import LegacyTables
    from fakebricks.services.model_serving.external_models.providers import Provider
    from fakebricks.services.tracking.made_runs import MadeRuns, RunWatch
    from fakebricks.wire.server import Server

DEFAULT_USER = "jane@acme.test"


class UnsupportedCallError(AssertionError):
    """Code under test asked for something that fakebricks does not compute."""


class Workspace(WorkspacePeople, WorkspaceData, WorkspaceDrift):
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
        self.policies: Policies | None = None
        """What a clean exit of `fake_workspace` holds it to."""
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
        self._roster = Roster(self._services[People])
        self.faults = Faults(lambda: router().operations)
        self._services.add(Admin(self._controlled()))
        self._exchange = Exchange(
            router(),
            self._services,
            transaction=self._state.transaction,
            caller=self._services[Credentials].caller,
            clock=self.clock,
            ids=self._ids,
            identity=self.identity,
            rate_limits=RateLimits(chosen_limits(rate_limits)),
            faults=self.faults,
            calls=self.calls,
            unsupported=self.unsupported,
        )
        self._surroundings: list[Surroundings] = []
        self._acting: list[str] = []
        self.user(user, token=self.token)
        catalogs = several(catalogs, "catalogs")
        unity_catalog = self._services[UnityCatalog]
        unity_catalog.update_metastore(owner=user, default_catalog_name=next(iter(catalogs), None))
        for catalog in catalogs:
            unity_catalog.create_catalog(catalog, user)
        self._services[Warehouses].add_starter(user)

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

    def lineage(self, full_name: str, version: int | str) -> VersionLineage:
        """What clients told about a model version: where it comes from, what uses it, and what it needs.

        >>> workspace = Workspace()
        >>> from fakebricks.services.model_registry.model_registry import ModelRegistry
        >>> registry = workspace._services[ModelRegistry]
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
        from fakebricks.services.model_registry.model_registry import ModelRegistry

        registry = self._services[ModelRegistry]
        return registry.lineage.of(registry.get_version(full_name, str(version)))

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
        from fakebricks.services.model_serving.external_models.providers import Providers

        self._services[Providers].add(name, provider)

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
        from fakebricks.services.model_serving.serving_runtimes import ServingRuntimes

        with self._state.transaction():
            self._services[ServingRuntimes].choose(endpoint, runtime, runtime_image)

    @property
    def runs(self) -> MadeRuns:
        """All MLflow runs of the workspace, to assert on; see `watch_runs` for those of a piece of code."""
        from fakebricks.services.tracking.made_runs import AllRuns

        return self._services[AllRuns].made

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
        watch = self._run_watch()
        try:
            yield watch.made
        finally:
            watch.end()

    def snapshot(self) -> Snapshot:
        """Everything the workspace holds, as it is now. The clock is not part of it: time does not go back."""
        for note in self._services.before_snapshot:
            note()
        return self._state.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Bring the workspace back to a snapshot of its own, which can be used again."""
        self._state.restore(snapshot)
        for bring_in_line in self._services.after_restore:
            bring_in_line()

    def check(self, scenario: str, *, endpoint: str, **parameters: Any) -> Verdict:
        """Run a scenario in which models break in production against an endpoint, and bring the workspace back.

        Simulated time has passed afterwards; else all is as it was.

        Args:
            scenario: its name, such as `cold_start`, or the path of a file of your own; see docs/scenarios.md.
            endpoint: the name of an endpoint that serves a model of Unity Catalog.
            parameters: of the scenario, such as `sla="1s"`.

        Returns:
            The verdict, with its evidence; a scenario that has nothing to test here is `NOT_APPLICABLE`.

        Raises:
            ContractBrokenError: the endpoint breaks its contract; an `AssertionError` that shows the evidence.
            LookupError: there is no such scenario or endpoint.
            ParameterError: a parameter makes no sense.
            ScenarioError: the scenario itself has failed.
        """
        from fakebricks.contracts.checking import check

        return check(self, scenario, endpoint, parameters)

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
        self._services.closing.close()
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
        if self.storage == "s3" and self._recognised_by_s3(request):
            return True
        recognised = self._services[Credentials].recognises(request)
        if recognised is not None:
            return recognised
        return self._services[SignedUrls].made(request.path, dict(request.query))

    def _s3_variables(self, host: str) -> dict[str, str]:
        if self.storage != "s3":
            return {}
        return dict.fromkeys(("MLFLOW_S3_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"), f"{host}{S3_PATH}")

    def _recognised_by_s3(self, request: Request) -> bool:
        from fakebricks.services.files.s3.api import S3Endpoint

        return self._services[S3Endpoint].recognises(request)

    def _run_watch(self) -> RunWatch:
        from fakebricks.services.tracking.made_runs import AllRuns, RunWatch

        return RunWatch(self._services[AllRuns])

    def _controlled(self) -> Controlled:
        return Controlled(
            clock=self.clock,
            calls=self.calls,
            snapshot=self.snapshot,
            restore=self.restore,
            table=self._read,
            lineage=self.lineage,
            faults=self.faults,
            runs=lambda: self.runs,
            watch_runs=self._run_watch,
            drift=lambda: self._library_drift,
            people=self,
            serving_runtime=self.serving_runtime,
        )
