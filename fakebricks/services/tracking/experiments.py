"""Experiments: named in the workspace tree, deleted and restored, tagged.

Real: absolute names, parents that must exist, ids, default artifact locations, the tags that Databricks adds, renaming,
deletion with a name that can be used again. Refused: creation in a repo, as on the platform, and changing where
artifacts are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from fakebricks.ids import Ids
from fakebricks.services.tracking.names import LONGEST_EXPERIMENT_TAG, check_length, check_name
from fakebricks.services.tracking.quotas import TAGS_OF_AN_EXPERIMENT, Quota
from fakebricks.services.tracking.records import ACTIVE, DELETED, Experiment, ExperimentId, Tag
from fakebricks.services.workspace.directories import Directories
from fakebricks.services.workspace.paths import normal
from fakebricks.services.workspace.records import EXPERIMENT, Node
from fakebricks.state import State
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import BadRequest, InvalidParameterValue, InvalidState, ResourceDoesNotExist

SOURCE_NAME = "mlflow.experiment.sourceName"
OWNER_ID = "mlflow.ownerId"
OWNER_EMAIL = "mlflow.ownerEmail"
TYPE = "mlflow.experimentType"

_LONGEST_NAME = 500
_LOCATION = re.compile(r"(dbfs:/|s3://|s3a://|gs://|abfss://|wasbs://|r2://)[^\x00-\x1f\x7f\ud800-\udfff]*")


class Experiments:
    """The experiments of one workspace."""

    def __init__(self, state: State, ids: Ids, directories: Directories) -> None:
        self._experiments = state.table("experiments", Experiment)
        self._tags = state.table("experiment_tags", Tag)
        self._quota = Quota(state, self._tags, "experiment_tags", TAGS_OF_AN_EXPERIMENT, "tags of an experiment")
        self._newest = state.table("experiments_by_creation", ExperimentId)
        self._deleted_names = state.table("deleted_experiment_names", ExperimentId)
        self._ids = ids
        self._directories = directories

    def create(
        self, name: str, artifact_location: str | None, tags: list[tuple[str, str]], owner: Caller, millis: int
    ) -> Experiment:
        """A new experiment.

        Raises:
            InvalidParameterValue: a name that is not an absolute path, or is in a repo; a tag that cannot be.
            ResourceDoesNotExist: the parent folder does not exist.
            ResourceAlreadyExists: the name is taken.
        """
        path = _path(name)
        for key, value in tags:
            _check_tag(key, value)
        experiment_id = self._ids.number()
        location = _location(artifact_location) or f"dbfs:/databricks/mlflow-tracking/{experiment_id}"
        experiment = Experiment(
            experiment_id=experiment_id,
            name=path,
            artifact_location=location,
            lifecycle_stage=ACTIVE,
            creation_time=millis,
            last_update_time=millis,
            owner_id=owner.id,
            owner_email=owner.user_name,
        )
        self._directories.add(_node(experiment, millis))
        self._experiments.put((experiment_id,), experiment)
        self._newest.put((ACTIVE, -millis, experiment_id), ExperimentId(experiment_id=experiment_id))
        for key, value in tags:
            self._put_tag(experiment_id, key, value)
        return experiment

    def get(self, experiment_id: str) -> Experiment:
        """The experiment of that id, deleted ones too.

        Raises:
            BadRequest: the id is not a number (text observed: MLflow 2 asks for "None" after a creation that failed).
            InvalidParameterValue: the id is that of a folder.
            ResourceDoesNotExist: there is no such node.
        """
        if not (experiment_id.isascii() and experiment_id.isdecimal()):
            raise BadRequest(f'For input string: "{experiment_id}"')
        experiment = self._experiments.get((experiment_id,))
        if experiment:
            return experiment
        node = self._directories.by_id(experiment_id)
        if node:
            raise InvalidParameterValue(
                f"Expected id '{experiment_id}' to be an MLflow experiment or Databricks notebook, "
                f"found '{node.object_type}'. If this experiment id was previously valid, your experiments may have "
                "been migrated."
            )
        raise ResourceDoesNotExist(f"Node ID {experiment_id} does not exist.")

    def find(self, experiment_id: str) -> Experiment | None:
        """The experiment of that id, deleted ones too, or None."""
        return self._experiments.get((experiment_id,))

    def for_runs(self, experiment_id: str) -> Experiment:
        """The experiment of that id, for an operation on its runs, which says otherwise what is missing (observed)."""
        experiment = self._experiments.get((experiment_id,))
        if experiment is None:
            raise InvalidParameterValue(f"Experiment with id '{experiment_id}' does not exist.")
        return experiment

    def active_for_runs(self, experiment_id: str) -> Experiment:
        """The experiment of that id, to which something is to be added.

        Raises:
            InvalidParameterValue: there is none, or it is deleted.
        """
        return _active(self.for_runs(experiment_id))

    def get_by_name(self, name: str) -> Experiment:
        """The experiment of that name; a deleted one, if no active one has it (documented).

        Raises:
            ResourceDoesNotExist: there is none.
        """
        path = normal(name)
        node = self._directories.find(path) if path else None
        if node and node.object_type == EXPERIMENT:
            return self.get(node.object_id)
        found = next(self._deleted_names.scan((path,)), None) if path else None
        if found is None:
            raise ResourceDoesNotExist(f"Node {name} does not exist.")
        return self.get(found[1].experiment_id)

    def rename(self, experiment_id: str, new_name: str, millis: int) -> None:
        """Give an active experiment another name; the tag that holds its name follows.

        Raises:
            InvalidState: it is deleted.
            InvalidParameterValue: the name cannot be.
            ResourceAlreadyExists: the name is taken.
        """
        path = _path(new_name)
        experiment = self.get(experiment_id)
        if experiment.lifecycle_stage != ACTIVE:
            raise InvalidState("Cannot rename a non-active experiment.")
        if path == experiment.name:
            return
        renamed = replace(experiment, name=path, last_update_time=millis)
        self._directories.remove(_node(experiment, millis))
        self._directories.add(_node(renamed, millis))
        self._drop_tag(experiment_id, SOURCE_NAME)
        self._experiments.put((experiment_id,), renamed)

    def delete(self, experiment_id: str, millis: int) -> None:
        """Mark an experiment deleted, and with it its runs; its name becomes free.

        Raises:
            ResourceDoesNotExist: there is no such experiment, or it is deleted already.
        """
        experiment = self.get(experiment_id)
        if experiment.lifecycle_stage == DELETED:
            raise ResourceDoesNotExist(f"Node ID {experiment_id} does not exist.")
        self._directories.remove(_node(experiment, millis))
        self._deleted_names.put((experiment.name, experiment_id), ExperimentId(experiment_id=experiment_id))
        self._stage(experiment, DELETED, millis)

    def restore(self, experiment_id: str, millis: int) -> None:
        """Undo a deletion.

        Raises:
            ResourceDoesNotExist: there is no such experiment, or it is not deleted.
            ResourceAlreadyExists: another experiment has taken the name since.
        """
        experiment = self.get(experiment_id)
        if experiment.lifecycle_stage == ACTIVE:
            raise ResourceDoesNotExist(f"Node ID {experiment_id} does not exist.")
        self._directories.add(_node(experiment, millis))
        self._deleted_names.delete((experiment.name, experiment_id))
        self._stage(experiment, ACTIVE, millis)

    def set_tag(self, experiment_id: str, key: str, value: str) -> None:
        """Set a tag of an active experiment, whose time of update stays, as in MLflow's own store."""
        _check_tag(key, value)
        _active(self.get(experiment_id))
        self._put_tag(experiment_id, key, value)

    def delete_tag(self, experiment_id: str, key: str) -> None:
        """Delete a tag of an active experiment.

        Raises:
            ResourceDoesNotExist: it has no such tag of its own.
        """
        _active(self.get(experiment_id))
        if self._tags.get((experiment_id, key)) is None:
            raise ResourceDoesNotExist(f"No tag with key '{key}' in experiment with id '{experiment_id}'.")
        self._drop_tag(experiment_id, key)

    def tags(self, experiment: Experiment) -> list[Tag]:
        """The tags that were set, then those that Databricks adds (observed: their names, order and values)."""
        own = [tag for _, tag in self._tags.scan((experiment.experiment_id,))]
        keys = {tag.key for tag in own}
        return own + [tag for tag in _added_tags(experiment) if tag.key not in keys]

    def tag(self, experiment: Experiment, key: str) -> str | None:
        """The value of one tag, or None."""
        own = self._tags.get((experiment.experiment_id, key))
        return own.value if own else next((tag.value for tag in _added_tags(experiment) if tag.key == key), None)

    def newest_first(self, stage: str) -> Iterator[Experiment]:
        """The experiments of a lifecycle stage, the newest first."""
        for _, entry in self._newest.scan((stage,)):
            yield self.get(entry.experiment_id)

    def _put_tag(self, experiment_id: str, key: str, value: str) -> None:
        if self._tags.get((experiment_id, key)) is None:
            self._quota.take(experiment_id)
        self._tags.put((experiment_id, key), Tag(key=key, value=value))

    def _drop_tag(self, experiment_id: str, key: str) -> None:
        if self._tags.get((experiment_id, key)) is not None:
            self._tags.delete((experiment_id, key))
            self._quota.give_back(experiment_id)

    def _stage(self, experiment: Experiment, stage: str, millis: int) -> None:
        experiment_id = experiment.experiment_id
        changed = replace(experiment, lifecycle_stage=stage, last_update_time=millis, epoch=experiment.epoch + 1)
        self._experiments.put((experiment_id,), changed)
        self._newest.delete((experiment.lifecycle_stage, -experiment.creation_time, experiment_id))
        self._newest.put((stage, -experiment.creation_time, experiment_id), ExperimentId(experiment_id=experiment_id))


