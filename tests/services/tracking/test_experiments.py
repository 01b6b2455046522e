from __future__ import annotations

import pytest
from conftest import RefusedError

MLFLOW = "/api/2.0/mlflow"


@pytest.fixture
def experiments(rest):
    return Experiments(rest)


class Experiments:
    def __init__(self, rest):
        self.rest = rest

    def create(self, name, **body):
        return self.rest.json("POST", f"{MLFLOW}/experiments/create", body={"name": name, **body})["experiment_id"]

    def get(self, experiment_id):
        query = {"experiment_id": experiment_id}
        return self.rest.json("GET", f"{MLFLOW}/experiments/get", query=query)["experiment"]

    def named(self, name):
        query = {"experiment_name": name}
        return self.rest.json("GET", f"{MLFLOW}/experiments/get-by-name", query=query)["experiment"]

    def post(self, operation, **body):
        return self.rest.json("POST", f"{MLFLOW}/experiments/{operation}", body=body)

    def search(self, **body):
        page = self.post("search", **body)
        return [one["name"] for one in page.get("experiments", [])], page.get("next_page_token")


def tags(experiment):
    return {tag["key"]: tag["value"] for tag in experiment["tags"]}


def test_a_new_experiment_is_as_databricks_makes_it(experiments):
    experiment_id = experiments.create("/Shared/x", tags=[{"key": "team", "value": "fraud"}])
    experiment = experiments.get(experiment_id)
    user = experiments.rest.workspace.user_name

    assert experiment_id.isdecimal()
    assert 15 <= len(experiment_id) <= 19
    assert experiment["name"] == "/Shared/x"
    assert experiment["artifact_location"] == f"dbfs:/databricks/mlflow-tracking/{experiment_id}"
    assert experiment["lifecycle_stage"] == "active"
    assert experiment["creation_time"] == experiment["last_update_time"]
    assert list(tags(experiment)) == [
        "team",
        "mlflow.ownerId",
        "mlflow.experiment.sourceName",
        "mlflow.ownerEmail",
        "mlflow.experimentType",
    ]
    assert tags(experiment)["mlflow.ownerEmail"] == user
    assert tags(experiment)["mlflow.experiment.sourceName"] == "/Shared/x"
    assert experiments.named("/Shared/x") == experiment


def test_the_leading_workspace_is_stripped_from_a_name(experiments):
    experiment_id = experiments.create("/Workspace/Shared/x")

    assert experiments.get(experiment_id)["name"] == "/Shared/x"
    assert experiments.named("/Workspace/Shared/x")["experiment_id"] == experiment_id


def test_a_name_that_is_no_absolute_path_is_refused_in_the_platforms_words(experiments):
    with pytest.raises(RefusedError) as refused:
        experiments.create("invalid_path")

    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"
    assert refused.value.message == (
        "Got an invalid experiment name 'invalid_path'. An experiment name must be an absolute path within the "
        "Databricks workspace, e.g. '/Users/<some-username>/my-experiment'."
    )


@pytest.mark.parametrize("name", ["", "/", "/Shared/../x", "/Shared/\n", "/Shared/" + "x" * 600, "/Shared//x"])
def test_a_name_that_cannot_be_is_refused(experiments, name):
    with pytest.raises(RefusedError, match="INVALID_PARAMETER_VALUE"):
        experiments.create(name)


def test_the_parent_must_exist(experiments):
    with pytest.raises(RefusedError) as refused:
        experiments.create("/Shared/haute/x")

    assert (refused.value.status, refused.value.error_code) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert refused.value.message == "Parent directory /Shared/haute does not exist."


def test_no_experiment_is_made_in_a_repo(experiments):
    with pytest.raises(RefusedError, match="not permitted in a repo"):
        experiments.create("/Repos/x")


def test_a_name_is_taken_once(experiments):
    experiments.create("/Shared/x")

    with pytest.raises(RefusedError) as refused:
        experiments.create("/Shared/x")
    assert (refused.value.status, refused.value.error_code) == (400, "RESOURCE_ALREADY_EXISTS")


def test_what_does_not_exist_is_said_to(experiments):
    with pytest.raises(RefusedError, match="404 RESOURCE_DOES_NOT_EXIST: Node ID 987654321 does not exist."):
        experiments.get("987654321")
    with pytest.raises(RefusedError, match="404 RESOURCE_DOES_NOT_EXIST: Node /Shared/no does not exist."):
        experiments.named("/Shared/no")


def test_the_id_of_a_folder_is_no_experiment(experiments):
    query = {"path": "/Shared"}
    folder = experiments.rest.json("GET", "/api/2.0/workspace/get-status", query=query)["object_id"]

    with pytest.raises(RefusedError, match="to be an MLflow experiment or Databricks notebook, found 'DIRECTORY'"):
        experiments.get(str(folder))


def test_renaming_takes_the_source_name_along_and_frees_the_name(experiments):
    experiment_id = experiments.create("/Shared/x")

    experiments.post("update", experiment_id=experiment_id, new_name="/Shared/y")

    assert experiments.get(experiment_id)["name"] == "/Shared/y"
    assert tags(experiments.get(experiment_id))["mlflow.experiment.sourceName"] == "/Shared/y"
    assert experiments.create("/Shared/x") != experiment_id


@pytest.mark.parametrize("name", ["/Shared/taken", "relative", "/Shared/no/x"])
def test_a_renaming_that_cannot_be_changes_nothing(experiments, name):
    experiments.create("/Shared/taken")
    experiment_id = experiments.create("/Shared/x")

    with pytest.raises(RefusedError):
        experiments.post("update", experiment_id=experiment_id, new_name=name)

    assert experiments.named("/Shared/x")["experiment_id"] == experiment_id


