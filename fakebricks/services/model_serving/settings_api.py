"""REST operations of what can be changed of an endpoint beside what it serves."""

from __future__ import annotations

from typing import Any

from fakebricks.services.model_serving import answers
from fakebricks.services.model_serving.ai_gateway.settings import shown_limit
from fakebricks.services.model_serving.ai_gateway.shapes import RateLimitShape
from fakebricks.services.model_serving.endpoint_permissions import MANAGE
from fakebricks.services.model_serving.endpoint_settings import NO_MAIL, EndpointSettings
from fakebricks.services.model_serving.privileges import of_endpoint, of_gateway
from fakebricks.services.model_serving.shapes import EmailNotificationsShape, NamedEndpoint
from fakebricks.wire.operations import Call, Routes

routes = Routes()

_ENDPOINT = "/api/2.0/serving-endpoints/<name>"


class PutRateLimits(NamedEndpoint, kw_only=True):
    rate_limits: list[RateLimitShape] | None = None


class PatchDescription(NamedEndpoint, kw_only=True):
    description: str = ""


class PatchNotifications(NamedEndpoint, kw_only=True):
    email_notifications: EmailNotificationsShape | None = None


@routes.put(f"{_ENDPOINT}/rate-limits", privilege=of_gateway)
def put_serving_endpoint_rate_limits(endpoints: EndpointSettings, call: Call, body: PutRateLimits) -> dict[str, Any]:
    endpoint = endpoints.put_rate_limits(body.name, body.rate_limits or [])
    return {"rate_limits": [shown_limit(one) for one in endpoint.rate_limits]}


@routes.patch(f"{_ENDPOINT}/description", privilege=of_endpoint(MANAGE))
def patch_serving_endpoint_description(
    endpoints: EndpointSettings, call: Call, body: PatchDescription
) -> dict[str, Any]:
    endpoint = endpoints.update_description(body.name, body.description)
    return {"name": endpoint.name, "description": endpoint.description}


@routes.patch(f"{_ENDPOINT}/notifications", privilege=of_endpoint(MANAGE))
def patch_serving_endpoint_notifications(
    endpoints: EndpointSettings, call: Call, body: PatchNotifications
) -> dict[str, Any]:
    asked = body.email_notifications or EmailNotificationsShape()
    endpoint = endpoints.update_notifications(body.name, asked.record())
    call.notes.append(NO_MAIL)
    return {"name": endpoint.name, "email_notifications": answers.notifications(endpoint)}
