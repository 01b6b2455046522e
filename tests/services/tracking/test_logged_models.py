from __future__ import annotations

import re

import pytest
from conftest import RefusedError

MODELS = "/api/2.0/mlflow/logged-models"
MLFLOW = "/api/2.0/mlflow"


@pytest.fixture
def models(rest):
    return Models(rest)


class Models:
    def __init__(self, rest):
        self.rest = rest
        self.experiment_id = rest.json("POST", f"{MLFLOW}/experiments/create", body={"name": "/Shared/x"})[
            "experiment_id"
        ]
        self.run_id = rest.json("POST", f"{MLFLOW}/runs/create", body={"experiment_id": self.experiment_id})["run"][
            "info"
        ]["run_id"]

    def create(self, name="model", **body):
        body = {"experiment_id": self.experiment_id, "name": name, **body}
        return self.rest.json("POST", MODELS, body=body)["model"]

    def id(self, name="model", **body):
        self.rest.workspace.clock.advance(seconds=1)
        return self.create(name, **body)["info"]["model_id"]

    def get(self, model_id, **query):
        return self.rest.json("GET", f"{MODELS}/{model_id}", query=query)["model"]

    def patch(self, model_id, part="", **body):
        return self.rest.json("PATCH", f"{MODELS}/{model_id}{part}", body=body)

    def log(self, model_id, key, value, **point):
        body = {"run_id": self.run_id, "key": key, "value": value, "timestamp": 1, "model_id": model_id, **point}
        self.rest.json("POST", f"{MLFLOW}/runs/log-metric", body=body)

    def search(self, **body):
        body = {"experiment_ids": [self.experiment_id], **body}
        page = self.rest.json("POST", f"{MODELS}/search", body=body)
        return [one["info"]["name"] for one in page.get("models", [])], page.get("next_page_token")


def test_the_life_of_a_logged_model(models):
    model = models.create(
        source_run_id=models.run_id,
        model_type="agent",
        params=[{"key": "depth", "value": "3"}],
        tags=[{"key": "team", "value": "fraud"}],
    )
    info = model["info"]
    model_id = info["model_id"]

    assert re.fullmatch(r"m-[0-9a-f]{32}", model_id)
    assert info["status"] == "LOGGED_MODEL_PENDING"
    assert info["artifact_uri"] == (
        f"dbfs:/databricks/mlflow-tracking/{models.experiment_id}/logged_models/{model_id}/artifacts"
    )
    assert (info["model_type"], info["source_run_id"]) == ("agent", models.run_id)
    assert model["data"]["params"] == [{"key": "depth", "value": "3"}]
    assert info["tags"] == [{"key": "team", "value": "fraud"}]
    assert models.get(model_id) == model

    assert models.patch(model_id, status="LOGGED_MODEL_READY")["model"]["info"]["status"] == "LOGGED_MODEL_READY"
    models.patch(model_id, "/tags", tags=[{"key": "a/b", "value": "1"}])
    models.rest.json("POST", f"{MODELS}/{model_id}/params", body={"params": [{"key": "width", "value": "4"}]})
    models.rest.json("DELETE", f"{MODELS}/{model_id}/tags/team")
    after = models.get(model_id)
    assert after["info"]["status"] == "LOGGED_MODEL_READY"
    assert after["info"]["tags"] == [{"key": "a/b", "value": "1"}]
    assert [one["key"] for one in after["data"]["params"]] == ["depth", "width"]


def test_a_deleted_model_is_seen_only_by_who_asks_for_it(models):
    model_id = models.id()
    models.rest.json("DELETE", f"{MODELS}/{model_id}")

    with pytest.raises(RefusedError, match="404 RESOURCE_DOES_NOT_EXIST"):
        models.get(model_id)
    assert models.get(model_id, allow_deleted="true")["info"]["model_id"] == model_id
    assert models.search()[0] == []


def test_metrics_of_a_run_that_name_a_model_are_the_models_too(models):
    model_id = models.id()
    models.log(model_id, "auc", 0.9, dataset_name="train", dataset_digest="d")

    (metric,) = models.get(model_id)["data"]["metrics"]

    assert (metric["key"], metric["value"], metric["run_id"]) == ("auc", 0.9, models.run_id)
    assert (metric["dataset_name"], metric["model_id"]) == ("train", model_id)


def test_outputs_and_inputs_of_a_run(models):
    model_id = models.id()
    body = {"run_id": models.run_id, "models": [{"model_id": model_id, "step": 2}]}
    models.rest.json("POST", f"{MLFLOW}/runs/outputs", body=body)
    body = {"run_id": models.run_id, "models": [{"model_id": model_id}]}
    models.rest.json("POST", f"{MLFLOW}/runs/log-inputs", body=body)

    run = models.rest.json("GET", f"{MLFLOW}/runs/get", query={"run_id": models.run_id})["run"]

    assert run["outputs"] == {"model_outputs": [{"model_id": model_id, "step": 2}]}
    assert run["inputs"] == {"model_inputs": [{"model_id": model_id}]}


