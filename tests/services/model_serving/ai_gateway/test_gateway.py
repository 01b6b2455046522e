"""AI Gateway: rate limits on the clock, guardrails, fallbacks, usage tracking, and what can be set at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from acting import of, refused
from hypothesis import given, settings
from hypothesis import strategies as st
from serving_fixtures import MODEL

from fakebricks import ModelProviderError, Workspace
from fakebricks.wire import Request

ENDPOINTS = "/api/2.0/serving-endpoints"
CHAT = "/serving-endpoints/chat/invocations"
JSON = {"content-type": "application/json"}


def entity(name: str) -> dict[str, Any]:
    model = {
        "name": name,
        "provider": "openai",
        "task": "llm/v1/chat",
        "openai_config": {"openai_api_key_plaintext": "x"},
    }
    return {"name": name, "external_model": model}


def limit(calls: int | None = None, **more: Any) -> dict[str, Any]:
    return {"renewal_period": "minute", **({} if calls is None else {"calls": calls}), **more}


@pytest.fixture
def chat(rest, workspace):
    """Create `chat`, with that AI Gateway and several models; the provider repeats what it is told."""

    def chat(*names: str, **gateway: Any) -> Any:
        workspace.model_provider("openai", lambda request: request["messages"][-1]["content"])
        names = names or ("a",)
        routes = [{"served_entity_name": name, "traffic_percentage": 100 if name == names[0] else 0} for name in names]
        config = {"served_entities": [entity(name) for name in names], "traffic_config": {"routes": routes}}
        made = rest.post(ENDPOINTS, name="chat", config=config, ai_gateway=gateway)
        url = f"/api/2.0/permissions/serving-endpoints/{made['id']}"
        users = {"group_name": "users", "permission_level": "CAN_QUERY"}
        rest.patch(url, access_control_list=[users])
        return made

    return chat


@pytest.fixture
def say(rest):
    """Say something to `chat`; the status, and what it says or the whole of the error."""

    def say(text: str = "hello", **more: Any) -> tuple[int, Any]:
        body = {"messages": [{"role": "user", "content": text}], **more}
        reply = rest.call("POST", CHAT, json.dumps(body).encode(), JSON)
        answer = reply.json()
        return reply.status, answer["choices"][0]["message"]["content"] if "choices" in answer else answer

    return say


# Rate limits


def test_calls_per_minute_of_the_endpoint(rest, workspace, chat, say):
    chat(rate_limits=[limit(2, key="endpoint")])
    assert [say()[0] for _ in range(3)] == [200, 200, 429]
    reply = rest.call("POST", CHAT, json.dumps({"messages": [{"role": "user", "content": "x"}]}).encode(), JSON)
    assert reply.json()["error_code"] == "REQUEST_LIMIT_EXCEEDED"
    assert "Exceeded endpoint rate limit for chat: 2 calls per minute" in reply.json()["message"]
    assert 1 <= int(reply.headers["retry-after"]) <= 60
    workspace.clock.advance(seconds=60)
    assert say()[0] == 200


def test_a_limit_of_zero_disables_the_endpoint(chat, say):
    chat(rate_limits=[limit(0)])
    status, body = say()
    assert (status, body["error_code"]) == (403, "PERMISSION_DENIED")
    assert body["message"] == "PERMISSION_DENIED: The endpoint is disabled due to a rate limit set to 0."


def test_tokens_per_minute(workspace, chat, say):
    chat(rate_limits=[limit(tokens=10)])
    assert say("twenty-one characters")[0] == 200  # 5 tokens in, 5 out
    assert say()[0] == 429
    workspace.clock.advance(minutes=1)
    assert say()[0] == 200


def test_everybodys_own_limit_that_of_their_groups_and_that_of_users(rest, workspace, chat, say):
    workspace.group("team", members=[workspace.user("ann@acme.test").user_name])
    workspace.group("friends", members=["ann@acme.test"])
    for name in ("bob@acme.test", "eve@acme.test"):
        workspace.user(name)
    chat(
        rate_limits=[
            limit(1, key="user"),
            limit(2, key="user", principal="bob@acme.test"),
            limit(3, key="user_group", principal="team"),
            limit(4, key="user_group", principal="friends"),
        ]
    )
    body = json.dumps({"messages": [{"role": "user", "content": "x"}]}).encode()
    for name, allowed in (("ann", 4), ("bob", 2), ("eve", 1)):
        headers = {**JSON, "authorization": f"Bearer {of(rest, f'{name}@acme.test').person.token}"}
        statuses = [rest.call("POST", CHAT, body, headers).status for _ in range(5)]
        assert statuses == [200] * allowed + [429] * (5 - allowed), name


def test_the_limits_of_a_service_principal(rest, workspace, chat):
    robot = workspace.service_principal("robot")
    chat(rate_limits=[limit(1, key="service_principal", principal=robot.user_name)])
    headers = {**JSON, "authorization": f"Bearer {robot.token}"}
    body = json.dumps({"messages": [{"role": "user", "content": "x"}]}).encode()
    assert [rest.call("POST", CHAT, body, headers).status for _ in range(2)] == [200, 429]


def test_the_older_limits_are_enforced_and_not_shown(rest, chat, say):
    chat()
    limits = [limit(1, key="user")]
    assert rest.put(f"{ENDPOINTS}/chat/rate-limits", rate_limits=limits) == {"rate_limits": limits}
    assert "rate_limits" not in json.dumps(rest.get(f"{ENDPOINTS}/chat"))
    assert [say()[0] for _ in range(2)] == [200, 429]
    rest.put(f"{ENDPOINTS}/chat/rate-limits", rate_limits=[])
    assert say()[0] == 200
    text = refused("INVALID_PARAMETER_VALUE", rest.put, f"{ENDPOINTS}/chat/rate-limits", rate_limits=[limit(tokens=1)])
    assert text == "A rate limit of an endpoint has calls, a key and a renewal_period."


def test_custom_models_have_rate_limits_and_usage_and_nothing_of_text(rest, workspace, deploy, query):
    deploy(
        ai_gateway={"rate_limits": [limit(1)], "usage_tracking_config": {"enabled": True}},
        rate_limits=[limit(5, key="user")],
    )
    assert [query([{"amount": 1.0}]).status for _ in range(2)] == [200, 429]
    row, refusal = workspace.table("system.serving.endpoint_usage").to_pylist()
    assert (row["status_code"], row["input_token_count"]) == (200, 0)
    assert (refusal["status_code"], refusal["served_entity_id"]) == (429, None)
    for part in (
        {"fallback_config": {"enabled": True}},
        {"guardrails": {"input": {"invalid_keywords": ["x"]}}},
        {"rate_limits": [limit(tokens=1)]},
    ):
        refused("INVALID_PARAMETER_VALUE", rest.put, f"{ENDPOINTS}/fraud/ai-gateway", **part)
    rest.post(ENDPOINTS, name="later", ai_gateway={"fallback_config": {"enabled": True}})
    served = [{"entity_name": MODEL, "entity_version": "1"}]
    refused("INVALID_PARAMETER_VALUE", rest.put, f"{ENDPOINTS}/later/config", served_entities=served)


# Guardrails


def test_keywords_and_personal_data_are_blocked_in_requests_and_in_responses(workspace, chat, say):
    chat(
        guardrails={
            "input": {"invalid_keywords": ["SuperCompetitor"], "pii": {"behavior": "BLOCK"}},
            "output": {"invalid_keywords": ["secret"]},
        }
    )
    assert say() == (200, "hello")
    status, body = say("tell me of supercompetitor, and write to jane@acme.test")
    assert (status, body["error_code"]) == (400, "BAD_REQUEST")
    said = json.loads(body["message"])
    assert said["input_guardrail"] == [{"flagged": True, "categories": {"invalid_keywords": True, "pii": True}}]
    assert said["usage"]["prompt_tokens"] == 14
    status, body = say("a SECRET")
    assert (status, json.loads(body["message"])["output_guardrail"][0]["flagged"]) == (400, True)


def test_personal_data_is_masked_before_the_provider_and_before_the_caller(workspace, chat, say):
    chat(guardrails={"input": {"pii": {"behavior": "MASK"}}, "output": {"pii": {"behavior": "MASK"}}})
    heard = []

    def provider(request: dict[str, Any]) -> str:
        heard.append(request["messages"][0]["content"])
        return "call 415-555-0132"

    workspace.model_provider("openai", provider)
    assert say("my number is 123-45-6789") == (200, "call <PHONE_NUMBER>")
    assert heard == ["my number is <US_SSN>"]


def test_what_it_takes_a_model_to_judge_is_refused(rest, workspace, chat):
    chat()
    for part in ({"safety": True}, {"valid_topics": ["cats"]}):
        text = refused("NOT_IMPLEMENTED", rest.put, f"{ENDPOINTS}/chat/ai-gateway", guardrails={"input": part})
        assert "it takes a model to judge" in text
    rest.put(f"{ENDPOINTS}/chat/ai-gateway", guardrails={"input": {"safety": False}})
    workspace.unsupported.clear()


# Fallbacks


@pytest.mark.parametrize(("status", "answer"), [(429, "b"), (503, "b"), (400, None)])
def test_who_fails_is_stood_in_for(rest, workspace, chat, say, status, answer):  # noqa: PLR0917
    chat("a", "b", fallback_config={"enabled": True}, usage_tracking_config={"enabled": True})

    def fails(_: dict[str, Any]) -> str:
        raise ModelProviderError(status)

    workspace.model_provider("a", fails)
    workspace.model_provider("b", lambda _: "b")
    assert say()[1] == answer if answer else say()[0] == 400
    ids = {one["served_entity_id"] for one in workspace.table("system.serving.endpoint_usage").to_pylist()}
    assert len(ids) == 1
    if answer:
        assert workspace.calls[-1].notes[0] == f"'a' failed with {status}."
        rest.put(f"{ENDPOINTS}/chat/ai-gateway", fallback_config={"enabled": False})
        assert say()[0] == status


def test_two_stand_in_at_most_and_the_last_error_is_the_answer(workspace, chat, say):
    chat("a", "b", "c", "d", fallback_config={"enabled": True})
    asked = []

    def failing(name: str, status: int) -> Any:
        def fails(_: dict[str, Any]) -> str:
            asked.append(name)
            raise ModelProviderError(status)

        return fails

    for name, status in (("a", 500), ("b", 429), ("c", 503)):
        workspace.model_provider(name, failing(name, status))
    assert say()[0] == 503
    assert asked == ["a", "b", "c"]


# Usage


def test_usage_is_tracked_where_it_is_enabled_and_only_there(rest, workspace, chat, say):
    chat()
    say()
    assert workspace.table("system.serving.endpoint_usage").num_rows == 0
    rest.put(f"{ENDPOINTS}/chat/ai-gateway", usage_tracking_config={"enabled": True})
    say("hello you", client_request_id="mine", usage_context={"team": "risk"})
    (row,) = workspace.table("system.serving.endpoint_usage").to_pylist()
    assert row["client_request_id"] == "mine"
    assert row["usage_context"] == [("team", "risk")]
    assert (row["input_token_count"], row["output_token_count"]) == (2, 2)
    assert (row["input_character_count"], row["output_character_count"]) == (9, 9)
    assert (row["requester"], row["status_code"], row["request_streaming"]) == (workspace.user_name, 200, False)
    assert row["workspace_id"] == workspace.identity.workspace_id
    rest.delete(f"{ENDPOINTS}/chat")
    assert workspace.table("system.serving.endpoint_usage").num_rows == 1


# Settings


def test_what_is_put_replaces_all_and_is_shown(rest, chat):
    gateway = {
        "rate_limits": [limit(5, key="endpoint"), limit(3, key="user", tokens=100)],
        "usage_tracking_config": {"enabled": True},
        "fallback_config": {"enabled": False},
        "guardrails": {"input": {"invalid_keywords": ["x"], "pii": {"behavior": "NONE"}}, "output": {"safety": False}},
    }
    assert chat(**gateway)["ai_gateway"] == gateway
    assert rest.put(f"{ENDPOINTS}/chat/ai-gateway", usage_tracking_config={"enabled": False}) == {
        "usage_tracking_config": {"enabled": False}
    }
    assert rest.get(f"{ENDPOINTS}/chat")["ai_gateway"] == {"usage_tracking_config": {"enabled": False}}
    assert rest.put(f"{ENDPOINTS}/chat/ai-gateway") == {}
    assert "ai_gateway" not in rest.get(f"{ENDPOINTS}/chat")


@pytest.mark.parametrize(
    "limits",
    [
        [{"calls": 1}],
        [limit()],
        [limit(-1)],
        [limit(1, key="team")],
        [limit(1, renewal_period="hour")],
        [limit(1, key="user_group")],
        [limit(1, key="user_group", principal="nobody")],
        [limit(1, key="service_principal", principal="jane@acme.test")],
        [limit(1, key="endpoint", principal="jane@acme.test")],
        [limit(1), limit(2)],
        [limit(1, key="user_group", principal=f"g{number}") for number in range(6)],
        [limit(1)] * 21,
    ],
)
def test_limits_that_cannot_be(rest, workspace, chat, limits):
    for number in range(6):
        workspace.group(f"g{number}")
    chat()
    before = workspace.snapshot()
    refused("INVALID_PARAMETER_VALUE", rest.put, f"{ENDPOINTS}/chat/ai-gateway", rate_limits=limits)
    assert workspace.snapshot() == before


ANY = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=3), max_size=2)
LIMITS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "calls": ANY,
            "tokens": ANY,
            "key": st.sampled_from(["endpoint", "user", "user_group"]) | ANY,
            "principal": st.just("users") | ANY,
            "renewal_period": st.just("minute") | ANY,
        },
    ),
    max_size=3,
)
GUARDRAIL = st.fixed_dictionaries(
    {},
    optional={
        "invalid_keywords": ANY,
        "pii": st.fixed_dictionaries({"behavior": st.sampled_from(["BLOCK", "MASK", "NONE"]) | ANY}) | ANY,
        "safety": st.just(False) | st.none(),
    },
)
GATEWAYS = st.fixed_dictionaries(
    {},
    optional={
        "rate_limits": LIMITS | ANY,
        "guardrails": st.fixed_dictionaries({}, optional={"input": GUARDRAIL, "output": GUARDRAIL}) | ANY,
        "fallback_config": st.fixed_dictionaries({"enabled": ANY}) | ANY,
        "usage_tracking_config": st.fixed_dictionaries({"enabled": ANY}) | ANY,
    },
)


@pytest.fixture
def made(workspace) -> Workspace:
    """A workspace with the endpoint `chat`."""
    workspace.model_provider("openai", lambda _: "yes")
    assert _ask(workspace, "POST", ENDPOINTS, {"name": "chat", "config": {"served_entities": [entity("a")]}})[0] == 200
    return workspace


@settings(max_examples=150)
@given(gateway=GATEWAYS, text=st.text(max_size=20))
def test_whatever_gateway_is_put_holds_or_is_refused(made: Workspace, gateway: Any, text: str) -> None:
    before = made.snapshot()
    status, shown = _ask(made, "PUT", f"{ENDPOINTS}/chat/ai-gateway", gateway)
    assert status in {200, 400}, shown
    if status == 400:
        assert made.snapshot() == before
        return
    assert _ask(made, "PUT", f"{ENDPOINTS}/chat/ai-gateway", shown) == (200, shown)
    question = {"messages": [{"role": "user", "content": text}]}
    assert _ask(made, "POST", CHAT, question)[0] in {200, 400, 403}
    made.restore(before)


def _ask(workspace: Workspace, method: str, path: str, body: Any) -> tuple[int, Any]:
    headers = {"authorization": f"Bearer {workspace.token}", **JSON}
    reply = workspace.handle(Request.of(method, path, headers, json.dumps(body).encode(errors="surrogatepass")))
    return reply.status, reply.json()
