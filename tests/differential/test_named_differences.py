"""Every named difference between a workspace and MLflow's own server is one: each side does what its name says."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("mlflow", minversion="3.0")

from both import DIFFERENCES, Both, Refusal
from mlflow_tracking import MlflowTracking

Asked = tuple[str, str, dict[str, Any]]

POINT = {"key": "k", "value": 1.0, "timestamp": 1, "step": 0}


@pytest.fixture(scope="module")
def mlflow_tracking() -> Iterator[MlflowTracking]:
    tracking = MlflowTracking()
    yield tracking
    tracking.close()


@pytest.fixture
def both(mlflow_tracking: MlflowTracking) -> Iterator[Both]:
    both = Both(mlflow_tracking)
    yield both
    both.close()


def experiment(both: Both) -> str:
    return str(both.create_experiment("/Shared/x", tags=[{"key": "k", "value": "a"}]))


def run(both: Both) -> str:
    asked = {"experiment_id": experiment(both), "start_time": 1, "user_id": "u"}
    return str(both.post("runs/create", **asked)["run"]["info"]["run_id"])


def model(both: Both) -> str:
    of = next(iter(both.experiments), None) or experiment(both)
    return str(both.post("logged-models", experiment_id=of, name="m")["model"]["info"]["model_id"])


def relative_name(_both: Both) -> Asked:
    return "POST", "experiments/create", {"name": "x"}


def no_parent(_both: Both) -> Asked:
    return "POST", "experiments/create", {"name": "/Nowhere/x"}


def deleted_name(both: Both) -> Asked:
    both.post("experiments/delete", experiment_id=experiment(both))
    return "POST", "experiments/create", {"name": "/Shared/x"}


def word_for_an_id(_both: Both) -> Asked:
    return "GET", "experiments/get", {"experiment_id": "None"}


def run_of_no_experiment(_both: Both) -> Asked:
    return "POST", "runs/create", {"experiment_id": "9" * 16, "start_time": 1}


def search_in_no_experiment(_both: Both) -> Asked:
    return "POST", "runs/search", {"experiment_ids": ["9" * 16]}


def search_without_a_number(_both: Both) -> Asked:
    return "POST", "experiments/search", {}


def twice_in_order_by(both: Both) -> Asked:
    return "POST", "runs/search", {"experiment_ids": [experiment(both)], "order_by": ["run_id", "run_id"]}


def like_in_small_letters(_both: Both) -> Asked:
    return "GET", "experiments/search", {"max_results": 9, "filter": "tags.k like 'A'"}


def same_output_again(both: Both) -> Asked:
    asked = {"run_id": run(both), "models": [{"model_id": model(both), "step": 0}]}
    both.post("runs/outputs", **asked)
    return "POST", "runs/outputs", asked


def two_values_at_one_time(both: Both) -> Asked:
    asked = {"run_id": run(both), "model_id": model(both), **POINT}
    both.post("runs/log-metric", **asked)
    return "POST", "runs/log-metric", {**asked, "value": 2.0}


OUTCOMES: list[tuple[str, Callable[[Both], Asked], str | None, str | None]] = [
    ("absolute names", relative_name, "INVALID_PARAMETER_VALUE", None),
    ("parent folders", no_parent, "RESOURCE_DOES_NOT_EXIST", None),
    ("a deleted name is free", deleted_name, None, "RESOURCE_ALREADY_EXISTS"),
    ("ids are numbers", word_for_an_id, "BAD_REQUEST", "INVALID_PARAMETER_VALUE"),
    ("missing experiment", run_of_no_experiment, "INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"),
    ("search in a missing experiment", search_in_no_experiment, "INVALID_PARAMETER_VALUE", None),
    ("no number of experiments", search_without_a_number, None, "INVALID_PARAMETER_VALUE"),
    ("twice in order_by", twice_in_order_by, "INVALID_PARAMETER_VALUE", "INTERNAL_ERROR"),
    ("like in small letters", like_in_small_letters, None, "INVALID_PARAMETER_VALUE"),
    ("the same output again", same_output_again, None, "BAD_REQUEST"),
    ("two values of a model's metric at one time", two_values_at_one_time, None, "BAD_REQUEST"),
]


@pytest.mark.parametrize(("name", "asked", "ours", "theirs"), OUTCOMES, ids=[one[0] for one in OUTCOMES])
def test_the_outcome_differs(
    both: Both, name: str, asked: Callable[[Both], Asked], ours: str | None, theirs: str | None
) -> None:
    method, path, fields = asked(both)

    found = both.answers(method, path, **fields)

    assert name in DIFFERENCES
    assert tuple(one.error_code if isinstance(one, Refusal) else None for one in found) == (ours, theirs)


def test_what_an_experiment_says_differs(both: Both) -> None:
    experiment_id = experiment(both)
    ours = both.rest.get("/api/2.0/mlflow/experiments/get", experiment_id=experiment_id)["experiment"]
    number = both.experiments[experiment_id]
    theirs = both.mlflow.call("GET", "/api/2.0/mlflow/experiments/get", {"experiment_id": number})[1]["experiment"]

    assert len(experiment_id) >= 15
    assert len(number) < 5
    assert len(ours["tags"]) == len(theirs["tags"]) + 4
    assert "workspace" in theirs.keys() - ours.keys()


def test_what_a_logged_model_says_differs(both: Both) -> None:
    path = f"/api/2.0/mlflow/logged-models/{model(both)}"
    ours = both.rest.get(path)["model"]["info"]
    theirs = both.mlflow.call("GET", path, {})[1]["model"]["info"]

    assert "creator_id" in ours.keys() - theirs.keys()
    assert "/logged_models/m-" in ours["artifact_uri"]
    assert "/models/m-" in theirs["artifact_uri"]


@pytest.mark.parametrize("filter_string", ['name = "m"', "status = 'LOGGED_MODEL_PENDING'"])
def test_what_finds_a_logged_model_differs(both: Both, filter_string: str) -> None:
    model(both)
    asked = {"experiment_ids": list(both.experiments), "filter": filter_string}

    ours, theirs = both.answers("POST", "logged-models/search", **asked)

    assert (len(ours["models"]), theirs) == (1, {})


def test_numbers_differ(both: Both) -> None:
    run_id = run(both)
    for value in ("NaN", "Infinity", -1.0):
        both.post("runs/log-metric", run_id=run_id, **{**POINT, "value": value})
    asked = {"run_id": run_id, "metric_key": "k"}
    ours = both.rest.get("/api/2.0/mlflow/metrics/get-history", **asked)["metrics"]
    theirs = both.mlflow.call("GET", "/api/2.0/mlflow/metrics/get-history", asked)[1]["metrics"]

    assert [one["value"] for one in ours] == [-1.0, "Infinity", "NaN"]
    assert [one["value"] for one in theirs] == [-1.0, "NaN", 1.7976931348623157e308]


def test_not_a_number_in_a_history_in_bulk_differs(both: Both) -> None:
    run_id = run(both)
    both.post("runs/log-metric", run_id=run_id, **{**POINT, "value": "NaN"})
    path = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
    asked = {"run_id": [run_id], "metric_key": "k", "max_results": 1}
    [ours] = both.rest.get(path, **asked)["metrics"]
    [theirs] = both.mlflow.call("GET", path, asked)[1]["metrics"]

    assert ours["value"] == "NaN"
    assert math.isnan(theirs["value"])
