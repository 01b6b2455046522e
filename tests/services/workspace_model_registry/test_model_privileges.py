"""Every operation of the workspace model registry, asked by every kind of person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from acting import denied, of
from conftest import Rest
from privilege_matrix import World, at_least, operations_of, walk

from fakebricks.wire.operations import Operation

READ, EDIT, STAGING, PRODUCTION, MANAGE = LEVELS = (
    "CAN_READ",
    "CAN_EDIT",
    "CAN_MANAGE_STAGING_VERSIONS",
    "CAN_MANAGE_PRODUCTION_VERSIONS",
    "CAN_MANAGE",
)
VERBS = {
    READ: "View",
    EDIT: "Edit",
    STAGING: "Manage Staging Versions",
    PRODUCTION: "Manage Production Versions",
    MANAGE: "Manage",
}
API = "/api/2.0/mlflow"

NEEDED = {
    "get_registered_model": READ,
    "get_latest_versions": READ,
    "get_model_version": READ,
    "get_model_version_download_uri": READ,
    "get_model": READ,
    "list_transition_requests": READ,
    "create_transition_request": READ,
    "create_comment": READ,
    "list_model_version_artifacts": READ,
    "get_signed_download_uri": READ,
    "update_registered_model": EDIT,
    "set_registered_model_tag": EDIT,
    "delete_registered_model_tag": EDIT,
    "create_model_version": EDIT,
    "update_model_version": EDIT,
    "set_model_version_tag": EDIT,
    "delete_model_version_tag": EDIT,
    "transition_model_version_stage": STAGING,
    "transition_stage": STAGING,
    "approve_transition_request": STAGING,
    "reject_transition_request": STAGING,
    "delete_transition_request": MANAGE,
    "update_comment": MANAGE,
    "delete_comment": MANAGE,
    "rename_registered_model": MANAGE,
    "delete_registered_model": MANAGE,
    "delete_model_version": MANAGE,
}
NOT_ASKED = {
    "create_registered_model": "everybody may create models",
    "search_registered_models": "it finds what the caller may read, and nothing else; see below",
    "search_model_versions": "likewise",
    "list_models": "likewise",
    "set_registered_model_alias": "the registry has no aliases",
    "delete_registered_model_alias": "likewise",
    "get_model_version_by_alias": "likewise",
    "use_registry_webhooks": "they are refused, whoever asks",
}
MOVING = ("transition_model_version_stage", "transition_stage", "approve_transition_request")
OPERATIONS = operations_of("fakebricks.services.workspace_model_registry.")
PRIVILEGED = [one for one in OPERATIONS if one.name in NEEDED]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    world = World(*LEVELS)

    def made(path: str, **body: Any) -> Any:
        return world.made("creator", "POST", f"{API}/{path}", body)

    experiment_id = made("experiments/create", name="/Shared/e")["experiment_id"]
    run = made("runs/create", experiment_id=experiment_id)["run"]["info"]
    root = f"/WorkspaceInternal/Mlflow/Artifacts/{experiment_id}/Runs/{run['run_id']}/artifacts/model"
    world.made("creator", "PUT", f"/api/2.0/fs/files{root}/MLmodel", {})
    source = f"{run['artifact_uri']}/model"
    made("registered-models/create", name="fraud")
    of_version = {"name": "fraud", "version": "1"}
    made("model-versions/create", name="fraud", source=source)
    world.workspace.clock.advance(minutes=1)
    made("registered-models/set-tag", name="fraud", key="key", value="v")
    made("model-versions/set-tag", **of_version, key="key", value="v")
    for stage in ("Staging", "Production"):
        made("transition-requests/create", **of_version, stage=stage)
    comment = made("comments/create", **of_version, comment="good")["comment"]
    model = world.made("creator", "GET", f"{API}/databricks/registered-models/get?name=fraud")
    model_id = model["registered_model_databricks"]["id"]
    world.values = {
        **of_version,
        "url": f"/api/2.0/permissions/registered-models/{model_id}",
        "model_id": model_id,
        "new_name": "fraud-2",
        "source": source,
        "stage": "Staging",
        "archive_existing_versions": False,
        "key": "key",
        "value": "v",
        "comment": "better",
        "id": comment["id"],
        "creator": world.people["creator"].user_name,
        "path": "MLmodel",
        "description": "d",
    }
    world.share(world.values["url"])
    yield world
    world.workspace.close()


def test_every_operation_declares_who_may_do_it_or_why_everybody_may() -> None:
    assert {one.name for one in OPERATIONS if one.privilege} == set(NEEDED)
    assert {one.name for one in OPERATIONS if one.privilege is None} == set(NOT_ASKED)


@pytest.mark.parametrize("operation", PRIVILEGED, ids=lambda one: f"{one.method}-{one.path}")
def test_only_those_may_who_have_the_permission(world: World, operation: Operation) -> None:
    needed = NEEDED[operation.name]
    assert operation.shape is not None
    more = {
        name: world.values[name]
        for name in ("new_name", "path", "description")
        if name in operation.shape.__struct_fields__ and operation.name != "list_model_version_artifacts"
    }
    if operation.name == "create_transition_request":
        more["stage"] = "Archived"  # the others have been asked for
    for user, reply in walk(world, world.values["url"], operation, at_least(LEVELS, needed), **more):
        assert reply.json()["message"] == (
            f"User {user} does not have permission to '{VERBS[needed]}' registered model with name 'fraud'"
        )


@pytest.mark.parametrize(
    ("before", "after", "needed"),
    [
        ("None", "Staging", STAGING),
        ("Staging", "Archived", STAGING),
        ("Archived", "None", STAGING),
        ("Staging", "Production", PRODUCTION),
        ("Production", "Archived", PRODUCTION),
        ("Production", "production", PRODUCTION),
    ],
)
@pytest.mark.parametrize("name", MOVING)
def test_production_is_entered_and_left_by_who_may(
    world: World, name: str, before: str, after: str, needed: str
) -> None:
    operation = next(one for one in OPERATIONS if one.name == name)
    snapshot = world.workspace.snapshot()
    try:
        of_version = {"name": "fraud", "version": "1"}
        move = {**of_version, "stage": before, "archive_existing_versions": False}
        world.made("creator", "POST", f"{API}/model-versions/transition-stage", move)
        if after.title() not in ("Staging", "Production"):
            world.made("creator", "POST", f"{API}/transition-requests/create", {**of_version, "stage": after})
        for user, reply in walk(world, world.values["url"], operation, at_least(LEVELS, needed), stage=after):
            assert reply.json()["message"].startswith(f"User {user} does not have permission to '{VERBS[needed]}'")
    finally:
        world.workspace.restore(snapshot)


def test_who_asked_takes_the_request_back_and_who_wrote_a_comment_changes_it(world: World) -> None:
    snapshot = world.workspace.snapshot()
    try:
        of_version = {"name": "fraud", "version": "1"}
        world.made(READ, "POST", f"{API}/transition-requests/create", {**of_version, "stage": "Archived"})
        comment = world.made(READ, "POST", f"{API}/comments/create", {**of_version, "comment": "hm"})["comment"]
        reader = world.people[READ].user_name
        back = "DELETE", f"{API}/transition-requests/delete", {**of_version, "stage": "Archived", "creator": reader}
        change = "PATCH", f"{API}/comments/update", {"id": comment["id"], "comment": "ah"}
        for method, url, body in (back, change):
            assert world.ask(PRODUCTION, method, url, body).status == 403
            assert world.ask(READ, method, url, body).status == 200
        world.made("admin", "PUT", world.values["url"], {"access_control_list": []})
        assert world.ask(READ, *change).status == 403
    finally:
        world.workspace.restore(snapshot)


@pytest.mark.parametrize("path", ["registered-models/search", "registered-models/list", "model-versions/search"])
def test_what_one_may_not_read_is_not_found(world: World, path: str) -> None:
    for who, level in world.holders(world.values["url"]):
        found = world.made(who, "GET", f"{API}/{path}")
        names = [one["name"] for one in found.get("registered_models", found.get("model_versions", []))]
        assert names == (["fraud"] if level in LEVELS else [])


def test_one_is_told_one_s_level(world: World) -> None:
    for who, level in world.holders(world.values["url"]):
        if level in LEVELS:
            told = world.made(who, "GET", f"{API}/databricks/registered-models/get?name=fraud")
            assert told["registered_model_databricks"]["permission_level"] == level


def test_files_are_read_through_signed_urls_alone(world: World) -> None:
    uri = world.made(READ, "GET", f"{API}/model-versions/get-download-uri?name=fraud&version=1")["artifact_uri"]
    path = f"/_WorkspaceModelRegistry/{uri.split('/', 3)[-1]}/MLmodel"
    for who in ("stranger", READ, "creator"):
        for method in ("GET", "PUT", "DELETE"):
            assert world.ask(who, method, f"/api/2.0/fs/files{path}").status == 403


def test_what_is_missing_is_said_to_everybody(world: World) -> None:
    for name in ("get_registered_model", "delete_registered_model", "transition_model_version_stage"):
        operation = next(one for one in OPERATIONS if one.name == name)
        assert world.perform(operation, "stranger", name="nothing").status == 404
    operation = next(one for one in OPERATIONS if one.name == "transition_stage")
    assert world.perform(operation, "creator", version="9").status == 404
    assert world.perform(operation, "stranger", version="9").status == 403


def test_a_version_is_copied_from_what_one_may_read(rest: Rest) -> None:
    ann, bob = of(rest, "ann@acme.test"), of(rest, "bob@acme.test")
    ann.post(f"{API}/registered-models/create", name="of-ann")
    ann.post(f"{API}/model-versions/create", name="of-ann", source="dbfs:/x")
    bob.post(f"{API}/registered-models/create", name="of-bob")
    message = denied(bob.post, f"{API}/model-versions/create", name="of-bob", source="models:/of-ann/1")
    assert "'View' registered model with name 'of-ann'" in message


def test_the_root_is_inherited_by_all_models(rest: Rest) -> None:
    ann, bob = of(rest, "ann@acme.test"), of(rest, "bob@acme.test")
    ann.post(f"{API}/registered-models/create", name="m")
    root = "/api/2.0/permissions/registered-models/root"
    denied(ann.get, root)
    denied(bob.get, f"{API}/registered-models/get", name="m")
    answer = rest.put(root, access_control_list=[{"group_name": "users", "permission_level": "CAN_READ"}])
    assert (answer["object_id"], answer["object_type"]) == ("/registered-models/root", "registered-model")
    bob.get(f"{API}/registered-models/get", name="m")
    model_id = ann.get(f"{API}/databricks/registered-models/get", name="m")["registered_model_databricks"]["id"]
    held = ann.get(f"/api/2.0/permissions/registered-models/{model_id}")["access_control_list"]
    assert [one.get("user_name") or one["group_name"] for one in held] == ["ann@acme.test", "users", "admins"]
    assert held[1]["all_permissions"] == [
        {"permission_level": "CAN_READ", "inherited": True, "inherited_from_object": ["/registered-models/root"]}
    ]


def test_permissions_follow_a_new_name_and_end_with_the_model(rest: Rest) -> None:
    ann, bob = of(rest, "ann@acme.test"), of(rest, "bob@acme.test")
    ann.post(f"{API}/registered-models/create", name="m")
    model_id = ann.get(f"{API}/databricks/registered-models/get", name="m")["registered_model_databricks"]["id"]
    acl = [{"user_name": "bob@acme.test", "permission_level": "CAN_MANAGE"}]
    ann.patch(f"/api/2.0/permissions/registered-models/{model_id}", access_control_list=acl)
    bob.post(f"{API}/registered-models/rename", name="m", new_name="n")
    bob.get(f"/api/2.0/permissions/registered-models/{model_id}")
    bob.delete(f"{API}/registered-models/delete", name="n")
    assert rest.call("GET", f"/api/2.0/permissions/registered-models/{model_id}").status == 404
    ann.post(f"{API}/registered-models/create", name="n")
    denied(bob.get, f"{API}/registered-models/get", name="n")
