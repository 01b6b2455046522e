"""Users, groups and service principals over SCIM, by plain REST: what is written, who may, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakebricks import Workspace
from fakebricks.services.iam.people import People
from fakebricks.wire import Request

ADD_MEMBERS = {"op": "add", "path": "members"}


def test_a_user_is_made_changed_and_deleted(scim) -> None:
    bob = scim.user("bob@acme.test", displayName="Bob", name={"givenName": "Robert", "familyName": "B"})
    assert bob["active"] is True
    assert bob["emails"] == [{"type": "work", "value": "bob@acme.test", "primary": True}]
    assert scim.get(f"Users/{bob['id']}") == bob
    status, changed = scim.patch(
        f"Users/{bob['id']}",
        {"op": "replace", "path": "displayName", "value": "Bobby"},
        {"op": "Replace", "value": {"name": {"givenName": "Bob"}, "userName": "ignored@acme.test"}},
        {"op": "add", "path": "entitlements", "value": [{"value": "workspace-access"}, {"value": "x"}]},
        {"op": "remove", "path": 'entitlements[value eq "x"]'},
    )
    assert status == 200
    assert changed == scim.get(f"Users/{bob['id']}")
    assert changed["userName"] == "bob@acme.test"
    assert changed["displayName"] == "Bobby"
    assert changed["name"] == {"givenName": "Bob", "familyName": "B"}
    assert changed["entitlements"] == [{"value": "workspace-access"}]
    status, put = scim.call("PUT", f"Users/{bob['id']}", {"userName": "bob@acme.test", "displayName": "B"})
    assert (status, put["displayName"], "entitlements" in put) == (200, "B", False)
    assert scim.call("DELETE", f"Users/{bob['id']}") == (204, None)
    assert scim.refused("GET", f"Users/{bob['id']}") == (404, f"User with id {bob['id']} not found.")
    assert scim.user("bob@acme.test")["id"] != bob["id"]


def test_a_user_has_a_home(scim) -> None:
    scim.user("bob@acme.test")
    status = scim.rest.get("/api/2.0/workspace/get-status", path="/Users/bob@acme.test")
    assert status["object_type"] == "DIRECTORY"


def test_a_user_can_be_made_in_groups(scim) -> None:
    group = scim.group("ml")
    bob = scim.user("bob@acme.test", groups=[{"value": group["id"]}])
    assert bob["groups"] == [{"display": "ml", "value": group["id"], "$ref": f"Groups/{group['id']}", "type": "direct"}]
    assert scim.refused("POST", "Users", {"userName": "eve@acme.test", "groups": [{"value": "7"}]})[0] == 404


def test_an_entitlement_that_says_nothing_is_none(scim) -> None:
    """Terraform's provider sends one where it has none to send."""
    assert "entitlements" not in scim.group("ml", entitlements=[{}])
    assert scim.group("data", entitlements=[{"value": "x"}, {}])["entitlements"] == [{"value": "x"}]


def test_members_of_a_group(scim) -> None:
    bob, eve = scim.user("bob@acme.test"), scim.user("eve@acme.test")
    robot = scim.made("ServicePrincipals", {"displayName": "robot"})
    group = scim.group("ml", bob, robot)
    assert group["members"] == [
        {"display": one["displayName"], "value": one["id"], "$ref": f"{kind}/{one['id']}"}
        for one, kind in sorted([(bob, "Users"), (robot, "ServicePrincipals")], key=lambda pair: pair[0]["id"])
    ]
    path = f"Groups/{group['id']}"

    def members() -> set[str]:
        return {one["value"] for one in scim.get(path)["members"]}

    scim.patch(path, {**ADD_MEMBERS, "value": [{"value": eve["id"]}, {"value": bob["id"]}]})
    assert members() == {bob["id"], eve["id"], robot["id"]}
    scim.patch(path, {"op": "remove", "path": f'members[value eq "{bob["id"]}"]'})
    assert members() == {eve["id"], robot["id"]}
    scim.patch(path, {"op": "remove", "path": "members", "value": [{"value": robot["id"]}]})
    assert members() == {eve["id"]}
    scim.patch(path, {"op": "replace", "path": "members", "value": [{"value": bob["id"]}]})
    assert members() == {bob["id"]}
    scim.patch(path, {"op": "add", "value": {"members": [{"value": robot["id"]}], "displayName": "ml2"}})
    assert members() == {bob["id"], robot["id"]}
    assert scim.get(path)["displayName"] == "ml2"
    scim.call("PUT", path, {"displayName": "ml3", "members": [{"value": eve["id"]}]})
    assert members() == {eve["id"]}
    scim.patch(path, {"op": "remove", "path": "members"})
    assert members() == set()


