"""What Model Serving offers and fakebricks does not compute: each is refused by name, with what to do instead.

A field that is refused may still be sent with a value that asks for nothing, as clients do.
"""

from __future__ import annotations

from typing import Any

from fakebricks.services.model_serving.shapes import AiGatewayShape, CreateEndpoint, ServedShape
from fakebricks.wire.errors import NotImplementedByFakebricks
from fakebricks.wire.operations import Shape

_ON_ENDPOINTS = {
    "route_optimized": "Leave it out: the endpoint is reached under the workspace's URL.",
    "rate_limits": "Leave it out: requests are not limited.",
    "budget_policy_id": "Leave it out: nothing is billed.",
    "email_notifications": "Leave it out: no mail is sent.",
    "telemetry_config": "For logged requests, use ai_gateway.inference_table_config.",
}
_ON_ENTITIES = {
    "external_model": "Only custom models of Unity Catalog are served.",
    "environment_vars": "A model is loaded in the fake's own process; set the variables there.",
    "instance_profile_arn": "A model is loaded in the fake's own process, and has the credentials of that.",
    "burst_scaling_enabled": "Leave it out: an entity grows when there is more load than it has concurrency for.",
    "min_provisioned_throughput": "Only custom models are served; give them a workload_size.",
    "max_provisioned_throughput": "Only custom models are served; give them a workload_size.",
    "provisioned_model_units": "Only custom models are served; give them a workload_size.",
}
_ON_GATEWAY = {
    "fallback_config": "Leave it out: a request is answered by the entity that it was routed to.",
    "guardrails": "Leave it out: inputs and outputs are not filtered.",
    "rate_limits": "Leave it out: requests are not limited.",
    "usage_tracking_config": "Leave it out, or disabled: system.serving is not filled.",
}


def refuse_endpoint(body: CreateEndpoint) -> None:
    """Refuse the fields of a new endpoint that are not computed."""
    _refuse(body, _ON_ENDPOINTS, "")


def refuse_entity(served: ServedShape) -> None:
    """Refuse the fields of a served entity that are not computed."""
    _refuse(served, _ON_ENTITIES, "served_entities.")


def refuse_gateway(gateway: AiGatewayShape) -> None:
    """Refuse the parts of an AI Gateway that are not computed."""
    _refuse(gateway, _ON_GATEWAY, "ai_gateway.")


def _refuse(shape: Shape, fields: dict[str, str], where: str) -> None:
    for name, advice in fields.items():
        if _asks(getattr(shape, name, None)):
            raise NotImplementedByFakebricks(f"fakebricks does not implement '{where}{name}'. {advice}")


def _asks(value: Any) -> bool:
    """Whether a field's value asks for something."""
    if isinstance(value, dict):
        return any(_asks(part) for name, part in value.items() if name != "enabled") or bool(value.get("enabled"))
    return bool(value)
