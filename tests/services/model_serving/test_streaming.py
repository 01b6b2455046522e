"""What the events of a stream come to."""

from __future__ import annotations

import json

import pytest

from fakebricks.services.model_serving.streaming import sent, together


@pytest.mark.parametrize(
    ("events", "answer"),
    [
        (
            [
                {
                    "object": "chat.completion.chunk",
                    "id": "a",
                    "choices": [{"index": 0, "delta": {"role": "assistant"}}],
                },
                {
                    "id": "a",
                    "choices": [{"index": 0, "delta": {"content": "we"}}, {"index": 1, "delta": {"content": "x"}}],
                },
                {"id": "a", "choices": [{"index": 0, "delta": {"content": "ll"}, "finish_reason": "stop"}], "usage": 1},
            ],
            {
                "object": "chat.completion",
                "id": "a",
                "usage": 1,
                "choices": [
                    {"index": 0, "message": {"role": "assistant", "content": "well"}, "finish_reason": "stop"},
                    {"index": 1, "message": {"content": "x"}},
                ],
            },
        ),
        (
            [
                {"type": "response.output_text.delta", "delta": "x"},
                {"type": "response.output_item.done", "item": 1},
                {"type": "response.output_item.done", "item": 2, "custom_outputs": {"a": 1}},
            ],
            {"object": "response", "output": [1, 2], "custom_outputs": {"a": 1}},
        ),
        (
            [{"delta": {"id": "1", "content": "a"}}, {"delta": {"id": "2"}}, {"delta": {"id": "1", "content": "b"}}],
            {"messages": [{"id": "1", "content": "ab"}, {"id": "2"}]},
        ),
        (
            [
                {"object": "text_completion", "choices": [{"index": 0, "text": "a", "finish_reason": None}]},
                {"choices": [{"index": 0, "text": "b", "finish_reason": "stop"}]},
                {"choices": [], "usage": 1},
            ],
            {
                "object": "text_completion",
                "choices": [{"index": 0, "text": "ab", "finish_reason": "stop"}],
                "usage": 1,
            },
        ),
        (
            [
                {"choices": [{"delta": {"tool_calls": [{"index": 0, "id": "c", "function": {"arguments": "{"}}]}}]},
                {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]}}]},
                {"choices": [{"delta": {"tool_calls": [{"index": 1, "id": "d"}]}}]},
            ],
            {
                "object": "chat.completion",
                "choices": [
                    {
                        "index": 0,
                        "message": {
                            "tool_calls": [
                                {"index": 0, "id": "c", "function": {"arguments": "{}"}},
                                {"index": 1, "id": "d"},
                            ]
                        },
                    }
                ],
            },
        ),
        ([{"token": 1}, {"token": 2}], [{"token": 1}, {"token": 2}]),
        (["a", {"delta": {}}], ["a", {"delta": {}}]),
        ([{"choices": [None]}, {"choices": [3]}], [{"choices": [None]}, {"choices": [3]}]),
        ([{"choices": [{"delta": 3}]}], [{"choices": [{"delta": 3}]}]),
        ([], []),
    ],
)
def test_events_come_to_what_the_model_would_have_answered(events, answer):
    assert json.loads(together(json.dumps(one).encode() for one in events)) == answer


def test_a_stream_that_nobody_reads_to_its_end_is_known_as_far_as_it_came():
    closed, known = [], []

    def model():
        try:
            yield b"1"
            yield b"2"
        finally:
            closed.append(True)

    stream = sent(model(), known.append)
    assert next(stream) == b"data: 1\n\n"
    stream.close()
    assert (closed, known) == ([True], [b"[1]"])
