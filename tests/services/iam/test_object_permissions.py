"""Permissions on objects of every type: who may set them, what is told of them, what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from acting import of, refused
from conftest import Rest
from hypothesis import given, settings
from hypothesis import strategies as st
from privilege_matrix import World, at_least, operations_of, walk

from fakebricks import Workspace
from fakebricks.wire import Request
from fakebricks.wire.operations import Operation

P = "/api/2.0/permissions"
MLFLOW = "/api/2.0/mlflow"

LEVELS = {
    "directories": ("CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"),
    "experiments": ("CAN_READ", "CAN_EDIT", "CAN_MANAGE"),
    "registered-models": (
        "CAN_READ",
        "CAN_EDIT",
        "CAN_MANAGE_STAGING_VERSIONS",
        "CAN_MANAGE_PRODUCTION_VERSIONS",
        "CAN_MANAGE",
    ),
    "serving-endpoints": ("CAN_VIEW", "CAN_QUERY", "CAN_MANAGE"),
    "jobs": ("CAN_VIEW", "CAN_MANAGE_RUN", "CAN_MANAGE"),
}
CALLED = {
    "directories": "directory",
    "experiments": "mlflowExperiment",
    "registered-models": "registered-model",
    "serving-endpoints": "serving-endpoint",
    "jobs": "job",
}
OPERATIONS = [
    one
    for one in operations_of("fakebricks.services.iam.permissions_api")
    if one.name != "use_permissions_of_sql"  # it is refused, whoever asks
]


def made_of(world: World, object_type: str) -> str:
    """The id of a new object of a type, which the creator makes."""
    home = world.people["creator"].home
    if object_type == "directories":
        world.made("creator", "POST", "/api/2.0/workspace/mkdirs", {"path": f"{home}/team"})
        return str(world.made("creator", "GET", f"/api/2.0/workspace/get-status?path={home}/team")["object_id"])
    if object_type == "experiments":
        made = world.made("creator", "POST", f"{MLFLOW}/experiments/create", {"name": f"{home}/e"})
        return str(made["experiment_id"])
    if object_type == "registered-models":
        world.made("creator", "POST", f"{MLFLOW}/registered-models/create", {"name": "m"})
        told = world.made("creator", "GET", f"{MLFLOW}/databricks/registered-models/get?name=m")
        return str(told["registered_model_databricks"]["id"])
    if object_type == "serving-endpoints":
        return str(world.made("creator", "POST", "/api/2.0/serving-endpoints", {"name": "m"})["id"])
    return str(world.made("creator", "POST", "/api/2.2/jobs/create", {})["job_id"])


@pytest.fixture(scope="module", params=list(LEVELS))
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    world = World(*LEVELS[request.param])
    object_id = made_of(world, request.param)
    url = f"{P}/{request.param}/{object_id}"
    world.share(url)
    world.values = {"object_type": request.param, "object_id": object_id, "url": url, "access_control_list": []}
    yield world
    world.workspace.close()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_only_those_may_who_have_the_permission(world: World, operation: Operation) -> None:
    assert operation.privilege is not None
    needed = world.levels[0] if operation.name == "get_permission_levels" else world.levels[-1]
    more = {}
    if operation.name == "set_permissions":
        owner = [{"user_name": world.people["creator"].user_name, "permission_level": "IS_OWNER"}]
        more["access_control_list"] = owner if world.values["object_type"] == "jobs" else []
    seen = 0
    for user, reply in walk(world, world.values["url"], operation, at_least(world.levels, needed), **more):
        assert user in reply.json()["message"]
        seen += 1
    assert seen >= 1


def test_the_creator_and_the_admins_have_them_and_levels_are_told(world: World) -> None:
    object_type, object_id = world.values["object_type"], world.values["object_id"]
    answer = world.made("creator", "GET", world.values["url"])
    assert answer["object_id"] == f"/{object_type}/{object_id}"
    assert answer["object_type"] == CALLED[object_type]
    first, last = answer["access_control_list"][0], answer["access_control_list"][-1]
    level = "IS_OWNER" if object_type == "jobs" else "CAN_MANAGE"
    assert (first["user_name"], first["display_name"]) == ("creator@acme.test", "Creator")
    assert first["all_permissions"][0] == {"permission_level": level, "inherited": False}
    assert last["group_name"] == "admins"
    assert [one["inherited"] for one in last["all_permissions"]] == [True]
    levels = world.made("creator", "GET", f"{world.values['url']}/permissionLevels")["permission_levels"]
    told = [one["permission_level"] for one in levels]
    assert [one for one in told if one != "IS_OWNER"] == list(world.levels)
    assert all(one["description"] for one in levels)


def test_an_object_that_is_not_there(world: World) -> None:
    for verb, path in (("GET", ""), ("PUT", ""), ("PATCH", ""), ("GET", "/permissionLevels")):
        for who in ("admin", "stranger"):
            reply = world.ask(who, verb, f"{P}/{world.values['object_type']}/7{path}", None if verb == "GET" else {})
            assert reply.status in {400, 404}
            assert "7" in reply.json()["message"]


@pytest.mark.parametrize(
    "path", ["clusters/1", "cluster-policies/1", "pipelines/1", "repos/1", "notebooks/1", "files/1", "dashboards/1"]
)
def test_other_types_of_the_platform_are_refused_by_name(rest: Rest, path: str) -> None:
    name = path.partition("/")[0]
    for verb in (rest.get, rest.put, rest.patch):
        assert f"permissions on '{name}'" in refused("NOT_IMPLEMENTED", verb, f"{P}/{path}")
    assert f"'{name}'" in refused("NOT_IMPLEMENTED", rest.get, f"{P}/{path}/permissionLevels")


@pytest.mark.parametrize("path", ["sql/queries/1", "sql/alerts/1", "authorization/tokens"])
def test_those_of_other_paths_too(rest: Rest, path: str) -> None:
    name = path.removeprefix("sql/").partition("/")[0]
    assert f"permissions on '{name}'" in refused("NOT_IMPLEMENTED", rest.get, f"{P}/{path}")
    assert f"permissions on '{name}'" in refused("NOT_IMPLEMENTED", rest.put, f"{P}/{path}", access_control_list=[])


def test_what_is_no_type_is_refused(rest: Rest) -> None:
    message = refused("INVALID_PARAMETER_VALUE", rest.get, f"{P}/unicorns/1")
    assert message.startswith("'unicorns' is not a type of objects that have permissions")
    assert "'serving-endpoints'" in message


def test_a_group_lets_its_members(rest: Rest) -> None:
    ann, bob = of(rest, "ann@acme.test"), of(rest, "bob@acme.test")
    ann.post("/api/2.0/serving-endpoints", name="e")
    url = f"{P}/serving-endpoints/{ann.get('/api/2.0/serving-endpoints/e')['id']}"
    ann.put(url, access_control_list=[{"group_name": "users", "permission_level": "CAN_VIEW"}])
    assert bob.get("/api/2.0/serving-endpoints/e")["permission_level"] == "CAN_VIEW"
    rest.put(url, access_control_list=[{"user_name": "bob@acme.test", "permission_level": "CAN_QUERY"}])
    assert bob.get("/api/2.0/serving-endpoints/e")["permission_level"] == "CAN_QUERY"
    with pytest.raises(Exception, match="PERMISSION_DENIED"):
        ann.get("/api/2.0/serving-endpoints/e")


ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "user_name": st.sampled_from(["jane@acme.test", "nobody@acme.test", "\ud800", ""]) | st.text(max_size=4),
        "group_name": st.sampled_from(["users", "admins", "", "x"]),
        "service_principal_name": st.sampled_from(["", "x"]),
        "permission_level": st.sampled_from(["CAN_READ", "CAN_VIEW", "CAN_MANAGE", "IS_OWNER", "", "x"])
        | st.integers(),
    },
)


@settings(max_examples=60)
@given(
    object_type=st.sampled_from(list(LEVELS)) | st.text(st.characters(codec="ascii", categories=["L"]), min_size=1),
    object_id=st.sampled_from(["root", "1", "x", "-1", "9" * 40]),
    verb=st.sampled_from(["PUT", "PATCH"]),
    entries=st.lists(ENTRY, max_size=3) | st.integers(),
)
def test_whatever_is_asked_is_set_or_refused(
    workspace: Workspace, object_type: str, object_id: str, verb: str, entries: Any
) -> None:
    before = workspace.snapshot()
    body = json.dumps({"access_control_list": entries}).encode()
    headers = {"authorization": f"Bearer {workspace.token}"}
    reply = workspace.handle(Request.of(verb, f"{P}/{object_type}/{object_id}", headers, body))
    assert reply.status in {200, 400, 404, 501}, reply.body
    if reply.status != 200:
        assert workspace.snapshot() == before
