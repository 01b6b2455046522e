"""Stored shapes of the workspace model registry. Times are milliseconds since the epoch."""

from __future__ import annotations

from typing import Literal

from fakebricks.state import Record

Stage = Literal["None", "Staging", "Production", "Archived"]
Status = Literal["PENDING_REGISTRATION", "READY", "FAILED_REGISTRATION"]


class WorkspaceModel(Record, frozen=True):
    """A registered model, stored under its name; what belongs to it is stored under its id."""

    id: str
    name: str
    user_id: str
    creation_timestamp: int
    last_updated_timestamp: int
    description: str = ""
    last_version: int = 0
    """The highest number that a version ever had; numbers are not used twice."""


class ModelName(Record, frozen=True):
    """What the registered model of an id is called."""

    name: str


class WorkspaceModelVersion(Record, frozen=True):
    """A version, stored under its model's id and its number."""

    model: str
    """The id of its model."""
    name: str
    """The name of its model."""
    number: int
    user_id: str
    creation_timestamp: int
    last_updated_timestamp: int
    source: str
    path: str
    """Where its files are below the registry's storage: `<32 hexadecimal digits>/models/<directory>`."""
    registered_at: int
    """When its registration is over."""
    failure: str = ""
    """Why its registration fails; empty where it does not."""
    stage: Stage = "None"
    description: str = ""
    run_id: str = ""
    run_link: str = ""
    model_id: str = ""
    """The logged model that it was made from."""

    @property
    def key(self) -> tuple[str, int]:
        return self.model, self.number

    @property
    def version(self) -> str:
        return str(self.number)

    def status(self, millis: int) -> Status:
        """What has become of its registration by that time."""
        if millis < self.registered_at:
            return "PENDING_REGISTRATION"
        return "FAILED_REGISTRATION" if self.failure else "READY"


class StageEntry(Record, frozen=True):
    """An entry of the index of versions by stage, stored under model, stage and number."""

    number: int


class TagRecord(Record, frozen=True):
    """A tag of a model or of a version, stored under it and its own key."""

    key: str
    value: str


class TransitionRequest(Record, frozen=True):
    """An open request to bring a version to another stage, stored under the version, the stage and who asks."""

    id: str
    model: str
    number: int
    user_id: str
    creation_timestamp: int
    to_stage: Stage
    comment: str = ""


class Comment(Record, frozen=True):
    """A comment on a version, stored under its own id."""

    id: str
    model: str
    number: int
    user_id: str
    creation_timestamp: int
    last_updated_timestamp: int
    comment: str
