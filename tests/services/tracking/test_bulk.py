"""Operations over many runs at once."""

from __future__ import annotations

import pytest
from conftest import RefusedError, Rest

MLFLOW = "/api/2.0/mlflow"
BULK = f"{MLFLOW}/databricks/runs"


class Runs:
    """An experiment, and REST calls on its runs."""

    def __init__(self, rest: Rest) -> None:
        self.rest = rest
        self.experiment_id = rest.post(f"{MLFLOW}/experiments/create", name="/Shared/x")["experiment_id"]

    def create(self, start_time: int) -> str:
        of = {"experiment_id": self.experiment_id, "run_name": str(start_time), "start_time": start_time}
        return self.rest.post(f"{MLFLOW}/runs/create", **of)["run"]["info"]["run_id"]

    def active(self) -> list[str]:
        found = self.rest.post(f"{MLFLOW}/runs/search", experiment_ids=[self.experiment_id]).get("runs", [])
        return sorted(run["info"]["run_name"] for run in found)

    def delete(self, until: int, **more: int) -> int:
        of = {"experiment_id": self.experiment_id, "max_timestamp_millis": until}
        return self.rest.post(f"{BULK}/delete-runs", **of, **more)["runs_deleted"]

    def restore(self, since: int, **more: int) -> int:
        of = {"experiment_id": self.experiment_id, "min_timestamp_millis": since}
        return self.rest.post(f"{BULK}/restore-runs", **of, **more)["runs_restored"]


@pytest.fixture
def runs(rest: Rest) -> Runs:
    return Runs(rest)


def test_runs_are_deleted_by_start_and_restored_by_deletion(runs: Runs) -> None:
    for start in (1, 2, 3, 4):
        runs.create(start)
    clock = runs.rest.workspace.clock

    assert runs.delete(2) == 2
    assert runs.active() == ["3", "4"]
    clock.advance(minutes=1)
    later = clock.millis()
    assert runs.delete(3) == 1
    assert runs.restore(later) == 1
    assert runs.active() == ["3", "4"]
    assert runs.restore(0) == 2
    assert runs.active() == ["1", "2", "3", "4"]
    assert runs.restore(0) == 0


def test_no_more_runs_than_asked_for(runs: Runs) -> None:
    for start in (1, 2, 3):
        runs.create(start)

    assert runs.delete(9, max_runs=2) == 2
    assert runs.active() == ["1"]
    assert runs.restore(0, max_runs=1) == 1
    assert len(runs.active()) == 2


def test_runs_that_were_deleted_with_their_experiment_are_restored_with_it(runs: Runs) -> None:
    runs.rest.post(f"{MLFLOW}/runs/delete", run_id=runs.create(1))
    runs.create(2)
    runs.rest.post(f"{MLFLOW}/experiments/delete", experiment_id=runs.experiment_id)
    with pytest.raises(RefusedError, match="must be in the 'active' state"):
        runs.restore(0)
    assert runs.delete(9) == 0

    runs.rest.post(f"{MLFLOW}/experiments/restore", experiment_id=runs.experiment_id)

    assert runs.active() == ["1", "2"]
    assert runs.restore(0) == 0
    assert runs.delete(9) == 2


@pytest.mark.parametrize(
    "wrong", [{"max_runs": 0}, {"max_runs": 10_001}, {"experiment_id": "1"}, {"max_timestamp_millis": "x"}]
)
def test_a_bulk_deletion_that_cannot_be_is_refused(runs: Runs, wrong: dict) -> None:
    of = {"experiment_id": runs.experiment_id, "max_timestamp_millis": 1, **wrong}
    with pytest.raises(RefusedError, match="400 INVALID_PARAMETER_VALUE"):
        runs.rest.post(f"{BULK}/delete-runs", **of)


def test_histories_of_several_runs_whole_and_sampled(runs: Runs) -> None:
    ids = sorted(runs.create(start) for start in (1, 2))
    for run_id in ids:
        points = [{"key": "m", "value": step, "timestamp": step, "step": step} for step in range(10)]
        runs.rest.post(f"{MLFLOW}/runs/log-batch", run_id=run_id, metrics=points)

    whole = runs.rest.get(f"{MLFLOW}/metrics/get-history-bulk", run_id=ids, metric_key="m")["metrics"]
    sampled = runs.rest.get(
        f"{MLFLOW}/metrics/get-history-bulk-interval",
        run_ids=ids,
        metric_key="m",
        max_results=3,
        start_step=2,
        end_step=8,
    )["metrics"]

    assert [(one["run_id"], one["step"]) for one in whole] == [(run_id, step) for run_id in ids for step in range(10)]
    assert [(one["run_id"], one["step"]) for one in sampled] == [(run_id, step) for run_id in ids for step in (2, 5, 8)]
    with pytest.raises(RefusedError, match="both must be specified"):
        runs.rest.get(f"{MLFLOW}/metrics/get-history-bulk-interval", run_ids=ids, metric_key="m", start_step=2)


def test_data_sets_of_experiments(runs: Runs) -> None:
    for start, context in ((1, "training"), (2, "training"), (3, "eval")):
        dataset = {"name": "d", "digest": "1", "source_type": "local", "source": "s"}
        given = {"dataset": dataset, "tags": [{"key": "mlflow.data.context", "value": context}]}
        runs.rest.post(f"{MLFLOW}/runs/log-inputs", run_id=runs.create(start), datasets=[given])

    found = runs.rest.post(f"{MLFLOW}/experiments/search-datasets", experiment_ids=[runs.experiment_id])

    of = {"experiment_id": runs.experiment_id, "name": "d", "digest": "1"}
    assert found["dataset_summaries"] == [{**of, "context": "eval"}, {**of, "context": "training"}]


def test_experiments_are_listed(runs: Runs) -> None:
    for name in ("y", "z"):
        runs.rest.post(f"{MLFLOW}/experiments/create", name=f"/Shared/{name}")

    first = runs.rest.get(f"{MLFLOW}/experiments/list", max_results=2)
    rest = runs.rest.get(f"{MLFLOW}/experiments/list", max_results=2, page_token=first["next_page_token"])
    everything = runs.rest.get(f"{MLFLOW}/experiments/list")

    assert len(first["experiments"]) == 2
    assert [*first["experiments"], *rest["experiments"]] == everything["experiments"]
    assert len(everything["experiments"]) == 3
