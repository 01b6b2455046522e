"""Groups: who is in them, directly and through others, and what cannot be."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakebricks import Workspace
from fakebricks.services.iam.people import People
from fakebricks.services.iam.records import Group
from fakebricks.wire.errors import DatabricksError


def groups_of(workspace: Workspace, name: str) -> frozenset[str]:
    caller = workspace._services[People].caller_named(name)
    assert caller is not None
    return caller.groups


def test_whoever_is_in_a_group_is_in_those_that_it_is_in(workspace: Workspace) -> None:
    workspace.user("bob", groups=["ml-engineers"])
    workspace.group("data", members=["ml-engineers"])
    workspace.group("everyone-technical", members=["data"])
    assert groups_of(workspace, "bob") == {"users", "ml-engineers", "data", "everyone-technical"}
    caller = workspace._services[People].caller_named("bob")
    assert caller.principals == {"bob", "ml-engineers", "data", "everyone-technical", "account users"}
    assert not caller.is_admin


def test_an_admin_through_another_group(workspace: Workspace) -> None:
    workspace.user("bob", groups=["platform"])
    workspace.group("admins", members=["platform"])
    assert workspace._services[People].caller_named("bob").is_admin


def test_a_group_cannot_come_to_be_in_itself(scim) -> None:
    inner = scim.group("inner")
    middle = scim.group("middle", inner)
    outer = scim.group("outer", middle)
    add = {"Operations": [{"op": "add", "path": "members", "value": [{"value": outer["id"]}]}]}
    for group in (inner, middle, outer):
        status, detail = scim.refused("PATCH", f"Groups/{group['id']}", add)
        assert status == 400
        assert "cannot be in group" in detail


@pytest.mark.parametrize("name", ["admins", "users"])
def test_the_groups_that_every_workspace_has_stay(scim, name) -> None:
    (group,) = scim.get(f'Groups?filter=displayName eq "{name}"')["Resources"]
    path = f"Groups/{group['id']}"
    assert scim.refused("DELETE", path)[0] == 400
    rename = {"Operations": [{"op": "replace", "path": "displayName", "value": "others"}]}
    assert "renamed" in scim.refused("PATCH", path, rename)[1]
    assert scim.refused("POST", "Groups", {"displayName": "x", "members": [{"value": group["id"]}]})[0] == 400
    assert scim.refused("POST", "Groups", {"displayName": name}) == (409, f"Group with name {name} already exists.")


def test_people_and_groups_have_no_names_in_common(scim) -> None:
    """Or a grant to the one would be the other's, too."""
    scim.user("bob")
    scim.group("ml")
    robot = scim.workspace.service_principal("robot")
    for name in ("bob", "BOB", robot.client_id, "account users"):
        assert scim.refused("POST", "Groups", {"displayName": name})[0] == 409
    for name in ("ml", "admins", "users", "account users"):
        assert scim.refused("POST", "Users", {"userName": name})[0] == 409
    path = f"Groups/{scim.workspace.group('ml').id}"
    rename = {"Operations": [{"op": "replace", "path": "displayName", "value": "bob"}]}
    assert scim.refused("PATCH", path, rename)[0] == 409
    with pytest.raises(ValueError, match="is the name of a group"):
        scim.workspace.user("ml")


def test_everybody_is_in_users_and_nobody_is_put_there(scim) -> None:
    bob = scim.user("bob@acme.test")
    (users,) = scim.get('Groups?filter=displayName eq "users"')["Resources"]
    assert bob["id"] in {one["value"] for one in users["members"]}
    for operation in (
        {"op": "remove", "path": f'members[value eq "{bob["id"]}"]'},
        {"op": "remove", "path": "members"},
    ):
        assert scim.refused("PATCH", f"Groups/{users['id']}", {"Operations": [operation]})[0] == 400


def test_the_last_admin_stays(scim) -> None:
    me = scim.get("Me")
    (admins,) = scim.get('Groups?filter=displayName eq "admins"')["Resources"]
    remove = {"op": "remove", "path": f'members[value eq "{me["id"]}"]'}
    deactivate = {"op": "replace", "path": "active", "value": False}
    refused = [
        ("PATCH", f"Groups/{admins['id']}", {"Operations": [remove]}),
        ("PATCH", f"Users/{me['id']}", {"Operations": [deactivate]}),
        ("PATCH", f"Users/{me['id']}", {"Operations": [{"op": "remove", "path": "groups"}]}),
        ("PUT", f"Groups/{admins['id']}", {"displayName": "admins"}),
        ("DELETE", f"Users/{me['id']}", None),
    ]
    for method, path, body in refused:
        status, detail = scim.refused(method, path, body)
        assert (status, "last admin" in detail) == (400, True)
    platform = scim.group("platform", scim.user("eve@acme.test"))
    assert (
        scim.patch(f"Groups/{admins['id']}", {"op": "add", "path": "members", "value": [{"value": platform["id"]}]})[0]
        == 200
    )
    assert scim.patch(f"Groups/{admins['id']}", remove)[0] == 200
    headers = {"authorization": f"Bearer {scim.workspace.user('eve@acme.test').token}"}
    assert scim.rest.call("DELETE", f"/api/2.0/preview/scim/v2/Groups/{platform['id']}", headers=headers).status == 400


def test_a_deleted_group_leaves_its_members(workspace: Workspace) -> None:
    workspace.user("bob", groups=["a"])
    workspace.group("b", members=["a"])
    groups = workspace._services[People].groups
    groups.delete(groups.named("a").id)
    assert groups_of(workspace, "bob") == {"users"}
    assert list(groups.members(groups.named("b").id)) == []


NAMES = ("a", "b", "c", "d")


@settings(max_examples=200)
@given(st.lists(st.tuples(st.booleans(), st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=25))
def test_membership_is_what_was_done(steps: list[tuple[bool, str, str]]) -> None:
    """Against a graph that is walked from above, where the fake walks from below."""
    workspace = Workspace()
    groups = workspace._services[People].groups
    ids = {name: groups.create(Group(id="", display_name=name)).id for name in NAMES}
    edges: set[tuple[str, str]] = set()

    def holds(outer: str, inner: str) -> bool:
        return any(one == outer and (member == inner or holds(member, inner)) for one, member in edges)

    for joins, outer, inner in steps:
        if not joins:
            groups.leave(ids[outer], ids[inner])
            edges.discard((outer, inner))
            continue
        circle = outer == inner or holds(inner, outer)
        try:
            groups.join(ids[outer], ids[inner])
        except DatabricksError:
            assert circle
        else:
            assert not circle
            edges.add((outer, inner))
    for inner in NAMES:
        assert groups.names_of(ids[inner]) == {"users"} | {outer for outer in NAMES if holds(outer, inner)}
    workspace.close()
