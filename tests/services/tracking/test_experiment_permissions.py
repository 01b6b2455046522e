"""Permissions on experiments over REST: set, inherited from folders, and what they let people find."""

from __future__ import annotations

from typing import Any

import pytest
from acting import denied, of, refused
from conftest import RefusedError, Rest

from fakebricks import Workspace

ANN, BOB = "ann@acme.test", "bob@acme.test"
E = "/api/2.0/mlflow/experiments"


def test_who_creates_an_experiment_manages_it_and_permissions_say_where_they_come_from(rest: Rest) -> None:
    ann = of(rest, ANN)
    experiment_id = ann.creates(f"{ann.person.home}/e")
    answer = ann.get(f"/api/2.0/permissions/experiments/{experiment_id}")
    assert answer["object_id"] == f"/experiments/{experiment_id}"
    assert answer["object_type"] == "mlflowExperiment"
    home = rest.get("/api/2.0/workspace/get-status", path=ann.person.home)["object_id"]
    assert answer["access_control_list"][0] == {
        "user_name": ANN,
        "display_name": "Ann",
        "all_permissions": [
            {"permission_level": "CAN_MANAGE", "inherited": False},
            {"permission_level": "CAN_MANAGE", "inherited": True, "inherited_from_object": [f"/directories/{home}"]},
        ],
    }
    assert ann.permissions(experiment_id)["admins"] == [("CAN_MANAGE", True)]


def test_put_replaces_and_patch_adds(rest: Rest) -> None:
    ann, bob = of(rest, ANN), of(rest, BOB)
    experiment_id = ann.creates(f"{ann.person.home}/e")
    url = f"/api/2.0/permissions/experiments/{experiment_id}"
    denied(bob.get, f"{E}/get", experiment_id=experiment_id)
    ann.patch(url, access_control_list=[{"user_name": BOB, "permission_level": "CAN_READ"}])
    assert bob.get(f"{E}/get", experiment_id=experiment_id)["experiment"]["name"] == f"{ann.person.home}/e"
    denied(bob.post, f"{E}/set-experiment-tag", experiment_id=experiment_id, key="k", value="v")
    ann.patch(url, access_control_list=[{"user_name": BOB, "permission_level": "CAN_EDIT"}])
    bob.post(f"{E}/set-experiment-tag", experiment_id=experiment_id, key="k", value="v")
    assert ann.permissions(experiment_id)[BOB] == [("CAN_EDIT", False)]
    assert ann.permissions(experiment_id)[ANN] == [("CAN_MANAGE", False), ("CAN_MANAGE", True)]
    ann.put(url, access_control_list=[{"group_name": "users", "permission_level": "CAN_READ"}])
    assert BOB not in ann.permissions(experiment_id)
    bob.get(f"{E}/get", experiment_id=experiment_id)
    ann.put(url)
    denied(bob.get, f"{E}/get", experiment_id=experiment_id)
    assert ann.permissions(experiment_id) == {ANN: [("CAN_MANAGE", True)], "admins": [("CAN_MANAGE", True)]}


def test_the_levels(rest: Rest) -> None:
    experiment_id = of(rest, ANN).creates("/Shared/e")
    levels = rest.get(f"/api/2.0/permissions/experiments/{experiment_id}/permissionLevels")["permission_levels"]
    assert [one["permission_level"] for one in levels] == ["CAN_READ", "CAN_EDIT", "CAN_MANAGE"]