def test_a_service_principal_goes_by_its_application_id(scim) -> None:
    robot = scim.made("ServicePrincipals", {"displayName": "robot"})
    assert len(robot["applicationId"]) == 36
    chosen = "12345678-1234-4234-8234-123456789abc"
    other = scim.made("ServicePrincipals", {"displayName": "robot", "applicationId": chosen.upper()})
    assert other["applicationId"] == chosen
    again = {"displayName": "x", "applicationId": chosen}
    text = f"Service principal with application ID {chosen} already exists."
    assert scim.refused("POST", "ServicePrincipals", again) == (409, text)
    assert scim.refused("POST", "ServicePrincipals", {"displayName": "x", "applicationId": "robot"})[0] == 400
    path = f"ServicePrincipals/{other['id']}"
    assert scim.refused("PUT", path, {"displayName": "x", "applicationId": robot["applicationId"]})[0] == 400
    patch = {"Operations": [{"op": "replace", "path": "applicationId", "value": robot["applicationId"]}]}
    assert scim.refused("PATCH", path, patch)[0] == 400
    assert scim.refused("GET", f"Users/{other['id']}")[0] == 404


def test_a_list_is_sifted_ordered_and_paged(scim) -> None:
    for name in ("carl", "anna", "bert"):
        scim.user(f"{name}@acme.test", displayName=name)
    query = 'Users?filter=userName co "acme" and displayName ne "Jane"&sortBy=userName&sortOrder=descending'
    found = scim.get(f"{query}&startIndex=2&count=1")
    assert {name: found[name] for name in ("totalResults", "startIndex", "itemsPerPage")} == {
        "totalResults": 3,
        "startIndex": 2,
        "itemsPerPage": 1,
    }
    assert [one["userName"] for one in found["Resources"]] == ["bert@acme.test"]
    assert scim.get(f"{query}&count=0")["Resources"] == []
    assert scim.get(f"{query}&startIndex=4")["Resources"] == []
    (bert,) = scim.get('Users?filter=userName eq "bert@acme.test"&attributes=id,userName')["Resources"]
    assert set(bert) == {"schemas", "id", "userName"}
    (bert,) = scim.get('Users?filter=userName eq "bert@acme.test"&excludedAttributes=emails,groups')["Resources"]
    assert set(bert) == {"schemas", "id", "userName", "displayName", "active"}


@pytest.mark.parametrize(
    "query",
    ["filter=userName gt 1", "filter=x eq 1", "sortBy=x", "sortOrder=up", "startIndex=0", "count=-1", "count=x", "y=1"],
)
def test_a_list_that_cannot_be(scim, query) -> None:
    assert scim.refused("GET", f"Users?{query}")[0] == 400


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("Users", {}),
        ("Users", {"userName": "a/b"}),
        ("Users", {"userName": " "}),
        ("Users", {"userName": "bob@acme.test", "password": "x"}),
        ("Users", {"userName": "bob@acme.test", "active": "maybe"}),
        ("Users", {"userName": "bob@acme.test", "emails": "bob"}),
        ("Groups", {}),
        ("Groups", {"displayName": " "}),
        ("Groups", {"displayName": "x", "members": [{"value": "7"}]}),
        ("Groups", {"displayName": "x", "members": ["7"]}),
        ("ServicePrincipals", {"displayName": "\n"}),
        ("ServicePrincipals", {"applicationId": 7}),
    ],
)
def test_what_cannot_be_made(scim, kind, body) -> None:
    assert scim.refused("POST", kind, body)[0] == 400


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        ("Users", {"userName": "bob@acme.test", "id": "7"}, "id"),
        ("Users", {"userName": "bob@acme.test", "emails": [{"value": "b@other.test"}]}, "emails"),
        ("Groups", {"displayName": "x", "id": "7"}, "id"),
        ("ServicePrincipals", {"displayName": "x", "id": "7"}, "id"),
    ],
)
def test_what_is_not_computed_is_refused_by_name(scim, kind, body, field) -> None:
    before = scim.workspace.snapshot()
    status, error = scim.call("POST", kind, body)
    assert (status, error["error_code"]) == (501, "NOT_IMPLEMENTED")
    assert f"'{field}'" in error["message"]
    assert scim.workspace.snapshot() == before


def test_names_are_taken_once(scim) -> None:
    scim.user("bob@acme.test")
    scim.group("ml")
    text = "User with username BOB@acme.test already exists."
    assert scim.refused("POST", "Users", {"userName": "BOB@acme.test"}) == (409, text)
    assert scim.refused("POST", "Groups", {"displayName": "ml"}) == (409, "Group with name ml already exists.")
    other = scim.group("other")
    rename = {"Operations": [{"op": "replace", "path": "displayName", "value": "ml"}]}
    assert scim.refused("PATCH", f"Groups/{other['id']}", rename)[0] == 409


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "move", "path": "displayName"},
        {"op": "remove"},
        {"op": "replace", "path": "password", "value": "x"},
        {"op": "replace", "path": "displayName", "value": {"a": 1}},
        {"op": "replace", "path": "displayName", "value": ""},
        {"op": "replace", "path": 'displayName[value eq "x"]', "value": "x"},
        {"op": "add", "path": 'members[value eq "x"]', "value": "x"},
        {"op": "add", "path": "members", "value": [{"value": 7}]},
        {"op": "add", "path": "members", "value": [{"value": "7"}]},
        {"op": "add", "path": "members[0]", "value": "x"},
        {"op": "add", "value": "x"},
        {"op": "add", "path": "members", "valeu": "x"},
        {"path": "members"},
    ],
)
def test_a_patch_that_cannot_be(scim, operation) -> None:
    group = scim.group("ml")
    add = {**ADD_MEMBERS, "value": [{"value": scim.user("bob@acme.test")["id"]}]}
    status, _ = scim.refused("PATCH", f"Groups/{group['id']}", {"Operations": [add, operation]})
    assert status in (400, 409)


