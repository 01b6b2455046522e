"""Streams of external models: what a provider yields, as it is sent, counted, logged, and put together."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakebricks import ModelProviderError, Workspace
from fakebricks.wire import Request

ENDPOINTS = "/api/2.0/serving-endpoints"
INVOCATIONS = "/serving-endpoints/chat/invocations"
JSON = {"content-type": "application/json"}
HELLO = [{"role": "user", "content": "Hello, who are you?"}]

Ask = Callable[..., Any]


def external(name: str = "gpt-4o", task: str = "llm/v1/chat") -> dict[str, Any]:
    config = {"openai_api_key_plaintext": "sk-1"}
    return {
        "name": name,
        "external_model": {"name": name, "provider": "openai", "task": task, "openai_config": config},
    }


@pytest.fixture
def create(rest):
    def create(*entities: dict[str, Any], **more: Any) -> None:
        served = list(entities) or [external()]
        shares = [
            {"served_entity_name": one["name"], "traffic_percentage": 0 if number else 100}
            for number, one in enumerate(served)
        ]
        config = {"served_entities": served, "traffic_config": {"routes": shares}}
        rest.post(ENDPOINTS, name="chat", config=config, **more)

    return create


@pytest.fixture
def ask(rest) -> Ask:
    """Ask `chat` for a stream; the reply."""

    def ask(path: str = INVOCATIONS, **body: Any) -> Any:
        return rest.call("POST", path, json.dumps({"messages": HELLO, "stream": True, **body}).encode(), JSON)

    return ask


def events(reply: Any) -> list[dict[str, Any]]:
    """The events of a stream, which has its end."""
    assert (reply.status, reply.headers["content-type"]) == (200, "text/event-stream"), reply.body
    *lines, done = reply.body.decode().removesuffix("\n\n").split("\n\n")
    assert done == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def text(chunks: list[dict[str, Any]]) -> str:
    return "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])


def answering(*chunks: Any) -> Callable[[dict[str, Any]], Iterator[Any]]:
    """A provider that yields these, and raises what of them is an error."""

    def provider(_: dict[str, Any]) -> Iterator[Any]:
        for chunk in chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    return provider


@pytest.mark.parametrize("path", [INVOCATIONS, "/serving-endpoints/chat/completions"])
def test_texts_become_chunks_of_openais_shape(workspace, create, ask, path):
    create()
    workspace.model_provider("openai", answering("I am ", "a test."))
    chunks = events(ask(path, **({} if path == INVOCATIONS else {"model": "chat"})))
    assert [chunk["choices"] for chunk in chunks] == [
        [{"index": 0, "delta": {"role": "assistant", "content": "I am "}, "finish_reason": None}],
        [{"index": 0, "delta": {"content": "a test."}, "finish_reason": None}],
        [{"index": 0, "delta": {}, "finish_reason": "stop"}],
    ]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert {chunk["model"] for chunk in chunks} == {"gpt-4o"}
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert not [chunk for chunk in chunks if "usage" in chunk]


def test_the_provider_sees_that_a_stream_is_asked_for_and_usage_comes_last(workspace, create, ask):
    create()
    asked: list[dict[str, Any]] = []

    def provider(request: dict[str, Any]) -> Iterator[str]:
        asked.append(request)
        return iter(["I am a ", "test."])

    workspace.model_provider("openai", provider)
    *_, last = events(ask(stream_options={"include_usage": True}))
    assert (asked[0]["stream"], asked[0]["stream_options"]) == (True, {"include_usage": True})
    usage = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
    assert (last["choices"], last["usage"]) == ([], usage)
    assert "token counts are estimated" in workspace.calls[-1].notes[0]


def test_the_providers_own_chunks_are_completed_and_keep_what_they_have(workspace, create, ask):
    create()
    call = {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a"'}}
    rest_of_call = {"index": 0, "function": {"arguments": ": 1}"}}
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    workspace.model_provider(
        "openai",
        answering(
            {"id": "mine", "choices": [{"index": 0, "delta": {"role": "assistant", "tool_calls": [call]}}]},
            {"choices": [{"index": 0, "delta": {"tool_calls": [rest_of_call]}, "finish_reason": "tool_calls"}]},
            {"choices": [], "usage": usage},
        ),
    )
    chunks = events(ask(stream_options={"include_usage": True}))
    assert [chunk["id"] for chunk in chunks] == ["mine"] * 3
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks[1:2]] == ["tool_calls"]
    assert chunks[2]["usage"] == usage
    whole = ask(stream=False).json()
    (made,) = whole["choices"][0]["message"]["tool_calls"]
    assert made["function"] == {"name": "f", "arguments": '{"a": 1}'}
    assert (whole["object"], whole["usage"]) == ("chat.completion", usage)


@pytest.mark.parametrize("answer", ["All at once.", {"choices": [{"message": {"content": "All at once."}}]}])
def test_an_answer_in_one_piece_is_one_chunk_and_the_end(workspace, create, ask, answer):
    create()
    workspace.model_provider("openai", lambda _: answer)
    first, end = events(ask())
    assert text([first]) == "All at once."
    assert (end["choices"][0]["delta"], end["choices"][0]["finish_reason"]) == ({}, "stop")


def test_several_choices_each_have_an_end(workspace, create, ask):
    create()
    workspace.model_provider("openai", lambda _: ["a", "b"])
    first, end = events(ask(n=2))
    assert [one["delta"]["content"] for one in first["choices"]] == ["a", "b"]
    assert [(one["index"], one["finish_reason"]) for one in end["choices"]] == [(0, "stop"), (1, "stop")]


def test_completions_are_streamed_too_and_embeddings_are_not(rest, workspace, create, ask):
    create(external(task="llm/v1/completions"))
    workspace.model_provider("openai", answering("a", "b"))
    body = {"prompt": "x", "stream": True}
    chunks = events(rest.call("POST", INVOCATIONS, json.dumps(body).encode(), JSON))
    assert [chunk["choices"][0]["text"] for chunk in chunks] == ["a", "b", ""]
    assert {chunk["object"] for chunk in chunks} == {"text_completion"}
    assert rest.post(INVOCATIONS, prompt="x")["choices"] == [{"index": 0, "text": "ab", "finish_reason": "stop"}]
    rest.delete(f"{ENDPOINTS}/chat")
    create(external(task="llm/v1/embeddings"))
    reply = rest.call("POST", INVOCATIONS, json.dumps({"input": "x", "stream": True}).encode(), JSON)
    assert (reply.status, reply.json()["message"]) == (400, 'Bad request: json: unknown field "stream"')
    workspace.model_provider("openai", lambda _: iter([[1.0], [2.0]]))
    assert [one["embedding"] for one in rest.post(INVOCATIONS, input=["a", "b"])["data"]] == [[1.0], [2.0]]


def test_before_the_first_chunk_an_error_is_an_answer_and_the_next_entity_is_asked(workspace, create, ask):
    create(external("large"), external("small"), ai_gateway={"fallback_config": {"enabled": True}})
    workspace.model_provider("large", answering(ModelProviderError(503, "away"), "never"))
    workspace.model_provider("small", answering("here"))
    assert text(events(ask())) == "here"
    assert "'large' failed with 503." in workspace.calls[-1].notes
    workspace.model_provider("small", answering(ModelProviderError(429, "slow down")))
    reply = ask()
    assert (reply.status, reply.json()["external_model_message"]) == (429, {"message": "slow down"})


def test_in_the_middle_an_error_is_the_last_event(workspace, create, ask):
    create(external("large"), external("small"), ai_gateway={"fallback_config": {"enabled": True}})
    workspace.model_provider("openai", answering("so far", ModelProviderError(503, "away")))
    first, error = events(ask())
    assert text([first]) == "so far"
    assert error == {"error": "Received error from openai", "external_model_message": {"message": "away"}}
    assert ask(stream=False).status == 503


def test_what_is_no_chunk_is_told_to_the_test(workspace, create, ask):
    create()
    for strange in (3, {"choices": [{"message": {}}]}, {"choices": [{"index": [], "delta": {}}]}):
        workspace.model_provider("openai", answering(strange))
        assert ask().status == 501
        assert "which is no answer to llm/v1/chat" in workspace.unsupported.pop()
    workspace.model_provider("openai", answering("so far", 3))
    assert b"[DONE]" not in ask().body
    assert "which is no answer to llm/v1/chat" in workspace.unsupported.pop()
    workspace.model_provider("openai", answering("so far", AssertionError("that was not asked")))
    ask()
    assert "that was not asked" in workspace.unsupported.pop()


def test_an_output_guardrail_has_to_see_all_of_an_answer_first(workspace, create, ask):
    guardrails = {"output": {"invalid_keywords": ["secret"]}, "input": {"pii": {"behavior": "MASK"}}}
    create(ai_gateway={"guardrails": guardrails})
    workspace.model_provider("openai", answering("a sec", "ret"))
    reply = ask()
    assert (reply.status, reply.json()["error_code"]) == (400, "BAD_REQUEST")
    assert "output guardrails are not supported for streaming" in reply.json()["message"]
    assert "output_guardrail" in ask(stream=False).json()["message"]


def test_an_input_guardrail_masks_what_is_streamed_and_blocks_in_one_piece(workspace, create, ask):
    create(ai_gateway={"guardrails": {"input": {"invalid_keywords": ["secret"], "pii": {"behavior": "MASK"}}}})
    workspace.model_provider("openai", lambda request: iter(request["messages"][0]["content"].split()))
    assert text(events(ask(messages=[{"role": "user", "content": "to jane@acme.test"}]))) == "to<EMAIL_ADDRESS>"
    assert ask(messages=[{"role": "user", "content": "a secret"}]).status == 400


def test_what_was_streamed_is_logged_counted_and_limited(workspace, create, ask):
    table = {"catalog_name": "main", "schema_name": "default", "enabled": True}
    limits = [{"tokens": 10, "key": "endpoint", "renewal_period": "minute"}]
    tracked = {"enabled": True}
    create(ai_gateway={"inference_table_config": table, "rate_limits": limits, "usage_tracking_config": tracked})
    workspace.model_provider("openai", answering("I am ", "a long, ", "long test."))
    said = text(events(ask(usage_context={"team": "risk"})))
    assert ask().status == 429
    used, refused = workspace.table("system.serving.endpoint_usage").to_pylist()
    assert (used["request_streaming"], used["status_code"], refused["status_code"]) == (True, 200, 429)
    assert (used["input_token_count"], used["output_token_count"]) == (5, (len(said) + 1) // 4)
    assert (used["output_character_count"], used["usage_context"]) == (len(said), [("team", "risk")])
    workspace.clock.advance(hours=1)
    row = workspace.table("main.default.chat_payload").to_pylist()[0]
    answer = json.loads(row["response"])
    assert answer["choices"] == [
        {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
    ]
    assert answer["object"] == "chat.completion"


def test_a_stream_that_nobody_reads_to_its_end_closes_the_provider_and_is_counted_so_far(workspace, create):
    create(ai_gateway={"usage_tracking_config": {"enabled": True}})
    closed = []

    def provider(_: dict[str, Any]) -> Iterator[str]:
        try:
            yield "abc"
            yield "never"
        finally:
            closed.append(True)

    workspace.model_provider("openai", provider)
    reply = _post(workspace, INVOCATIONS, {"messages": HELLO, "stream": True})
    next(reply.chunks)
    reply.chunks.close()
    (used,) = workspace.table("system.serving.endpoint_usage").to_pylist()
    assert (closed, used["output_character_count"]) == ([True], 3)


def _post(workspace: Workspace, path: str, body: Any) -> Any:
    headers = {"authorization": f"Bearer {workspace.token}", **JSON}
    return workspace.handle(Request.of("POST", path, headers, json.dumps(body).encode()))


@pytest.fixture
def chat(workspace) -> Workspace:
    """A workspace with the endpoint `chat`."""
    assert _post(workspace, ENDPOINTS, {"name": "chat", "config": {"served_entities": [external()]}}).status == 200
    return workspace


@settings(max_examples=100)
@given(said=st.lists(st.text(max_size=8), max_size=6))
def test_chunks_come_to_what_was_said(chat: Workspace, said: list[str]) -> None:
    chat.model_provider("openai", answering(*said))
    chunks = events(_post(chat, INVOCATIONS, {"messages": HELLO, "stream": True}).whole())
    assert text(chunks) == "".join(said)
    assert [one["finish_reason"] for chunk in chunks for one in chunk["choices"]][-1] == "stop"
    whole = _post(chat, INVOCATIONS, {"messages": HELLO}).whole().json()
    assert (whole["choices"][0]["message"].get("content") or "") == "".join(said)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
CHUNKS = st.fixed_dictionaries(
    {"choices": st.lists(st.fixed_dictionaries({"delta": ANY}, optional={"index": ANY, "finish_reason": ANY}) | ANY)},
    optional={"usage": ANY, "id": ANY, "object": ANY},
)


@settings(max_examples=150)
@given(yielded=st.lists(CHUNKS | ANY, max_size=3), options=st.none() | st.just({"include_usage": True}) | ANY)
def test_whatever_is_yielded_is_sent_or_told_to_the_test(chat: Workspace, yielded: list[Any], options: Any) -> None:
    chat.model_provider("openai", answering(*yielded))
    reply = _post(chat, INVOCATIONS, {"messages": HELLO, "stream": True, "stream_options": options}).whole()
    told = list(chat.unsupported)
    chat.unsupported.clear()
    if reply.status == 400:
        assert not isinstance(options, dict | None)
    elif reply.status == 501 or b"[DONE]" not in reply.body:
        assert "which is no answer to" in told[-1]
    else:
        assert events(reply)
        assert not told
