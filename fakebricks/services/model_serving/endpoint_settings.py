"""What can be changed of an endpoint beside what it serves: its description, its older rate limits, whom it notifies.

Real: descriptions; rate limits, which are enforced and not shown by `get` (mirrored from the Databricks CLI's own test
server). Simulated: notifications are kept and shown, and no mail is sent, for nothing leaves the machine.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from fakebricks.services.model_serving.ai_gateway.gateway import Gateway
from fakebricks.services.model_serving.ai_gateway.shapes import RateLimitShape
from fakebricks.services.model_serving.records import EmailNotifications, Endpoint
from fakebricks.state import State
from fakebricks.wire.errors import InvalidParameterValue, ResourceDoesNotExist

NO_MAIL = "Nothing leaves the machine: the e-mail notifications are kept, and none is sent."


class EndpointSettings:
    """Changes endpoints; call it inside a transaction."""

    def __init__(self, state: State, gateway: Gateway) -> None:
        self._endpoints = state.table("serving_endpoints", Endpoint)
        self._gateway = gateway

    def put_rate_limits(self, name: str, asked: Sequence[RateLimitShape]) -> Endpoint:
        """Replace the rate limits that are not those of the AI Gateway.

        Raises:
            ResourceDoesNotExist: there is no such endpoint.
            InvalidParameterValue: one of them cannot be.
        """
        return self._put(self._gateway.with_rate_limits(self._require(name), asked))

    def update_description(self, name: str, description: str) -> Endpoint:
        """Describe an endpoint otherwise.

        Raises:
            ResourceDoesNotExist: there is no such endpoint.
        """
        return self._put(replace(self._require(name), description=description))

    def update_notifications(self, name: str, notifications: EmailNotifications) -> Endpoint:
        """Replace whom an endpoint's updates are told.

        Raises:
            ResourceDoesNotExist: there is no such endpoint.
            InvalidParameterValue: one of them has no e-mail address.
        """
        check_notifications(notifications)
        return self._put(replace(self._require(name), email_notifications=notifications))

    def _require(self, name: str) -> Endpoint:
        endpoint = self._endpoints.get((name,))
        if endpoint is None:
            raise ResourceDoesNotExist(f"Endpoint with name '{name}' does not exist.")
        return endpoint

    def _put(self, endpoint: Endpoint) -> Endpoint:
        self._endpoints.put((endpoint.name,), endpoint)
        return endpoint


def check_notifications(notifications: EmailNotifications) -> None:
    """Raise `InvalidParameterValue` where what shall be told has no e-mail address (text inferred)."""
    for address in (*notifications.on_update_success, *notifications.on_update_failure):
        local, at, domain = address.partition("@")
        if not (local and at and domain) or any(sign.isspace() for sign in address):
            raise InvalidParameterValue(f"{address[:255]!r} is not a valid e-mail address.")
