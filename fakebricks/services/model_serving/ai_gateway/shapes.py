"""What requests about AI Gateways hold, but for the inference table."""

from __future__ import annotations

from fakebricks.wire.operations import Shape


class RateLimitShape(Shape):
    calls: int | None = None
    tokens: int | None = None
    key: str | None = None
    principal: str | None = None
    renewal_period: str | None = None


class PiiShape(Shape):
    behavior: str | None = None


class GuardrailShape(Shape):
    invalid_keywords: list[str] | None = None
    pii: PiiShape | None = None
    safety: bool | None = None
    valid_topics: list[str] | None = None


class GuardrailsShape(Shape):
    input: GuardrailShape | None = None
    output: GuardrailShape | None = None


class SwitchShape(Shape):
    enabled: bool | None = None
