"""The OpenAI client's routes over REST, and payloads that nobody should send, to agents and by every route."""

from __future__ import annotations

import json

import pytest
from conftest import Rest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fakebricks import Workspace

JSON = {"content-type": "application/json"}
ROUTES = ["chat/completions", "completions", "embeddings", "responses"]
MESSAGES = [{"role": "user", "content": "well"}]


def post(rest, route, body):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return rest.call("POST", f"/serving-endpoints/{route}", content, JSON)


@pytest.mark.parametrize("route", ROUTES)
def test_a_request_goes_to_the_endpoint_that_it_names_as_its_model(rest, workspace, serve, route):
    serve("chat")
    reply = post(rest, route, {"model": "chat", "messages": MESSAGES})
    assert reply.json()["choices"][0]["message"]["content"] == "WELL"
    assert reply.headers["served-model-name"] == "chat-1"
    assert workspace.calls[-1].operation == "query_serving_endpoint_as_openai"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"model": "nothing", "messages": MESSAGES}, 404, "ENDPOINT_NOT_FOUND"),
        ({"messages": MESSAGES}, 400, "INVALID_PARAMETER_VALUE"),
        ({"model": 3, "messages": MESSAGES}, 400, "INVALID_PARAMETER_VALUE"),
        ({"model": ""}, 400, "INVALID_PARAMETER_VALUE"),
        ([1], 400, "BAD_REQUEST"),
        (b"{", 400, "BAD_REQUEST"),
        (b"[" * 100_000, 400, "BAD_REQUEST"),
    ],
)
def test_what_names_no_endpoint_is_refused(rest, body, status, code):
    reply = post(rest, "chat/completions", body)
    assert (reply.status, reply.json()["error_code"]) == (status, code)


@pytest.fixture(scope="module")
def agents(server):
    """A workspace with one agent of each kind and a model that is none, over both ways in."""
    from agent_fixtures import KINDS, deploy_in
    from clocks import standing_at
    from conftest import RestOverHttp

    workspace = Workspace(clock=standing_at())
    for kind in KINDS:
        deploy_in(workspace, kind)
    server.add(workspace)
    over_http = RestOverHttp(workspace, server)
    yield {"process": Rest(workspace), "server": over_http}
    over_http.close()
    server.remove(workspace)
    workspace.close()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["role", "content", "type", "a"]), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = ["messages", "input", "prompt", "stream", "temperature", "custom_inputs", "context", "client_request_id"]
BODIES = st.one_of(
    st.binary(max_size=30),
    st.dictionaries(st.sampled_from(FIELDS), values, max_size=4).map(lambda body: json.dumps(body).encode()),
)


@pytest.mark.parametrize("way", ["process", "server"])
@settings(max_examples=60)
@given(st.sampled_from(["chat", "agent", "responses", "lengths"]), BODIES)
@example("chat", b'{"messages": [{"role": "user", "content": NaN}], "stream": true}')
@example("chat", b'{"messages": ' + b"[" * 980 + b"]" * 980 + b', "client_request_id": "a"}')
@example("chat", b'{"messages": [], "client_request_id": "\\ud800"}')
@example("responses", b'{"input": [], "input": 3}')
@example("agent", b'{"messages": [' + b'{"role": "user"},' * 50_000 + b'{"role": "user"}]}')
def test_no_payload_is_answered_with_a_5xx(agents, way, kind, body):
    rest = agents[way]
    named = b'{"model": "%b", ' % kind.encode() + body[1:] if body.startswith(b'{"') else body
    for reply in (
        rest.call("POST", f"/serving-endpoints/{kind}/invocations", body, JSON),
        post(rest, "chat/completions", named),
    ):
        assert reply.status < 500, (body, reply.body)
        if reply.status != 200:
            assert {"error_code", "message"} <= reply.json().keys()
    assert not rest.workspace.unsupported