@pytest.mark.parametrize(
    ("entry", "code", "text"),
    [
        ({"user_name": "x@y.test", "permission_level": "CAN_READ"}, "RESOURCE_DOES_NOT_EXIST", "UserName(x@y.test)"),
        ({"group_name": "g", "permission_level": "CAN_READ"}, "RESOURCE_DOES_NOT_EXIST", "GroupName(g)"),
        ({"service_principal_name": "s", "permission_level": "CAN_READ"}, "RESOURCE_DOES_NOT_EXIST", "(s) does not"),
        ({"group_name": "admins", "permission_level": "CAN_READ"}, "BAD_REQUEST", "group 'admins' to CAN_READ"),
        ({"user_name": BOB, "permission_level": "CAN_RUN"}, "INVALID_PARAMETER_VALUE", "CAN_RUN"),
        ({"user_name": BOB}, "INVALID_PARAMETER_VALUE", "permission_level"),
        ({"permission_level": "CAN_READ"}, "INVALID_PARAMETER_VALUE", "Exactly one"),
        ({"user_name": BOB, "group_name": "users", "permission_level": "CAN_READ"}, "INVALID_PARAMETER_VALUE", "one"),
    ],
)
def test_permissions_that_cannot_be_change_nothing(rest: Rest, entry: dict[str, str], code: str, text: str) -> None:
    ann, bob = of(rest, ANN), of(rest, BOB)
    experiment_id = ann.creates(f"{ann.person.home}/e")
    before = ann.permissions(experiment_id)
    good = {"user_name": bob.person.user_name, "permission_level": "CAN_READ"}
    for verb in (ann.put, ann.patch):
        url = f"/api/2.0/permissions/experiments/{experiment_id}"
        assert text in refused(code, verb, url, access_control_list=[good, entry])
    assert ann.permissions(experiment_id) == before


def test_permissions_of_what_does_not_exist(rest: Rest) -> None:
    for who in (rest, of(rest, ANN)):
        refused("RESOURCE_DOES_NOT_EXIST", who.get, "/api/2.0/permissions/experiments/1")
        refused("BAD_REQUEST", who.get, "/api/2.0/permissions/experiments/x")


def test_a_home_is_its_person_s_and_shared_is_everybody_s(rest: Rest) -> None:
    ann, bob = of(rest, ANN), of(rest, BOB)
    assert "Manage" in denied(bob.post, f"{E}/create", name=f"{ann.person.home}/mine")
    denied(bob.post, f"{E}/create", name="/mine")
    denied(bob.post, "/api/2.0/workspace/mkdirs", path=f"{ann.person.home}/mine")
    denied(bob.post, "/api/2.0/workspace/mkdirs", path="/Users/nobody@acme.test")
    denied(bob.post, "/api/2.0/workspace/delete", path=ann.person.home, recursive=True)
    refused("RESOURCE_DOES_NOT_EXIST", bob.post, f"{E}/create", name="/nowhere/mine")
    bob.post("/api/2.0/workspace/mkdirs", path=f"{bob.person.home}/deep")
    bob.creates(f"{bob.person.home}/deep/e")
    in_home = rest.post(f"{E}/create", name=f"{ann.person.home}/given")["experiment_id"]
    ann.post(f"{E}/update", experiment_id=in_home, new_name=f"{ann.person.home}/taken")
    shared = bob.creates("/Shared/e")
    ann.post(f"{E}/delete", experiment_id=shared)
    assert ann.permissions(shared)["users"] == [("CAN_MANAGE", True)]


def test_an_experiment_is_not_moved_to_somebody_else_s_home(rest: Rest) -> None:
    ann, bob = of(rest, ANN), of(rest, BOB)
    experiment_id = bob.creates(f"{bob.person.home}/e")
    denied(bob.post, f"{E}/update", experiment_id=experiment_id, new_name=f"{ann.person.home}/e")
    denied(bob.post, f"{E}/update", experiment_id=ann.creates(f"{ann.person.home}/x"), new_name="/Shared/x")
    bob.post(f"{E}/update", experiment_id=experiment_id, new_name="/Shared/e")
    ann.get(f"{E}/get", experiment_id=experiment_id)


def test_search_finds_what_one_may_view(rest: Rest) -> None:
    ann, bob = of(rest, ANN), of(rest, BOB)
    mine = ann.creates(f"{ann.person.home}/mine")
    shown = ann.creates(f"{ann.person.home}/shown")
    shared = ann.creates("/Shared/e")
    access = [{"user_name": BOB, "permission_level": "CAN_READ"}]
    ann.put(f"/api/2.0/permissions/experiments/{shown}", access_control_list=access)

    def found(who: Any) -> set[str]:
        ids: set[str] = set()
        token = None
        while True:
            page = {"max_results": 1, **({"page_token": token} if token else {})}
            answer = who.post(f"{E}/search", **page)
            ids |= {one["experiment_id"] for one in answer.get("experiments", ())}
            token = answer.get("next_page_token")
            if token is None:
                return ids

    assert found(bob) == {shown, shared}
    assert found(ann) == found(rest) == {mine, shown, shared}
    listed = bob.get("/api/2.0/workspace/list", path=ann.person.home)
    assert [one["path"] for one in listed["objects"]] == [f"{ann.person.home}/shown"]
    denied(bob.get, "/api/2.0/workspace/get-status", path=f"{ann.person.home}/mine")
    denied(bob.post, "/api/2.0/workspace/delete", path=f"{ann.person.home}/shown")
    denied(bob.post, "/api/2.0/mlflow/runs/search", experiment_ids=[shared, mine])
    denied(bob.get, f"{E}/get-by-name", experiment_name=f"{ann.person.home}/mine")


