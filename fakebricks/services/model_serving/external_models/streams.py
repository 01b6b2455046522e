"""Streamed answers of providers: what one yields or returns, as the chunks that are sent.

Real: the shape of chunks, and that usage comes last where `stream_options.include_usage` asks for it (documented).
Simulated: token counts where the provider tells none, estimated as for answers in one piece.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from typing import Any

import msgspec

from fakebricks.services.model_serving import streaming
from fakebricks.services.model_serving.external_models.completions import (
    Counts,
    completed,
    counted,
    estimated_usage,
    unfit,
)
from fakebricks.services.model_serving.external_models.configs import CHAT, EMBEDDINGS
from fakebricks.services.model_serving.external_models.requests import Asked, parts

Chunk = dict[str, Any]

_OBJECT = "chat.completion.chunk"  # those of completions are called as their answers are


class Chunks:
    """The chunks of one answer, and what they have come to so far."""

    def __init__(self, asked: Asked, head: dict[str, Any]) -> None:
        self._asked = asked
        self._answer = head
        self._head = head | ({"object": _OBJECT} if asked.task == CHAT else {})
        self._said: dict[int, list[str]] = {}
        self._finished: set[int] = set()
        self._usage: dict[str, Any] | None = None
        self._tells_usage = False

    def events(self, returned: Any) -> Generator[bytes, None, None]:
        """What a provider has returned as chunks, each of them JSON; there is one at least.

        Raises:
            NotImplementedByFakebricks: it, or what it yields, is no answer to what was asked.
        """
        try:
            for value in returned if isinstance(returned, Iterator) else self._of_whole(returned):
                yield self._encoded(self._noted(value))
        finally:
            if hasattr(returned, "close"):
                returned.close()
        for chunk in self._ending():
            yield self._encoded(self._head | chunk)

    def counts(self) -> Counts:
        """What has been used so far."""
        return counted(self._told_or_estimated(), self._texts(), estimated=self._usage is None)

    def _of_whole(self, returned: Any) -> Iterator[Chunk]:
        """An answer in one piece: what it says, and then how it ends."""
        answer, estimated = completed(returned, self._asked, self._answer)
        if not estimated:
            self._usage = answer["usage"]
        head = {name: answer[name] for name in ("id", "created", "model")}
        choices = [{"index": number, **choice} for number, choice in enumerate(answer["choices"])]
        yield head | {"choices": [self._part(one["index"], _content(one)) for one in choices]}
        ends = [self._part(one["index"], None, one["finish_reason"]) for one in choices if one.get("finish_reason")]
        if ends:
            yield head | {"choices": ends}

    def _ending(self) -> Iterator[Chunk]:
        """What is missing at the end."""
        left = [index for index in self._said or {0: []} if index not in self._finished]
        if left:
            yield {"choices": [self._part(index, None, "stop") for index in left]}
        if self._asked.include_usage and not self._tells_usage:
            yield {"choices": [], "usage": self._told_or_estimated()}

    def _noted(self, value: Any) -> Chunk:
        chunk = self._head | (self._of_text(value) if isinstance(value, str) else self._checked(value))
        self._head = {name: chunk[name] for name in self._head}  # what a chunk tells of the answer holds from then on
        for choice in chunk["choices"]:
            index = choice.get("index", 0)
            self._said.setdefault(index, []).extend(_texts(choice))
            if choice.get("finish_reason") is not None:
                self._finished.add(index)
        if isinstance(chunk.get("usage"), dict):
            self._usage, self._tells_usage = chunk["usage"], True
        return chunk

    def _of_text(self, text: str) -> Chunk:
        role = {} if self._said else {"role": "assistant"}
        return {"choices": [self._part(0, {**role, "content": text} if self._asked.task == CHAT else text)]}

    def _part(self, index: int, content: Any, reason: str | None = None) -> dict[str, Any]:
        said = {"delta": content or {}} if self._asked.task == CHAT else {"text": content or ""}
        return {"index": index, **said, "finish_reason": reason}

    def _checked(self, value: Any) -> Chunk:
        """A chunk that the provider has made itself, if it is one."""
        name, kind = ("delta", dict) if self._asked.task == CHAT else ("text", str)
        choices = value.get("choices") if isinstance(value, dict) else None
        if not isinstance(choices, list):
            raise unfit(value, self._asked.task)
        for choice in choices:
            if not isinstance(choice, dict) or not isinstance(choice.get(name), kind):
                raise unfit(value, self._asked.task)
            if not isinstance(choice.get("index", 0), int):
                raise unfit(value, self._asked.task)
        return dict(value)

    def _texts(self) -> list[str]:
        return ["".join(pieces) for pieces in self._said.values()]

    def _told_or_estimated(self) -> dict[str, Any]:
        return self._usage if self._usage is not None else estimated_usage(self._asked, self._texts())

    def _encoded(self, chunk: Chunk) -> bytes:
        try:
            return msgspec.json.encode(chunk)
        except (TypeError, ValueError, RecursionError):
            raise unfit(chunk, self._asked.task) from None


def collected(returned: Iterator[Any], asked: Asked, head: dict[str, Any]) -> Any:
    """What a provider yields to who has not asked for a stream: the answer that it comes to."""
    if asked.task == EMBEDDINGS:
        return list(returned)
    return json.loads(streaming.together(Chunks(asked, head).events(returned)))


def _content(choice: dict[str, Any]) -> Any:
    """What a choice of an answer in one piece says, as a chunk has it."""
    message = choice.get("message")
    if not isinstance(message, dict):
        return choice.get("text")
    if not isinstance(message.get("tool_calls"), list):
        return message
    return message | {"tool_calls": [{"index": number, **call} for number, call in enumerate(message["tool_calls"])]}


def _texts(choice: dict[str, Any]) -> list[str]:
    return parts(choice["delta"].get("content") if "delta" in choice else choice["text"])
