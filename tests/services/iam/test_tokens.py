"""Personal access tokens: made, told once, listed without their values, expired, revoked."""

from __future__ import annotations

import pytest
from conftest import RefusedError

from fakebricks.services.iam.people import People

ME = "/api/2.0/preview/scim/v2/Me"
DAY = 24 * 3600


def works(rest, token: str) -> bool:
    reply = rest.call("GET", ME, headers={"authorization": f"Bearer {token}"})
    if reply.status == 200:
        return True
    assert (reply.status, reply.json()["error_code"]) == (403, "PERMISSION_DENIED")
    assert reply.json()["message"].startswith("Invalid access token.")
    return False


def test_a_token_is_told_once(rest, workspace) -> None:
    made = rest.post("/api/2.0/token/create", comment="ci", lifetime_seconds=60)
    token = made["token_value"]
    assert works(rest, token)
    info = made["token_info"]
    assert info["comment"] == "ci"
    assert info["expiry_time"] - info["creation_time"] == 60_000
    assert info in rest.get("/api/2.0/token/list")["token_infos"]
    listed = rest.call("GET", "/api/2.0/token/list").body + rest.call("GET", "/api/2.0/token-management/tokens").body
    assert token.encode() not in listed
    assert workspace.token.encode() not in listed


def test_a_token_expires_on_the_workspace_s_clock(rest, workspace) -> None:
    short = rest.post("/api/2.0/token/create", lifetime_seconds=60)
    long = rest.post("/api/2.0/token/create")
    workspace.clock.advance(seconds=61)
    assert not works(rest, short["token_value"])
    assert works(rest, long["token_value"])
    ids = [one["token_id"] for one in rest.get("/api/2.0/token/list")["token_infos"]]
    assert long["token_info"]["token_id"] in ids
    assert short["token_info"]["token_id"] not in ids
    workspace.clock.advance(days=730)
    assert not works(rest, long["token_value"])
    assert works(rest, workspace.token), "what a test was handed does not expire"


def test_a_token_is_revoked(rest, workspace) -> None:
    made = rest.post("/api/2.0/token/create")
    rest.post("/api/2.0/token/delete", token_id=made["token_info"]["token_id"])
    assert not works(rest, made["token_value"])
    with pytest.raises(RefusedError, match="does not exist") as refusal:
        rest.post("/api/2.0/token/delete", token_id=made["token_info"]["token_id"])
    assert refusal.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_a_handed_token_that_was_revoked_is_followed_by_another(workspace) -> None:
    bob = workspace.user("bob")
    people = workspace._services[People]
    (held,) = people.tokens.of(people.get("bob").id)
    people.tokens.delete(held.id)
    assert workspace.user("bob").token != bob.token
    assert workspace.user("bob") == workspace.user("bob")


@pytest.mark.parametrize("lifetime", [0, -1, 730 * DAY + 1, "x", 1.5])
def test_a_lifetime_that_cannot_be(rest, workspace, lifetime) -> None:
    before = workspace.snapshot()
    with pytest.raises(RefusedError) as refusal:
        rest.post("/api/2.0/token/create", lifetime_seconds=lifetime)
    assert refusal.value.error_code == "INVALID_PARAMETER_VALUE"
    assert workspace.snapshot() == before


def test_scopes_are_refused_by_name(rest) -> None:
    with pytest.raises(RefusedError, match="scopes") as refusal:
        rest.post("/api/2.0/token/create", scopes=["sql"])
    assert refusal.value.status == 501


def test_a_person_has_600_tokens_at_most(workspace) -> None:
    people = workspace._services[People]
    me = people.get(workspace.user_name)
    for _ in range(599):
        people.tokens.create(me.id, me.id, lifetime_seconds=60)
    with pytest.raises(Exception, match="quota"):
        people.tokens.create(me.id, me.id)
    workspace.clock.advance(seconds=61)
    people.tokens.create(me.id, me.id)


def test_nobody_handles_the_tokens_of_others_but_admins(rest, workspace) -> None:
    mine = rest.post("/api/2.0/token/create")["token_info"]["token_id"]
    robot = workspace.service_principal("robot")
    rest.headers = {"authorization": f"Bearer {workspace.user('bob').token}"}
    own = rest.post("/api/2.0/token/create", comment="own")["token_info"]["token_id"]
    with pytest.raises(RefusedError) as refusal:
        rest.post("/api/2.0/token/delete", token_id=mine)
    assert refusal.value.status == 404
    managed = [
        ("GET", "/api/2.0/token-management/tokens", None),
        ("GET", f"/api/2.0/token-management/tokens/{own}", None),
        ("DELETE", f"/api/2.0/token-management/tokens/{mine}", None),
        ("POST", "/api/2.0/token-management/on-behalf-of/tokens", {"application_id": robot.client_id}),
    ]
    before = workspace.snapshot()
    for method, path, body in managed:
        with pytest.raises(RefusedError, match="not an admin") as refusal:
            rest.json(method, path, body=body)
        assert (refusal.value.status, refusal.value.error_code) == (403, "PERMISSION_DENIED")
    assert workspace.snapshot() == before


def test_an_admin_manages_tokens(rest, workspace) -> None:
    bob, robot = workspace.user("bob"), workspace.service_principal("robot")
    body = {"application_id": robot.client_id, "comment": "obo", "lifetime_seconds": 60}
    made = rest.post("/api/2.0/token-management/on-behalf-of/tokens", **body)
    rest_as = rest.call("GET", ME, headers={"authorization": f"Bearer {made['token_value']}"})
    assert rest_as.json()["userName"] == robot.client_id
    info = made["token_info"]
    assert str(info["owner_id"]) == robot.id
    assert info["created_by_username"] == workspace.user_name
    path = f"/api/2.0/token-management/tokens/{info['token_id']}"
    assert rest.get(path)["token_info"] == info
    by_me = rest.get("/api/2.0/token-management/tokens", created_by_username=workspace.user_name)["token_infos"]
    assert info in by_me
    (of_bob,) = rest.get("/api/2.0/token-management/tokens", created_by_username="bob")["token_infos"]
    assert works(rest, bob.token)
    rest.delete(f"/api/2.0/token-management/tokens/{of_bob['token_id']}")
    assert not works(rest, bob.token)
    with pytest.raises(RefusedError):
        rest.post("/api/2.0/token-management/on-behalf-of/tokens", application_id="bob")
