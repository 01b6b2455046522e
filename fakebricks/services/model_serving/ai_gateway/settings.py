"""From a requested AI Gateway to one that can be enforced, and back to how it is shown.

Real: the keys and the one renewal period (documented). Refused: `safety` and `valid_topics`, which it takes a model to
judge. Inferred: twenty rate limits at most, of which five are of groups; that fallbacks, guardrails and limits on
tokens are not for custom models; the texts, and that a principal must exist.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fakebricks.services.model_serving.ai_gateway.records import Guardrail, RateLimit, Settings
from fakebricks.services.model_serving.ai_gateway.shapes import (
    GuardrailShape,
    GuardrailsShape,
    RateLimitShape,
    SwitchShape,
)
from fakebricks.wire.errors import InvalidParameterValue, NotImplementedByFakebricks

ENDPOINT, USER, USER_GROUP, SERVICE_PRINCIPAL = KEYS = ("endpoint", "user", "user_group", "service_principal")
BLOCK, MASK, NONE = _BEHAVIORS = ("BLOCK", "MASK", "NONE")

Exists = Callable[[str, str], bool]
"""Whether there is a principal of that kind and name."""

_PERIOD = "minute"
_MOST, _MOST_OF_GROUPS = 20, 5
_LARGEST = 2**31 - 1
_LEGACY_KEYS = (ENDPOINT, USER)


def settings(
    rate_limits: Sequence[RateLimitShape] | None,
    usage_tracking: SwitchShape | None,
    fallback: SwitchShape | None,
    guardrails: GuardrailsShape | None,
    exists: Exists,
) -> Settings:
    """The settings that are asked for; what is left out is not set.

    Raises:
        InvalidParameterValue: one of them cannot be.
        NotImplementedByFakebricks: one of them is not computed.
    """
    return Settings(
        rate_limits=None if rate_limits is None else limits(rate_limits, KEYS, exists),
        usage_tracking=None if usage_tracking is None else bool(usage_tracking.enabled),
        fallback=None if fallback is None else bool(fallback.enabled),
        input_guardrail=_guardrail(guardrails.input if guardrails else None, "input"),
        output_guardrail=_guardrail(guardrails.output if guardrails else None, "output"),
    )


def legacy_limits(asked: Sequence[RateLimitShape], exists: Exists) -> tuple[RateLimit, ...]:
    """The limits of before there was an AI Gateway: calls, of the endpoint or of each user.

    Raises:
        InvalidParameterValue: one of them cannot be.
    """
    for one in asked:
        if one.tokens is not None or one.principal is not None or one.calls is None:
            raise InvalidParameterValue("A rate limit of an endpoint has calls, a key and a renewal_period.")
    return limits(asked, _LEGACY_KEYS, exists)


def limits(asked: Sequence[RateLimitShape], keys: tuple[str, ...], exists: Exists) -> tuple[RateLimit, ...]:
    """The limits that are asked for.

    Raises:
        InvalidParameterValue: one of them cannot be, or there are too many.
    """
    if len(asked) > _MOST or sum(one.key == USER_GROUP for one in asked) > _MOST_OF_GROUPS:
        raise InvalidParameterValue(
            f"An endpoint cannot have more than {_MOST} rate limits, and {_MOST_OF_GROUPS} of user groups among them."
        )
    found = tuple(_limit(one, keys, exists) for one in asked)
    whose = [(one.key, one.principal, one.calls is None) for one in found]
    if len(set(whose)) < len(whose):
        raise InvalidParameterValue("There are two rate limits for the same key and principal.")
    return found


def check_applicable(chosen: Settings, *, external: bool) -> None:
    """Raise `InvalidParameterValue` where an endpoint of custom models is to have what only external ones can."""
    if external:
        return
    for name, value in (
        ("fallback_config", chosen.fallback),
        ("guardrails", chosen.input_guardrail or chosen.output_guardrail),
    ):
        if value:
            raise InvalidParameterValue(f"'ai_gateway.{name}' is not supported for endpoints that serve custom models.")
    if any(one.tokens is not None for one in chosen.rate_limits or ()):
        raise InvalidParameterValue("The tokens of custom models are not counted: give their rate limits calls.")


def shown(chosen: Settings) -> dict[str, Any]:
    """The settings as answers have them: what is not set is left out."""
    guardrails = {"input": chosen.input_guardrail, "output": chosen.output_guardrail}
    answer: dict[str, Any] = {}
    if chosen.rate_limits is not None:
        answer["rate_limits"] = [shown_limit(one) for one in chosen.rate_limits]
    if chosen.usage_tracking is not None:
        answer["usage_tracking_config"] = {"enabled": chosen.usage_tracking}
    if chosen.fallback is not None:
        answer["fallback_config"] = {"enabled": chosen.fallback}
    if any(guardrails.values()):
        answer["guardrails"] = {name: _shown_guardrail(one) for name, one in guardrails.items() if one}
    return answer


def shown_limit(limit: RateLimit) -> dict[str, Any]:
    """A rate limit as answers have it."""
    fields = ("calls", "tokens", "key", "principal", "renewal_period")
    return {name: getattr(limit, name) for name in fields if getattr(limit, name) is not None}


def _limit(asked: RateLimitShape, keys: tuple[str, ...], exists: Exists) -> RateLimit:
    key = asked.key or ENDPOINT
    if key not in keys:
        raise InvalidParameterValue(f"The key {key[:255]!r} of a rate limit must be one of {', '.join(keys)}.")
    if asked.renewal_period != _PERIOD:
        raise InvalidParameterValue(f"The renewal_period of a rate limit must be '{_PERIOD}'.")
    counts = [one for one in (asked.calls, asked.tokens) if one is not None]
    if not counts or not all(0 <= one <= _LARGEST for one in counts):
        raise InvalidParameterValue("A rate limit needs calls or tokens, which must not be negative.")
    _check_principal(key, asked.principal, exists)
    return RateLimit(key=key, renewal_period=_PERIOD, calls=asked.calls, tokens=asked.tokens, principal=asked.principal)


def _check_principal(key: str, principal: str | None, exists: Exists) -> None:
    if key == ENDPOINT and principal is not None:
        raise InvalidParameterValue("A rate limit of an endpoint has no principal.")
    if key in (USER_GROUP, SERVICE_PRINCIPAL) and not principal:
        raise InvalidParameterValue(f"A rate limit of a {key} needs a principal.")
    if principal is not None and not exists(key, principal):
        raise InvalidParameterValue(f"The principal {principal[:255]!r} of a rate limit is no {key}.")


def _guardrail(asked: GuardrailShape | None, where: str) -> Guardrail | None:
    if asked is None:
        return None
    for name in ("safety", "valid_topics"):
        if getattr(asked, name):
            raise NotImplementedByFakebricks(
                f"fakebricks does not implement 'ai_gateway.guardrails.{where}.{name}': it takes a model to judge. "
                "Leave it out; invalid_keywords and pii are computed."
            )
    behavior = asked.pii.behavior if asked.pii else None
    if behavior is not None and behavior not in _BEHAVIORS:
        raise InvalidParameterValue(f"The behavior {behavior[:255]!r} of pii must be one of {', '.join(_BEHAVIORS)}.")
    keywords = asked.invalid_keywords
    if keywords and not all(word.strip() for word in keywords):
        raise InvalidParameterValue("An invalid keyword must not be empty.")
    return Guardrail(
        invalid_keywords=None if keywords is None else tuple(keywords), pii_behavior=behavior, safety=asked.safety
    )


def _shown_guardrail(guardrail: Guardrail) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    if guardrail.invalid_keywords is not None:
        answer["invalid_keywords"] = list(guardrail.invalid_keywords)
    if guardrail.pii_behavior is not None:
        answer["pii"] = {"behavior": guardrail.pii_behavior}
    if guardrail.safety is not None:
        answer["safety"] = guardrail.safety
    return answer
