"""OAuth machine-to-machine: secrets, access tokens, what is refused."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlencode

import pytest
from conftest import RefusedError
from hypothesis import given
from hypothesis import strategies as st

from fakebricks import Workspace
from fakebricks.wire import Request
from fakebricks.wire.server import Server

ME = "/api/2.0/preview/scim/v2/Me"
FORM = {"content-type": "application/x-www-form-urlencoded"}
GRANT = {"grant_type": "client_credentials", "scope": "all-apis"}


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


def ask(rest, form: dict[str, str], headers: dict[str, str] | None = None):
    """The status and body of a request for a token."""
    headers = {**FORM, **(headers if headers is not None else {"authorization": ""})}
    reply = rest.call("POST", "/oidc/v1/token", urlencode(form).encode(), headers)
    return reply.status, reply.json()


def test_a_service_principal_signs_in(rest, workspace) -> None:
    robot = workspace.service_principal("robot")
    found = rest.json("GET", "/oidc/.well-known/oauth-authorization-server")
    assert found["token_endpoint"].endswith("/oidc/v1/token")
    status, by_header = ask(rest, GRANT, basic(robot.client_id, robot.client_secret))
    assert status == 200
    assert {name: by_header[name] for name in ("token_type", "expires_in", "scope")} == {
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "all-apis",
    }
    status, by_form = ask(rest, {**GRANT, "client_id": robot.client_id, "client_secret": robot.client_secret})
    assert status == 200
    for answer in (by_header, by_form):
        headers = {"authorization": f"Bearer {answer['access_token']}"}
        me = rest.call("GET", ME, headers=headers).json()
        assert (me["userName"], me["displayName"]) == (robot.client_id, "robot")


def test_an_access_token_expires_after_an_hour(rest, workspace) -> None:
    robot = workspace.service_principal("robot")
    token = ask(rest, GRANT, basic(robot.client_id, robot.client_secret))[1]["access_token"]
    rest.headers = {"authorization": f"Bearer {token}"}
    workspace.clock.advance(minutes=59)
    assert rest.get(ME)["userName"] == robot.client_id
    workspace.clock.advance(minutes=1)
    with pytest.raises(RefusedError, match="Invalid access token") as refusal:
        rest.get(ME)
    assert refusal.value.status == 403


@pytest.mark.parametrize(
    ("client", "secret"),
    [
        ("", ""),
        ("{client}", ""),
        ("{client}", "dose" + "0" * 32),
        ("nobody", "{secret}"),
        ("bob", "{token}"),
        ("é", "é"),
    ],
)
def test_a_wrong_client_is_refused(rest, workspace, client, secret) -> None:
    robot, bob = workspace.service_principal("robot"), workspace.user("bob")
    named = {"client": robot.client_id, "secret": robot.client_secret, "token": bob.token}
    client, secret = client.format(**named), secret.format(**named)
    for form, headers in (
        (GRANT, basic(client, secret)),
        ({**GRANT, "client_id": client, "client_secret": secret}, None),
    ):
        status, error = ask(rest, form, headers)
        assert status == 401
        assert error["error"] == "invalid_client"
        assert error["error_description"] == "Client authentication failed"
        assert not secret or secret not in json.dumps(error)


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, 501, "not_implemented"),
        ({**GRANT, "scope": "sql"}, 501, "not_implemented"),
        ({**GRANT, "authorization_details": "[]"}, 400, "invalid_request"),
        ({**GRANT, "authorization_details": "no"}, 400, "invalid_request"),
        ({**GRANT, "authorization_details": '[{"object_path": "/x", "type": "other"}]'}, 501, "not_implemented"),
        ({**GRANT, "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}, 400, "invalid_request"),
    ],
)
def test_what_is_not_asked_rightly(rest, workspace, form, status, error) -> None:
    robot = workspace.service_principal("robot")
    answer = ask(rest, form, basic(robot.client_id, robot.client_secret))
    assert (answer[0], answer[1]["error"]) == (status, error)


@given(data=st.data())
def test_a_changed_access_token_is_refused(workspace: Workspace, data) -> None:
    robot = workspace.service_principal("robot")
    request = Request.of(
        "POST", "/oidc/v1/token", basic(robot.client_id, robot.client_secret), urlencode(GRANT).encode()
    )
    token = workspace.handle(request).json()["access_token"]
    header, claims, signature = token.split(".")
    forged = json.loads(base64.urlsafe_b64decode(claims + "=="))
    forged["client_id"] = forged["sub"] = workspace.user_name
    changed = base64.urlsafe_b64encode(json.dumps(forged).encode()).rstrip(b"=").decode()
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(
        st.characters(codec="ascii", exclude_categories=["C", "Z"]).filter(lambda one: one != token[place])
    )
    wrong = data.draw(
        st.sampled_from(
            [
                token[:place] + letter + token[place + 1 :],
                token[:place],
                f"{header}.{changed}.{signature}",
                f"{unsigned}.{changed}.",
                f"{token}=",
                f"{header}.{claims}.é",
            ]
        )
    )
    reply = workspace.handle(Request.of("GET", ME, {"authorization": f"Bearer {wrong}"}))
    assert reply.status in (401, 403)


def test_secrets_are_made_listed_and_deleted(rest, workspace) -> None:
    robot = workspace.service_principal("robot")
    path = f"/api/2.0/accounts/servicePrincipals/{robot.id}/credentials/secrets"
    made = rest.post(path, lifetime="60s")
    assert ask(rest, GRANT, basic(robot.client_id, made["secret"]))[0] == 200
    listed = rest.get(path)["secrets"]
    assert made["id"] in {one["id"] for one in listed}
    assert not any("secret" in one for one in listed)
    first = rest.get(path, page_size=1)
    second = rest.get(path, page_size=1, page_token=first["next_page_token"])
    assert [*first["secrets"], *second["secrets"]] == listed
    assert "next_page_token" not in second
    workspace.clock.advance(seconds=61)
    assert ask(rest, GRANT, basic(robot.client_id, made["secret"]))[0] == 401
    assert ask(rest, GRANT, basic(robot.client_id, robot.client_secret))[0] == 200
    for one in listed:
        rest.delete(f"{path}/{one['id']}")
    assert ask(rest, GRANT, basic(robot.client_id, robot.client_secret))[0] == 401
    with pytest.raises(RefusedError):
        rest.delete(f"{path}/{made['id']}")
    renewed = workspace.service_principal("robot")
    assert ask(rest, GRANT, basic(renewed.client_id, renewed.client_secret))[0] == 200


def test_secrets_that_cannot_be(rest, workspace) -> None:
    robot = workspace.service_principal("robot")
    path = f"/api/2.0/accounts/servicePrincipals/{robot.id}/credentials/secrets"
    before = workspace.snapshot()
    for lifetime in ("0s", "60", "-1s", "x", "63072001s", "٣s", ""):
        with pytest.raises(RefusedError, match="lifetime"):
            rest.post(path, lifetime=lifetime)
    with pytest.raises(RefusedError, match="scopes"):
        rest.post(path, scopes=["sql"])
    with pytest.raises(RefusedError, match="page"):
        rest.get(path, page_token="x")
    with pytest.raises(RefusedError, match="not found"):
        rest.post(path.replace(robot.id, "7"))
    assert workspace.snapshot() == before
    for _ in range(4):
        rest.post(path)
    with pytest.raises(RefusedError, match="5 secrets"):
        rest.post(path)
    rest.headers = {"authorization": f"Bearer {workspace.user('bob').token}"}
    for method, body in (("POST", {}), ("GET", None)):
        with pytest.raises(RefusedError, match="not an admin"):
            rest.json(method, path, body=body)


def test_who_is_deactivated_neither_signs_in_nor_calls(rest, workspace) -> None:
    robot = workspace.service_principal("robot")
    token = ask(rest, GRANT, basic(robot.client_id, robot.client_secret))[1]["access_token"]
    path = f"/api/2.0/preview/scim/v2/ServicePrincipals/{robot.id}"
    rest.patch(path, Operations=[{"op": "replace", "path": "active", "value": False}])
    assert ask(rest, GRANT, basic(robot.client_id, robot.client_secret))[0] == 401
    assert rest.call("GET", ME, headers={"authorization": f"Bearer {token}"}).status == 403


def test_nobody_signs_in_in_a_browser(rest) -> None:
    assert rest.call("GET", "/oidc/v1/authorize?client_id=x").status == 501


def test_on_a_server_a_client_id_names_its_workspace(server: Server) -> None:
    first, second = Workspace(seed=1), Workspace(seed=2)
    for workspace in (first, second):
        server.add(workspace)
    try:
        for workspace in (first, second):
            robot = workspace.service_principal("robot")
            import requests

            endpoint = f"{server.url}/oidc/v1/token"
            answer = requests.post(endpoint, GRANT, auth=(robot.client_id, robot.client_secret), timeout=60)
            headers = {"authorization": f"Bearer {answer.json()['access_token']}"}
            assert requests.get(f"{server.url}{ME}", headers=headers, timeout=60).json()["userName"] == robot.client_id
            workspace.clock.advance(hours=2)
            refused = requests.get(f"{server.url}{ME}", headers=headers, timeout=60)
            assert refused.status_code == 403
            assert refused.headers["x-databricks-org-id"] == workspace.identity.workspace_id
    finally:
        for workspace in (first, second):
            server.remove(workspace)
            workspace.close()
