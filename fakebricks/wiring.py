"""Which services there are, and what each of them is given of the others: decided here, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

from fakebricks.clock import Clock
from fakebricks.environments.shared import environments
from fakebricks.ids import Ids, WorkspaceIdentity
from fakebricks.services.dbfs.api import DbfsService
from fakebricks.services.dbfs.dbfs import Dbfs
from fakebricks.services.dbfs.streams import Streams
from fakebricks.services.files import uploads
from fakebricks.services.files.api import FilesService
from fakebricks.services.files.files import Files
from fakebricks.services.files.privileges import PathJudge, PathPrivileges
from fakebricks.services.files.s3.api import S3Endpoint
from fakebricks.services.files.s3.credentials import Credentials as AwsCredentials
from fakebricks.services.files.s3.guard import Guard
from fakebricks.services.files.s3.moto_s3 import OwnBucket
from fakebricks.services.files.signed_urls import SignedUrls
from fakebricks.services.files.storage import Root, Storage
from fakebricks.services.files.uploads import Uploads
from fakebricks.services.iam.access_control import AccessControl
from fakebricks.services.iam.access_tokens import AccessTokens
from fakebricks.services.iam.client_secrets import ClientSecrets
from fakebricks.services.iam.credentials import Credentials
from fakebricks.services.iam.groups import Groups
from fakebricks.services.iam.object_permissions import PermissionsByType
from fakebricks.services.iam.people import People
from fakebricks.services.iam.sign_in import SignIn
from fakebricks.services.iam.tokens import Tokens
from fakebricks.services.inference_tables.inference_tables import InferenceTables
from fakebricks.services.jobs.job_permissions import JobPermissions
from fakebricks.services.jobs.jobs import Jobs
from fakebricks.services.jobs.search import JobSearch
from fakebricks.services.model_registry import model_files
from fakebricks.services.model_registry.model_files import ModelFilePrivileges, ModelFiles
from fakebricks.services.model_registry.model_registry import ModelRegistry
from fakebricks.services.model_registry.model_storage import ModelStorage
from fakebricks.services.model_registry.version_storage import InBucket, InFiles
from fakebricks.services.model_registry.visible_models import VisibleModels
from fakebricks.services.model_serving.ai_gateway.gateway import Gateway
from fakebricks.services.model_serving.ai_gateway.rate_limits import EndpointRateLimits
from fakebricks.services.model_serving.ai_gateway.usage import TABLE as USAGE
from fakebricks.services.model_serving.ai_gateway.usage import UsageTable
from fakebricks.services.model_serving.capture import Capture, LegacyTables
from fakebricks.services.model_serving.data_plane import DataPlane
from fakebricks.services.model_serving.deployments import Deployments
from fakebricks.services.model_serving.endpoint_permissions import EndpointPermissions
from fakebricks.services.model_serving.endpoint_settings import EndpointSettings
from fakebricks.services.model_serving.external_models.providers import Providers
from fakebricks.services.model_serving.external_models.queries import ExternalQueries
from fakebricks.services.model_serving.foundation_models import FoundationModels
from fakebricks.services.model_serving.history import History
from fakebricks.services.model_serving.in_flight import InFlight
from fakebricks.services.model_serving.invocations import Invocations
from fakebricks.services.model_serving.models import Models
from fakebricks.services.model_serving.observability import Observability
from fakebricks.services.model_serving.payload_features import PayloadFeatures
from fakebricks.services.model_serving.records import ServingRuntime
from fakebricks.services.model_serving.rights import Rights
from fakebricks.services.model_serving.runtimes.choice import libraries
from fakebricks.services.model_serving.runtimes.docker import DockerRuntime
from fakebricks.services.model_serving.runtimes.made import Runtimes
from fakebricks.services.model_serving.runtimes.process import ProcessRuntime
from fakebricks.services.model_serving.runtimes.virtualenv import VirtualenvRuntime
from fakebricks.services.model_serving.serving_endpoints import ServingEndpoints
from fakebricks.services.model_serving.serving_runtimes import ServingRuntimes
from fakebricks.services.model_serving.stored import StoredModels
from fakebricks.services.model_serving.timings import Timings
from fakebricks.services.monitoring.monitoring import Monitoring
from fakebricks.services.monitoring.monitors import Monitors
from fakebricks.services.monitoring.refreshes import Refreshes
from fakebricks.services.monitoring.refreshing import Refreshing
from fakebricks.services.monitoring.rights import MonitorRights
from fakebricks.services.secrets.references import SecretReferences
from fakebricks.services.secrets.scopes import Scopes
from fakebricks.services.secrets.secrets import Secrets
from fakebricks.services.sql import kept_results
from fakebricks.services.sql.catalog_listings import CatalogListings
from fakebricks.services.sql.client_sessions import ClientSessions
from fakebricks.services.sql.engine import SparkSql
from fakebricks.services.sql.kept_results import Results
from fakebricks.services.sql.metadata import Metadata
from fakebricks.services.sql.spark import Spark
from fakebricks.services.sql.statements import Statements
from fakebricks.services.sql.thrift.api import ThriftService
from fakebricks.services.sql.timings import WarehouseTimings
from fakebricks.services.sql.warehouse_permissions import WarehousePermissions
from fakebricks.services.sql.warehouses import Warehouses
from fakebricks.services.tracking import artifacts
from fakebricks.services.tracking.artifact_uploads import ArtifactUploads
from fakebricks.services.tracking.artifacts import Artifacts
from fakebricks.services.tracking.experiment_permissions import ExperimentPermissions
from fakebricks.services.tracking.experiments import Experiments
from fakebricks.services.tracking.logged_model_search import LoggedModelSearch
from fakebricks.services.tracking.logged_models import LoggedModels
from fakebricks.services.tracking.made_runs import AllRuns
from fakebricks.services.tracking.metrics import Metrics
from fakebricks.services.tracking.privileges import Privileges
from fakebricks.services.tracking.run_data import RunData
from fakebricks.services.tracking.runs import Runs
from fakebricks.services.tracking.search import ExperimentSearch, RunSearch
from fakebricks.services.tracking.traces.assessments import Assessments
from fakebricks.services.tracking.traces.data import TraceData
from fakebricks.services.tracking.traces.search import TraceSearch
from fakebricks.services.tracking.traces.traces import Traces
from fakebricks.services.unity_catalog import volume_files, volumes
from fakebricks.services.unity_catalog.authority import Authority
from fakebricks.services.unity_catalog.delta_tables import DeltaTables
from fakebricks.services.unity_catalog.functions import Functions
from fakebricks.services.unity_catalog.grants import Grants
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.table_storage import LocalTables, TablesInS3, TableStorage
from fakebricks.services.unity_catalog.tables import Tables
from fakebricks.services.unity_catalog.tags import Tags
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.services.unity_catalog.volume_files import StoredVolumeFiles, VolumeFiles, VolumePrivileges
from fakebricks.services.unity_catalog.volumes import Volumes
from fakebricks.services.workspace.contents import Contents
from fakebricks.services.workspace.directories import Directories
from fakebricks.services.workspace.folder_permissions import FolderPermissions
from fakebricks.services.workspace.objects import Objects
from fakebricks.services.workspace.tree_permissions import TreePermissions
from fakebricks.services.workspace_model_registry import model_versions
from fakebricks.services.workspace_model_registry.discussion import Comments, TransitionRequests
from fakebricks.services.workspace_model_registry.model_permissions import ModelPermissions
from fakebricks.services.workspace_model_registry.model_versions import ModelVersions
from fakebricks.services.workspace_model_registry.privileges import ModelPrivileges
from fakebricks.services.workspace_model_registry.search import RegistrySearch
from fakebricks.services.workspace_model_registry.sources import Sources
from fakebricks.services.workspace_model_registry.version_files import RegistryStorage, VersionFiles
from fakebricks.services.workspace_model_registry.workspace_model_registry import WorkspaceModelRegistry
from fakebricks.state import LocalBlobs, Scratch, State
from fakebricks.wire.errors import ResourceDoesNotExist

StorageOption = Literal["presigned", "files", "s3"]
"""By which route clients move model files: signed URLs, the Files API, or a cloud's own storage."""


