"""The composition root: a workspace has a clock, state, people and services, and answers requests.

The way of a call is one direction: a way in (`wire.intercept`, `wire.server`) → `Workspace.handle` → `wire.exchange` →
an operation of a service → its domain, and back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from fakebricks.clock import Clock, VirtualClock
from fakebricks.control.admin import Admin, Controlled
from fakebricks.ids import Ids, WorkspaceIdentity
from fakebricks.profiles import checked_profiles
from fakebricks.services.tracking.made_runs import MadeRuns, RunWatch
from fakebricks.services.tracking.rate_limits import rate_limits as chosen_limits
from fakebricks.state import MemoryState, Scratch, Snapshot
from fakebricks.wire.authentication import token_of
from fakebricks.wire.calls import Calls
from fakebricks.wire.exchange import Exchange
from fakebricks.wire.messages import Reply, Request
from fakebricks.wire.rate_limits import RateLimits
from fakebricks.wiring import Services, StorageOption, router

if TYPE_CHECKING:
    import pyarrow as pa
    from responses import RequestsMock

    from fakebricks.wire.server import Server

DEFAULT_USER = "jane@acme.test"


class UnsupportedCallError(AssertionError):
    """Code under test asked for something that fakebricks does not compute."""


class Workspace:
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
        catalogs: tuple[str, ...] = ("main",),
        user: str = DEFAULT_USER,
        host: str | None = None,
        token: str | None = None,
        keep_calls: int | None = None,
        profiles: tuple[str, ...] = (),
        rate_limits: Literal["documented"] | Mapping[str, float] | None = None,
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
        self._services = Services(
            self._state,
            self._ids,
            self.clock,
            self.identity,
            self._scratch,
            secret=f"{self.token}{self._ids.hex32()}",
            storage=storage,
        )
        self._services.add(Admin(self._controlled()))
        self._exchange = Exchange(
            router(),
            self._services,
            transaction=self._state.transaction,
            caller=self._services.people.caller,
            clock=self.clock,
            ids=self._ids,
            identity=self.identity,
            rate_limits=RateLimits(chosen_limits(rate_limits)),
            calls=self.calls,
            unsupported=self.unsupported,
        )
        self._add_person(user, self.token)
        for catalog in catalogs:
            self._services.unity_catalog.create_catalog(catalog, user)

    @property
    def host(self) -> str:
        """The workspace's URL, without a trailing slash."""
        return self.identity.host

    def env(self, host: str | None = None) -> dict[str, str]:
        """The environment variables that make clients talk to this workspace, at its own host or at a server's URL.

        `MLFLOW_TRACKING_TOKEN` is for who sets that URL itself as the tracking URI, as of a plain MLflow server. Such a
        client uses the other variables too: as on the platform, artifacts travel by the Databricks routes.
        """
        return {
            "DATABRICKS_HOST": host or self.host,
            "DATABRICKS_TOKEN": self.token,
            "MLFLOW_TRACKING_URI": "databricks",
            "MLFLOW_TRACKING_TOKEN": self.token,
            "MLFLOW_REGISTRY_URI": "databricks-uc",
        }

    def table(self, full_name: str) -> pa.Table:
        """All rows of a Delta table of Unity Catalog, with those of an inference table that are due by now.

        Raises:
            DatabricksError: there is no such table, or deltalake is not installed.
        """
        return self._services.inference_tables.read(full_name)

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
        self._services.inference_tables.note_versions()
        return self._state.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Bring the workspace back to a snapshot of its own, which can be used again."""
        self._state.restore(snapshot)
        self._services.inference_tables.restored()

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
        """Remove the workspace's files."""
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
        """Whether the request carries a credential of this workspace: a token, or the signature of a signed URL."""
        token = token_of(request)
        if token is None:
            return self._services.signed_urls.made(request.path, dict(request.query))
        return self._services.people.caller(token) is not None

    def _add_person(self, user_name: str, token: str) -> None:
        """A person, with a token and a home folder."""
        self._services.people.add(user_name, token)
        self._services.directories.add_home(user_name, self.clock.millis())

    def _controlled(self) -> Controlled:
        all_runs = self._services.all_runs
        return Controlled(
            self.clock, self.calls, self.snapshot, self.restore, self.table, all_runs, lambda: RunWatch(all_runs)
        )
