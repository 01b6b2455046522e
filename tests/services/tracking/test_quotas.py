"""How much one run or one experiment may hold."""

from __future__ import annotations

import pytest
from conftest import RefusedError, Rest

from fakebricks import Workspace

MLFLOW = "/api/2.0/mlflow"


@pytest.fixture
def rest(workspace: Workspace) -> Rest:
    return Rest(workspace)


@pytest.fixture
def experiment_id(rest: Rest) -> str:
    return rest.post(f"{MLFLOW}/experiments/create", name="/Shared/x")["experiment_id"]


@pytest.fixture
def run_id(rest: Rest, experiment_id: str) -> str:
    return rest.post(f"{MLFLOW}/runs/create", experiment_id=experiment_id)["run"]["info"]["run_id"]


POINT = {"key": "m", "value": 1, "timestamp": 1}


def pairs(first: int, last: int) -> list[dict[str, str]]:
    return [{"key": f"k{number}", "value": "v"} for number in range(first, last)]


def fill(rest: Rest, run_id: str, kind: str, number: int) -> None:
    for first in range(0, number, 100):
        rest.post(f"{MLFLOW}/runs/log-batch", run_id=run_id, **{kind: pairs(first, min(first + 100, number))})


def test_a_run_has_1600_params_and_no_more(rest: Rest, run_id: str) -> None:
    fill(rest, run_id, "params", 1600)

    with pytest.raises(RefusedError, match="429 RESOURCE_EXHAUSTED: The limit of 1600 params of a run is reached"):
        rest.post(f"{MLFLOW}/runs/log-parameter", run_id=run_id, key="more", value="v")
    rest.post(f"{MLFLOW}/runs/log-parameter", run_id=run_id, key="k0", value="v")
    assert len(rest.get(f"{MLFLOW}/runs/get", run_id=run_id)["run"]["data"]["params"]) == 1600


def test_a_batch_that_is_too_much_is_not_logged_at_all(rest: Rest, run_id: str) -> None:
    fill(rest, run_id, "params", 1550)

    with pytest.raises(RefusedError, match="RESOURCE_EXHAUSTED"):
        rest.post(f"{MLFLOW}/runs/log-batch", run_id=run_id, params=pairs(1550, 1601))
    assert len(rest.get(f"{MLFLOW}/runs/get", run_id=run_id)["run"]["data"]["params"]) == 1550
    rest.post(f"{MLFLOW}/runs/log-batch", run_id=run_id, params=pairs(1550, 1600))


def test_a_tag_that_is_deleted_makes_room_for_another(rest: Rest, run_id: str) -> None:
    fill(rest, run_id, "tags", 1599)  # the run's name is one

    with pytest.raises(RefusedError, match="1600 tags of a run"):
        rest.post(f"{MLFLOW}/runs/set-tag", run_id=run_id, key="more", value="v")
    rest.post(f"{MLFLOW}/runs/delete-tag", run_id=run_id, key="k0")
    rest.post(f"{MLFLOW}/runs/set-tag", run_id=run_id, key="more", value="v")
    with pytest.raises(RefusedError, match="1600 tags of a run"):
        rest.post(f"{MLFLOW}/runs/set-tag", run_id=run_id, key="k0", value="v")


def test_an_experiment_has_1000_tags_of_its_own_and_no_more(rest: Rest, experiment_id: str) -> None:
    for pair in pairs(0, 1000):
        rest.post(f"{MLFLOW}/experiments/set-experiment-tag", experiment_id=experiment_id, **pair)

    with pytest.raises(RefusedError, match="1000 tags of an experiment"):
        rest.post(f"{MLFLOW}/experiments/set-experiment-tag", experiment_id=experiment_id, key="more", value="v")
    rest.post(f"{MLFLOW}/experiments/delete-experiment-tag", experiment_id=experiment_id, key="k0")
    rest.post(f"{MLFLOW}/experiments/set-experiment-tag", experiment_id=experiment_id, key="more", value="v")


@pytest.mark.parametrize("most", [3, 70])
def test_an_experiment_has_so_many_runs_and_no_more_deleted_ones_counted(monkeypatch, most: int) -> None:
    monkeypatch.setattr("fakebricks.services.tracking.runs.RUNS_OF_AN_EXPERIMENT", most)
    rest = Rest(Workspace())
    of = {"experiment_id": rest.post(f"{MLFLOW}/experiments/create", name="/Shared/x")["experiment_id"]}
    created = [rest.post(f"{MLFLOW}/runs/create", **of)["run"]["info"]["run_id"] for _ in range(most)]
    rest.post(f"{MLFLOW}/runs/delete", run_id=created[0])

    with pytest.raises(RefusedError, match=f"The limit of {most} runs of an experiment is reached"):
        rest.post(f"{MLFLOW}/runs/create", **of)


def test_a_search_is_over_100_experiments_and_no_more(rest: Rest, experiment_id: str) -> None:
    rest.post(f"{MLFLOW}/runs/search", experiment_ids=[experiment_id] * 100)
    with pytest.raises(RefusedError, match="Too many `experiment_ids` specified in SearchRuns request"):
        rest.post(f"{MLFLOW}/runs/search", experiment_ids=[experiment_id] * 101)


@pytest.mark.parametrize(
    ("batch", "words"),
    [
        ({"params": pairs(0, 101)}, "at most 100 params"),
        ({"tags": pairs(0, 101)}, "at most 100 tags"),
        ({"metrics": [POINT] * 1001}, "at most 1000 metrics"),
        ({"metrics": [POINT] * 950, "params": pairs(0, 51)}, "at most 1000 metrics, p"),
        ({"tags": [{"key": "k", "value": "v" * 8001}]}, "exceeds the maximum length of 8000"),
        ({"params": [{"key": "k", "value": "v" * 6001}]}, "exceeds the maximum length of 6000"),
        ({"metrics": [{"key": "k" * 251, "value": 1, "timestamp": 1}]}, "exceeds the maximum length of 250"),
        ({"tags": [{"key": f"k{one}", "value": "v" * 8000} for one in range(100)], "params": [
            {"key": f"k{one}", "value": "v" * 6000} for one in range(100)]}, "at most 1000000 bytes"),
    ],
)  # fmt: skip
def test_a_batch_that_is_too_large_is_refused(rest: Rest, run_id: str, batch: dict, words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        rest.post(f"{MLFLOW}/runs/log-batch", run_id=run_id, **batch)
