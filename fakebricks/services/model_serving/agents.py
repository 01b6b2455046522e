"""Agents: models that MLflow gives a task, and that speak of messages instead of data frames.

Real: the tasks (documented), the limit of 4 MB on their requests (documented), the refusal of the field that another
kind of agent takes (observed for a ResponsesAgent that gets messages; the reverse is inferred).
"""

from __future__ import annotations

import json
from collections.abc import Collection
from http import HTTPStatus
from typing import Any

from fakebricks.services.model_serving.runtimes import Scored
from fakebricks.wire.errors import BadRequest

CHAT_MODEL, CHAT_AGENT, RESPONSES_AGENT = "agent/v1/chat", "agent/v2/chat", "agent/v1/responses"

_FIELDS = {CHAT_MODEL: "messages", CHAT_AGENT: "messages", RESPONSES_AGENT: "input"}
_OTHER = {"messages": "input", "input": "messages"}

LARGEST_REQUEST = 4 * 1024 * 1024


def is_agent(task: str | None) -> bool:
    """Whether a model of that task is an agent."""
    return task in _FIELDS


def check_fields(task: str | None, fields: Collection[str]) -> None:
    """Refuse a request that has the field of another kind of agent and not the agent's own.

    Raises:
        BadRequest: it has.
    """
    taken = _FIELDS.get(task or "")
    if taken is None or taken in fields:
        return
    other = _OTHER[taken]
    if other in fields:
        raise BadRequest(f"Invalid request: '{other}' field is not supported. Please use '{taken}' field instead.")


def with_trace(scored: Scored, trace: Any, request_id: str) -> Scored:
    """An answer with the trace of how it came to be, where it is an object that can have it (documented)."""
    answer = json.loads(scored.body) if scored.status == HTTPStatus.OK else None
    if not isinstance(answer, dict):
        return scored
    output = {"databricks_request_id": request_id, "trace": trace}
    return scored._replace(body=json.dumps(answer | {"databricks_output": output}).encode())
