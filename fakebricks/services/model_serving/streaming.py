"""Streamed answers: how they are sent, and how an inference table has them.

Real: server-sent events, `data: {...}` each, with `data: [DONE]` at the end (documented). An inference table has one
response for the whole stream (documented); how the events of a kind are put together is inferred: as the model would
have answered in one piece.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from typing import Any

CONTENT_TYPE = "text/event-stream"

Event = dict[str, Any]


def sent(events: Generator[bytes, None, None], at_end: Callable[[bytes], None]) -> Generator[bytes, None, None]:
    """Events, each of them JSON, as they go over the wire; `at_end` gets what they come to.

    It gets that also where nobody waits for the last one.
    """
    told: list[bytes] = []
    try:
        with closing(events):
            for event in events:
                told.append(event)
                yield b"data: %b\n\n" % event
        yield b"data: [DONE]\n\n"
    finally:
        at_end(together(told))


def together(events: Iterable[bytes]) -> bytes:
    """The events of a stream as one answer."""
    return json.dumps(_answer([json.loads(event) for event in events])).encode()


def _answer(events: list[Any]) -> Any:
    plain = [event for event in events if isinstance(event, dict)]
    if not plain or len(plain) < len(events):
        return events
    if all(_is_chat_chunk(event) for event in plain):
        return _chat_completion(plain)
    if all(_is_text_chunk(event) for event in plain):
        return _completion(plain)
    if any(str(event.get("type")).startswith("response.") for event in plain):
        return _response(plain)
    if all(isinstance(event.get("delta"), dict) for event in plain):
        return _messages(plain)
    return events


def _is_chat_chunk(event: Event) -> bool:
    choices = event.get("choices")
    return isinstance(choices, list) and all(
        isinstance(choice, dict) and isinstance(choice.get("delta"), dict) for choice in choices
    )


def _is_text_chunk(event: Event) -> bool:
    choices = event.get("choices")
    return isinstance(choices, list) and all(
        isinstance(choice, dict) and isinstance(choice.get("text"), str) for choice in choices
    )


def _chat_completion(chunks: list[Event]) -> Event:
    """The chunks of a chat completion."""
    choices: dict[Any, Event] = {}
    answer: Event = {}
    for chunk in chunks:
        answer |= {name: value for name, value in chunk.items() if name != "choices"}
        for part in chunk["choices"]:
            choice = choices.setdefault(part.get("index", 0), {"index": part.get("index", 0), "message": {}})
            _add(choice["message"], part["delta"])
            if part.get("finish_reason") is not None:
                choice["finish_reason"] = part["finish_reason"]
    return answer | {"object": "chat.completion", "choices": list(choices.values())}


def _completion(chunks: list[Event]) -> Event:
    """The chunks of a completion."""
    choices: dict[Any, Event] = {}
    answer: Event = {}
    for chunk in chunks:
        answer |= {name: value for name, value in chunk.items() if name != "choices"}
        for part in chunk["choices"]:
            choice = choices.setdefault(part.get("index", 0), {"index": part.get("index", 0), "text": ""})
            text = choice["text"] + part["text"]
            choice |= {name: value for name, value in part.items() if value is not None} | {"text": text}
    return answer | {"choices": list(choices.values())}


def _response(events: list[Event]) -> Event:
    """The events of a ResponsesAgent: the items that were done."""
    done = [event["item"] for event in events if event.get("type") == "response.output_item.done" and "item" in event]
    outputs = [event["custom_outputs"] for event in events if event.get("custom_outputs")]
    return {"object": "response", "output": done} | ({"custom_outputs": outputs[-1]} if outputs else {})


def _messages(chunks: list[Event]) -> Event:
    """The chunks of a ChatAgent: one message for each id."""
    messages: dict[Any, Event] = {}
    for chunk in chunks:
        _add(messages.setdefault(chunk["delta"].get("id"), {}), chunk["delta"])
    return {"messages": list(messages.values())}


def _add(message: Event, delta: Event) -> None:
    for name, value in delta.items():
        if name == "content" and isinstance(value, str):
            message["content"] = f"{message.get('content') or ''}{value}"
        elif name == "tool_calls" and isinstance(value, list) and all(map(_is_part_of_call, value)):
            for part in value:
                _add_part(message.setdefault("tool_calls", []), part)
        elif value is not None:
            message[name] = value


def _is_part_of_call(value: Any) -> bool:
    """Whether it is a part of a tool call, which says by its index of which one."""
    return isinstance(value, dict) and "index" in value and isinstance(value.get("function", {}), dict)


def _add_part(calls: list[Event], part: Event) -> None:
    call = next((one for one in calls if one["index"] == part["index"]), None)
    if call is None:
        calls.append(part)
        return
    before, more = call.get("function", {}), part.get("function", {})
    arguments = f"{before.get('arguments') or ''}{more.get('arguments') or ''}"
    call |= part | {"function": before | more | {"arguments": arguments}}
