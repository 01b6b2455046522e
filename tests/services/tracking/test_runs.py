from __future__ import annotations

import re

import pytest
from conftest import RefusedError

MLFLOW = "/api/2.0/mlflow"


@pytest.fixture
def experiment_id(rest):
    return rest.json("POST", f"{MLFLOW}/experiments/create", body={"name": "/Shared/x"})["experiment_id"]


@pytest.fixture
def runs(rest, experiment_id):
    return Runs(rest, experiment_id)


class Runs:
    def __init__(self, rest, experiment_id):
        self.rest = rest
        self.experiment_id = experiment_id

    def create(self, **body):
        body = {"experiment_id": self.experiment_id, "start_time": 1000, **body}
        return self.post("create", **body)["run"]

    def id(self, **body):
        return self.create(**body)["info"]["run_id"]

    def post(self, operation, **body):
        return self.rest.json("POST", f"{MLFLOW}/runs/{operation}", body=body)

    def get(self, run_id):
        return self.rest.json("GET", f"{MLFLOW}/runs/get", query={"run_id": run_id})["run"]

    def history(self, run_id, key, **query):
        query = {"run_id": run_id, "metric_key": key, **query}
        return self.rest.json("GET", f"{MLFLOW}/metrics/get-history", query=query)

    def search(self, **body):
        page = self.post("search", **{"experiment_ids": [self.experiment_id], **body})
        return [run["info"]["run_name"] for run in page.get("runs", [])], page.get("next_page_token")


def metrics(run):
    return {one["key"]: one["value"] for one in run["data"].get("metrics", [])}


def pairs(things):
    return {one["key"]: one["value"] for one in things}


def test_a_new_run(runs):
    run = runs.create(run_name="first", user_id="jane", tags=[{"key": "mlflow.user", "value": "jane"}])
    info = run["info"]

    assert re.fullmatch(r"[0-9a-f]{32}", info["run_id"])
    assert info["run_uuid"] == info["run_id"]
    assert (info["status"], info["lifecycle_stage"], info["start_time"]) == ("RUNNING", "active", 1000)
    assert "end_time" not in info
    assert info["artifact_uri"] == (f"dbfs:/databricks/mlflow-tracking/{runs.experiment_id}/{info['run_id']}/artifacts")
    assert pairs(run["data"]["tags"]) == {"mlflow.user": "jane", "mlflow.runName": "first"}
    assert runs.get(info["run_id"]) == run


def test_a_run_that_nobody_named_has_a_name_and_the_tag_says_it(runs):
    run = runs.create()

    assert re.fullmatch(r"[a-z]+-[a-z]+-\d+", run["info"]["run_name"])
    assert pairs(run["data"]["tags"])["mlflow.runName"] == run["info"]["run_name"]


def test_name_and_tag_must_not_differ(runs):
    with pytest.raises(RefusedError, match="with different values"):
        runs.create(run_name="a", tags=[{"key": "mlflow.runName", "value": "b"}])


def test_the_name_follows_the_tag_and_the_tag_the_name(runs):
    run_id = runs.id()

    runs.post("set-tag", run_id=run_id, run_uuid=run_id, key="mlflow.runName", value="by tag")
    assert runs.get(run_id)["info"]["run_name"] == "by tag"
    info = runs.post("update", run_id=run_id, run_name="by name")["run_info"]
    assert info["run_name"] == "by name"
    assert pairs(runs.get(run_id)["data"]["tags"])["mlflow.runName"] == "by name"


def test_a_run_ends(runs):
    run_id = runs.id()

    info = runs.post("update", run_id=run_id, status="FINISHED", end_time=2000)["run_info"]

    assert (info["status"], info["end_time"]) == ("FINISHED", 2000)
    assert runs.get(run_id)["info"] == info


def test_an_unknown_experiment_is_said_to_be_missing_as_the_platform_does(runs):
    with pytest.raises(RefusedError) as refused:
        runs.create(experiment_id="2170254243754186")
    assert str(refused.value) == ("400 INVALID_PARAMETER_VALUE: Experiment with id '2170254243754186' does not exist.")


