"""Route-optimised endpoints: a URL of their own, and who is answered there."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

ENDPOINTS = "/api/2.0/serving-endpoints"
JSON = {"content-type": "application/json"}
BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
QUESTION = json.dumps({"prompt": "Well?"}).encode()


def create(rest, name: str = "chat", **more: Any) -> Any:
    model = {
        "name": "gpt",
        "provider": "openai",
        "task": "llm/v1/completions",
        "openai_config": {"openai_api_key_plaintext": "x"},
    }
    config = {"served_entities": [{"external_model": model}]}
    return rest.post(ENDPOINTS, name=name, config=config, **more)


def token(rest, robot: Any, form: dict[str, str]) -> Any:
    basic = base64.b64encode(f"{robot.client_id}:{robot.client_secret}".encode()).decode()
    headers = {"content-type": "application/x-www-form-urlencoded", "authorization": f"Basic {basic}"}
    return rest.call("POST", "/oidc/v1/token", urlencode(form).encode(), headers)


@pytest.fixture
def robot(workspace) -> Any:
    workspace.model_provider("openai", lambda _: "yes")
    return workspace.service_principal("robot")


@pytest.fixture
def endpoint(rest, robot) -> Any:
    """A route-optimised endpoint that the robot may query."""
    made = create(rest, route_optimized=True)
    url = f"/api/2.0/permissions/serving-endpoints/{made['id']}"
    rest.patch(url, access_control_list=[{"service_principal_name": robot.client_id, "permission_level": "CAN_QUERY"}])
    return made


@pytest.fixture
def ask(rest, endpoint) -> Any:
    """Query the endpoint's own URL with a token; the status and the body."""

    def ask(bearer: str, path: str | None = None) -> tuple[int, Any]:
        where = path or urlsplit(endpoint["endpoint_url"]).path
        reply = rest.call("POST", where, QUESTION, {**JSON, "authorization": f"Bearer {bearer}"})
        return reply.status, reply.json()

    return ask


def test_where_it_is_queried_is_told_of_these_endpoints_alone(rest, workspace, endpoint):
    info = endpoint["data_plane_info"]["query_info"]
    assert endpoint["route_optimized"] is True
    assert info["endpoint_url"] == endpoint["endpoint_url"]
    assert info["endpoint_url"].endswith(f"/{workspace.identity.workspace_id}/serving-endpoints/chat/invocations")
    assert json.loads(info["authorization_details"])[0]["object_path"] == f"/serving-endpoints/{endpoint['id']}"
    other = create(rest, "plain")
    assert other["route_optimized"] is False
    assert "endpoint_url" not in other


def test_a_token_for_the_endpoint_is_good_there_and_nowhere_else(rest, robot, endpoint, ask):
    details = endpoint["data_plane_info"]["query_info"]["authorization_details"]
    broad = token(rest, robot, {"grant_type": "client_credentials", "scope": "all-apis"}).json()["access_token"]
    exchanged = token(rest, robot, {"grant_type": BEARER, "assertion": broad, "authorization_details": details}).json()
    direct = token(rest, robot, {"grant_type": "client_credentials", "authorization_details": details}).json()
    for one in (exchanged, direct):
        status, body = ask(one["access_token"])
        assert (status, body["choices"][0]["text"]) == (200, "yes")
        headers = {"authorization": f"Bearer {one['access_token']}"}
        reply = rest.call("GET", ENDPOINTS, headers=headers)
        assert (reply.status, reply.json()["message"]) == (403, "Invalid scope")
        again = {"grant_type": BEARER, "assertion": one["access_token"], "authorization_details": details}
        assert token(rest, robot, again).json()["error"] == "invalid_grant"


def test_other_tokens_are_refused(rest, workspace, robot, endpoint, ask):
    details = create(rest, "other", route_optimized=True)["data_plane_info"]["query_info"]["authorization_details"]
    other = token(rest, robot, {"grant_type": "client_credentials", "authorization_details": details}).json()
    broad = token(rest, robot, {"grant_type": "client_credentials"}).json()
    for bearer in (workspace.token, robot.token, other["access_token"], broad["access_token"]):
        status, body = ask(bearer)
        assert (status, body["error_code"]) == (403, "PERMISSION_DENIED")
    path = f"/{workspace.identity.workspace_id}/serving-endpoints/other/invocations"
    status, body = ask(other["access_token"], path)
    assert "permission to 'Query' serving endpoint with name 'other'" in body["message"]
    create(rest, "plain")
    assert ask(workspace.token, path.replace("other", "plain"))[0] == 404
    assert ask(workspace.token, "/1/serving-endpoints/chat/invocations")[0] == 404


def test_the_workspaces_url_does_not_lead_to_it(rest, endpoint):
    reply = rest.call("POST", "/serving-endpoints/chat/invocations", QUESTION, JSON)
    assert (reply.status, reply.json()["error_code"]) == (400, "BAD_REQUEST")
    assert "endpoint_url" in reply.json()["message"]


def test_the_token_expires(rest, workspace, robot, endpoint, ask):
    details = endpoint["data_plane_info"]["query_info"]["authorization_details"]
    one = token(rest, robot, {"grant_type": "client_credentials", "authorization_details": details}).json()
    workspace.clock.advance(hours=1)
    assert ask(one["access_token"])[0] == 403
