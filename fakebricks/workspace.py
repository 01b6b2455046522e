"""The composition root: a workspace wires clock, state, people and services, and answers requests.

The way of a call is one direction: a way in (`wire.intercept`, `wire.server`) → `Workspace.handle` → who is calling →
route → decode → operation → domain → encode → call log → reply.
"""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

from fakebricks.clock import Clock, VirtualClock
from fakebricks.control.admin import Admin, Controlled
from fakebricks.ids import Ids, WorkspaceIdentity
from fakebricks.profiles import checked_profiles
from fakebricks.services.files import uploads
from fakebricks.services.files.api import FilesService
from fakebricks.services.files.files import Files
from fakebricks.services.files.signed_urls import SignedUrls
from fakebricks.services.files.storage import Root, Storage
from fakebricks.services.files.uploads import Uploads
from fakebricks.services.iam.people import People
from fakebricks.services.inference_tables.inference_tables import InferenceTables
from fakebricks.services.model_registry import model_files
from fakebricks.services.model_registry.api import ModelStorage
from fakebricks.services.model_registry.model_files import ModelFiles
from fakebricks.services.model_registry.model_registry import ModelRegistry
from fakebricks.services.model_serving.capture import Capture
from fakebricks.services.model_serving.deployments import Deployments
from fakebricks.services.model_serving.invocations import Invocations
from fakebricks.services.model_serving.models import Models
from fakebricks.services.model_serving.runtimes.process import ProcessRuntime
from fakebricks.services.model_serving.serving_endpoints import ServingEndpoints
from fakebricks.services.model_serving.stored import StoredModels
from fakebricks.services.tracking import artifacts
from fakebricks.services.tracking.artifacts import Artifacts
from fakebricks.services.tracking.experiments import Experiments
from fakebricks.services.tracking.logged_model_search import LoggedModelSearch
from fakebricks.services.tracking.logged_models import LoggedModels
from fakebricks.services.tracking.made_runs import AllRuns, MadeRuns, RunWatch
from fakebricks.services.tracking.metrics import Metrics
from fakebricks.services.tracking.rate_limits import rate_limits as chosen_limits
from fakebricks.services.tracking.run_data import RunData
from fakebricks.services.tracking.runs import Runs
from fakebricks.services.tracking.search import ExperimentSearch, RunSearch
from fakebricks.services.tracking.traces.assessments import Assessments
from fakebricks.services.tracking.traces.data import TraceData
from fakebricks.services.tracking.traces.search import TraceSearch
from fakebricks.services.tracking.traces.traces import Traces
from fakebricks.services.unity_catalog.api import Metastore
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.services.workspace.directories import Directories
from fakebricks.services.workspace.objects import Objects
from fakebricks.services.workspace_model_registry import model_versions
from fakebricks.services.workspace_model_registry.discussion import Comments, TransitionRequests
from fakebricks.services.workspace_model_registry.model_versions import ModelVersions
from fakebricks.services.workspace_model_registry.search import RegistrySearch
from fakebricks.services.workspace_model_registry.sources import Sources
from fakebricks.services.workspace_model_registry.version_files import RegistryStorage, VersionFiles
from fakebricks.services.workspace_model_registry.workspace_model_registry import WorkspaceModelRegistry
from fakebricks.state import LocalBlobs, MemoryState, Scratch, Snapshot
from fakebricks.wire.authentication import Caller, invalid_token, no_credential, token_of
from fakebricks.wire.calls import CallRecord, Calls, error_code_of, kept
from fakebricks.wire.decoding import decode
from fakebricks.wire.errors import DatabricksError, NotImplementedByFakebricks, ResourceDoesNotExist, render
from fakebricks.wire.messages import Reply, Request
from fakebricks.wire.operations import Call, Operation
from fakebricks.wire.rate_limits import RateLimits
from fakebricks.wire.router import Router

if TYPE_CHECKING:
    import pyarrow as pa
    from responses import RequestsMock

    from fakebricks.wire.server import Server

