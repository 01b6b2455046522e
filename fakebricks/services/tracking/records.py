"""Stored shapes of tracking.

What grows with use is stored apart from what it belongs to (points of metrics, params and tags apart from runs), so
that no call costs more because much is stored.
"""

from __future__ import annotations

from fakebricks.state import Record

ACTIVE = "active"
DELETED = "deleted"


class Experiment(Record, frozen=True):
    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: str
    creation_time: int
    last_update_time: int
    owner_id: str
    owner_email: str
    epoch: int = 0
    """How often it was deleted or restored."""


class ExperimentId(Record, frozen=True):
    """An entry of an index of experiments."""

    experiment_id: str


class Tag(Record, frozen=True):
    """A tag of an experiment, run or logged model, stored under its owner's id and its key."""

    key: str
    value: str


class Param(Record, frozen=True):
    """A param of a run or a logged model, stored under its owner's id and its key."""

    key: str
    value: str


class Run(Record, frozen=True):
    run_id: str
    run_name: str
    experiment_id: str
    user_id: str
    status: str
    start_time: int
    end_time: int | None
    lifecycle_stage: str
    artifact_location: str
    """The experiment's, below which a run has a directory of its own."""
    epoch: int = 0
    """The experiment's, when `lifecycle_stage` was set: what happened to the experiment since then overrides it."""
    deleted_at: int | None = None

    @property
    def artifact_uri(self) -> str:
        """Where its artifacts are."""
        return f"{self.artifact_location}/{self.run_id}/artifacts"


class Count(Record, frozen=True):
    """How many things of a kind an owner has."""

    number: int


class Metric(Record, frozen=True):
    """One point of a metric, as it is logged and answered; of runs, see `Series` for how it is stored."""

    key: str
    value: float
    timestamp: int
    step: int
    run_id: str
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


class Indexed(Record, frozen=True):
    """By what the runs of an experiment are indexed, stored under the experiment's id: kinds and keys."""

    names: tuple[tuple[str, str], ...]


class IndexEntry(Record, frozen=True):
    """An entry of an index whose keys say everything."""


ENTRY = IndexEntry()


class Source(Record, frozen=True):
    """What a point was measured on."""

    model_id: str | None
    dataset_name: str | None
    dataset_digest: str | None


class Chunk(Record, frozen=True):
    """Some points of one metric of one run, packed as `points` says; each has one of the sources, or none."""

    packed: bytes
    sources: tuple[Source, ...] = ()


class Series(Record, frozen=True):
    """One metric of one run, stored under the run's id and the metric's key: its last points, and the latest of all."""

    last: Chunk
    latest: bytes
    """A packed place, whatever follows it."""
    latest_source: Source | None = None


class Dataset(Record, frozen=True):
    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None = None
    profile: str | None = None


class DatasetInput(Record, frozen=True):
    """A data set that a run has read, stored under the run's id and the data set's name and digest."""

    dataset: Dataset
    tags: tuple[Tag, ...]


class DatasetSummary(Record, frozen=True):
    """A data set that runs of an experiment have read for something, such as training."""

    experiment_id: str
    name: str
    digest: str
    context: str | None


class ModelInput(Record, frozen=True):
    model_id: str


class ModelOutput(Record, frozen=True):
    model_id: str
    step: int


class LoggedModel(Record, frozen=True):
    model_id: str
    experiment_id: str
    name: str
    creation_timestamp_ms: int
    last_updated_timestamp_ms: int
    artifact_uri: str
    status: str
    creator_id: str
    lifecycle_stage: str
    model_type: str | None = None
    source_run_id: str | None = None


class LoggedModelId(Record, frozen=True):
    """An entry of an index of logged models."""

    model_id: str