def test_deletion_and_restoration(experiments):
    experiment_id = experiments.create("/Shared/x")
    experiments.post("delete", experiment_id=experiment_id)

    assert experiments.get(experiment_id)["lifecycle_stage"] == "deleted"
    assert experiments.named("/Shared/x")["lifecycle_stage"] == "deleted"
    with pytest.raises(RefusedError, match="INVALID_STATE: Cannot rename a non-active experiment"):
        experiments.post("update", experiment_id=experiment_id, new_name="/Shared/y")
    with pytest.raises(RefusedError, match="must be in the 'active' state"):
        experiments.post("set-experiment-tag", experiment_id=experiment_id, key="a", value="b")

    experiments.post("restore", experiment_id=experiment_id)
    with pytest.raises(RefusedError, match="RESOURCE_DOES_NOT_EXIST"):
        experiments.post("restore", experiment_id=experiment_id)
    assert experiments.get(experiment_id)["lifecycle_stage"] == "active"
    assert experiments.search()[0] == ["/Shared/x"]


def test_a_deleted_name_can_be_used_again_and_then_the_deleted_one_cannot_come_back(experiments):
    first = experiments.create("/Shared/x")
    experiments.post("delete", experiment_id=first)
    second = experiments.create("/Shared/x")

    assert experiments.named("/Shared/x")["experiment_id"] == second
    with pytest.raises(RefusedError, match="RESOURCE_ALREADY_EXISTS"):
        experiments.post("restore", experiment_id=first)
    assert experiments.get(first)["lifecycle_stage"] == "deleted"


def test_tags_are_set_and_deleted(experiments):
    experiment_id = experiments.create("/Shared/x")
    experiments.post("set-experiment-tag", experiment_id=experiment_id, key="mlflow.note.content", value="a")
    experiments.post("set-experiment-tag", experiment_id=experiment_id, key="mlflow.note.content", value="b")
    assert tags(experiments.get(experiment_id))["mlflow.note.content"] == "b"

    experiments.post("delete-experiment-tag", experiment_id=experiment_id, key="mlflow.note.content")
    assert "mlflow.note.content" not in tags(experiments.get(experiment_id))
    with pytest.raises(RefusedError, match="RESOURCE_DOES_NOT_EXIST"):
        experiments.post("delete-experiment-tag", experiment_id=experiment_id, key="mlflow.note.content")


def test_the_newest_is_found_first_a_page_at_a_time(experiments):
    for name in "abc":
        experiments.create(f"/Shared/{name}")
        experiments.rest.workspace.clock.advance(seconds=1)

    first, token = experiments.search(max_results=2)
    second, end = experiments.search(max_results=2, page_token=token)

    assert (first, second, end) == (["/Shared/c", "/Shared/b"], ["/Shared/a"], None)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"filter": "name = '/Shared/a'"}, ["/Shared/a"]),
        ({"filter": "name ILIKE '/shared/%' AND tags.team = 'x'"}, ["/Shared/a"]),
        ({"filter": "attribute.name LIKE '%b'"}, ["/Shared/b"]),
        ({"filter": "tag.team != 'x'"}, ["/Shared/b"]),
        ({"filter": "tags.team IS NULL"}, ["/Shared/c"]),
        ({"filter": "tags.`mlflow.experimentType` = 'MLFLOW_EXPERIMENT'"}, ["/Shared/c", "/Shared/b", "/Shared/a"]),
        ({"filter": "creation_time > 0", "order_by": ["name ASC"]}, ["/Shared/a", "/Shared/b", "/Shared/c"]),
        ({"order_by": ["name DESC"]}, ["/Shared/c", "/Shared/b", "/Shared/a"]),
        ({"view_type": "DELETED_ONLY"}, ["/Shared/deleted"]),
        ({"view_type": "ALL", "order_by": ["name DESC"]}, ["/Shared/deleted", "/Shared/c", "/Shared/b", "/Shared/a"]),
    ],
)  # fmt: skip
def test_searches(experiments, body, expected):
    for name, team in (("a", "x"), ("b", "y"), ("c", None), ("deleted", None)):
        created = experiments.create(f"/Shared/{name}", tags=[{"key": "team", "value": team}] if team else [])
        experiments.rest.workspace.clock.advance(seconds=1)
    experiments.post("delete", experiment_id=created)

    assert experiments.search(**body)[0] == expected


@pytest.mark.parametrize(
    "body",
    [
        {"filter": "metrics.a = 1"},
        {"filter": "creation_time > 'x'"},
        {"filter": "creation_time > 1.5"},
        {"filter": "experiment_id LIKE '1'"},
        {"order_by": ["status"]},
        {"max_results": 0},
        {"max_results": 50_001},
        {"page_token": "x"},
        {"view_type": "SOME"},
    ],
)
def test_a_search_that_cannot_be_is_refused(experiments, body):
    with pytest.raises(RefusedError) as refused:
        experiments.search(**body)
    assert (refused.value.status, refused.value.error_code) == (400, "INVALID_PARAMETER_VALUE")


def test_search_is_also_a_get(experiments):
    experiments.create("/Shared/x")
    query = {"max_results": 5, "order_by": ["name", "creation_time DESC"]}

    found = experiments.rest.json("GET", f"{MLFLOW}/experiments/search", query=query)

    assert [one["name"] for one in found["experiments"]] == ["/Shared/x"]
