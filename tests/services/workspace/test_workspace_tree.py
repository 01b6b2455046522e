from __future__ import annotations

import pytest
from conftest import RefusedError, Rest

WORKSPACE = "/api/2.0/workspace"
MLFLOW = "/api/2.0/mlflow"


def status(rest: Rest, path: str):
    return rest.json("GET", f"{WORKSPACE}/get-status", query={"path": path})


def names(rest: Rest, path: str) -> list[str]:
    return [one["path"] for one in rest.json("GET", f"{WORKSPACE}/list", query={"path": path}).get("objects", [])]


def delete(rest: Rest, path: str, **body):
    return rest.json("POST", f"{WORKSPACE}/delete", body={"path": path, **body})


def mkdirs(rest: Rest, path: str):
    return rest.json("POST", f"{WORKSPACE}/mkdirs", body={"path": path})


def test_a_new_workspace_has_its_folders_and_its_users_home(rest):
    assert names(rest, "/") == ["/Repos", "/Shared", "/Users"]
    assert names(rest, "/Users") == [f"/Users/{rest.workspace.user_name}"]


def test_mkdirs_makes_parents_and_may_be_repeated(rest):
    mkdirs(rest, "/Shared/a/b")
    mkdirs(rest, "/Shared/a/b")

    assert names(rest, "/Shared/a") == ["/Shared/a/b"]
    assert status(rest, "/Shared/a/b")["object_type"] == "DIRECTORY"
    assert isinstance(status(rest, "/Shared/a/b")["object_id"], int)


def test_the_leading_workspace_names_the_same_tree(rest):
    mkdirs(rest, "/Workspace/Shared/a")

    assert status(rest, "/Shared/a") == status(rest, "/Workspace/Shared/a")


def test_an_experiment_is_a_node(rest):
    experiment_id = rest.post(f"{MLFLOW}/experiments/create", name="/Shared/x")["experiment_id"]

    assert status(rest, "/Shared/x")["object_type"] == "MLFLOW_EXPERIMENT"
    assert status(rest, "/Shared/x")["object_id"] == int(experiment_id)
    assert names(rest, "/Shared") == ["/Shared/x"]


def test_no_folder_can_be_where_an_experiment_is(rest):
    rest.post(f"{MLFLOW}/experiments/create", name="/Shared/x")

    for path in ("/Shared/x", "/Shared/x/below"):
        with pytest.raises(RefusedError, match="RESOURCE_ALREADY_EXISTS"):
            mkdirs(rest, path)


def test_deleting_a_folder_deletes_the_experiments_in_it(rest):
    mkdirs(rest, "/Shared/a/b")
    experiment_id = rest.post(f"{MLFLOW}/experiments/create", name="/Shared/a/b/x")["experiment_id"]
    with pytest.raises(RefusedError, match="not empty"):
        delete(rest, "/Shared/a")

    delete(rest, "/Shared/a", recursive=True)

    assert names(rest, "/Shared") == []
    found = rest.json("GET", f"{MLFLOW}/experiments/get", query={"experiment_id": experiment_id})
    assert found["experiment"]["lifecycle_stage"] == "deleted"


def test_deleting_a_node_that_is_an_experiment_deletes_the_experiment(rest):
    experiment_id = rest.post(f"{MLFLOW}/experiments/create", name="/Shared/x")["experiment_id"]

    delete(rest, "/Shared/x")

    found = rest.json("GET", f"{MLFLOW}/experiments/get", query={"experiment_id": experiment_id})
    assert found["experiment"]["lifecycle_stage"] == "deleted"
    assert names(rest, "/Shared") == []


@pytest.mark.parametrize("path", ["/Shared", "/Users", "/", "/Users/jane@acme.test"])
def test_the_first_folders_stay(rest, path):
    with pytest.raises(RefusedError, match="protected"):
        delete(rest, path)


@pytest.mark.parametrize(
    "path", ["relative", "", "/a/../b", "/a//b", "/a/./b", "/a\nb", "/" + "x" * 300, "/x" * 600, "/a\x00"]
)
def test_what_is_no_path_is_refused(rest, path):
    for call in (mkdirs, status, delete):
        with pytest.raises(RefusedError) as refused:
            call(rest, path)
        assert (refused.value.status, refused.value.error_code) == (400, "INVALID_PARAMETER_VALUE")


def test_what_does_not_exist_is_said_to(rest):
    for call in (status, names, delete):
        with pytest.raises(RefusedError) as refused:
            call(rest, "/Shared/nothing")
        assert (refused.value.status, refused.value.error_code) == (404, "RESOURCE_DOES_NOT_EXIST")
