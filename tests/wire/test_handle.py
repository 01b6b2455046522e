"""The way of a call: authentication, routing, errors, and the log."""

from __future__ import annotations

import base64

import pytest

from fakebricks import UnsupportedCallError, Workspace
from fakebricks.wire import Request

ME = "/api/2.0/preview/scim/v2/Me"


def asked(workspace: Workspace, headers: dict[str, str], path: str = ME, method: str = "GET"):
    return workspace.handle(Request.of(method, path, headers))


def test_a_bearer_token_stands_for_a_person(rest):
    assert rest.get(ME)["userName"] == rest.workspace.user_name


def test_basic_authentication_as_for_serving_queries(workspace):
    credential = base64.b64encode(f"token:{workspace.token}".encode()).decode()
    assert asked(workspace, {"Authorization": f"Basic {credential}"}).status == 200


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Digest x", "Basic !!!", "Basic " + base64.b64encode(b"jane:secret").decode()],
)
def test_no_credential_of_a_kind_that_the_platform_takes(workspace, header):
    reply = asked(workspace, {} if header is None else {"Authorization": header})
    assert (reply.status, reply.json()["error_code"]) == (401, 401)
    assert reply.json()["message"].startswith("Credential was not sent or was of an unsupported type for this API.")


def test_an_unknown_token(workspace):
    reply = asked(workspace, {"Authorization": "Bearer dapi-nobody"})
    assert (reply.status, reply.json()["error_code"]) == (403, "PERMISSION_DENIED")
    assert reply.json()["message"].startswith("Invalid access token.")


def test_an_error_carries_its_request_id_as_the_platforms_do(rest):
    reply = rest.call("GET", f"{ME}?unknown=1")
    [detail] = reply.json()["details"]
    assert detail["@type"] == "type.googleapis.com/google.rpc.RequestInfo"
    assert detail["request_id"] == reply.headers["x-request-id"]


def test_an_unknown_route_is_501_never_404_and_fails_a_strict_test(rest):
    reply = rest.call("GET", "/api/2.0/preview/scim/v2/Mee")
    assert (reply.status, reply.json()["error_code"]) == (501, "NOT_IMPLEMENTED")
    assert f"Did you mean GET {ME}" in reply.json()["message"]
    with pytest.raises(UnsupportedCallError, match="GET /api/2.0/preview/scim/v2/Mee"):
        rest.workspace.raise_unsupported()


def test_another_method_on_a_known_path_is_501(rest):
    assert rest.call("POST", ME).status == 501


def test_an_unknown_route_tells_nothing_to_who_is_not_known(workspace):
    assert asked(workspace, {}, "/api/2.0/nothing").status == 401


def test_every_client_may_ask_where_to_sign_in(workspace):
    config = asked(workspace, {}, "/.well-known/databricks-config").json()
    assert config["workspace_id"] == workspace.identity.workspace_id
    assert config["oidc_endpoint"].startswith("http")


def test_the_log_tells_calls_without_credentials(rest):
    rest.get(ME)
    rest.call("GET", "/api/2.0/unknown?x=secret")
    first, second = rest.workspace.calls
    assert (first.method, first.path, first.operation, first.status, first.error_code) == ("GET", ME, "me", 200, None)
    assert first.caller == rest.workspace.user_name
    assert (second.operation, second.status, second.error_code) == (None, 501, "NOT_IMPLEMENTED")
    assert rest.workspace.token not in repr(list(rest.workspace.calls))
    assert rest.workspace.calls.matching("me") == [first]
    assert rest.workspace.calls.matching("GET /api/2.0/unk*") == [second]


def test_workspaces_of_one_seed_are_alike_and_others_are_not():
    assert Workspace(seed=1).token == Workspace(seed=1).token
    assert Workspace(seed=1).token != Workspace(seed=2).token
    assert Workspace().host.endswith(".test")
