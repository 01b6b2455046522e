"""Stored shapes of the model registry. Times are milliseconds since the epoch."""

from __future__ import annotations

from typing import Literal

from fakebricks.state import Record

Status = Literal["PENDING_REGISTRATION", "READY", "FAILED_REGISTRATION"]
Direction = Literal["UPSTREAM", "DOWNSTREAM"]
DependencyType = Literal[
    "DATABRICKS_VECTOR_INDEX",
    "DATABRICKS_MODEL_ENDPOINT",
    "DATABRICKS_UC_FUNCTION",
    "DATABRICKS_UC_CONNECTION",
    "DATABRICKS_TABLE",
    "DATABRICKS_UC_MODEL_SERVICE",
]


class RegisteredModelRecord(Record, frozen=True):
    id: str
    catalog_name: str
    schema_name: str
    model_name: str
    owner: str
    created_at: int
    created_by: str
    updated_at: int
    updated_by: str
    description: str = ""
    last_version: int = 0
    """The highest number that a version ever had; numbers are not used twice."""

    @property
    def name(self) -> str:
        return f"{self.catalog_name}.{self.schema_name}.{self.model_name}"

    @property
    def full_name(self) -> str:
        """The same; what is granted on is called so everywhere."""
        return self.name

    @property
    def key(self) -> tuple[str, str, str]:
        return self.catalog_name, self.schema_name, self.model_name


class DependencyRecord(Record, frozen=True):
    """Something that a model version needs in the workspace, such as a vector index."""

    type: DependencyType
    name: str


class ModelVersionRecord(Record, frozen=True):
    id: str
    catalog_name: str
    schema_name: str
    model_name: str
    number: int
    status: Status
    created_by: str
    created_at: int
    updated_at: int
    updated_by: str
    source: str
    storage_location: str
    status_message: str = ""
    description: str = ""
    run_id: str = ""
    run_experiment_id: str = ""
    run_tracking_server_id: str = ""
    model_id: str = ""
    feature_deps: str = ""
    dependencies: tuple[DependencyRecord, ...] = ()

    @property
    def name(self) -> str:
        """The full name of the model."""
        return f"{self.catalog_name}.{self.schema_name}.{self.model_name}"

    @property
    def version(self) -> str:
        return str(self.number)

    @property
    def key(self) -> tuple[str, str, str, int]:
        return self.catalog_name, self.schema_name, self.model_name, self.number


class AliasRecord(Record, frozen=True):
    """An alias, stored under its model and itself."""

    alias: str
    number: int


class TagRecord(Record, frozen=True):
    """A tag of a model or of a version, stored under it and its own key."""

    key: str
    value: str


class _Sent(Record, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of lineage, with the fields that clients send (documented: MLflow's `databricks_uc_registry_messages`)."""


class Job(_Sent, frozen=True):
    id: str
    task_key: str = ""
    job_run_id: str = ""
    task_run_id: str = ""


class Notebook(_Sent, frozen=True):
    id: str
    command_id: str = ""
    notebook_run_id: str = ""


class Pipeline(_Sent, frozen=True):
    pipeline_id: str
    pipeline_update_id: str = ""


class Entity(_Sent, frozen=True):
    """Where the code ran that made or used a version."""

    job: Job | None = None
    notebook: Notebook | None = None
    pipeline: Pipeline | None = None

    def __post_init__(self) -> None:
        """Refuse an entity that is none of the three, or several."""
        if sum(one is not None for one in (self.job, self.notebook, self.pipeline)) != 1:
            message = "an entity of lineage is one of job, notebook and pipeline"
            raise ValueError(message)


class Table(_Sent, frozen=True):
    name: str = ""
    table_type: str = ""
    location: str = ""
    table_id: str = ""

    def __post_init__(self) -> None:
        """Refuse a table that is not told from others."""
        if not (self.name or self.location or self.table_id):
            message = "a table of lineage has a name, a location or an id"
            raise ValueError(message)


class Securable(_Sent, frozen=True):
    table: Table


class LineageRecord(Record, frozen=True):
    """What a client told about one version at one time."""

    direction: Direction
    """UPSTREAM: where the version comes from. DOWNSTREAM: what uses it."""
    emitted_by: str
    emitted_at: int
    entities: tuple[Entity, ...] = ()
    sources: tuple[Table, ...] = ()
    targets: tuple[Table, ...] = ()

    @property
    def notebooks(self) -> tuple[Notebook, ...]:
        """Those of the entities that are notebooks."""
        return tuple(one.notebook for one in self.entities if one.notebook)

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Those of the entities that are jobs."""
        return tuple(one.job for one in self.entities if one.job)

    @property
    def pipelines(self) -> tuple[Pipeline, ...]:
        """Those of the entities that are pipelines."""
        return tuple(one.pipeline for one in self.entities if one.pipeline)


class VersionLineage(Record, frozen=True):
    """All that clients told about where a version comes from, what uses it and what it needs, oldest first."""

    upstream: tuple[LineageRecord, ...]
    downstream: tuple[LineageRecord, ...]
    dependencies: tuple[DependencyRecord, ...]
    feature_deps: str
