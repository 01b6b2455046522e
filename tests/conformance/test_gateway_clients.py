"""Secrets, external models and AI Gateway through unmodified clients."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from typing import Any

import httpx  # noqa: F401 - before the client's garbage can be collected in the middle of its import
import mlflow
import openai
import pytest
from clocks import standing_at
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, NotFound, PermissionDenied
from databricks.sdk.service.serving import (
    AiGatewayConfig,
    AiGatewayGuardrailParameters,
    AiGatewayGuardrails,
    AiGatewayRateLimit,
    AiGatewayRateLimitKey,
    AiGatewayRateLimitRenewalPeriod,
    AiGatewayUsageTrackingConfig,
    ChatMessage,
    ChatMessageRole,
    EndpointCoreConfigInput,
    ExternalModel,
    ExternalModelProvider,
    OpenAiConfig,
    RateLimit,
    RateLimitKey,
    RateLimitRenewalPeriod,
    ServedEntityInput,
)
from databricks.sdk.service.workspace import AclPermission
from mlflow.deployments import get_deploy_client

from fakebricks import ModelProviderError, Workspace

HELLO = [ChatMessage(role=ChatMessageRole.USER, content="hello")]


@pytest.fixture
def workspace(entered) -> Iterator[Workspace]:
    with entered(clock=standing_at()) as workspace:
        workspace.model_provider("openai", lambda request: f"You said {request['messages'][-1]['content']}.")
        yield workspace


@pytest.fixture
def client(workspace) -> WorkspaceClient:
    """A client, and the secret that `config` refers to."""
    client = WorkspaceClient()
    client.secrets.create_scope("llm")
    client.secrets.put_secret("llm", "openai", string_value="sk-1")
    return client


def config() -> EndpointCoreConfigInput:
    model = ExternalModel(
        name="gpt-4o",
        provider=ExternalModelProvider.OPENAI,
        task="llm/v1/chat",
        openai_config=OpenAiConfig(openai_api_key="{{secrets/llm/openai}}"),
    )
    return EndpointCoreConfigInput(name="chat", served_entities=[ServedEntityInput(external_model=model)])


def calls_per_minute(calls: int) -> AiGatewayRateLimit:
    period = AiGatewayRateLimitRenewalPeriod.MINUTE
    return AiGatewayRateLimit(calls=calls, key=AiGatewayRateLimitKey.ENDPOINT, renewal_period=period)


def test_secrets_through_the_sdk(workspace, client):
    secrets = client.secrets
    assert base64.b64decode(secrets.get_secret("llm", "openai").value) == b"sk-1"
    assert client.dbutils.secrets.get("llm", "openai") == "sk-1"
    assert [one.name for one in secrets.list_scopes()] == ["llm"]
    (listed,) = secrets.list_secrets("llm")
    assert (listed.key, listed.last_updated_timestamp > 0) == ("openai", True)
    workspace.user("bob@acme.test")
    with workspace.acting_as("bob@acme.test"), pytest.raises(PermissionDenied, match="READ permission"):
        WorkspaceClient().secrets.get_secret("llm", "openai")
    secrets.put_acl("llm", "bob@acme.test", AclPermission.READ)
    assert secrets.get_acl("llm", "bob@acme.test").permission == AclPermission.READ
    assert [one.principal for one in secrets.list_acls("llm")] == [workspace.user_name, "bob@acme.test"]
    with workspace.acting_as("bob@acme.test"):
        assert WorkspaceClient().dbutils.secrets.get("llm", "openai") == "sk-1"
    secrets.delete_acl("llm", "bob@acme.test")
    secrets.delete_secret("llm", "openai")
    secrets.delete_scope("llm")
    with pytest.raises(NotFound, match="Scope llm does not exist!"):
        list(secrets.list_secrets("llm"))


def test_an_external_model_through_the_sdk(workspace, client):
    started = workspace.clock.time()
    endpoint = client.serving_endpoints.create_and_wait("chat", config=config())
    assert workspace.clock.time() - started < 60
    (entity,) = endpoint.config.served_entities
    assert entity.external_model.provider == ExternalModelProvider.OPENAI
    assert entity.external_model.openai_config.openai_api_key == "{{secrets/llm/openai}}"
    answer = client.serving_endpoints.query("chat", messages=HELLO, temperature=0.2, max_tokens=10)
    assert answer.choices[0].message.content == "You said hello."
    assert (answer.usage.prompt_tokens, answer.served_model_name) == (1, "gpt-4o")
    with pytest.raises(BadRequest, match='unknown field "inputs"'):
        client.serving_endpoints.query("chat", inputs=[1])


def test_rate_limits_make_the_sdk_wait_on_the_simulated_clock(workspace, client):
    gateway = AiGatewayConfig(
        rate_limits=[calls_per_minute(1)], usage_tracking_config=AiGatewayUsageTrackingConfig(enabled=True)
    )
    client.serving_endpoints.create_and_wait("chat", config=config(), ai_gateway=gateway)
    started = workspace.clock.time()
    for _ in range(2):
        client.serving_endpoints.query("chat", messages=HELLO)
    assert 50 <= workspace.clock.time() - started <= 120
    statuses = [call.status for call in workspace.calls.matching("query_serving_endpoint")]
    assert (statuses[:2], statuses[-1]) == ([200, 429], 200)
    assert workspace.table("system.serving.endpoint_usage")["status_code"].to_pylist() == statuses
    client.serving_endpoints.put_ai_gateway("chat", rate_limits=[calls_per_minute(0)])
    with pytest.raises(PermissionDenied, match="The endpoint is disabled due to a rate limit set to 0"):
        client.serving_endpoints.query("chat", messages=HELLO)


def test_guardrails_and_the_older_rate_limits_through_the_sdk(workspace, client):
    client.serving_endpoints.create_and_wait("chat", config=config())
    guardrail = AiGatewayGuardrailParameters(invalid_keywords=["hello"])
    put = client.serving_endpoints.put_ai_gateway("chat", guardrails=AiGatewayGuardrails(input=guardrail))
    assert put.guardrails.input.invalid_keywords == ["hello"]
    with pytest.raises(BadRequest, match="input_guardrail"):
        client.serving_endpoints.query("chat", messages=HELLO)
    client.serving_endpoints.put_ai_gateway("chat")
    limit = RateLimit(calls=1, key=RateLimitKey.USER, renewal_period=RateLimitRenewalPeriod.MINUTE)
    assert client.serving_endpoints.put("chat", rate_limits=[limit]).rate_limits == [limit]
    for _ in range(2):
        client.serving_endpoints.query("chat", messages=HELLO)
    statuses = [call.status for call in workspace.calls.matching("query_serving_endpoint")]
    assert (statuses[:3], statuses[-1]) == ([400, 200, 429], 200)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_mlflows_deployments_client(workspace, client):
    deployments = get_deploy_client("databricks")
    served = config().served_entities[0].as_dict()
    if mlflow.__version__.startswith("2."):
        made = deployments.create_endpoint(name="chat", config={"served_entities": [served]})
    else:
        made = deployments.create_endpoint(config={"name": "chat", "config": {"served_entities": [served]}})
    assert (made["state"]["ready"], made["task"], made["endpoint_type"]) == ("READY", "llm/v1/chat", "EXTERNAL_MODEL")
    answer = deployments.predict(endpoint="chat", inputs={"messages": [{"role": "user", "content": "hi"}]})
    assert answer["choices"][0]["message"]["content"] == "You said hi."
    limits = {"rate_limits": [{"calls": 10, "key": "endpoint", "renewal_period": "minute"}]}
    assert deployments.update_endpoint_rate_limits("chat", limits) == limits
    gateway = {"usage_tracking_config": {"enabled": True}, **limits}
    assert deployments.update_endpoint_ai_gateway("chat", gateway) == gateway
    assert deployments.get_endpoint("chat")["ai_gateway"] == gateway


def spelling(request: dict[str, Any]) -> Iterator[str]:
    """A provider that says the last message word by word, and fails at `fail`."""
    for word in request["messages"][-1]["content"].split():
        if word == "fail":
            raise ModelProviderError(503, "away")
        yield f"{word} "


def hello(text: str = "one two") -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


@pytest.fixture
def asker(workspace) -> Iterator[openai.OpenAI]:
    url = f"{os.environ['DATABRICKS_HOST']}/serving-endpoints"
    with openai.OpenAI(base_url=url, api_key=os.environ["DATABRICKS_TOKEN"], max_retries=0) as asker:
        yield asker


def test_the_openai_client_streams_an_external_model(workspace, client, asker):
    client.serving_endpoints.create_and_wait("chat", config=config())
    workspace.model_provider("openai", spelling)
    create = asker.chat.completions.create
    stream = create(model="chat", messages=hello(), stream=True, stream_options={"include_usage": True})
    *chunks, end, usage = list(stream)
    assert [chunk.choices[0].delta.content for chunk in chunks] == ["one ", "two "]
    assert (chunks[0].choices[0].delta.role, end.choices[0].finish_reason) == ("assistant", "stop")
    assert (usage.choices, usage.usage.total_tokens) == ([], 4)
    assert create(model="chat", messages=hello(), stream=False).choices[0].message.content == "one two "
    with pytest.raises(openai.InternalServerError, match="503"):
        create(model="chat", messages=hello("fail"), stream=True)
    stream = create(model="chat", messages=hello("so far fail"), stream=True)
    assert [next(stream).choices[0].delta.content for _ in range(2)] == ["so ", "far "]
    with pytest.raises(openai.APIError) as failed:
        next(stream)
    assert failed.value.body == "Received error from openai"


def test_mlflows_deployments_client_streams_an_external_model(workspace, client):
    client.serving_endpoints.create_and_wait("chat", config=config())
    workspace.model_provider("openai", spelling)
    chunks = list(get_deploy_client("databricks").predict_stream(endpoint="chat", inputs={"messages": hello()}))
    said = [chunk["choices"][0]["delta"].get("content") for chunk in chunks]
    assert said == ["one ", "two ", None]


def test_the_platforms_own_models_through_the_clients(workspace, asker):
    llama = "databricks-meta-llama-3-3-70b-instruct"
    workspace.model_provider(llama, spelling)
    endpoints = WorkspaceClient().serving_endpoints
    (listed,) = endpoints.list()
    assert (listed.name, listed.task, listed.creator) == (llama, "llm/v1/chat", None)
    assert endpoints.get(llama).config.served_entities[0].foundation_model.name == f"system.ai.{llama}"
    assert endpoints.query(llama, messages=HELLO).choices[0].message.content == "hello "
    with pytest.raises(PermissionDenied, match="is provided by the platform"):
        endpoints.delete(llama)
    stream = asker.chat.completions.create(model=llama, messages=hello(), stream=True)
    assert [chunk.choices[0].delta.content for chunk in stream] == ["one ", "two ", None]
    deployments = get_deploy_client("databricks")
    assert deployments.get_endpoint(llama)["endpoint_type"] == "FOUNDATION_MODEL_API"
    answer = deployments.predict(endpoint=llama, inputs={"messages": hello()})
    assert answer["choices"][0]["message"]["content"] == "one two "


def test_a_route_optimised_endpoint_through_the_sdk(workspace, client):
    workspace.service_principal("robot", groups=["admins"])
    with workspace.acting_as("robot", auth="oauth-m2m"):
        robot = WorkspaceClient()
        robot.serving_endpoints.create_and_wait("chat", config=config(), route_optimized=True)
        with pytest.raises(BadRequest, match="route-optimized"):
            robot.serving_endpoints.query("chat", messages=HELLO)
        for _ in range(2):
            answer = robot.serving_endpoints_data_plane.query("chat", messages=HELLO)
            assert answer.choices[0].message.content == "You said hello."
