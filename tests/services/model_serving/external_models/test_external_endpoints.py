"""Endpoints of external models: what they are made of and shown as, and how a test answers for a provider."""

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
JSON = {"content-type": "application/json"}
KEY = "{{secrets/llm/openai}}"


def external(**more: Any) -> dict[str, Any]:
    model = {
        "name": "gpt-4o",
        "provider": "openai",
        "task": "llm/v1/chat",
        "openai_config": {"openai_api_key": KEY},
        **more,
    }
    return {"external_model": model}


@pytest.fixture
def secret(rest) -> None:
    rest.post("/api/2.0/secrets/scopes/create", scope="llm")
    rest.post("/api/2.0/secrets/put", scope="llm", key="openai", string_value="sk-1")


@pytest.fixture
def create(rest, secret):
    """Create the endpoint `chat` with that served entity, or with those."""

    def create(*entities: dict[str, Any], **more: Any) -> Any:
        config = {"served_entities": list(entities) or [external()], **more.pop("config", {})}
        return rest.post(ENDPOINTS, name="chat", config=config, **more)

    return create


@pytest.fixture
def ask(rest):
    """Send a query to `chat`; its status and body."""

    def ask(path: str = "/serving-endpoints/chat/invocations", **body: Any) -> tuple[int, Any]:
        reply = rest.call("POST", path, json.dumps(body).encode(), JSON)
        return reply.status, reply.json()

    return ask


HELLO = [{"role": "user", "content": "Hello, who are you?"}]


def test_an_endpoint_is_there_at_once_and_shows_references_only(rest, create):
    made = create()
    assert made["state"] == {"ready": "READY", "config_update": "NOT_UPDATING", "suspend": "NOT_SUSPENDED"}
    assert (made["task"], made["endpoint_type"]) == ("llm/v1/chat", "EXTERNAL_MODEL")
    assert "pending_config" not in made
    (entity,) = made["config"]["served_entities"]
    assert entity["name"] == "gpt-4o"
    assert entity["external_model"] == external()["external_model"]
    assert entity["state"]["deployment"] == "DEPLOYMENT_READY"
    assert "entity_name" not in entity
    assert "served_models" not in made["config"]
    assert rest.get(f"{ENDPOINTS}/chat") == made
    (listed,) = rest.get(ENDPOINTS)["endpoints"]
    assert listed["config"]["served_entities"] == [{"name": "gpt-4o", **external()}]


def test_a_secret_in_plain_text_is_taken_and_never_told(rest, workspace, create):
    create(external(openai_config={"openai_api_key_plaintext": "sk-plain"}))
    refused(
        "INVALID_PARAMETER_VALUE",
        rest.post,
        ENDPOINTS,
        name="other",
        config={"served_entities": [external(openai_config={"openai_api_key": "sk-plain"})]},
    )
    assert rest.get(f"{ENDPOINTS}/chat")["config"]["served_entities"][0]["external_model"]["openai_config"] == {}
    workspace.snapshot()
    assert not [call for call in workspace.calls if "sk-plain" in repr(call)]


def test_a_reference_must_be_readable_by_who_creates_the_endpoint(rest, workspace, secret):
    config = {"served_entities": [external()]}
    bob = of(rest, "bob@acme.test")
    text = refused("INVALID_PARAMETER_VALUE", bob.post, ENDPOINTS, name="bobs", config=config)
    assert "'openai_config.openai_api_key' refers to cannot be read by bob@acme.test" in text
    rest.post("/api/2.0/secrets/acls/put", scope="llm", principal="bob@acme.test", permission="READ")
    bob.post(ENDPOINTS, name="bobs", config=config)
    rest.post("/api/2.0/secrets/delete", scope="llm", key="openai")
    text = refused("INVALID_PARAMETER_VALUE", rest.put, f"{ENDPOINTS}/bobs/config", **config)
    assert "Secret does not exist with scope: llm and key: openai" in text


