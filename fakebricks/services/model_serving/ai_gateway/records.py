"""Stored shapes of AI Gateways: their settings, what was asked within a minute, and the usage that was tracked."""

from __future__ import annotations

from fakebricks.state import Record


class RateLimit(Record, frozen=True):
    """How many calls or tokens somebody may have in a minute."""

    key: str
    renewal_period: str
    calls: int | None = None
    tokens: int | None = None
    principal: str | None = None


class Guardrail(Record, frozen=True):
    """What must not be in the text of requests, or of responses."""

    invalid_keywords: tuple[str, ...] | None = None
    pii_behavior: str | None = None
    safety: bool | None = None


class Settings(Record, frozen=True):
    """An endpoint's AI Gateway, but for its inference table; what is None is not set."""

    rate_limits: tuple[RateLimit, ...] | None = None
    usage_tracking: bool | None = None
    fallback: bool | None = None
    input_guardrail: Guardrail | None = None
    output_guardrail: Guardrail | None = None


class Window(Record, frozen=True):
    """What was used of a limit in a minute, stored under the endpoint's id and whose it is."""

    started: float
    calls: int = 0
    tokens: int = 0


class Usage(Record, frozen=True):
    """One row of `system.serving.endpoint_usage`, stored under its time in microseconds and its request's id."""

    client_request_id: str | None
    databricks_request_id: str
    requester: str
    status_code: int
    request_time: float
    input_token_count: int | None
    output_token_count: int | None
    input_character_count: int | None
    output_character_count: int | None
    usage_context: dict[str, str]
    request_streaming: bool
    served_entity_id: str | None