def test_an_unknown_run_is_said_to_be_missing(runs):
    with pytest.raises(RefusedError, match="404 RESOURCE_DOES_NOT_EXIST: Run 'f00' not found"):
        runs.get("f00")


def test_params_do_not_change(runs):
    run_id = runs.id()
    runs.post("log-parameter", run_id=run_id, key="k", value="1")
    runs.post("log-parameter", run_id=run_id, key="k", value="1")

    with pytest.raises(RefusedError) as refused:
        runs.post("log-parameter", run_id=run_id, key="k", value="2")

    assert refused.value.message == (
        "Changing param values is not allowed. Param with key='k' was already logged with value='1' for run "
        f"ID='{run_id}'. Attempted logging new value '2'."
    )
    assert pairs(runs.get(run_id)["data"]["params"]) == {"k": "1"}


@pytest.mark.parametrize(
    ("points", "latest"),
    [
        ([(1, 0, 0.5), (2, 0, 0.7)], 0.7),
        ([(1, 5, 0.5), (2, 4, 0.7)], 0.5),
        ([(2, 1, 0.5), (1, 1, 0.7)], 0.5),
        ([(1, 1, 0.5), (1, 1, 0.7)], 0.7),
        ([(1, 1, 0.7), (1, 1, 0.5)], 0.7),
        ([(1, 0, 0.5), (2, 1, "NaN")], "NaN"),
        ([(1, 0, "Infinity"), (2, -1, 0.0)], "Infinity"),
        ([(1, 0, "-Infinity")], "-Infinity"),
    ],
)
def test_the_latest_value_of_a_metric(runs, points, latest):
    """By step, then timestamp, then value."""
    run_id = runs.id()
    for timestamp, step, value in points:
        runs.post("log-metric", run_id=run_id, key="m", value=value, timestamp=timestamp, step=step)

    assert metrics(runs.get(run_id)) == {"m": latest}


def test_a_history_has_every_point_once_a_page_at_a_time(runs):
    run_id = runs.id()
    points = [{"key": "m", "value": value, "timestamp": value, "step": 9 - value} for value in (3, 1, 2)]
    runs.post("log-batch", run_id=run_id, metrics=[*points, *points])
    runs.post("log-metric", run_id=run_id, key="m2", value=1, timestamp=1)

    first = runs.history(run_id, "m", max_results=2)
    second = runs.history(run_id, "m", max_results=2, page_token=first["next_page_token"])

    assert [one["value"] for one in first["metrics"]] == [1, 2]
    assert second == {"metrics": [{"key": "m", "value": 3, "timestamp": 3, "step": 6}]}
    assert runs.history(run_id, "none") == {}
    with pytest.raises(RefusedError, match="Invalid page token"):
        runs.history(run_id, "m2", page_token=first["next_page_token"])


@pytest.mark.parametrize(
    "batch",
    [
        {"metrics": [{"key": "m", "value": 1, "timestamp": -1}]},
        {"metrics": [{"key": "m", "value": 1, "timestamp": 2**63}]},
        {"metrics": [{"key": "m", "value": "x", "timestamp": 1}]},
        {"metrics": [{"key": "../m", "value": 1, "timestamp": 1}]},
        {"metrics": [{"key": "m", "value": 1, "timestamp": 1, "model_id": "m-0"}]},
        {"metrics": [{"key": "m", "value": 1, "timestamp": 1}] * 1001},
        {"metrics": [{"key": "m", "value": 1, "timestamp": 1}] * 950, "tags": [{"key": "t", "value": ""}] * 60},
        {"params": [{"key": str(number), "value": ""} for number in range(101)]},
        {"params": [{"key": "same", "value": "1"}, {"key": "same", "value": "1"}]},
        {"params": [{"key": "p", "value": "x" * 6001}]},
        {"params": [{"key": "p", "value": "other"}]},
        {"params": [{"key": "x" * 251, "value": "1"}]},
        {"tags": [{"key": "t\n", "value": "x"}]},
        {"tags": [{"key": "", "value": "x"}]},
        {"tags": [{"key": "t", "value": "x" * 8001}]},
        {"tags": [{"key": "t", "value": "x", "extra": 1}]},
    ],
)
def test_a_batch_is_logged_as_a_whole_or_not_at_all(runs, batch):
    run_id = runs.id()
    runs.post("log-parameter", run_id=run_id, key="p", value="1")
    before = runs.get(run_id)
    good = {"metrics": [{"key": "good", "value": 1, "timestamp": 1}], "params": [{"key": "good", "value": "1"}]}

    with pytest.raises(RefusedError) as refused:
        runs.post("log-batch", run_id=run_id, **{**good, **batch})

    assert refused.value.status in (400, 404)
    assert runs.get(run_id) == before