@pytest.mark.parametrize(
    "entity",
    [
        external(provider="nobody"),
        external(task="llm/v1/dreams"),
        external(name=""),
        external(openai_config=None),
        external(openai_config={}),
        external(openai_config={"openai_api_key": KEY, "openai_api_key_plaintext": "x"}),
        external(openai_config={"openai_api_key": KEY, "openai_api_type": "azure"}),
        external(openai_config={"openai_api_key": KEY, "openai_api_type": "mine"}),
        external(cohere_config={"cohere_api_key": KEY}),
        external(provider="amazon-bedrock", openai_config=None),
        external(
            provider="amazon-bedrock",
            openai_config=None,
            amazon_bedrock_config={"aws_region": "us-east-1", "bedrock_provider": "anthropic"},
        ),
        external(
            provider="custom",
            openai_config=None,
            custom_provider_config={"custom_provider_url": "https://x", "bearer_token_auth": {"token": "raw"}},
        ),
        external() | {"workload_size": "Small"},
        external() | {"entity_name": "main.default.fraud", "entity_version": "1"},
    ],
)
def test_what_cannot_be_served(rest, workspace, secret, entity):
    before = workspace.snapshot()
    refused("INVALID_PARAMETER_VALUE", rest.post, ENDPOINTS, name="chat", config={"served_entities": [entity]})
    assert workspace.snapshot() == before


@pytest.mark.parametrize(
    ("provider", "config"),
    [
        ("ai21labs", {"ai21labs_config": {"ai21labs_api_key": KEY}}),
        ("anthropic", {"anthropic_config": {"anthropic_api_key": KEY}}),
        ("cohere", {"cohere_config": {"cohere_api_key": KEY, "cohere_api_base": "https://x"}}),
        ("palm", {"palm_config": {"palm_api_key": KEY}}),
        (
            "amazon-bedrock",
            {"amazon_bedrock_config": {"aws_region": "r", "bedrock_provider": "Amazon", "instance_profile_arn": "a"}},
        ),
        (
            "google-cloud-vertex-ai",
            {"google_cloud_vertex_ai_config": {"project_id": "p", "region": "r", "private_key": KEY}},
        ),
        (
            "databricks-model-serving",
            {
                "databricks_model_serving_config": {
                    "databricks_workspace_url": "https://x",
                    "databricks_api_token": KEY,
                }
            },
        ),
        (
            "custom",
            {
                "custom_provider_config": {
                    "custom_provider_url": "https://x",
                    "api_key_auth": {"key": "k", "value": KEY},
                }
            },
        ),
    ],
)
def test_the_providers(create, provider, config):
    (entity,) = create(external(provider=provider, openai_config=None, **config))["config"]["served_entities"]
    assert {name: entity["external_model"][name] for name in config} == config


def test_external_and_custom_models_are_not_mixed_and_have_one_task(rest, create):
    custom = {"entity_name": "main.default.fraud", "entity_version": "1"}
    routes = [{"served_entity_name": "gpt-4o", "traffic_percentage": 100}]
    config = {"traffic_config": {"routes": routes}}
    text = refused("INVALID_PARAMETER_VALUE", create, external(), custom, config=config)
    assert text == "External models and custom models cannot be served by the same endpoint."
    other = external(task="llm/v1/completions") | {"name": "b"}
    assert "must have the same task" in refused("INVALID_PARAMETER_VALUE", create, external(), other, config=config)
    create()
    text = refused("INVALID_PARAMETER_VALUE", rest.put, f"{ENDPOINTS}/chat/config", served_entities=[custom])
    assert text == "Endpoint 'chat' serves external models, and cannot be updated to serve others."
    updated = rest.put(f"{ENDPOINTS}/chat/config", served_entities=[external(name="gpt-5")])
    assert (updated["config"]["config_version"], updated["state"]["config_update"]) == (2, "NOT_UPDATING")


def test_without_a_provider_a_query_is_refused_and_told_what_to_do(workspace, create, ask):
    create()
    status, body = ask(messages=HELLO)
    assert (status, body["error_code"]) == (501, "NOT_IMPLEMENTED")
    assert "workspace.model_provider(name, callable)" in body["message"]
    assert "'chat', 'gpt-4o', 'openai'" in body["message"]
    workspace.unsupported.clear()


