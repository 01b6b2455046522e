"""What a caller must be allowed, per operation of Model Serving.

Real: to see an endpoint takes CAN_VIEW, to query it CAN_QUERY, to update or delete it CAN_MANAGE (documented).
Documented for its metrics is "read access". Inferred: that its tags, its AI Gateway and its logs, and to stop and start
it, take CAN_MANAGE, its events CAN_VIEW.
"""

from __future__ import annotations

from typing import Any

from fakebricks.services.model_serving.endpoint_permissions import MANAGE, EndpointPermissions
from fakebricks.services.model_serving.foundation_models import refuse_gateway
from fakebricks.wire.operations import Call, Privilege


def of_gateway(permissions: EndpointPermissions, call: Call, body: Any) -> None:
    """To manage the endpoint that the request names, if it can have an AI Gateway and rate limits here."""
    refuse_gateway(body.name)
    permissions.require_named(body.name, MANAGE, call.caller)


def of_endpoint(level: str) -> Privilege:
    """To have a level on the endpoint that the request names."""

    def check(permissions: EndpointPermissions, call: Call, body: Any) -> None:
        permissions.require_named(body.name, level, call.caller)

    return check
