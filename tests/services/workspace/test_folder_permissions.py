"""Permissions on folders over REST: set, inherited down the tree, and what they let people do in it."""

from __future__ import annotations

import pytest
from acting import As, denied, of, refused
from conftest import Rest

ANN, BOB = "ann@acme.test", "bob@acme.test"
E = "/api/2.0/mlflow/experiments"
W = "/api/2.0/workspace"


def folder(who: As | Rest, path: str) -> str:
    """The id of a folder, which is made if need be."""
    who.post(f"{W}/mkdirs", path=path)
    return str(who.get(f"{W}/get-status", path=path)["object_id"])


def give(who: As | Rest, folder_id: str, user: str, level: str) -> None:
    acl = [{"user_name": user, "permission_level": level}]
    who.patch(f"/api/2.0/permissions/directories/{folder_id}", access_control_list=acl)


def test_a_folder_says_what_it_has_and_from_where(rest: Rest) -> None:
    ann = of(rest, ANN)
    home = folder(ann, ann.person.home)
    deep = folder(ann, f"{ann.person.home}/team/deep")
    root = folder(rest, "/")
    give(ann, deep, of(rest, BOB).person.user_name, "CAN_RUN")
    answer = ann.get(f"/api/2.0/permissions/directories/{deep}")
    team = folder(ann, f"{ann.person.home}/team")
    assert (answer["object_id"], answer["object_type"]) == (f"/directories/{deep}", "directory")
    of_ann, of_bob, of_admins = answer["access_control_list"]
    assert [one.get("inherited_from_object") for one in of_ann["all_permissions"]] == [
        None,
        [f"/directories/{team}"],
        [f"/directories/{home}"],
    ]
    assert of_bob["all_permissions"] == [{"permission_level": "CAN_RUN", "inherited": False}]
    assert of_admins["all_permissions"][0]["inherited_from_object"] == [f"/directories/{root}"]
    levels = ann.get(f"/api/2.0/permissions/directories/{deep}/permissionLevels")["permission_levels"]
    assert [one["permission_level"] for one in levels] == ["CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"]


@pytest.mark.parametrize(
    ("level", "may"), [("CAN_READ", "View"), ("CAN_RUN", "View"), ("CAN_EDIT", "Edit"), ("CAN_MANAGE", "Manage")]
)
def test_experiments_inherit_from_their_folders(rest: Rest, level: str, may: str) -> None:
    ann, bob = of(rest, ANN), of(rest, BOB)
    team = folder(ann, f"{ann.person.home}/team")
    folder(ann, f"{ann.person.home}/team/deep")
    experiment_id = ann.creates(f"{ann.person.home}/team/deep/e")
    beside = ann.creates(f"{ann.person.home}/beside")
    assert "'View'" in denied(bob.get, f"{E}/get", experiment_id=experiment_id)
    give(ann, team, BOB, level)
    bob.get(f"{E}/get", experiment_id=experiment_id)
    denied(bob.get, f"{E}/get", experiment_id=beside)
    assert [one["experiment_id"] for one in bob.post(f"{E}/search", max_results=9)["experiments"]] == [experiment_id]
    calls = {
        "Edit": (f"{E}/set-experiment-tag", {"key": "k", "value": "v"}),
        "Manage": (f"{E}/update", {"new_name": f"{ann.person.home}/team/f"}),
    }
    verbs = list(calls)
    for verb, (url, fields) in calls.items():
        if may in verbs and verbs.index(verb) <= verbs.index(may):
            bob.post(url, experiment_id=experiment_id, **fields)
        else:
            assert f"'{verb}'" in denied(bob.post, url, experiment_id=experiment_id, **fields)
    held = ann.get(f"/api/2.0/permissions/experiments/{experiment_id}")["access_control_list"]
    of_bob = next(one for one in held if one.get("user_name") == BOB)["all_permissions"]
    told = "CAN_READ" if level == "CAN_RUN" else level
    assert of_bob == [{"permission_level": told, "inherited": True, "inherited_from_object": [f"/directories/{team}"]}]


