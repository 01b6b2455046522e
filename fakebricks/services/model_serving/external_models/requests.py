"""Queries to external models: OpenAI's shapes for a chat, a completion and embeddings.

Real: which fields a task has, and the ranges of `n` and `temperature` (documented); the text about an unknown field
(observed); that embeddings are not streamed (documented). Inferred: the other texts.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from fakebricks.services.model_serving.envelopes import client_request_id, usage_context
from fakebricks.services.model_serving.external_models.configs import CHAT, COMPLETIONS, EMBEDDINGS
from fakebricks.wire.errors import BadRequest, PayloadTooLarge

LARGEST = 4 * 1024 * 1024
"""Bytes of a query (documented)."""

_NEEDED = {CHAT: "messages", COMPLETIONS: "prompt", EMBEDDINGS: "input"}
_SAMPLING = frozenset(
    [
        "max_tokens",
        "n",
        "stop",
        "stream",
        "temperature",
        "top_p",
        "top_k",
        "seed",
        "logprobs",
        "presence_penalty",
        "frequency_penalty",
        "stream_options",
        "logit_bias",
    ]
)
_FIELDS = {
    CHAT: _SAMPLING
    | frozenset(
        [
            "messages",
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "response_format",
            "max_completion_tokens",
            "top_logprobs",
            "reasoning_effort",
            "thinking",
        ]
    ),
    COMPLETIONS: _SAMPLING | {"prompt", "suffix", "echo", "best_of"},
    EMBEDDINGS: frozenset({"input", "encoding_format", "dimensions", "instruction", "input_type"}),
}
_OF_ALL = frozenset({"model", "user", "extra_params", "client_request_id", "usage_context"})
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_MOST_CANDIDATES = 5
_HOTTEST = 2.0


class Asked(NamedTuple):
    """A query that can be answered."""

    task: str
    fields: dict[str, Any]
    """What is for the provider."""
    client_request_id: str | None
    usage_context: dict[str, str]

    @property
    def stream(self) -> bool:
        """Whether the answer is to be streamed."""
        return self.fields.get("stream") is True

    @property
    def include_usage(self) -> bool:
        """Whether the end of the stream is to tell what was used."""
        return self.stream and self.fields.get("stream_options", {}).get("include_usage") is True


def asked(body: bytes, task: str) -> Asked:
    """A query to an external model of a task, if it is one.

    Raises:
        BadRequest: it is not.
        PayloadTooLarge: it has more than 4 MB.
    """
    if len(body) > LARGEST:
        raise PayloadTooLarge(f"The request body has {len(body)} bytes; a request must not be larger than 4 MB.")
    fields = _fields(body)
    known = _FIELDS[task] | _OF_ALL
    for name in fields:
        if name not in known:
            raise BadRequest(f'Bad request: json: unknown field "{name[:255]}"')
    if _NEEDED[task] not in fields:
        raise BadRequest(f"Bad request: '{_NEEDED[task]}' is required for the task {task}.")
    _check_sampling(fields)
    _CHECKS[task](fields[_NEEDED[task]])
    told, context = (fields.pop(name, None) for name in ("client_request_id", "usage_context"))
    return Asked(task, fields, client_request_id(told), usage_context(context))


def texts(task: str, fields: dict[str, Any]) -> list[str]:
    """All text that a query has for the model."""
    given = fields[_NEEDED[task]]
    if task != CHAT:
        return [given] if isinstance(given, str) else list(given)
    return [text for message in given for text in parts(message.get("content"))]


def parts(content: Any) -> list[str]:
    """The text of a message, which may come in parts."""
    if isinstance(content, str):
        return [content]
    if not isinstance(content, list):
        return []
    return [part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str)]


def _fields(body: bytes) -> dict[str, Any]:
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadRequest("Bad request: the body is not valid JSON.") from None
    if not isinstance(fields, dict):
        raise BadRequest("Bad request: the body must be a JSON object.")
    return {name: value for name, value in fields.items() if value is not None}


def _check_sampling(fields: dict[str, Any]) -> None:
    for name, most in (("n", _MOST_CANDIDATES), ("max_tokens", None), ("max_completion_tokens", None)):
        value = fields.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1 or (most and value > most):
            raise BadRequest(f"Bad request: '{name}' must be an integer from 1{f' to {most}' if most else ' on'}.")
    heat = fields.get("temperature", 1.0)
    if isinstance(heat, bool) or not isinstance(heat, int | float) or not 0 <= heat <= _HOTTEST:
        raise BadRequest("Bad request: 'temperature' must be a number from 0 to 2.")
    if not isinstance(fields.get("stream", False), bool):
        raise BadRequest("Bad request: 'stream' must be true or false.")
    stop = fields.get("stop", [])
    if not isinstance(stop, str) and not _are_texts(stop):
        raise BadRequest("Bad request: 'stop' must be a list of strings.")
    for name in ("extra_params", "stream_options"):
        if not isinstance(fields.get(name, {}), dict):
            raise BadRequest(f"Bad request: '{name}' must be an object.")


def _check_messages(messages: Any) -> None:
    if not isinstance(messages, list) or not messages:
        raise BadRequest("Bad request: 'messages' must be a list of messages, and not be empty.")
    for message in messages:
        role = message.get("role") if isinstance(message, dict) else None
        if not isinstance(role, str) or role not in _ROLES:
            raise BadRequest(f"Bad request: each message must have a role, one of {', '.join(sorted(_ROLES))}.")
        if not isinstance(message.get("content"), str | list | None):
            raise BadRequest("Bad request: the content of a message must be text, or a list of parts.")


def _check_texts(value: Any) -> None:
    if not isinstance(value, str) and not (_are_texts(value) and value):
        raise BadRequest("Bad request: 'prompt' and 'input' must be a string, or a list of strings.")


_CHECKS = {CHAT: _check_messages, COMPLETIONS: _check_texts, EMBEDDINGS: _check_texts}


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