def test_text_becomes_an_answer_of_openais_shape(workspace, create, ask):
    create()
    requests: list[dict[str, Any]] = []

    def provider(request: dict[str, Any]) -> str:
        requests.append(request)
        return "I am a test."

    workspace.model_provider("openai", provider)
    status, body = ask(messages=HELLO, temperature=0.5, client_request_id="mine", usage_context={"team": "risk"})
    assert status == 200
    assert requests == [{"model": "gpt-4o", "messages": HELLO, "temperature": 0.5}]
    assert body["choices"] == [
        {"index": 0, "message": {"role": "assistant", "content": "I am a test."}, "finish_reason": "stop"}
    ]
    assert (body["object"], body["model"]) == ("chat.completion", "gpt-4o")
    assert body["usage"] == {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
    assert body["id"].startswith("chatcmpl-")
    assert workspace.calls[-1].notes == (
        "usage_context is not recorded: usage tracking is not enabled.",
        "The provider tells no usage: token counts are estimated as (text length + 1) / 4.",
    )


def test_completions_embeddings_and_answers_of_the_providers_own_shape(rest, workspace, create, ask):
    create(external(task="llm/v1/completions"))
    workspace.model_provider("chat", lambda request: [request["prompt"] + "!", "?"])
    assert [one["text"] for one in ask(prompt="a", n=2)[1]["choices"]] == ["a!", "?"]
    rest.delete(f"{ENDPOINTS}/chat")
    rest.post(ENDPOINTS, name="chat", config={"served_entities": [external(task="llm/v1/embeddings")]})
    workspace.model_provider("chat", lambda request: [[float(len(text)), 0] for text in request["input"]])
    body = ask(input=["ab", "c"])[1]
    assert [one["embedding"] for one in body["data"]] == [[2.0, 0.0], [1.0, 0.0]]
    assert body["object"] == "list"
    usage = {"prompt_tokens": 7, "total_tokens": 7}
    workspace.model_provider("chat", lambda _: {"data": [], "usage": usage, "model": "other"})
    body = ask(input="ab")[1]
    assert (body["usage"], body["model"]) == (usage, "other")
    workspace.model_provider("chat", lambda _: "text")
    assert ask(input="ab")[0] == 501
    workspace.unsupported.clear()


def test_the_nearest_provider_answers(workspace, create, ask):
    create()
    for name in ("openai", "gpt-4o", "chat"):
        workspace.model_provider(name, lambda _, name=name: name)
        assert ask(messages=HELLO)[1]["choices"][0]["message"]["content"] == name


class _LibrarysError(Exception):
    status_code = 429
    body = {"message": "slow down", "type": "rate_limit"}


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (ModelProviderError(503, "away"), 503, {"message": "away"}),
        (ModelProviderError(400, body={"code": "bad"}), 400, {"code": "bad"}),
        (_LibrarysError(), 429, {"message": "slow down", "type": "rate_limit"}),
        (ValueError("broken"), 500, {"message": "broken"}),
    ],
)
def test_what_a_provider_raises_is_passed_on(workspace, create, ask, error, status, message):  # noqa: PLR0917
    def provider(_: dict[str, Any]) -> str:
        raise error

    create()
    workspace.model_provider("openai", provider)
    assert ask(messages=HELLO) == (
        status,
        {"error": "Received error from openai", "external_model_message": message},
    )


def test_a_failed_assertion_in_a_provider_is_the_tests_own(workspace, create, ask):
    def provider(request: dict[str, Any]) -> str:
        assert request["messages"] == [], "that was not asked"

    create()
    workspace.model_provider("openai", provider)
    assert ask(messages=HELLO)[0] == 500
    assert "that was not asked" in workspace.unsupported[-1]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"inputs": [1]}, 'Bad request: json: unknown field "inputs"'),
        ({"temperature": 1}, "'messages' is required"),
        ({"messages": []}, "must be a list of messages"),
        ({"messages": [{"content": "x"}]}, "must have a role"),
        ({"messages": [{"role": ["user"], "content": "x"}]}, "must have a role"),
        ({"messages": HELLO, "n": 6}, "'n' must be an integer from 1 to 5"),
        ({"messages": HELLO, "temperature": 3}, "'temperature' must be a number from 0 to 2"),
        ({"messages": HELLO, "client_request_id": 1}, "client_request_id must be a string"),
        ({"messages": HELLO, "usage_context": {"a": 1}}, "usage_context must be an object of strings"),
    ],
)
def test_what_is_no_chat_is_refused(workspace, create, ask, body, text):
    create()
    workspace.model_provider("openai", lambda _: "x")
    status, reply = ask(**body)
    assert (status, reply["error_code"]) == (400, "BAD_REQUEST")
    assert text in reply["message"]


