"""Guardrails: what must not be in the text of a request or of a response.

Real: keywords are found as strings in the text (documented), in whatever case (inferred). Personal data is found by
patterns: see `pii.py`. The shape of a refusal is observed; the names of its categories are inferred.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from fakebricks.services.model_serving.ai_gateway import pii
from fakebricks.services.model_serving.ai_gateway.records import Guardrail
from fakebricks.services.model_serving.ai_gateway.settings import BLOCK, MASK
from fakebricks.wire.errors import BadRequest

KEYWORDS, PII = "invalid_keywords", "pii"


class Blocked(BadRequest):
    """A guardrail has blocked a request, or its response."""

    def __init__(self, where: str, categories: list[str], usage: dict[str, int]) -> None:
        flagged = {"flagged": True, "categories": dict.fromkeys(categories, True)}
        super().__init__(json.dumps({"usage": usage, f"{where}_guardrail": [flagged]}))


def blocked_by(guardrail: Guardrail | None, texts: list[str]) -> list[str]:
    """The categories for which a guardrail blocks texts; none where they pass."""
    if guardrail is None:
        return []
    folded = [text.casefold() for text in texts]
    categories = []
    if any(word.casefold() in text for word in guardrail.invalid_keywords or () for text in folded):
        categories.append(KEYWORDS)
    if guardrail.pii_behavior == BLOCK and any(pii.found(text) for text in texts):
        categories.append(PII)
    return categories


def masks(guardrail: Guardrail | None) -> bool:
    """Whether a guardrail lets personal data through, masked."""
    return guardrail is not None and guardrail.pii_behavior == MASK


def looks(guardrail: Guardrail | None) -> bool:
    """Whether a guardrail looks at texts at all."""
    return guardrail is not None and bool(guardrail.invalid_keywords or guardrail.pii_behavior in {BLOCK, MASK})


def rewritten(fields: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """A request's or a response's fields with another text in each place that has text for, or of, the model."""
    copied = dict(fields)
    for name in ("prompt", "input"):
        if name in copied:
            copied[name] = _texts(copied[name], change)
    if "messages" in copied:
        copied["messages"] = [_message(one, change) for one in copied["messages"]]
    if "choices" in copied:
        copied["choices"] = [_choice(one, change) for one in copied["choices"]]
    return copied


def _texts(value: Any, change: Callable[[str], str]) -> Any:
    return change(value) if isinstance(value, str) else [change(one) for one in value]


def _choice(choice: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    if isinstance(choice.get("message"), dict):
        return {**choice, "message": _message(choice["message"], change)}
    return {**choice, "text": change(choice["text"])} if isinstance(choice.get("text"), str) else choice


def _message(message: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    content = message.get("content")
    if isinstance(content, str):
        return {**message, "content": change(content)}
    if isinstance(content, list):
        return {**message, "content": [_part(one, change) for one in content]}
    return message


def _part(part: Any, change: Callable[[str], str]) -> Any:
    is_text = isinstance(part, dict) and isinstance(part.get("text"), str)
    return {**part, "text": change(part["text"])} if is_text else part
