"""What Model Serving offers and fakebricks does not compute: each is refused by name, with what to do instead.

A field that is refused may still be sent with a value that asks for nothing, as clients do.
"""

from __future__ import annotations

from typing import Any

from fakebricks.services.model_serving.shapes import CreateEndpoint, ServedShape
from fakebricks.wire.errors import NotImplementedByFakebricks
from fakebricks.wire.operations import Shape

_ON_ENDPOINTS = {
    "budget_policy_id": "Leave it out: nothing is billed.",
}
_ON_ENTITIES = {
    "instance_profile_arn": "A model is loaded in the fake's own process, and has the credentials of that.",
    "burst_scaling_enabled": "Leave it out: an entity grows when there is more load than it has concurrency for.",
    "min_provisioned_throughput": "Only custom models are served; give them a workload_size.",
    "max_provisioned_throughput": "Only custom models are served; give them a workload_size.",
    "provisioned_model_units": "Only custom models are served; give them a workload_size.",
}


def refuse_endpoint(body: CreateEndpoint) -> None:
    """Refuse the fields of a new endpoint that are not computed."""
    _refuse(body, _ON_ENDPOINTS, "")


def refuse_entity(served: ServedShape) -> None:
    """Refuse the fields of a served entity that are not computed."""
    _refuse(served, _ON_ENTITIES, "served_entities.")


def _refuse(shape: Shape, fields: dict[str, str], where: str) -> None:
    for name, advice in fields.items():
        if _asks(getattr(shape, name, None)):
            raise NotImplementedByFakebricks(f"fakebricks does not implement '{where}{name}'. {advice}")


def _asks(value: Any) -> bool:
    """Whether a field's value asks for something."""
    if isinstance(value, dict):
        return any(_asks(part) for name, part in value.items() if name != "enabled") or bool(value.get("enabled"))
    return bool(value)
