"""Stories of agents behind endpoints, through the clients that teams have: openai, MLflow's deployments client, SDK."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import httpx  # noqa: F401 - before the client's garbage can be collected in the middle of its import
import mlflow
import openai
import pytest
from agent_fixtures import RESPONSES_AGENT, deploy_in
from databricks.sdk import WorkspaceClient
from mlflow.deployments import get_deploy_client

from fakebricks import Workspace

HELLO = [{"role": "user", "content": "hello out there"}]


@pytest.fixture
def workspace(entered) -> Iterator[Workspace]:
    with entered() as workspace:
        yield workspace


def settings() -> dict[str, str]:
    """What a team gives the OpenAI client, to use it with Databricks."""
    return {
        "base_url": f"{os.environ['DATABRICKS_HOST']}/serving-endpoints",
        "api_key": os.environ["DATABRICKS_TOKEN"],
    }


def test_a_chat_model_answers_the_openai_client(workspace):
    deploy_in(workspace, "chat")
    with openai.OpenAI(**settings()) as client:
        answer = client.chat.completions.create(model="chat", messages=HELLO, temperature=0.1)
        assert answer.choices[0].message.content == "HELLO OUT THERE"
        stream = client.chat.completions.create(model="chat", messages=HELLO, stream=True)
        assert [chunk.choices[0].delta.content for chunk in stream] == ["HELLO", "OUT", "THERE"]


def test_a_responses_agent_answers_the_openai_client(workspace):
    deploy_in(workspace, "responses")
    with openai.OpenAI(**settings()) as client:
        answer = client.responses.create(model="responses", input=HELLO)
        assert answer.output_text == "HELLO OUT THERE"
        stream = client.responses.create(model="responses", input=HELLO, stream=True)
        *deltas, done = list(stream)
        assert [event.delta for event in deltas] == ["HELLO", "OUT", "THERE"]
        assert done.item.content[0].text == "HELLO OUT THERE"


def test_the_openai_client_without_waiting(workspace):
    deploy_in(workspace, "chat")

    async def converse() -> tuple[str, list[str]]:
        async with openai.AsyncOpenAI(**settings()) as client:
            answer = await client.chat.completions.create(model="chat", messages=HELLO)
            stream = await client.chat.completions.create(model="chat", messages=HELLO, stream=True)
            return answer.choices[0].message.content, [chunk.choices[0].delta.content async for chunk in stream]

    assert asyncio.run(converse()) == ("HELLO OUT THERE", ["HELLO", "OUT", "THERE"])


def test_embeddings_and_completions(workspace):
    deploy_in(workspace, "lengths")
    with openai.OpenAI(**settings()) as client:
        answer = client.embeddings.create(model="lengths", input=["a", "abc"])
        assert [one.embedding for one in answer.data] == [[1.0], [3.0]]
        assert client.completions.create(model="lengths", prompt="abc").choices[0].text == "cba"


def test_what_goes_wrong_is_the_openai_clients_own_error(workspace):
    deploy_in(workspace, "responses")
    deploy_in(workspace, "chat")
    with openai.OpenAI(**settings()) as client:
        with pytest.raises(openai.NotFoundError, match="The given endpoint does not exist"):
            client.chat.completions.create(model="nothing", messages=HELLO)
        with pytest.raises(openai.BadRequestError, match="Please use 'input' field instead"):
            client.chat.completions.create(model="responses", messages=HELLO)
        failing = [{"role": "user", "content": "so fail"}]
        with pytest.raises(openai.APIError) as error:
            list(client.chat.completions.create(model="chat", messages=failing, stream=True))
        assert error.value.body == "no such word"
        workspace.user("bob@acme.test")
        denied = pytest.raises(openai.PermissionDeniedError, match="does not have permission to 'Query'")
        with workspace.acting_as("bob@acme.test"), openai.OpenAI(**settings()) as bobs, denied:
            bobs.chat.completions.create(model="chat", messages=HELLO)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_sdks_own_openai_client(workspace):
    deploy_in(workspace, "chat")
    with WorkspaceClient().serving_endpoints.get_open_ai_client() as client:
        answer = client.chat.completions.create(model="chat", messages=HELLO)
        assert answer.choices[0].message.content == "HELLO OUT THERE"


def test_mlflows_deployments_client_converses(workspace):
    deploy_in(workspace, "chat")
    deploy_in(workspace, "agent")
    client = get_deploy_client("databricks")
    answer = client.predict(endpoint="chat", inputs={"messages": HELLO})
    assert answer["choices"][0]["message"]["content"] == "HELLO OUT THERE"
    chunks = list(client.predict_stream(endpoint="agent", inputs={"messages": HELLO}))
    assert [chunk["delta"]["content"] for chunk in chunks] == ["HELLO", "OUT", "THERE"]


@pytest.mark.skipif(mlflow.__version__.startswith("2."), reason="MLflow 2.22 does not trace with today's OpenTelemetry")
def test_an_answer_with_its_trace(workspace):
    """An agent's own trace comes with its answer where it is asked for, and is in the active experiment."""
    code = RESPONSES_AGENT.replace("item(said(request).upper())", "item(shout(said(request)))").replace(
        "class Shouting", "@mlflow.trace\ndef shout(text):\n    return text.upper()\n\nclass Shouting"
    )
    mlflow.set_experiment("/Shared/agents")
    deploy_in(workspace, "traced", code)
    client = get_deploy_client("databricks")
    answer = client.predict(endpoint="traced", inputs={"input": HELLO, "databricks_options": {"return_trace": True}})
    assert answer["output"][0]["content"][0]["text"] == "HELLO OUT THERE"
    output = answer["databricks_output"]
    assert output["databricks_request_id"]
    assert "shout" in [span["name"] for span in output["trace"]["data"]["spans"]]
    traces = mlflow.search_traces(return_type="list")
    ids = [getattr(one.info, "trace_id", None) or one.info.request_id for one in traces]
    assert (output["trace"]["info"].get("trace_id") or output["trace"]["info"]["request_id"]) in ids
    assert "databricks_output" not in client.predict(endpoint="traced", inputs={"input": HELLO})