def test_a_batch_of_more_than_a_megabyte_is_refused(runs):
    run_id = runs.id()
    tags = [{"key": f"t{number}", "value": "é" * 8000} for number in range(90)]

    with pytest.raises(RefusedError, match="must be at most 1000000 bytes"):
        runs.post("log-batch", run_id=run_id, tags=tags)


def test_a_tag_is_deleted_once(runs):
    run_id = runs.id(tags=[{"key": "t", "value": "x"}])
    runs.post("delete-tag", run_id=run_id, key="t")

    assert "t" not in pairs(runs.get(run_id)["data"]["tags"])
    with pytest.raises(RefusedError, match="RESOURCE_DOES_NOT_EXIST"):
        runs.post("delete-tag", run_id=run_id, key="t")


WRITES = [
    ("log-metric", {"key": "m", "value": 1, "timestamp": 1}),
    ("log-parameter", {"key": "p", "value": "1"}),
    ("set-tag", {"key": "t", "value": "1"}),
    ("delete-tag", {"key": "mlflow.runName"}),
    ("log-batch", {"params": [{"key": "p", "value": "1"}]}),
    ("log-inputs", {"datasets": []}),
    ("outputs", {"models": []}),
    ("update", {"status": "FINISHED"}),
]


@pytest.mark.parametrize(("operation", "body"), WRITES)
@pytest.mark.parametrize("what", ["run", "experiment"])
def test_nothing_is_written_to_what_is_deleted_but_it_can_be_read(runs, operation, body, what):
    run_id = runs.id(run_name="gone")
    ids = {"run_id": run_id} if what == "run" else {"experiment_id": runs.experiment_id}
    runs.rest.json("POST", f"{MLFLOW}/{what}s/delete", body=ids)
    before = runs.get(run_id)

    with pytest.raises(RefusedError) as refused:
        runs.post(operation, run_id=run_id, **body)

    assert str(refused.value) == (
        f"400 INVALID_PARAMETER_VALUE: The run {run_id} must be in the 'active' state. Current state is deleted."
    )
    assert before["info"]["lifecycle_stage"] == "deleted"
    assert runs.get(run_id) == before
    assert runs.search()[0] == []
    assert runs.search(run_view_type="DELETED_ONLY")[0] == ["gone"]
    runs.rest.json("POST", f"{MLFLOW}/{what}s/restore", body=ids)
    runs.post(operation, run_id=run_id, **body)
    assert runs.search()[0] == ["gone"]


def test_a_data_set_is_one_input_of_a_run_as_it_was_first_said(runs):
    run_id = runs.id()
    dataset = {"name": "train", "digest": "d1", "source_type": "local", "source": "{}", "schema": "{}"}
    for context in ("training", "eval"):
        tag = {"key": "mlflow.data.context", "value": context}
        runs.post("log-inputs", run_id=run_id, datasets=[{"dataset": dataset, "tags": [tag]}])

    (given,) = runs.get(run_id)["inputs"]["dataset_inputs"]

    assert given["dataset"] == dataset
    assert pairs(given["tags"]) == {"mlflow.data.context": "training"}


def test_a_name_and_a_digest_are_one_data_set_of_an_experiment(runs):
    dataset = {"name": "train", "digest": "d1", "source_type": "local", "source": "first"}
    for source in ("first", "second"):
        run_id = runs.id()
        runs.post("log-inputs", run_id=run_id, datasets=[{"dataset": {**dataset, "source": source}, "tags": []}])

    assert runs.get(run_id)["inputs"]["dataset_inputs"] == [{"dataset": dataset}]