def test_what_is_in_a_folder_is_made_and_deleted_by_who_manages_it(rest: Rest) -> None:
    ann, bob = of(rest, ANN), of(rest, BOB)
    team = folder(ann, f"{ann.person.home}/team")
    give(ann, team, BOB, "CAN_EDIT")
    denied(bob.post, f"{E}/create", name=f"{ann.person.home}/team/e")
    denied(bob.post, f"{W}/mkdirs", path=f"{ann.person.home}/team/deep")
    denied(bob.post, f"{W}/delete", path=f"{ann.person.home}/team", recursive=True)
    give(ann, team, BOB, "CAN_MANAGE")
    bob.creates(f"{ann.person.home}/team/e")
    folder(bob, f"{ann.person.home}/team/deep/deeper")
    denied(bob.post, f"{W}/mkdirs", path=f"{ann.person.home}/other")
    bob.post(f"{W}/delete", path=f"{ann.person.home}/team", recursive=True)
    refused("RESOURCE_DOES_NOT_EXIST", ann.get, f"{W}/get-status", path=f"{ann.person.home}/team")


def test_who_makes_a_folder_manages_it_still_when_all_else_is_taken_away(rest: Rest) -> None:
    ann, bob = of(rest, ANN), of(rest, BOB)
    team = folder(ann, f"{ann.person.home}/team")
    give(ann, team, BOB, "CAN_MANAGE")
    folder(bob, f"{ann.person.home}/team/of-bob")
    ann.put(f"/api/2.0/permissions/directories/{team}", access_control_list=[])
    denied(bob.post, f"{W}/mkdirs", path=f"{ann.person.home}/team/x")
    bob.post(f"{W}/mkdirs", path=f"{ann.person.home}/team/of-bob/x")


def test_a_folder_is_seen_by_who_may_read_it(rest: Rest) -> None:
    ann, bob = of(rest, ANN), of(rest, BOB)
    folder(rest, "/Teams")
    fraud = folder(rest, "/Teams/fraud")
    for path in ("/Teams", "/Teams/fraud"):
        assert "View permissions" in denied(bob.get, f"{W}/get-status", path=path)
    give(rest, fraud, BOB, "CAN_READ")
    bob.get(f"{W}/get-status", path="/Teams/fraud")
    assert bob.get(f"{W}/list", path="/Teams/fraud") == {}
    assert {one["path"] for one in bob.get(f"{W}/list", path="/").get("objects", ())} == {"/Repos", "/Shared", "/Users"}
    denied(ann.get, f"{W}/list", path="/Teams/fraud")


def test_shared_can_be_taken_from_everybody(rest: Rest) -> None:
    bob = of(rest, BOB)
    shared = folder(rest, "/Shared")
    experiment_id = rest.post(f"{E}/create", name="/Shared/e")["experiment_id"]
    bob.post(f"{E}/set-experiment-tag", experiment_id=experiment_id, key="k", value="v")
    acl = [{"group_name": "users", "permission_level": "CAN_READ"}]
    rest.put(f"/api/2.0/permissions/directories/{shared}", access_control_list=acl)
    bob.get(f"{E}/get", experiment_id=experiment_id)
    denied(bob.post, f"{E}/set-experiment-tag", experiment_id=experiment_id, key="k", value="w")
    denied(bob.post, f"{E}/create", name="/Shared/f")


def test_what_is_no_folder_has_none_of_these_permissions(rest: Rest) -> None:
    experiment_id = rest.post(f"{E}/create", name="/Shared/e")["experiment_id"]
    for object_id in ("1", "x", experiment_id):
        refused("RESOURCE_DOES_NOT_EXIST", rest.get, f"/api/2.0/permissions/directories/{object_id}")