def test_large_bodies_and_unknown_entities(rest, workspace, create, ask):
    create()
    workspace.model_provider("openai", lambda _: "x")
    assert ask(messages=[{"role": "user", "content": "x" * (4 * 1024 * 1024)}])[0] == 413
    assert ask("/serving-endpoints/chat/served-models/none/invocations", messages=HELLO)[0] == 404
    assert ask("/serving-endpoints/chat/served-models/gpt-4o/invocations", messages=HELLO)[0] == 200


def test_the_inference_table_has_these_requests_too(rest, workspace, create, ask):
    table = {"catalog_name": "main", "schema_name": "default", "enabled": True}
    create(ai_gateway={"inference_table_config": table})
    workspace.model_provider("openai", lambda _: "x")
    ask(messages=HELLO, client_request_id="mine")
    workspace.clock.advance(hours=1)
    (row,) = workspace.table("main.default.chat_payload").to_pylist()
    assert (row["client_request_id"], row["status_code"]) == ("mine", 200)
    assert json.loads(row["response"])["choices"][0]["message"]["content"] == "x"


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
MESSAGES = st.lists(
    st.fixed_dictionaries({}, optional={"role": st.just("user") | ANY, "content": st.text(max_size=5) | ANY}),
    max_size=2,
)
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "messages": MESSAGES | ANY,
        "temperature": ANY,
        "n": ANY,
        "max_tokens": ANY,
        "stop": ANY,
        "stream": ANY.filter(lambda value: value is not True),
        "stream_options": ANY,
        "usage_context": ANY,
        "client_request_id": ANY,
        "extra_params": ANY,
        "inputs": ANY,
    },
)
CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "name": ANY,
        "provider": st.sampled_from(["openai", "custom", "amazon-bedrock"]) | ANY,
        "task": st.just("llm/v1/chat") | ANY,
        "openai_config": st.just({"openai_api_key_plaintext": "x"}) | ANY,
        "custom_provider_config": st.fixed_dictionaries({"custom_provider_url": ANY, "bearer_token_auth": ANY}) | ANY,
        "amazon_bedrock_config": ANY,
    },
)


def _post(workspace: Workspace, path: str, body: Any) -> Any:
    headers = {"authorization": f"Bearer {workspace.token}", **JSON}
    return workspace.handle(Request.of("POST", path, headers, json.dumps(body).encode(errors="surrogatepass")))


@pytest.fixture
def chat(workspace) -> Workspace:
    """A workspace with the endpoint `chat`, whose provider says yes."""
    entity = external(openai_config={"openai_api_key_plaintext": "x"})
    assert _post(workspace, ENDPOINTS, {"name": "chat", "config": {"served_entities": [entity]}}).status == 200
    workspace.model_provider("openai", lambda _: "yes")
    return workspace


@settings(max_examples=150)
@given(body=BODIES | ANY)
def test_whatever_is_asked_is_answered_or_refused(chat: Workspace, body: Any) -> None:
    before = chat.snapshot()
    reply = _post(chat, "/serving-endpoints/chat/invocations", body)
    assert reply.status in {200, 400}, reply.body
    assert (reply.status == 200) == ("choices" in reply.json())
    if reply.status == 400:
        assert chat.snapshot() == before


@settings(max_examples=150)
@given(model=CONFIGS | ANY)
def test_whatever_is_to_be_served_is_served_or_refused(chat: Workspace, model: Any) -> None:
    before = chat.snapshot()
    config = {"served_entities": [{"external_model": model, "name": "e"}]}
    reply = _post(chat, ENDPOINTS, {"name": "more", "config": config})
    assert reply.status in {200, 400}, reply.body
    if reply.status == 400:
        assert chat.snapshot() == before
    else:
        chat.restore(before)


def test_the_openai_routes_lead_to_it_and_it_has_events_and_cannot_be_stopped(rest, workspace, create, ask):
    create()
    workspace.model_provider("openai", lambda _: "yes")
    status, body = ask("/serving-endpoints/chat/completions", model="chat", messages=HELLO)
    assert (status, body["choices"][0]["message"]["content"]) == (200, "yes")
    assert any("succeeded" in one["message"] for one in rest.get(f"{ENDPOINTS}/chat/events")["events"])
    assert rest.call("GET", f"{ENDPOINTS}/chat/metrics").status == 200
    refused("INVALID_STATE", rest.post, f"{ENDPOINTS}/chat/config:stop")
