"""What a provider returned, completed to OpenAI's shape of an answer.

Real: the fields of an answer (documented). Simulated: token counts where the provider gives none, estimated as
(text length + 1) / 4, which is the platform's own estimate (documented).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from fakebricks.services.model_serving.external_models.configs import CHAT, COMPLETIONS, EMBEDDINGS
from fakebricks.services.model_serving.external_models.requests import Asked, parts, texts
from fakebricks.wire.errors import NotImplementedByFakebricks

_OBJECTS = {CHAT: "chat.completion", COMPLETIONS: "text_completion", EMBEDDINGS: "list"}
_IDS = {CHAT: "chatcmpl", COMPLETIONS: "cmpl", EMBEDDINGS: "embd"}
_PER_TOKEN = 4


class Counts(NamedTuple):
    """What the answer to a query has used."""

    input_tokens: int = 0
    output_tokens: int = 0
    output_characters: int = 0
    estimated: bool = False
    """Whether tokens are, for the provider has not told them."""


def estimated_tokens(text: str) -> int:
    """How many tokens a text has, by the platform's estimate."""
    return (len(text) + 1) // _PER_TOKEN


def head(task: str, *, model: str, request_id: str, now: float) -> dict[str, Any]:
    """What an answer tells of itself."""
    return {"id": f"{_IDS[task]}-{request_id}", "object": _OBJECTS[task], "created": int(now), "model": model}


def completed(returned: Any, asked: Asked, head: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The answer that a provider's return value stands for, and whether its token counts are estimated.

    Raises:
        NotImplementedByFakebricks: it stands for none.
    """
    given = returned if isinstance(returned, dict) else _of_plain(returned, asked.task)
    answer = head | given
    _check(answer, asked.task)
    if isinstance(given.get("usage"), dict):
        return answer, False
    return answer | {"usage": estimated_usage(asked, output_texts(answer))}, True


def estimated_usage(asked: Asked, said: list[str]) -> dict[str, int]:
    """The usage of an answer that says that."""
    prompt = sum(map(estimated_tokens, texts(asked.task, asked.fields)))
    if asked.task == EMBEDDINGS:
        return {"prompt_tokens": prompt, "total_tokens": prompt}
    completion = sum(map(estimated_tokens, said))
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def counted(usage: dict[str, Any], said: list[str], *, estimated: bool) -> Counts:
    """What is counted of an answer that says that, and that usage of itself."""
    spent, made = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    return Counts(spent, made, sum(map(len, said)), estimated)


def output_texts(answer: dict[str, Any]) -> list[str]:
    """All text in an answer."""
    found = []
    for choice in answer.get("choices") or ():
        message = choice.get("message")
        found += parts(message.get("content") if isinstance(message, dict) else choice.get("text"))
    return found


def _of_plain(returned: Any, task: str) -> dict[str, Any]:
    several = returned if isinstance(returned, list | tuple) else [returned]
    if task == EMBEDDINGS:
        vectors = several if several and isinstance(several[0], list | tuple) else [several]
        if all(isinstance(vector, list | tuple) and all(map(_is_number, vector)) for vector in vectors):
            return {
                "data": [
                    {"object": "embedding", "index": number, "embedding": [float(one) for one in vector]}
                    for number, vector in enumerate(vectors)
                ]
            }
    elif several and all(isinstance(text, str) for text in several):
        return {"choices": [_choice(number, text, task) for number, text in enumerate(several)]}
    raise unfit(returned, task)


def _choice(number: int, text: str, task: str) -> dict[str, Any]:
    said = {"message": {"role": "assistant", "content": text}} if task == CHAT else {"text": text}
    return {"index": number, **said, "finish_reason": "stop"}


def _check(answer: dict[str, Any], task: str) -> None:
    held = answer.get("data" if task == EMBEDDINGS else "choices")
    if not isinstance(held, list) or not all(isinstance(one, dict) for one in held):
        raise unfit(answer, task)


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def unfit(returned: Any, task: str) -> NotImplementedByFakebricks:
    wanted = (
        "vectors, or a dict with 'data'"
        if task == EMBEDDINGS
        else "text, a dict with 'choices', or an iterator of these"
    )
    return NotImplementedByFakebricks(
        f"The provider that the test gave returned {type(returned).__name__}, which is no answer to {task}: return "
        f"{wanted}; in a stream, yield text or such chunks."
    )