def test_what_is_read_and_written_beside_a_run_needs_permission_too(rest: Rest) -> None:
    ann, bob = of(rest, ANN), of(rest, BOB)
    of_ann = ann.creates(f"{ann.person.home}/e")
    of_bob = bob.creates(f"{bob.person.home}/e")
    api = "/api/2.0/mlflow"
    model_id = ann.post(f"{api}/logged-models", experiment_id=of_ann)["model"]["info"]["model_id"]
    source = ann.post(f"{api}/runs/create", experiment_id=of_ann)["run"]["info"]["run_id"]
    run_id = bob.post(f"{api}/runs/create", experiment_id=of_bob)["run"]["info"]["run_id"]
    metric = {"key": "m", "value": 1, "timestamp": 1, "model_id": model_id}
    denied(bob.post, f"{api}/runs/log-metric", run_id=run_id, **metric)
    denied(bob.post, f"{api}/runs/log-batch", run_id=run_id, metrics=[metric])
    denied(bob.post, f"{api}/runs/outputs", run_id=run_id, models=[{"model_id": model_id}])
    denied(bob.post, f"{api}/runs/log-inputs", run_id=run_id, models=[{"model_id": model_id}])
    denied(bob.post, f"{api}/logged-models", experiment_id=of_bob, source_run_id=source)
    access = [{"user_name": BOB, "permission_level": "CAN_READ"}]
    ann.put(f"/api/2.0/permissions/experiments/{of_ann}", access_control_list=access)
    bob.post(f"{api}/runs/log-inputs", run_id=run_id, models=[{"model_id": model_id}])
    bob.post(f"{api}/logged-models", experiment_id=of_bob, source_run_id=source)
    denied(bob.post, f"{api}/runs/outputs", run_id=run_id, models=[{"model_id": model_id}])


def test_a_refusal_costs_no_state(workspace: Workspace) -> None:
    rest = Rest(workspace)
    ann, bob = of(rest, ANN), of(rest, BOB)
    experiment_id = ann.creates(f"{ann.person.home}/e")
    before = workspace.snapshot()
    denied(bob.post, f"{E}/delete", experiment_id=experiment_id)
    denied(bob.post, f"{E}/create", name=f"{ann.person.home}/f")
    assert workspace.snapshot() == before


def test_a_registered_version_is_made_of_what_one_may_view(rest: Rest) -> None:
    ann, bob = of(rest, ANN), of(rest, BOB)
    api = "/api/2.0/mlflow"
    of_ann = ann.creates(f"{ann.person.home}/e")
    run = ann.post(f"{api}/runs/create", experiment_id=of_ann)["run"]["info"]
    model_id = ann.post(f"{api}/logged-models", experiment_id=of_ann)["model"]["info"]["model_id"]
    bob.post(f"{api}/registered-models/create", name="m")
    versions = f"{api}/model-versions/create"
    denied(bob.post, versions, name="m", source=f"{run['artifact_uri']}/model")
    denied(bob.post, versions, name="m", source=f"models:/{model_id}")
    denied(bob.post, versions, name="m", source="dbfs:/elsewhere", model_id=model_id)
    ann.post(f"{api}/registered-models/create", name="of-ann")
    ann.post(versions, name="of-ann", source=f"{run['artifact_uri']}/model")


def test_a_name_that_is_no_text_is_refused(rest: Rest) -> None:
    ann = of(rest, ANN)
    url = f"/api/2.0/permissions/experiments/{ann.creates('/Shared/e')}"
    for name in ("\ud800", "\x00", "a" * 10_000):
        entry = {"user_name": name, "permission_level": "CAN_READ"}
        with pytest.raises(RefusedError) as refusal:
            ann.put(url, access_control_list=[entry])
        assert refusal.value.status in {400, 404}
