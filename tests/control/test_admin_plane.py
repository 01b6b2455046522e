"""The admin plane over both ways in."""

from __future__ import annotations

import pytest
from conftest import RefusedError

from fakebricks.services.iam.people import People

ADVANCE = "/_fakebricks/clock/advance"
ME = "/api/2.0/preview/scim/v2/Me"


def test_the_clock_is_read_and_moved(rest, workspace):
    before = rest.get("/_fakebricks/clock")
    assert before["clock"] == "virtual"
    after = rest.post(ADVANCE, minutes=31, seconds="2")
    assert after["time"] - before["time"] == 31 * 60 + 2
    assert after["now"] == workspace.clock.now().isoformat()


@pytest.mark.parametrize(
    "bad",
    [{}, {"minutes": 0}, {"minutes": -1}, {"days": 1e300}, {"seconds": "inf"}, {"seconds": "nan"}, {"hours": [1]},
     {"weeks": 1}, {"days": 1, "hours": -1}],
)  # fmt: skip
def test_a_bad_advance_is_refused_and_time_stays(rest, workspace, bad):
    before = workspace.clock.time()
    with pytest.raises(RefusedError) as caught:
        rest.post(ADVANCE, **bad)
    assert (caught.value.status, caught.value.error_code) == (400, "INVALID_PARAMETER_VALUE")
    assert workspace.clock.time() == before


def test_the_call_log_is_read_filtered_and_cleared_and_holds_neither_itself_nor_a_credential(rest, workspace):
    rest.get(ME)
    rest.get("/.well-known/databricks-config")
    assert [call["operation"] for call in rest.get("/_fakebricks/calls")["calls"]] == ["me", "databricks_config"]
    (call,) = rest.get("/_fakebricks/calls", matching="GET */scim/*")["calls"]
    assert (call["status"], call["caller"], call["path"]) == (200, workspace.user_name, ME)
    assert workspace.user_name in call["reply_body"]
    assert workspace.token.encode() not in rest.call("GET", "/_fakebricks/calls").body
    rest.delete("/_fakebricks/calls")
    assert rest.get("/_fakebricks/calls")["calls"] == []


def test_a_snapshot_is_restored_more_than_once(rest):
    folders = "/api/2.0/workspace/mkdirs"
    taken = rest.post("/_fakebricks/snapshot")["id"]
    for _ in range(2):
        rest.post(folders, path="/Users/jane@acme.test/made")
        rest.get("/api/2.0/workspace/get-status", path="/Users/jane@acme.test/made")
        rest.post("/_fakebricks/restore", id=taken)
        with pytest.raises(RefusedError):
            rest.get("/api/2.0/workspace/get-status", path="/Users/jane@acme.test/made")


def test_an_unknown_snapshot_or_table_is_refused(rest):
    with pytest.raises(RefusedError, match="no snapshot"):
        rest.post("/_fakebricks/restore", id="none")
    with pytest.raises(RefusedError) as caught:
        rest.get("/_fakebricks/tables/main.no.table")
    assert caught.value.status in (400, 404)


@pytest.mark.parametrize("path", ["/_fakebricks/clock", "/_fakebricks/calls"])
def test_the_admin_plane_needs_a_token(rest, path):
    rest.headers = {}
    assert rest.call("GET", path).status == 401


def test_a_person_is_added_by_an_admin(rest, workspace):
    added = rest.post("/_fakebricks/users", user_name="bob@acme.test")
    assert added == {"user_name": "bob@acme.test", "token": workspace.user("bob@acme.test").token}
    assert rest.post("/_fakebricks/users", user_name="bob@acme.test", token="second")["token"] == "second"
    rest.headers = {"authorization": "Bearer second"}
    assert rest.get(ME)["userName"] == "bob@acme.test"
    with pytest.raises(RefusedError, match="not an admin"):
        rest.post("/_fakebricks/users", user_name=workspace.user_name)


@pytest.mark.parametrize("bad", [{"user_name": "a/b"}, {}, {"user_name": "bob@acme.test", "token": "taken"}])
def test_a_person_who_cannot_be_is_not_added(rest, workspace, bad):
    workspace.user("eve@acme.test", token="taken")
    before = workspace.snapshot()
    with pytest.raises(RefusedError) as caught:
        rest.post("/_fakebricks/users", **bad)
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    assert workspace.snapshot() == before


def test_service_principals_and_groups_are_added_as_in_python(rest, workspace):
    added = rest.post("/_fakebricks/service_principals", display_name="robot", groups=["ml"])
    robot = workspace.service_principal("robot")
    assert added == {
        "user_name": robot.user_name,
        "display_name": "robot",
        "id": robot.id,
        "token": robot.token,
        "client_id": robot.client_id,
        "client_secret": robot.client_secret,
    }
    group = rest.post("/_fakebricks/groups", display_name="data", members=["ml", workspace.user_name])
    assert group == {"display_name": "data", "id": workspace.group("data").id}
    rest.post("/_fakebricks/users", user_name="bob", groups=["ml"], admin=True)
    people = workspace._services[People]
    assert people.caller_named("bob").groups == {"users", "admins", "ml", "data"}
    assert people.caller_named(robot.client_id).groups == {"users", "ml", "data"}
    before = workspace.snapshot()
    for path, body in (
        ("service_principals", {"display_name": " "}),
        ("groups", {"display_name": "x", "members": ["eve"]}),
        ("groups", {"display_name": "ml", "members": ["data"]}),
        ("users", {"user_name": "eve", "groups": ["users"]}),
    ):
        with pytest.raises(RefusedError) as caught:
            rest.post(f"/_fakebricks/{path}", **body)
        assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    rest.headers = {"authorization": f"Bearer {robot.token}"}
    for path in ("service_principals", "groups"):
        with pytest.raises(RefusedError, match="not an admin"):
            rest.post(f"/_fakebricks/{path}", display_name="x")
    assert workspace.snapshot() == before