DEFAULT_USER = "jane@acme.test"

StorageOption = Literal["presigned", "files", "s3"]
"""By which route clients move model files: signed URLs, the Files API, or a cloud's own storage."""

_ANONYMOUS = Caller("", "", "", "Anonymous")


@cache
def router() -> Router:
    """The router over every service's declarations; they are constants, so one serves all workspaces."""
    from fakebricks.control import api as control_api
    from fakebricks.services.files import api as files_api
    from fakebricks.services.iam import api as iam_api
    from fakebricks.services.model_registry import api as model_registry_api
    from fakebricks.services.model_serving import api as model_serving_api
    from fakebricks.services.tracking import artifacts_api, experiments_api, logged_models_api, runs_api
    from fakebricks.services.tracking.traces import api as traces_api
    from fakebricks.services.tracking.traces import assessments_api
    from fakebricks.services.tracking.traces import refused_api as refused_traces_api
    from fakebricks.services.tracking.traces import v2_api as traces_v2_api
    from fakebricks.services.unity_catalog import api as unity_catalog_api
    from fakebricks.services.workspace import api as workspace_api
    from fakebricks.services.workspace_model_registry import api as workspace_model_registry_api
    from fakebricks.services.workspace_model_registry import databricks_api as workspace_model_registry_databricks_api

    return Router(
        [
            *control_api.routes,
            *iam_api.routes,
            *workspace_api.routes,
            *experiments_api.routes,
            *runs_api.routes,
            *logged_models_api.routes,
            *artifacts_api.routes,
            *traces_api.routes,
            *traces_v2_api.routes,
            *assessments_api.routes,
            *refused_traces_api.routes,
            *files_api.routes,
            *unity_catalog_api.routes,
            *model_registry_api.routes,
            *workspace_model_registry_api.routes,
            *workspace_model_registry_databricks_api.routes,
            *model_serving_api.routes,
        ]
    )


def _computed(storage: StorageOption) -> Literal["presigned", "files"]:
    if storage == "s3":
        message = "storage='s3' is not implemented; use 'presigned' or 'files'"
        raise NotImplementedError(message)
    if storage not in ("presigned", "files"):
        message = f"storage must be one of 'presigned', 'files' and 's3', not {storage!r}"
        raise ValueError(message)
    return storage


