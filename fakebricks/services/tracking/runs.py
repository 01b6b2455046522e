"""Runs: their life, their names and their tags.

Real: creation, update, deletion and restoration, names that are made up where none is given, the tag `mlflow.runName`
that follows the name and leads it, the order in which runs are found: newest first. What is logged to runs is in
`run_data`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from msgspec.structs import replace

from fakebricks.ids import Ids
from fakebricks.services.tracking.experiments import Experiments
from fakebricks.services.tracking.names import LONGEST_TAG, check_length, check_name
from fakebricks.services.tracking.quotas import RUNS_OF_AN_EXPERIMENT, TAGS_OF_A_RUN, Quota
from fakebricks.services.tracking.records import ACTIVE, DELETED, ENTRY, IndexEntry, Run, Tag
from fakebricks.services.tracking.run_index import Place, RunIndex
from fakebricks.services.tracking.run_names import generated_name
from fakebricks.services.tracking.words import Words
from fakebricks.state import State
from fakebricks.wire.errors import InvalidParameterValue, ResourceDoesNotExist

RUN_NAME = "mlflow.runName"
RUNNING = "RUNNING"

_LONGEST_NAME = 250
_LAST = "~"
"""Sorts after every id of a run."""


class Runs:
    """The runs of one workspace."""

    def __init__(self, state: State, ids: Ids, experiments: Experiments) -> None:
        self._runs = state.table("runs", Run)
        self._tags = state.table("run_tags", Tag)
        self._quota = Quota(state, self._tags, "run_tags", TAGS_OF_A_RUN, "tags of a run")
        self._newest = state.table("runs_by_start", IndexEntry)
        self._deletions = state.table("runs_by_deletion", IndexEntry)
        self._run_quota = Quota(state, self._newest, "runs", RUNS_OF_AN_EXPERIMENT, "runs of an experiment")
        self.index = RunIndex(state)
        self.words = Words()
        self._ids = ids
        self._experiments = experiments

    def create(
        self, experiment_id: str, run_name: str, user_id: str, start_time: int, tags: Sequence[tuple[str, str]]
    ) -> Run:
        """A new run, RUNNING.

        Raises:
            InvalidParameterValue: the experiment does not exist or is deleted, or a tag cannot be.
        """
        experiment = self._experiments.active_for_runs(experiment_id)
        for number, (key, value) in enumerate(tags):
            _check_tag(key, value, f"tags[{number}].")
        name = _name(run_name, dict(tags).get(RUN_NAME, "")) or generated_name(self._ids)
        self._run_quota.take(experiment_id)
        run_id = self._ids.hex32()
        run = Run(
            run_id=run_id,
            run_name=name,
            experiment_id=experiment.experiment_id,
            user_id=self.words(user_id),
            status=RUNNING,
            start_time=start_time,
            end_time=None,
            lifecycle_stage=ACTIVE,
            artifact_location=experiment.artifact_location,
            epoch=experiment.epoch,
        )
        self._runs.put((run_id,), run)
        self._newest.put(_place(run), ENTRY)
        self.index.replaced(None, run)
        for key, value in [*tags, (RUN_NAME, name)]:
            self._put_tag(run, key, value)
        return run

    def get(self, run_id: str) -> Run:
        """The run of that id, deleted ones too.

        All runs are deleted and restored with their experiment (documented); what is done to a run after that counts.

        Raises:
            ResourceDoesNotExist: there is none.
        """
        run = self._stored(run_id)
        experiment = self._experiments.for_runs(run.experiment_id)
        if run.epoch == experiment.epoch or run.lifecycle_stage == experiment.lifecycle_stage:
            return run
        return replace(run, lifecycle_stage=experiment.lifecycle_stage)

    def active(self, run_id: str) -> Run:
        """The run of that id, to which something is to be written.

        Raises:
            InvalidParameterValue: it is deleted.
        """
        run = self.get(run_id)
        if run.lifecycle_stage != ACTIVE:
            raise InvalidParameterValue(f"The run {run_id} must be in the 'active' state. Current state is deleted.")
        return run

    def update(self, run_id: str, status: str | None, end_time: int | None, run_name: str | None) -> Run:
        """Change what is given; the tag `mlflow.runName` follows the name."""
        self.active(run_id)
        before = run = self._stored(run_id)
        if status is not None:
            run = replace(run, status=status)
        if end_time is not None:
            run = replace(run, end_time=end_time)
        if run_name:
            run = replace(run, run_name=check_length(run_name, "run_name", _LONGEST_NAME))
            self._put_tag(run, RUN_NAME, run_name)
        self._runs.put((run_id,), run)
        self.index.replaced(before, run)
        return self.get(run_id)

    def delete(self, run_id: str, millis: int) -> None:
        """Mark a run deleted."""
        run = self._stage(self._stored(run_id), DELETED)
        self._deletions.put((run.experiment_id, millis, run_id), ENTRY)
        self._runs.put((run_id,), replace(run, deleted_at=millis))

    def restore(self, run_id: str) -> None:
        """Undo a deletion."""
        self._stage(self._stored(run_id), ACTIVE)

    def delete_started_until(self, experiment_id: str, until: int, most: int, millis: int) -> int:
        """Delete the active runs of an experiment that started at a time or before it, the newest first; how many.

        Raises:
            InvalidParameterValue: there is no such experiment.
        """
        started = self.newest_first([experiment_id], (ACTIVE,), after=(-until - 1, _LAST))
        return _each(islice(started, most), lambda run: self.delete(run.run_id, millis))

    def restore_deleted_since(self, experiment_id: str, since: int, most: int) -> int:
        """Restore the runs of an experiment that were deleted at a time or after it, the oldest first; how many.

        Raises:
            InvalidParameterValue: there is no such experiment, or it is deleted.
        """
        self._experiments.active_for_runs(experiment_id)
        deletions = self._deletions.scan((experiment_id,), after=(experiment_id, since - 1, _LAST))
        deleted = (run for key, _ in deletions if (run := self.get(str(key[2]))).lifecycle_stage == DELETED)
        return _each(islice(deleted, most), lambda run: self.restore(run.run_id))

    def set_tag(self, run_id: str, key: str, value: str, path: str = "") -> None:
        """Set a tag of an active run; `mlflow.runName` renames the run."""
        run = self.active(run_id)
        _check_tag(key, value, path)
        if key == RUN_NAME:
            if not value:
                return  # no name is no change, as in `update`
            before = self._stored(run_id)
            run = replace(before, run_name=check_length(value, "run_name", _LONGEST_NAME))
            self._runs.put((run_id,), run)
            self.index.replaced(before, run)
        self._put_tag(run, key, value)

    def set_history(self, run_id: str, key: str, value: str) -> None:
        """Set a tag that the service keeps itself, which may be longer than what people set."""
        self._put_tag(self._stored(run_id), key, value)

    def delete_tag(self, run_id: str, key: str) -> None:
        """Delete a tag of an active run.

        Raises:
            ResourceDoesNotExist: it has no such tag.
        """
        run = self.active(run_id)
        before = self._tags.get((run_id, key))
        if before is None:
            raise ResourceDoesNotExist(f"No tag with name: {key} in run with id {run_id}")
        self._tags.delete((run_id, key))
        self._quota.give_back(run_id)
        self.index.changed(run, "tag", key, before.value, None)

    def tags(self, run_id: str) -> list[Tag]:
        """A run's tags, by key."""
        return [tag for _, tag in self._tags.scan((run_id,))]

    def tag(self, run_id: str, key: str) -> str | None:
        """The value of one tag, or None."""
        tag = self._tags.get((run_id, key))
        return tag.value if tag else None

    def newest_first(
        self, experiment_ids: Sequence[str], stages: Sequence[str], after: tuple[int, str] | None = None
    ) -> Iterator[Run]:
        """The runs of some experiments, the newest first; those that start together, by id.

        Args:
            experiment_ids: of the experiments; each must exist.
            stages: the lifecycle stages wanted.
            after: start with what follows the run of this negated start time and id.
        """
        indexes = [
            (experiment_id, stage)
            for experiment_id in dict.fromkeys(experiment_ids)
            for stage in self._stored_stages(experiment_id, stages)
        ]
        scans = (self._newest.scan(index, after=(*index, *after) if after else None) for index in indexes)
        for key, _ in heapq.merge(*scans, key=lambda found: found[0][2:]):
            run = self.get(str(key[3]))
            if run.lifecycle_stage in stages:
                yield run

    def places(self, experiment_id: str) -> Iterator[Place]:
        """Where each run of an experiment, deleted ones too, comes in the natural order."""
        for key, _ in self._newest.scan((experiment_id,)):
            yield int(key[2]), str(key[3])

    def find(self, run_id: str) -> Run | None:
        """The run of that id as it is stored, or None."""
        return self._runs.get((run_id,))

    def _put_tag(self, run: Run, key: str, value: str) -> None:
        key = self.words(key)
        before = self._tags.get((run.run_id, key))
        if before is None:
            self._quota.take(run.run_id)
        self._tags.put((run.run_id, key), Tag(key=key, value=self.words(value)))
        self.index.changed(run, "tag", key, before.value if before else None, value)

    def _stored(self, run_id: str) -> Run:
        run = self.find(run_id)
        if run is None:
            raise ResourceDoesNotExist(f"Run '{run_id}' not found")
        return run

    def _stored_stages(self, experiment_id: str, stages: Sequence[str]) -> Sequence[str]:
        """Which stored stages hold the runs of the wanted ones: any, once the experiment was deleted or restored."""
        return (ACTIVE, DELETED) if self._experiments.for_runs(experiment_id).epoch else stages

    def _stage(self, stored: Run, stage: str) -> Run:
        self._newest.delete(_place(stored))
        if stored.deleted_at is not None:
            self._deletions.delete((stored.experiment_id, stored.deleted_at, stored.run_id))
        epoch = self._experiments.for_runs(stored.experiment_id).epoch
        changed = replace(stored, lifecycle_stage=stage, epoch=epoch, deleted_at=None)
        self._runs.put((stored.run_id,), changed)
        self._newest.put(_place(changed), ENTRY)
        return changed


def _each(runs: Iterable[Run], change: Callable[[Run], None]) -> int:
    """Change each of them, all of which are found before the first is changed; how many they are."""
    found = tuple(runs)
    for run in found:
        change(run)
    return len(found)


def _place(run: Run) -> tuple[str, str, int, str]:
    return (run.experiment_id, run.lifecycle_stage, -run.start_time, run.run_id)


def _name(given: str, tagged: str) -> str:
    if given and tagged and given != tagged:
        raise InvalidParameterValue(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values "
            f"(run_name='{given}', mlflow.runName='{tagged}')."
        )
    return check_length(given or tagged, "run_name", _LONGEST_NAME)


def _check_tag(key: str, value: str, path: str = "") -> None:
    check_name(key, f"{path}key")
    check_length(value, f"{path}value", LONGEST_TAG)
