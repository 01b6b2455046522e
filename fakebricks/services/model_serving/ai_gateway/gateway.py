"""An endpoint's AI Gateway at work: who is let through, and what is written down of it.

Real: rate limits, those of the AI Gateway and the older ones of the endpoint, before anything else is looked at; rows
of usage where it is tracked. The tokens of custom models are not counted (inferred).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from msgspec.structs import replace

from fakebricks.services.iam.people import People
from fakebricks.services.model_serving.ai_gateway import settings
from fakebricks.services.model_serving.ai_gateway.rate_limits import EndpointRateLimits
from fakebricks.services.model_serving.ai_gateway.records import RateLimit, Usage
from fakebricks.services.model_serving.ai_gateway.shapes import RateLimitShape
from fakebricks.services.model_serving.ai_gateway.usage import UsageTable
from fakebricks.services.model_serving.records import Endpoint
from fakebricks.services.model_serving.shapes import AiGatewayShape
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import RequestLimitExceeded


class Used(NamedTuple):
    """What a query used, as it is written down."""

    request_id: str
    client_request_id: str | None
    received: float
    status: int
    served_entity_id: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    input_characters: int = 0
    output_characters: int = 0
    request_streaming: bool = False
    usage_context: Mapping[str, str] = MappingProxyType({})


class Gateway:
    """The AI Gateways of one workspace's endpoints."""

    def __init__(self, people: People, rate_limits: EndpointRateLimits, usage: UsageTable) -> None:
        self._people = people
        self._rate_limits = rate_limits
        self._usage = usage

    def with_settings(self, endpoint: Endpoint, asked: AiGatewayShape) -> Endpoint:
        """The endpoint with another AI Gateway, but for its inference table; what is left out is removed.

        Raises:
            InvalidParameterValue: it cannot be, or not on this endpoint.
            NotImplementedByFakebricks: some of it is not computed.
        """
        chosen = settings.settings(
            asked.rate_limits, asked.usage_tracking_config, asked.fallback_config, asked.guardrails, self._exists
        )
        changed = replace(endpoint, gateway=chosen)
        self.check(changed)
        return changed

    def with_rate_limits(self, endpoint: Endpoint, asked: Sequence[RateLimitShape]) -> Endpoint:
        """The endpoint with other limits of the older kind.

        Raises:
            InvalidParameterValue: they cannot be.
        """
        return replace(endpoint, rate_limits=settings.legacy_limits(asked, self._exists))

    def check(self, endpoint: Endpoint) -> None:
        """Raise `InvalidParameterValue` where an endpoint has features that its models do not have."""
        config = endpoint.pending.config if endpoint.pending else endpoint.config
        if config is not None:
            settings.check_applicable(endpoint.gateway, external=config.external)

    def admit(self, endpoint: Endpoint, caller: Caller, now: float, request_id: str) -> None:
        """Count a call; one that is refused is a row of usage too.

        Raises:
            PermissionDenied, RequestLimitExceeded: it is one too many.
        """
        limits = _limits(endpoint)
        try:
            self._rate_limits.take(endpoint.id, endpoint.name, limits, caller, now)
        except RequestLimitExceeded as refusal:
            self.settle(endpoint, caller, Used(request_id, None, now, refusal.status))
            raise

    def settle(self, endpoint: Endpoint, caller: Caller, used: Used) -> None:
        """Write down what an answered call used."""
        tokens = used.input_tokens + used.output_tokens
        if tokens:
            self._rate_limits.spend(endpoint.id, _limits(endpoint), caller, used.received, tokens)
        if endpoint.gateway.usage_tracking:
            self._usage.add(_row(caller, used))

    def forget(self, endpoint: Endpoint) -> None:
        """Remove what was counted for an endpoint; the rows of its usage stay."""
        self._rate_limits.forget(endpoint.id)

    def _exists(self, key: str, name: str) -> bool:
        if key == settings.USER_GROUP:
            return self._people.has_group(name)
        person = self._people.get(name)
        return person is not None and (person.kind == "ServicePrincipal") == (key == settings.SERVICE_PRINCIPAL)


def _limits(endpoint: Endpoint) -> tuple[RateLimit, ...]:
    return (*(endpoint.gateway.rate_limits or ()), *endpoint.rate_limits)


def _row(caller: Caller, used: Used) -> Usage:
    return Usage(
        client_request_id=used.client_request_id,
        databricks_request_id=used.request_id,
        requester=caller.user_name,
        status_code=used.status,
        request_time=used.received,
        input_token_count=used.input_tokens,
        output_token_count=used.output_tokens,
        input_character_count=used.input_characters,
        output_character_count=used.output_characters,
        usage_context=dict(used.usage_context),
        request_streaming=used.request_streaming,
        served_entity_id=used.served_entity_id,
    )