@dataclass(slots=True)
class _Asked:
    """What is known of a call while it is being answered."""

    request: Request
    request_id: str
    time: float
    began: float = field(default_factory=perf_counter)
    operation: Operation | None = None
    call: Call | None = None
    caller: Caller | None = None


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
        self._rate_limits = RateLimits(chosen_limits(rate_limits))
        self._ids = Ids(seed)
        workspace_id = self._ids.number()
        self.identity = WorkspaceIdentity(
            host or f"https://workspace-{workspace_id}.fakebricks.test", workspace_id, self._ids.uuid()
        )
        self.token = token or self._ids.token()
        self._scratch = Scratch()
        self._state = MemoryState()
        self._blobs = LocalBlobs(self._scratch)
        self._people = People(self._state, self._ids)
        self._directories = Directories(self._state, self._ids)
        self._experiments = Experiments(self._state, self._ids, self._directories)
        self._runs = Runs(self._state, self._ids, self._experiments)
        self._all_runs = AllRuns(self._state, self._runs, self._experiments)
        self._logged_models = LoggedModels(self._state, self._ids, self._experiments, self._runs)
        metrics = Metrics(self._state)
        run_data = RunData(self._state, self._runs, self._logged_models, metrics)
        self._unity_catalog = UnityCatalog(self._state, self._ids, self.clock)
        self._files = Files(self._state, self._blobs, self.clock)
        self._registry = ModelRegistry(
            self._state,
            self._ids,
            self.clock,
            unity_catalog=self._unity_catalog,
            files=self._files,
            experiment_of=self._experiment_of,
            params_of=self._logged_models.params,
            metrics_of=metrics.of_model,
        )
        self._unity_catalog.also_holds("functions", self._registry)
        self._signed_urls = signed_urls = SignedUrls(f"{self.token}{self._ids.hex32()}", self.clock)
        traces = Traces(self._state, self._ids, self._experiments, self._runs)
        assessments = Assessments(self._state, self._ids, traces)
        self._artifacts = Artifacts(self._files, signed_urls, self._runs, self._logged_models, traces)
        file_uploads = Uploads(self._state, self._ids, self._files)
        roots: dict[str, Root] = {
            model_files.ROOT: ModelFiles(self._registry),
            artifacts.ROOT: self._artifacts,
            uploads.ROOT: file_uploads,
            model_versions.ROOT: RegistryStorage(),
        }
        self._inference_tables = InferenceTables(self._state, self._ids, self.clock, self._unity_catalog, self._scratch)
        workspace_registry = WorkspaceModelRegistry(
            self._state,
            self._ids,
            self.clock,
            ModelVersions(self._state, self._ids, self.clock, self._files),
            Sources(self._files, self._artifacts, self._logged_models),
        )
        stored = StoredModels(self._registry, workspace_registry, self._files, self._scratch)
        self._models = Models(ProcessRuntime(), stored)
        deployments = Deployments(self._state, self.clock, self._models)
        capture = Capture(self._inference_tables)
        self._services: dict[type, Any] = {
            Admin: Admin(
                Controlled(
                    self.clock,
                    self.calls,
                    self.snapshot,
                    self.restore,
                    self.table,
                    self._all_runs,
                    lambda: RunWatch(self._all_runs),
                )
            ),
            WorkspaceIdentity: self.identity,
            People: self._people,
            Objects: Objects(self._directories, self._experiments),
            Experiments: self._experiments,
            ExperimentSearch: ExperimentSearch(self._experiments),
            Runs: self._runs,
            RunData: run_data,
            RunSearch: RunSearch(self._runs, run_data),
            LoggedModels: self._logged_models,
            LoggedModelSearch: LoggedModelSearch(self._logged_models, metrics),
            Artifacts: self._artifacts,
            Traces: traces,
            TraceSearch: TraceSearch(traces, assessments),
            TraceData: TraceData(traces, assessments, self._artifacts, self._files, signed_urls),
            Assessments: assessments,
            FilesService: FilesService(Storage(self._files, roots), signed_urls, file_uploads),
            UnityCatalog: self._unity_catalog,
            Metastore: Metastore(self._unity_catalog, self.identity),
            ModelRegistry: self._registry,
            ModelStorage: ModelStorage(self._registry, _computed(storage)),
            WorkspaceModelRegistry: workspace_registry,
            RegistrySearch: RegistrySearch(workspace_registry),
            VersionFiles: VersionFiles(workspace_registry, self._artifacts),
            TransitionRequests: TransitionRequests(self._state, self._ids, self.clock, workspace_registry),
            Comments: Comments(self._state, self._ids, self.clock, workspace_registry),
            ServingEndpoints: ServingEndpoints(
                self._state,
                self._ids,
                stored=stored,
                models=self._models,
                deployments=deployments,
                capture=capture,
            ),
            Invocations: Invocations(self._state, self._ids, deployments, self._models, capture),
            InferenceTables: self._inference_tables,
        }
        self._add_person(user, self.token)
        for catalog in catalogs:
            self._unity_catalog.create_catalog(catalog, user)

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
        return self._inference_tables.read(full_name)

    @property
    def runs(self) -> MadeRuns:
        """All MLflow runs of the workspace, to assert on; see `watch_runs` for those of a piece of code."""
        return self._all_runs.made

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
        watch = RunWatch(self._all_runs)
        try:
            yield watch.made
        finally:
            watch.end()

    def snapshot(self) -> Snapshot:
        """Everything the workspace holds, as it is now. The clock is not part of it: time does not go back."""
        self._inference_tables.note_versions()
        return self._state.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Bring the workspace back to a snapshot of its own, which can be used again."""
        self._state.restore(snapshot)
        self._inference_tables.restored()

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
        asked = _Asked(request, self._ids.uuid(), self.clock.time())
        try:
            reply = self._answer(asked)
        except DatabricksError as error:
            if isinstance(error, NotImplementedByFakebricks):
                self.unsupported.append(error.message)
            reply = render(error, asked.request_id)
        except Exception as error:  # noqa: BLE001 - the edge: a fault of the fake's own must reach the test, not the socket
            self.unsupported.append(
                f"{request.method} {request.path} failed inside fakebricks:\n{traceback.format_exc()}"
            )
            reply = render(
                DatabricksError(f"fakebricks failed: {error!r}. This is a fault of fakebricks."), asked.request_id
            )
        reply = self._signed(reply, asked)
        self._log(asked, reply)
        if asked.call and asked.call.awaits is not None:
            self.clock.awaited(asked.call.awaits)
        return reply

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
            return self._signed_urls.made(request.path, dict(request.query))
        return self._people.caller(token) is not None

    def _add_person(self, user_name: str, token: str) -> None:
        """A person, with a token and a home folder."""
        self._people.add(user_name, token)
        self._directories.add_home(user_name, self.clock.millis())

    def _answer(self, asked: _Asked) -> Reply:
        found = router().find(asked.request)
        public = found is not None and found[0].public
        asked.caller = _ANONYMOUS if public else self._authenticate(asked)
        if found is None:
            raise router().refusal(asked.request)
        operation, places = found
        asked.operation = operation
        self._rate_limits.take(operation.rate_limit, asked.time)
        base_url = asked.request.base or self.identity.host
        asked.call = Call(asked.request, asked.caller, asked.time, asked.request_id, base_url)
        shape = decode(operation, asked.request, places)
        if operation.atomic:
            with self._state.transaction():
                return self._perform(operation, asked.call, shape)
        return self._perform(operation, asked.call, shape)

    def _perform(self, operation: Operation, call: Call, shape: Any) -> Reply:
        service = self._services[operation.service]
        answer = operation.function(service, call, shape) if operation.shape else operation.function(service, call)
        return (
            answer
            if isinstance(answer, Reply)
            else Reply.of_json({} if answer is None else answer, duration=call.duration)
        )

    def _experiment_of(self, run_id: str) -> str | None:
        """The experiment of a run, or None where the run is not of this workspace."""
        try:
            return self._runs.get(run_id).experiment_id
        except ResourceDoesNotExist:
            return None

    def _authenticate(self, asked: _Asked) -> Caller:
        token = token_of(asked.request)
        if token is None:
            raise no_credential(asked.request_id)
        caller = self._people.caller(token)
        if caller is None:
            raise invalid_token(asked.request_id)
        return caller

    def _signed(self, reply: Reply, asked: _Asked) -> Reply:
        """The reply with the headers that every reply of a workspace has."""
        headers = {
            "content-length": str(len(reply.body)),  # a reply to HEAD may say another
            **reply.headers,
            "x-databricks-org-id": self.identity.workspace_id,
            "x-request-id": asked.request_id,
        }
        if reply.duration:
            headers["x-fakebricks-duration-ms"] = str(round(reply.duration * 1000))
        return Reply(reply.status, reply.body, headers, reply.duration)

    def _log(self, asked: _Asked, reply: Reply) -> None:
        if asked.operation and asked.operation.service is Admin:
            return  # who reads the log does not write in it
        request = asked.request
        record = CallRecord(
            method=request.method,
            path=request.path,
            query=request.query,
            operation=asked.operation.name if asked.operation else None,
            caller=asked.caller.user_name if asked.caller else None,
            status=reply.status,
            error_code=error_code_of(reply),
            time=asked.time,
            duration=self.clock.time() - asked.time + reply.duration,
            cost=perf_counter() - asked.began,
            request_body=kept(request.body),
            reply_body=kept(reply.body),
            notes=tuple(asked.call.notes) if asked.call else (),
        )
        self.calls.add(record)
