"""Endpoints of the platform's own: there if the test answers for them, for everybody to query, for nobody to change."""

from __future__ import annotations

import json
from typing import Any

import pytest
from acting import of, refused
from hypothesis import given, settings
from hypothesis import strategies as st

from fakebricks import ModelProviderError, Workspace
from fakebricks.wire import Request

ENDPOINTS = "/api/2.0/serving-endpoints"
LLAMA = "databricks-meta-llama-3-3-70b-instruct"
HELLO = [{"role": "user", "content": "Hello"}]


@pytest.fixture
def llama(workspace) -> str:
    """The path of an endpoint that is there because the test answers for it."""
    workspace.model_provider(LLAMA, lambda request: f"You said {request['messages'][-1]['content']}.")
    return f"{ENDPOINTS}/{LLAMA}"


def test_it_is_shown_without_a_creator(rest, llama):
    shown = rest.get(llama)
    assert shown == {
        "name": LLAMA,
        "state": {"ready": "READY", "config_update": "NOT_UPDATING"},
        "config": {
            "served_entities": [
                {
                    "name": LLAMA,
                    "entity_name": f"system.ai.{LLAMA}",
                    "type": "FOUNDATION_MODEL",
                    "foundation_model": {"name": f"system.ai.{LLAMA}"},
                }
            ]
        },
        "task": "llm/v1/chat",
        "endpoint_type": "FOUNDATION_MODEL_API",
        "permission_level": "CAN_MANAGE",
    }
    assert rest.get(ENDPOINTS)["endpoints"] == [shown]
    assert rest.get(f"{llama}/events")["events"] == []


def test_others_are_listed_beside_it(rest, workspace, llama):
    rest.post(ENDPOINTS, name="chat")
    workspace.model_provider("databricks-gte-large-en", lambda _: [1.0])
    workspace.model_provider("databricks-model-serving", lambda _: "for an external model of that provider")
    workspace.model_provider("openai", lambda _: "of another")
    listed = {one["name"]: one.get("task") for one in rest.get(ENDPOINTS)["endpoints"]}
    assert listed == {"databricks-gte-large-en": "llm/v1/embeddings", LLAMA: "llm/v1/chat", "chat": None}
    refused("RESOURCE_DOES_NOT_EXIST", rest.get, f"{ENDPOINTS}/databricks-model-serving")


def test_everybody_may_query_it(rest, llama):
    bob = of(rest, "bob@acme.test")
    assert bob.get(llama)["permission_level"] == "CAN_QUERY"
    assert [one["name"] for one in bob.get(ENDPOINTS)["endpoints"]] == [LLAMA]
    for path, model in (
        (f"/serving-endpoints/{LLAMA}/invocations", {}),
        (f"/serving-endpoints/{LLAMA}/served-models/{LLAMA}/invocations", {}),
        ("/serving-endpoints/chat/completions", {"model": LLAMA}),
    ):
        answer = bob.post(path, messages=HELLO, **model)
        assert (answer["choices"][0]["message"]["content"], answer["model"]) == ("You said Hello.", LLAMA)


def test_it_streams_fails_and_knows_its_fields(rest, workspace, llama):
    path = f"/serving-endpoints/{LLAMA}/invocations"
    workspace.model_provider(LLAMA, lambda _: iter(["a", "b"]))
    reply = rest.call("POST", path, json.dumps({"messages": HELLO, "stream": True}).encode())
    assert (reply.body.count(b"data: "), reply.body.endswith(b"data: [DONE]\n\n")) == (4, True)

    def busy(_: dict[str, Any]) -> str:
        raise ModelProviderError(429, "slow down")

    workspace.model_provider(LLAMA, busy)
    assert rest.call("POST", path, json.dumps({"messages": HELLO}).encode()).status == 429
    assert 'unknown field "inputs"' in refused("BAD_REQUEST", rest.post, path, inputs=[1])
    workspace.model_provider("databricks-gte-large-en", lambda request: [float(len(request["input"]))])
    answer = rest.post("/serving-endpoints/databricks-gte-large-en/invocations", input="abc")
    assert answer["data"][0]["embedding"] == [3.0]


def test_nobody_changes_it(rest, workspace, llama):
    before = workspace.snapshot()
    for verb, path, fields in (
        ("put", f"{llama}/config", {"served_entities": []}),
        ("delete", llama, {}),
        ("patch", f"{llama}/tags", {"add_tags": [{"key": "a"}]}),
        ("patch", f"{llama}/description", {"description": "mine"}),
        ("post", f"{llama}/config:stop", {}),
    ):
        text = refused("PERMISSION_DENIED", getattr(rest, verb), path, **fields)
        assert text == f"Endpoint '{LLAMA}' is provided by the platform: nobody can update or delete it, or see logs."
    text = refused("INVALID_PARAMETER_VALUE", rest.post, ENDPOINTS, name=LLAMA)
    assert "The prefix 'databricks-' is reserved" in text
    for path in (f"{llama}/ai-gateway", f"{llama}/rate-limits"):
        assert "the AI Gateway of the platform's own endpoints" in refused("NOT_IMPLEMENTED", rest.put, path)
    workspace.unsupported.clear()
    assert workspace.snapshot() == before


def test_without_a_provider_it_is_refused_and_told_what_to_do(rest, workspace, llama):
    query = "/serving-endpoints/databricks-dbrx/invocations"
    for verb, path in (("get", f"{ENDPOINTS}/databricks-dbrx"), ("post", query)):
        text = refused("NOT_IMPLEMENTED", getattr(rest, verb), path)
        assert "'databricks-dbrx' may be one" in text
        assert "workspace.model_provider(name, callable)" in text
    workspace.unsupported.clear()


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
BODIES = st.dictionaries(st.sampled_from(["messages", "n", "temperature", "served_entities", "tags", "name"]), ANY)


@settings(max_examples=100)
@given(
    method=st.sampled_from(["GET", "PUT", "PATCH", "DELETE", "POST"]),
    path=st.sampled_from(["", "/config", "/tags", "/description", "/notifications", "/events", "/metrics", "/openapi"]),
    body=BODIES | ANY,
)
def test_whatever_is_sent_changes_nothing(workspace: Workspace, llama: str, method: str, path: str, body: Any) -> None:
    headers = {"authorization": f"Bearer {workspace.token}", "content-type": "application/json"}
    before = workspace.snapshot()
    reply = workspace.handle(Request.of(method, llama + path, headers, json.dumps(body).encode()))
    assert reply.status < 500 or reply.status == 501, reply.body
    workspace.unsupported.clear()
    assert workspace.snapshot() == before
