"""Agents over REST: what they are asked and answer, in one piece and as streams."""

from __future__ import annotations

import json

import pytest
from agent_fixtures import TASKS

from fakebricks.services.model_serving import agents

JSON = {"content-type": "application/json"}
MESSAGES = {"messages": [{"role": "user", "content": "well done then"}]}
INPUT = {"input": [{"role": "user", "content": "well done then"}]}
REQUESTS = {"chat": MESSAGES, "agent": MESSAGES, "responses": INPUT}
SAID = {
    "chat": lambda answer: answer["choices"][0]["message"]["content"],
    "agent": lambda answer: answer["messages"][0]["content"],
    "responses": lambda answer: answer["output"][0]["content"][0]["text"],
}
HEARD = {
    "chat": lambda event: event["choices"][0]["delta"]["content"],
    "agent": lambda event: event["delta"]["content"],
    "responses": lambda event: event.get("delta"),
}


def ask(rest, endpoint, body):
    return rest.call("POST", f"/serving-endpoints/{endpoint}/invocations", json.dumps(body).encode(), JSON)


def events(reply):
    assert reply.headers["content-type"] == "text/event-stream"
    *told, last, nothing = reply.body.decode().split("\n\n")
    assert (last, nothing) == ("data: [DONE]", "")
    return [json.loads(one.removeprefix("data: ")) for one in told]


@pytest.mark.parametrize("kind", TASKS)
def test_an_agent_answers_in_its_own_shape_and_streams_it(rest, serve, kind):
    serve(kind)
    assert rest.get(f"/api/2.0/serving-endpoints/{kind}")["task"] == TASKS[kind]
    assert rest.get("/api/2.0/serving-endpoints")["endpoints"][0]["task"] == TASKS[kind]
    reply = ask(rest, kind, REQUESTS[kind])
    assert SAID[kind](reply.json()) == "WELL DONE THEN"
    streamed = ask(rest, kind, {**REQUESTS[kind], "stream": True})
    assert "content-length" not in streamed.headers
    assert streamed.headers["served-model-name"] == f"{kind}-1"
    assert [HEARD[kind](one) for one in events(streamed)][:3] == ["WELL", "DONE", "THEN"]


@pytest.mark.parametrize(
    ("kind", "wrong", "message"),
    [
        (
            "responses",
            MESSAGES,
            "Invalid request: 'messages' field is not supported. Please use 'input' field instead.",
        ),
        ("chat", INPUT, "Invalid request: 'input' field is not supported. Please use 'messages' field instead."),
        ("agent", INPUT, "Invalid request: 'input' field is not supported. Please use 'messages' field instead."),
    ],
)
def test_the_field_of_another_kind_of_agent_is_refused(rest, serve, kind, wrong, message):
    serve(kind)
    for body in (wrong, {**wrong, "stream": True}):
        reply = ask(rest, kind, body)
        assert (reply.status, reply.json()["error_code"]) == (400, "BAD_REQUEST")
        assert reply.json()["message"] == message


@pytest.mark.parametrize("content", ["fail", "well fail"])
def test_an_error_of_the_model_in_a_stream(rest, serve, content):
    """Before the first event it is the status; later it is an event, and the last one."""
    serve("chat")
    reply = ask(rest, "chat", {"messages": [{"role": "user", "content": content}], "stream": True})
    if content == "fail":
        assert reply.status == 400
        assert reply.json()["message"].endswith("Error 'no such word'")
    else:
        first, last = events(reply)
        assert (HEARD["chat"](first), last) == ("WELL", {"error": "no such word"})


def test_a_wrong_stream_request_is_what_a_wrong_request_is(rest, serve):
    serve("chat")
    for more in ({}, {"stream": True}):
        reply = ask(rest, "chat", {"messages": "no list", **more})
        assert (reply.status, reply.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
        assert "Failed to enforce schema" in reply.json()["message"]


def test_an_agent_takes_four_megabytes(rest, serve):
    serve("chat")
    body = {"messages": [{"role": "user", "content": "x" * agents.LARGEST_REQUEST}]}
    reply = ask(rest, "chat", body)
    assert reply.status == 413
    assert "4 MB" in reply.json()["message"]


def test_what_is_no_agent_gets_messages_as_mlflow_gives_them(rest, deploy):
    deploy()
    reply = ask(rest, "fraud", MESSAGES)
    assert (reply.status, reply.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert "Model is missing inputs ['amount']" in reply.json()["message"]


def test_databricks_options_are_not_for_the_model_and_unknown_ones_are_refused(rest, workspace, serve):
    echo = """
import mlflow
class Echo(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return sorted(model_input)
mlflow.models.set_model(Echo())
"""
    serve("echo", echo)
    more = {"client_request_id": "x", "databricks_options": {"return_trace": False}, "other": "x"}
    assert ask(rest, "echo", {"input": ["a"], **more}).json() == ["input", "other"]
    for options in ({"other": 1}, {"return_trace": True}):
        # Nobody has entered this workspace, so that no traces come to it.
        assert ask(rest, "echo", {"input": ["a"], "databricks_options": options}).status == 501
    assert "databricks_options.other" in workspace.unsupported[0]
    workspace.unsupported.clear()


def test_a_stream_is_one_row_of_an_inference_table_and_one_call(rest, workspace, serve):
    gateway = {"inference_table_config": {"catalog_name": "main", "schema_name": "default", "enabled": True}}
    for kind in TASKS:
        serve(kind, ai_gateway=gateway)
        ask(rest, kind, {**REQUESTS[kind], "stream": True, "client_request_id": "mine"})
        (call,) = workspace.calls.matching(f"POST */{kind}/invocations")
        assert call.status == 200
        assert call.reply_body.endswith(b"data: [DONE]\n\n")
    workspace.clock.advance(hours=1)
    for kind in TASKS:
        (row,) = workspace.table(f"main.default.{kind}_payload").to_pylist()
        assert (row["status_code"], row["client_request_id"]) == (200, "mine")
        said = SAID[kind](json.loads(row["response"]))
        assert said == ("WELLDONETHEN" if kind != "responses" else "WELL DONE THEN")