class Services:
    """The services of one workspace.

    Args:
        secret: what signed URLs and access tokens are signed with.
        timings: how long things take in Model Serving.
        warehouse_timings: how long things take in SQL warehouses.
        spark: the URL of the Spark Connect server that SQL is executed by; None for one in this process.
        legacy_inference_tables: what becomes of a request for one.
        s3_url: where its S3 is for clients that open sockets, which it is to be then.
        runtime: where models are loaded for which a test chooses nothing else.

    Raises:
        ValueError: `storage` is not a choice.
        ModuleNotFoundError: `storage` needs moto, which is not installed.
    """

    def __init__(
        self,
        state: State,
        ids: Ids,
        clock: Clock,
        identity: WorkspaceIdentity,
        scratch: Scratch,
        *,
        secret: str,
        storage: StorageOption,
        timings: Timings,
        warehouse_timings: WarehouseTimings,
        spark: str | None = None,
        legacy_inference_tables: LegacyTables = "accept",
        s3_url: Callable[[], str],
        runtime: ServingRuntime,
    ) -> None:
        self._state = state
        self._ids = ids
        self._clock = clock
        self._by_type: dict[type, Any] = {WorkspaceIdentity: identity}
        self.files = Files(state, LocalBlobs(scratch), clock)
        self.signed_urls = SignedUrls(secret, clock)
        self.uploads = Uploads(state, ids, self.files)
        self.storage = _checked(storage)
        self.timings = timings
        self._s3_url = s3_url
        self.legacy_inference_tables = legacy_inference_tables
        self.serving_runtimes = ServingRuntimes(state, runtime)
        self._wire_people(secret)
        self._wire_secrets()
        self._wire_tracking()
        self._wire_s3(f"fakebricks-{identity.workspace_id}")
        self._wire_catalog(identity, scratch, f"fakebricks-{identity.workspace_id}")
        self._wire_sql(spark)
        self._wire_monitoring()
        self._wire_registry()
        self._wire_warehouses(warehouse_timings)
        self._wire_workspace_registry()
        self._wire_serving(scratch, identity)
        self._wire_jobs()
        self._wire_files()
        self._wire_permissions()

    def __getitem__(self, kind: type) -> Any:
        """The service of that class, as operations name it in their first parameter."""
        return self._by_type[kind]

    def add(self, *services: object) -> None:
        """More services, under their own classes."""
        self._by_type |= {type(service): service for service in services}

    def restored(self) -> None:
        """Bring what is not in the state in line with it, after it went back to a snapshot."""
        self.delta_tables.restored()
        if self._in_bucket:
            versions = self.registry.all_versions()
            self._in_bucket.restore((one, self.registry.files_directory(one)) for one in versions)
        self.deployments.free_unused()

    def close(self) -> None:
        """Free what is held outside the state."""
        self.spark.close()
        self.models.close()
        if self._bucket:
            self._bucket.close()

    def _wire_people(self, secret: str) -> None:
        state, ids, clock = self._state, self._ids, self._clock
        self.directories = Directories(state, ids)
        self.contents = Contents(ids, self.directories, self.files)
        self.people = People(
            state,
            ids,
            clock,
            groups=Groups(state, ids),
            tokens=Tokens(state, ids, clock, secret),
            secrets=ClientSecrets(state, ids, clock, secret),
            homes=self.directories,
        )
        access_tokens = AccessTokens(ids, clock, secret)
        self.credentials = Credentials(self.people, access_tokens)
        self.access_control = AccessControl(state, self.people)
        self.folder_permissions = FolderPermissions(self.access_control, self.directories)
        self.add(self.people, SignIn(self.people, access_tokens))

    def _wire_secrets(self) -> None:
        scopes = Scopes(self._state, self.people, self.access_control)
        secrets = Secrets(self._state, self.people, scopes)
        self.secret_references = SecretReferences(secrets)
        self.add(scopes, secrets)

    def _wire_tracking(self) -> None:
        state, ids = self._state, self._ids
        self.experiments = Experiments(state, ids, self.directories)
        self.runs = Runs(state, ids, self.experiments)
        self.all_runs = AllRuns(state, self.runs, self.experiments)
        self.logged_models = LoggedModels(state, ids, self.experiments, self.runs)
        self.metrics = Metrics(state)
        run_data = RunData(state, self.runs, self.logged_models, self.metrics)
        traces = Traces(state, ids, self.experiments, self.runs)
        assessments = Assessments(state, ids, traces)
        self.artifacts = Artifacts(self.files, self.signed_urls, self.runs, self.logged_models, traces)
        permissions = ExperimentPermissions(self.access_control, self.experiments, self.folder_permissions)
        tree = TreePermissions(self.directories, self.folder_permissions, permissions)
        self.privileges = Privileges(
            permissions,
            self.directories,
            self.folder_permissions,
            self.experiments,
            runs=self.runs,
            logged_models=self.logged_models,
            traces=traces,
        )
        self.add(
            Objects(self.directories, self.contents, self.experiments, tree),
            self.contents,
            tree,
            self.experiments,
            permissions,
            self.privileges,
            ExperimentSearch(self.experiments, permissions),
            self.runs,
            run_data,
            RunSearch(self.runs, run_data),
            self.logged_models,
            LoggedModelSearch(self.logged_models, self.metrics),
            self.artifacts,
            traces,
            TraceSearch(traces, assessments),
            TraceData(traces, assessments, self.artifacts, self.files, self.signed_urls),
            assessments,
        )

    def _wire_catalog(self, identity: WorkspaceIdentity, scratch: Scratch, bucket: str) -> None:
        state, ids, clock = self._state, self._ids, self._clock
        self.grants = Grants(state, self.people)
        self.unity_catalog = UnityCatalog(state, ids, clock, self.grants, bucket=bucket)
        self.tables = Tables(state, ids, clock, self.unity_catalog, self.grants)
        self.delta_tables = DeltaTables(
            state,
            ids,
            unity_catalog=self.unity_catalog,
            tables=self.tables,
            storage=self._table_storage(scratch, bucket),
        )
        self.volumes = Volumes(state, ids, clock, self.unity_catalog, self.grants, files=self.files)
        self.authority = Authority(self.unity_catalog, self.grants)
        metastore = Metastore(
            identity=identity,
            unity_catalog=self.unity_catalog,
            tables=self.tables,
            delta_tables=self.delta_tables,
            volumes=self.volumes,
            functions=Functions(state, ids, clock, self.unity_catalog, self.grants),
            tags=Tags(state, clock, self.grants),
            grants=self.grants,
            authority=self.authority,
        )
        self.add(self.unity_catalog, self.authority, metastore)

    def _wire_sql(self, url: str | None) -> None:
        self.spark = Spark(url)
        self.sql = SparkSql(self[Metastore], self._state, self._clock, self.spark, self.people.caller_named)
        self.add(self.sql)

    def _table_storage(self, scratch: Scratch, bucket: str) -> TableStorage:
        local = LocalTables(scratch)
        return TablesInS3(local, bucket, self._s3_url) if self.storage == "s3" else local

    def _wire_monitoring(self) -> None:
        state, clock = self._state, self._clock
        monitors = Monitors(
            state,
            clock,
            unity_catalog=self.unity_catalog,
            tables=self.tables,
            grants=self.grants,
            rights=MonitorRights(self.authority, self.people),
        )
        work = Refreshing(monitors, self.tables, self.delta_tables, self.sql)
        refreshes = Refreshes(state, self._ids, clock, monitors, work)
        self.delta_tables.also_writes(refreshes.before_reading)
        self.add(monitors, Monitoring(monitors, refreshes))

    def _wire_registry(self) -> None:
        self.registry = ModelRegistry(
            self._state,
            self._ids,
            self._clock,
            unity_catalog=self.unity_catalog,
            grants=self.grants,
            files=self.files,
            storage=self._in_bucket or InFiles(),
            experiment_of=self._experiment_of,
            params_of=self.logged_models.params,
            metrics_of=self.metrics.of_model,
        )
        self.add(
            self.registry,
            ModelStorage(self.registry, self.storage, self._in_bucket),
            VisibleModels(self.registry, self.authority),
        )

    def _wire_warehouses(self, timings: WarehouseTimings) -> None:
        state, ids, clock = self._state, self._ids, self._clock
        self.warehouses = Warehouses(state, ids, clock, timings)
        metadata = Metadata(self.unity_catalog, self.tables, self.authority)
        self.sql_results = Results(self.files, self.signed_urls)
        self.statements = Statements(
            state,
            ids,
            clock,
            engine=CatalogListings(self.sql, metadata),
            warehouses=self.warehouses,
            sessions=ClientSessions(state, ids, self.unity_catalog),
            results=self.sql_results,
            people=self.people,
        )
        self.add(
            self.warehouses,
            WarehousePermissions(self.access_control, self.people, self.warehouses),
            self.statements,
            ThriftService(self.statements, metadata),
        )

    def _wire_s3(self, bucket: str) -> None:
        credentials = AwsCredentials(self._state, self._ids, self._clock)
        self._bucket = OwnBucket(bucket) if self.storage == "s3" else None
        self._in_bucket = InBucket(self._bucket, credentials, self.files) if self._bucket else None
        guard = Guard(credentials, self._clock, bucket, self._bucket.key_of_upload) if self._bucket else None
        self.s3 = S3Endpoint(self._bucket, guard)
        self.add(self.s3)

    def _wire_workspace_registry(self) -> None:
        state, ids, clock = self._state, self._ids, self._clock
        self.workspace_registry = WorkspaceModelRegistry(
            state,
            ids,
            clock,
            ModelVersions(state, ids, clock, self.files),
            Sources(self.files, self.artifacts, self.logged_models),
        )
        permissions = ModelPermissions(self.access_control, self.workspace_registry)
        comments = Comments(state, ids, clock, self.workspace_registry)
        self.add(
            self.workspace_registry,
            permissions,
            ModelPrivileges(permissions, self.privileges, comments),
            RegistrySearch(self.workspace_registry, permissions),
            VersionFiles(self.workspace_registry, self.artifacts),
            TransitionRequests(state, ids, clock, self.workspace_registry, permissions),
            comments,
        )

    def _wire_serving(self, scratch: Scratch, identity: WorkspaceIdentity) -> None:
        state, ids, clock, timings = self._state, self._ids, self._clock, self.timings
        self.inference_tables = InferenceTables(
            state, ids, clock, unity_catalog=self.unity_catalog, tables=self.tables, delta_tables=self.delta_tables
        )
        rights = Rights(self.authority, self.people, self[ModelPermissions])
        stored = StoredModels(self.registry, self.workspace_registry, self.files, scratch, rights)
        self.runtimes = Runtimes(
            {
                "process": lambda _: ProcessRuntime(),
                "virtualenv": lambda chosen: VirtualenvRuntime(environments(), *libraries(chosen)),
                "docker": lambda chosen: DockerRuntime(*libraries(chosen)),
            }
        )
        self.models = Models(self.runtimes, stored, self.secret_references, clock)
        history = History(state)
        self.providers = Providers()
        self.deployments = Deployments(state, clock, self.models, history, FoundationModels(self.providers))
        in_flight = InFlight(state, ids, clock, timings)
        self.payload_features = PayloadFeatures(self.inference_tables, stored)
        capture = Capture(self.inference_tables, rights, self.legacy_inference_tables)
        permissions = EndpointPermissions(self.access_control, state)
        data_plane = DataPlane(state, permissions, identity.workspace_id)
        self.usage_table = UsageTable(state, identity)
        self.sql.also_reads(USAGE, self.usage_table.read)
        gateway = Gateway(self.people, EndpointRateLimits(state), self.usage_table)
        endpoints = ServingEndpoints(
            state,
            ids,
            stored=stored,
            models=self.models,
            deployments=self.deployments,
            capture=capture,
            permissions=permissions,
            in_flight=in_flight,
            history=history,
            timings=timings,
            gateway=gateway,
            secrets=self.secret_references,
            data_plane=data_plane,
            runtimes=self.serving_runtimes,
        )
        self.add(
            permissions,
            endpoints,
            data_plane,
            EndpointSettings(state, gateway),
            Observability(endpoints, in_flight, history),
            Invocations(
                state,
                ids,
                deployments=self.deployments,
                models=self.models,
                capture=capture,
                in_flight=in_flight,
                gateway=gateway,
                external=ExternalQueries(self.providers),
            ),
            self.inference_tables,
        )

    def _wire_jobs(self) -> None:
        jobs = Jobs(self._state, self._ids)
        permissions = JobPermissions(self.access_control, jobs)
        self.add(jobs, permissions, JobSearch(jobs, permissions))

    def _wire_files(self) -> None:
        roots: dict[str, Root] = {
            model_files.ROOT: ModelFiles(self.registry),
            artifacts.ROOT: self.artifacts,
            uploads.ROOT: self.uploads,
            model_versions.ROOT: RegistryStorage(),
            volume_files.ROOT: VolumeFiles(self.volumes),
            volumes.STORED: StoredVolumeFiles(self.volumes),
            kept_results.ROOT: self.sql_results,
        }
        judges: dict[str, PathJudge] = {
            artifacts.ROOT: self.privileges,
            model_files.ROOT: ModelFilePrivileges(self.authority),
            model_versions.ROOT: RegistryStorage(),
            volume_files.ROOT: VolumePrivileges(self.authority),
        }
        self.add(FilesService(Storage(self.files, roots), self.signed_urls, self.uploads), PathPrivileges(judges))
        self.add(ArtifactUploads(self.artifacts, self.uploads, self.signed_urls))
        self.dbfs = Dbfs(self.files)
        self.add(self.dbfs, DbfsService(self.dbfs, Streams(self._state, self._ids, self._clock, self.dbfs, self.files)))

    def _wire_permissions(self) -> None:
        self.add(
            PermissionsByType(
                self.folder_permissions,
                self[ExperimentPermissions],
                self[ModelPermissions],
                self[EndpointPermissions],
                self[JobPermissions],
                self[WarehousePermissions],
            )
        )

    def _experiment_of(self, run_id: str) -> str | None:
        """The experiment of a run, or None where the run is not of this workspace."""
        try:
            return self.runs.get(run_id).experiment_id
        except ResourceDoesNotExist:
            return None


def _checked(storage: StorageOption) -> StorageOption:
    if storage not in get_args(StorageOption):
        message = f"storage must be one of 'presigned', 'files' and 's3', not {storage!r}"
        raise ValueError(message)
    return storage
