"""Stored shapes of the model registry. Times are milliseconds since the epoch."""

from __future__ import annotations

from typing import Any, Literal

from fakebricks.state import Record

Status = Literal["PENDING_REGISTRATION", "READY", "FAILED_REGISTRATION"]


class RegisteredModelRecord(Record, frozen=True):
    id: str
    catalog_name: str
    schema_name: str
    model_name: str
    owner: str
    created_at: int
    updated_at: int
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

    type: str
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


class LineageRecord(Record, frozen=True):
    """What a client told about the use of a model version, as it told it."""

    emitted_by: str
    emitted_at: int
    direction: str
    entities: tuple[dict[str, Any], ...] = ()
    securable: dict[str, Any] | None = None