def test_log_model_adds_to_the_history_that_clients_read(runs):
    run_id = runs.id()
    model = '{"artifact_path": "%s", "flavors": {}, "utc_time_created": "now", "run_id": "x"}'
    for path in ("a", "b"):
        runs.post("log-model", run_id=run_id, model_json=model % path)

    history = pairs(runs.get(run_id)["data"]["tags"])["mlflow.log-model.history"]
    assert re.findall(r'"artifact_path":"(\w)"', history) == ["a", "b"]
    for wrong in ("{", "[]", "{}"):
        with pytest.raises(RefusedError, match="INVALID_PARAMETER_VALUE"):
            runs.post("log-model", run_id=run_id, model_json=wrong)


def test_the_latest_start_is_found_first_a_page_at_a_time(runs):
    for name, start in (("old", 1), ("new", 3), ("mid", 2)):
        runs.create(run_name=name, start_time=start)

    first, token = runs.search(max_results=2)
    runs.create(run_name="newer than the first page", start_time=9)
    second, end = runs.search(max_results=2, page_token=token)

    assert (first, second, end) == (["new", "mid"], ["old"], None)


def test_a_page_token_of_another_search_is_refused(runs):
    for _ in range(3):
        runs.create()
    _, token = runs.search(max_results=1)

    for other in ({"filter": "metrics.a > 1"}, {"run_view_type": "ALL"}, {"order_by": ["start_time"]}):
        with pytest.raises(RefusedError, match="400 INVALID_PARAMETER_VALUE: Invalid page token"):
            runs.search(max_results=1, page_token=token, **other)


def test_runs_of_several_experiments_are_found_together(runs):
    other = runs.rest.json("POST", f"{MLFLOW}/experiments/create", body={"name": "/Shared/y"})["experiment_id"]
    runs.create(run_name="a", start_time=1)
    runs.create(run_name="b", start_time=3)
    runs.create(run_name="other", start_time=2, experiment_id=other)

    assert runs.search(experiment_ids=[runs.experiment_id, other])[0] == ["b", "other", "a"]


@pytest.mark.parametrize(
    ("filter_string", "expected"),
    [
        ("params.p IS NULL", ["without"]),
        ("params.p IS NOT NULL", ["with"]),
        ("tags.mlflow.runName LIKE 'with%' AND metrics.m >= 1", ["with"]),
        ("datasets.name IN ('train', 'x') AND dataset.context = 'training'", ["with"]),
        ("run_name ILIKE 'WITHOUT'", ["without"]),
    ],
)
def test_searches_runs(runs, filter_string, expected):
    run_id = runs.id(run_name="with")
    runs.post(
        "log-batch",
        run_id=run_id,
        metrics=[{"key": "m", "value": 1, "timestamp": 1}],
        params=[{"key": "p", "value": ""}],
    )
    given = {
        "dataset": {"name": "train", "digest": "d", "source_type": "t", "source": "s"},
        "tags": [{"key": "mlflow.data.context", "value": "training"}],
    }
    runs.post("log-inputs", run_id=run_id, datasets=[given])
    runs.create(run_name="without")

    assert runs.search(filter=filter_string)[0] == expected


@pytest.mark.parametrize("max_results", [0, -1, 50_001])
def test_a_number_of_results_that_cannot_be_is_refused(runs, max_results):
    with pytest.raises(RefusedError, match="max_results"):
        runs.search(max_results=max_results)


@pytest.mark.parametrize(
    ("operation", "body", "words"),
    [
        ("get-by", {}, "does not implement"),
        ("log-metric", {"key": "m", "value": 1, "timestamp": 1}, "Missing value for required parameter 'run_id'"),
        ("log-metric", {"run_id": "x", "value": 1, "timestamp": 1}, "Missing value for required parameter 'key'"),
        ("log-metric", {"run_id": "x", "run_uuid": "y", "key": "m", "value": 1, "timestamp": 1}, "different runs"),
        ("update", {"run_id": "x", "status": "DONE"}, "Invalid"),
        ("create", {"experiment_id": "1", "no_such_field": 1}, "Unknown field 'no_such_field'"),
    ],
)
def test_a_request_that_cannot_be_says_why(runs, operation, body, words):
    with pytest.raises(RefusedError, match=words):
        runs.post(operation, **body)
