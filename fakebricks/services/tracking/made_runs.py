"""Which runs there are, for tests to assert on: what code under test has made, and what it has left behind.

Real: everything; it is read from the stored runs when it is looked at. No client of the platform can ask for it in one
go: this is for tests, not for code under test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from fakebricks.services.tracking.experiments import Experiments
from fakebricks.services.tracking.records import ACTIVE, Run
from fakebricks.services.tracking.runs import Runs
from fakebricks.state import State

_PARENT = "mlflow.parentRunId"
_MLFLOWS_OWN = "mlflow."
_UNFINISHED = frozenset(("RUNNING", "SCHEDULED"))


@dataclass(frozen=True, slots=True)
class MadeRun:
    """A run, as it was when it was looked at.

    Attributes:
        run_id: of the run.
        run_name: of the run.
        experiment: the name of its experiment.
        experiment_id: of its experiment.
        user_id: who made it, as the client said.
        status: RUNNING, SCHEDULED, FINISHED, FAILED or KILLED.
        start_time: milliseconds since the epoch, as the client said.
        end_time: likewise, or None.
        lifecycle_stage: active or deleted; the runs of a deleted experiment are deleted with it.
        parent_run_id: of the run that it is nested in, or None.
        tags: all tags, those that MLflow sets itself too.
    """

    run_id: str
    run_name: str
    experiment: str
    experiment_id: str
    user_id: str
    status: str
    start_time: int
    end_time: int | None
    lifecycle_stage: str
    parent_run_id: str | None
    tags: dict[str, str]

    @property
    def own_tags(self) -> dict[str, str]:
        """The tags that a person set: those whose keys do not begin with `mlflow.`."""
        return {key: value for key, value in self.tags.items() if not key.startswith(_MLFLOWS_OWN)}

    def __str__(self) -> str:
        deleted = "" if self.lifecycle_stage == ACTIVE else ", deleted"
        tags = ", ".join(f"{key}={value}" for key, value in self.own_tags.items()) or "no tags"
        return f"{self.run_name} ({self.run_id}) in {self.experiment}: {self.status}{deleted}, {tags}"


class MadeRuns(Sequence[MadeRun]):
    """Runs, to be counted and sifted, in the order of their start; those that start together, by id.

    It is a view: every question is answered of the present state.

    >>> from fakebricks import fake_workspace
    >>> from mlflow import MlflowClient
    >>> with fake_workspace() as workspace:
    ...     client = MlflowClient()
    ...     experiment = client.create_experiment("/Shared/fraud")
    ...     with workspace.watch_runs() as made:
    ...         tagged = client.create_run(experiment, tags={"team": "risk"})
    ...         forgotten = client.create_run(experiment, run_name="debug")
    ...         client.update_run(tagged.info.run_id, status="FINISHED")
    ...         client.delete_run(tagged.info.run_id)
    >>> len(made), made.experiments
    (2, {'/Shared/fraud': 2})
    >>> [run.run_name for run in made.unfinished], [run.run_name for run in made.untagged("team")]
    (['debug'], ['debug'])
    >>> [run.run_name for run in made.active]
    ['debug']
    >>> made.active
    <1 run:
      debug (...) in /Shared/fraud: RUNNING, no tags>
    """

    def __init__(self, look: Callable[[], Iterable[MadeRun]]) -> None:
        self._look = look

    @overload
    def __getitem__(self, index: int) -> MadeRun: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[MadeRun]: ...
    def __getitem__(self, index: int | slice) -> MadeRun | Sequence[MadeRun]:
        return self._now()[index]

    def __iter__(self) -> Iterator[MadeRun]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())

    def __repr__(self) -> str:
        runs = self._now()
        lines = "".join(f"\n  {run}" for run in runs)
        return f"<{len(runs)} run{'' if len(runs) == 1 else 's'}{':' if runs else ''}{lines}>"

    @property
    def experiments(self) -> dict[str, int]:
        """How many of the runs are in which experiment, by its name."""
        return dict(Counter(run.experiment for run in self))

    @property
    def unfinished(self) -> MadeRuns:
        """Those that nobody has ended: RUNNING or SCHEDULED."""
        return self._those(lambda run: run.status in _UNFINISHED)

    @property
    def active(self) -> MadeRuns:
        """Those that nobody has deleted."""
        return self._those(lambda run: run.lifecycle_stage == ACTIVE)

    @property
    def deleted(self) -> MadeRuns:
        """Those that are deleted, themselves or with their experiment."""
        return self._those(lambda run: run.lifecycle_stage != ACTIVE)

    @property
    def nested(self) -> MadeRuns:
        """Those that are nested in another run."""
        return self._those(lambda run: run.parent_run_id is not None)

    def untagged(self, *keys: str) -> MadeRuns:
        """Those that lack one of the tags; without keys, those on which nobody has set any tag of their own."""
        if not keys:
            return self._those(lambda run: not run.own_tags)
        return self._those(lambda run: not run.tags.keys() >= set(keys))

    def _now(self) -> list[MadeRun]:
        return sorted(self._look(), key=lambda run: (run.start_time, run.run_id))

    def _those(self, wanted: Callable[[MadeRun], bool]) -> MadeRuns:
        return MadeRuns(lambda: filter(wanted, self._look()))


class RunWatch:
    """The runs that are made from one moment on, up to another."""

    def __init__(self, runs: AllRuns) -> None:
        self._runs = runs
        self._before = runs.ids()
        self._until: frozenset[str] | None = None

    @property
    def made(self) -> MadeRuns:
        """The runs, those that are made after it was asked for too."""
        return MadeRuns(lambda: self._runs.described(self._ids() - self._before))

    def end(self) -> None:
        """Count no run that is made from now on. What happens to those counted is still seen."""
        self._until = self._ids()

    def _ids(self) -> frozenset[str]:
        return self._runs.ids() if self._until is None else self._until


class AllRuns:
    """All the runs of one workspace, deleted ones too."""

    def __init__(self, state: State, runs: Runs, experiments: Experiments) -> None:
        self._stored = state.table("runs", Run)
        self._runs = runs
        self._experiments = experiments

    @property
    def made(self) -> MadeRuns:
        """The runs."""
        return MadeRuns(lambda: self.described(self.ids()))

    def ids(self) -> frozenset[str]:
        """Their ids, as of now."""
        return frozenset(str(key[0]) for key, _ in self._stored.scan())

    def described(self, run_ids: Iterable[str]) -> Iterator[MadeRun]:
        """Some of the runs, in no order; those that a restored snapshot does not have are passed over."""
        return (self._described(run_id) for run_id in run_ids if self._stored.get((run_id,)) is not None)

    def _described(self, run_id: str) -> MadeRun:
        run = self._runs.get(run_id)
        tags = {tag.key: tag.value for tag in self._runs.tags(run_id)}
        return MadeRun(
            run_id=run.run_id,
            run_name=run.run_name,
            experiment=self._experiments.get(run.experiment_id).name,
            experiment_id=run.experiment_id,
            user_id=run.user_id,
            status=run.status,
            start_time=run.start_time,
            end_time=run.end_time,
            lifecycle_stage=run.lifecycle_stage,
            parent_run_id=tags.get(_PARENT),
            tags=tags,
        )