def test_who_is_not_an_admin_reads_names_and_writes_nothing(scim) -> None:
    bob, eve = scim.user("bob@acme.test"), scim.user("eve@acme.test", entitlements=[{"value": "workspace-access"}])
    group = scim.group("ml", eve)
    token = scim.workspace.user("bob@acme.test").token
    assert scim.call("GET", "Me", token=token)[1]["userName"] == "bob@acme.test"
    assert "emails" in scim.call("GET", f"Users/{bob['id']}", token=token)[1]
    status, seen = scim.call("GET", f"Users/{eve['id']}", token=token)
    assert (status, set(seen)) == (200, {"schemas", "id", "userName", "displayName"})
    status, seen = scim.call("GET", f"Groups/{group['id']}", token=token)
    assert (status, set(seen)) == (200, {"schemas", "id", "displayName"})
    status, seen = scim.call("GET", 'Users?filter=entitlements eq "workspace-access"', token=token)
    assert (status, seen["totalResults"]) == (200, 0)
    writes = [
        ("POST", "Users", {"userName": "x@acme.test"}),
        ("POST", "Groups", {"displayName": "x"}),
        ("POST", "ServicePrincipals", {"displayName": "x"}),
        ("PUT", f"Users/{bob['id']}", {"displayName": "x"}),
        ("PATCH", f"Groups/{group['id']}", {"Operations": [{**ADD_MEMBERS, "value": [{"value": bob["id"]}]}]}),
        ("DELETE", f"Users/{eve['id']}", None),
        ("DELETE", f"Groups/{group['id']}", None),
    ]
    for method, path, body in writes:
        status, detail = scim.refused(method, path, body, token=token)
        assert (status, "not an admin" in detail) == (403, True)


@pytest.mark.parametrize("gone", ["deactivated", "deleted"])
def test_the_tokens_of_who_is_gone_stop_working_at_once(scim, gone) -> None:
    bob = scim.user("bob@acme.test")
    token = scim.workspace.user("bob@acme.test").token
    assert scim.call("GET", "Me", token=token)[0] == 200
    if gone == "deactivated":
        assert scim.patch(f"Users/{bob['id']}", {"op": "replace", "path": "active", "value": False})[0] == 200
    else:
        assert scim.call("DELETE", f"Users/{bob['id']}")[0] == 204
    status, error = scim.call("GET", "Me", token=token)
    assert status == 403
    assert error["error_code"] == "PERMISSION_DENIED"
    assert error["message"].startswith("Invalid access token.")
    if gone == "deactivated":
        scim.patch(f"Users/{bob['id']}", {"op": "replace", "value": {"active": "true"}})
        assert scim.call("GET", "Me", token=token)[0] == 200
    else:
        assert not scim.workspace._services[People].is_principal("bob@acme.test")


def test_the_call_log_names_scim_s_errors_as_databricks_sdk_does(scim) -> None:
    scim.refused("GET", "Users/7")
    assert scim.workspace.calls[-1].error_code == "SCIM_404"


def test_unity_catalog_knows_people_and_groups_of_the_account(workspace: Workspace) -> None:
    robot = workspace.service_principal("robot", groups=["ml"])
    workspace.user("bob")
    people = workspace._services[People]
    known = ("bob", "ml", robot.client_id, "account users")
    assert all(people.is_principal(name) for name in known)
    assert not any(people.is_principal(name) for name in ("users", "admins", "robot", "eve", "BOB"))
    assert people.caller_named(robot.client_id).kind == "ServicePrincipal"
    assert people.caller_named("robot") is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "x", "7", "members", "add", "true"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["value", "op", "path", "x", "members", "name", "$ref"]), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = ("userName", "displayName", "members", "groups", "entitlements", "name", "active", "Operations", "schemas")


@given(
    method=st.sampled_from(["POST", "PUT", "PATCH"]),
    kind=st.sampled_from(["Users", "Groups", "ServicePrincipals"]),
    body=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4) | JSON,
)
def test_bad_input_is_refused_and_changes_nothing(workspace: Workspace, method, kind, body) -> None:
    import json

    first = next(iter(workspace._services[People].all("User"))).id
    path = f"/api/2.0/preview/scim/v2/{kind}" + ("" if method == "POST" else f"/{first}")
    headers = {"authorization": f"Bearer {workspace.token}"}
    before = workspace.snapshot()
    reply = workspace.handle(Request.of(method, path, headers, json.dumps(body).encode()))
    assert reply.status < 500 or reply.json()["error_code"] == "NOT_IMPLEMENTED"
    if reply.status >= 400:
        assert workspace.snapshot() == before
    workspace.restore(before)
