"""REST operations about the life of endpoints: stop and start, events, metrics.

Observed: stop and start, whose reply is inferred, and events, whose fields are; neither is in the SDK.
"""

from __future__ import annotations

from typing import Any

from fakebricks.services.model_serving import measures
from fakebricks.services.model_serving.api import detailed
from fakebricks.services.model_serving.endpoint_permissions import MANAGE, VIEW
from fakebricks.services.model_serving.observability import Observability
from fakebricks.services.model_serving.privileges import of_endpoint
from fakebricks.services.model_serving.progress import Step
from fakebricks.services.model_serving.serving_endpoints import ServingEndpoints
from fakebricks.services.model_serving.shapes import NamedEndpoint
from fakebricks.wire.messages import Reply
from fakebricks.wire.operations import Call, Routes

routes = Routes()


@routes.post("/api/2.0/serving-endpoints/<name>/config:stop", atomic=False, privilege=of_endpoint(MANAGE))
def stop_serving_endpoint(endpoints: ServingEndpoints, call: Call, body: NamedEndpoint) -> dict[str, Any]:
    return detailed(endpoints, call, endpoints.stop(body.name, call.time))


@routes.post("/api/2.0/serving-endpoints/<name>/config:start", atomic=False, privilege=of_endpoint(MANAGE))
def start_serving_endpoint(endpoints: ServingEndpoints, call: Call, body: NamedEndpoint) -> dict[str, Any]:
    return detailed(endpoints, call, endpoints.start(body.name, call.time))


@routes.get("/api/2.0/serving-endpoints/<name>/events", atomic=False, privilege=of_endpoint(VIEW))
def list_serving_endpoint_events(seen: Observability, call: Call, body: NamedEndpoint) -> dict[str, Any]:
    steps, call.awaits = seen.events(body.name, call.time)
    return {"events": [_event(step) for step in steps]}


@routes.get("/api/2.0/serving-endpoints/<name>/metrics", atomic=False, privilege=of_endpoint(VIEW))
def export_serving_endpoint_metrics(seen: Observability, call: Call, body: NamedEndpoint) -> Reply:
    text = measures.exposition(seen.samples(body.name, call.time))
    return Reply(200, text.encode(), {"content-type": measures.CONTENT_TYPE})


def _event(step: Step) -> dict[str, Any]:
    event: dict[str, Any] = {"type": step.type, "message": step.message, "timestamp": int(step.at * 1000)}
    if step.entity:
        event |= {"served_entity_name": step.entity.name}
    return event