@pytest.mark.parametrize(
    "body",
    [
        {"name": "a/b"},
        {"name": "a.b"},
        {"name": "a\n"},
        {"experiment_id": "12"},
        {"source_run_id": "none"},
        {"params": [{"key": "same", "value": "1"}, {"key": "same", "value": "1"}]},
        {"tags": [{"key": "", "value": "1"}]},
    ],
)
def test_a_model_that_cannot_be_is_refused_and_nothing_is_there(models, body):
    with pytest.raises(RefusedError) as refused:
        models.create(**body)

    assert refused.value.status in (400, 404)
    assert models.search()[0] == []


@pytest.mark.parametrize("status", ["LOGGED_MODEL_STATUS_UNSPECIFIED", "READY", 2, None])
def test_a_status_that_cannot_be_is_refused(models, status):
    model_id = models.id()

    with pytest.raises(RefusedError, match="400 INVALID_PARAMETER_VALUE"):
        models.patch(model_id, status=status)
    assert models.get(model_id)["info"]["status"] == "LOGGED_MODEL_PENDING"


def test_params_of_a_model_do_not_change(models):
    model_id = models.id(params=[{"key": "p", "value": "1"}])

    with pytest.raises(RefusedError, match="Changing param values is not allowed"):
        models.rest.json("POST", f"{MODELS}/{model_id}/params", body={"params": [{"key": "p", "value": "2"}]})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, ["c", "b", "a"]),
        ({"filter": "name = 'a'"}, ["a"]),
        ({"filter": "attributes.name IN ('a', 'b') AND params.p LIKE '_'"}, ["b", "a"]),
        ({"filter": "metrics.auc > 0.5"}, ["b", "a"]),
        ({"filter": "metrics.auc > 0.5", "datasets": [{"dataset_name": "train"}]}, ["b"]),
        ({"datasets": [{"dataset_name": "test", "dataset_digest": "d"}]}, ["a"]),
        ({"datasets": [{"dataset_name": "test", "dataset_digest": "no"}]}, []),
        ({"filter": "status = 'LOGGED_MODEL_READY'"}, ["c"]),
        ({"filter": "tags.t != 'x' AND creation_timestamp > 0"}, ["b"]),
        ({"order_by": [{"field_name": "metrics.auc", "ascending": False}]}, ["b", "a", "c"]),
        ({"order_by": [{"field_name": "metrics.auc", "dataset_name": "test", "dataset_digest": "d"}]}, ["a", "c", "b"]),
        ({"order_by": [{"field_name": "name"}]}, ["a", "b", "c"]),
        ({"order_by": [{"field_name": "creation_timestamp_ms", "ascending": True}]}, ["a", "b", "c"]),
    ],
)
def test_searches_logged_models(models, body, expected):
    first = models.id("a", params=[{"key": "p", "value": "1"}], tags=[{"key": "t", "value": "x"}])
    second = models.id("b", params=[{"key": "p", "value": "2"}], tags=[{"key": "t", "value": "y"}])
    third = models.id("c")
    models.log(first, "auc", 0.8, dataset_name="test", dataset_digest="d")
    models.log(first, "auc", 0.1, timestamp=0)
    models.log(second, "auc", 0.9, dataset_name="train", dataset_digest="d")
    models.patch(third, status="LOGGED_MODEL_READY")

    assert models.search(**body)[0] == expected


def test_a_page_at_a_time(models):
    for name in "abc":
        models.id(name)

    for order_by in ([], [{"field_name": "name", "ascending": False}]):
        first, token = models.search(max_results=2, order_by=order_by)
        second, end = models.search(max_results=2, order_by=order_by, page_token=token)
        assert (first, second, end) == (["c", "b"], ["a"], None)


@pytest.mark.parametrize(
    "body",
    [
        {"filter": "metric.auc > 1"},
        {"filter": "nothing = 'x'"},
        {"order_by": [{"field_name": "params.p"}]},
        {"order_by": [{"field_name": ""}]},
        {"order_by": [{"field_name": "name", "dataset_digest": "d"}]},
        {"page_token": "x"},
        {"max_results": 0},
        {"experiment_ids": ["12"]},
        {"datasets": [{}]},
    ],
)
def test_a_search_that_cannot_be_is_refused_with_400(models, body):
    with pytest.raises(RefusedError, match="400 INVALID_PARAMETER_VALUE"):
        models.search(**body)