def _path(name: str) -> str:
    path = normal(name)
    if path is None or path == "/" or len(path) > _LONGEST_NAME:
        raise InvalidParameterValue(
            f"Got an invalid experiment name '{name}'. An experiment name must be an absolute path within the "
            "Databricks workspace, e.g. '/Users/<some-username>/my-experiment'."
        )
    if path.startswith("/Repos/"):
        raise InvalidParameterValue("MLflow experiment creation is not permitted in a repo.")
    return path


def _location(location: str | None) -> str | None:
    if not location:
        return None
    if not _LOCATION.fullmatch(location) or ".." in location.split("/"):
        raise InvalidParameterValue(f"Invalid artifact location '{location}': it must be a URI of cloud storage.")
    return location.rstrip("/")


def _node(experiment: Experiment, millis: int) -> Node:
    return Node(
        path=experiment.name,
        object_id=experiment.experiment_id,
        object_type=EXPERIMENT,
        created_at=experiment.creation_time,
        modified_at=millis,
    )


def _added_tags(experiment: Experiment) -> list[Tag]:
    return [
        Tag(key=OWNER_ID, value=experiment.owner_id),
        Tag(key=SOURCE_NAME, value=experiment.name),
        Tag(key=OWNER_EMAIL, value=experiment.owner_email),
        Tag(key=TYPE, value=EXPERIMENT),
    ]


def _check_tag(key: str, value: str) -> None:
    check_name(key, "key")
    check_length(value, "value", LONGEST_EXPERIMENT_TAG)


def _active(experiment: Experiment) -> Experiment:
    if experiment.lifecycle_stage != ACTIVE:
        raise InvalidParameterValue(
            f"The experiment {experiment.experiment_id} must be in the 'active' state. Current state is deleted."
        )
    return experiment
