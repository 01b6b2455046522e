"""REST operations of Model Serving."""

from __future__ import annotations

from typing import Any

from fakebricks.services.model_serving import answers, lifecycle, logs
from fakebricks.services.model_serving.capture import DEPRECATED
from fakebricks.services.model_serving.configuration import is_gpu
from fakebricks.services.model_serving.endpoint_permissions import MANAGE, QUERY, VIEW
from fakebricks.services.model_serving.invocations import Invocations, NotReady, Query
from fakebricks.services.model_serving.privileges import of_endpoint, of_gateway
from fakebricks.services.model_serving.records import Endpoint, Tag
from fakebricks.services.model_serving.serving_endpoints import ServingEndpoints
from fakebricks.services.model_serving.shapes import (
    CreateEndpoint,
    NamedEndpoint,
    PatchTags,
    PatchTelemetry,
    PutAiGateway,
    ServedModelOf,
    UpdateConfig,
)
from fakebricks.wire.messages import Reply
from fakebricks.wire.operations import Call, Routes, Shape

routes = Routes()

_GPU = "There is no GPU here: the model is scored on this machine's CPU."


@routes.post("/api/2.0/serving-endpoints")
def create_serving_endpoint(endpoints: ServingEndpoints, call: Call, body: CreateEndpoint) -> dict[str, Any]:
    endpoint = endpoints.create(body, call.caller, call.time)
    if body.config:
        _remark(call, endpoint, body.config.auto_capture_config is not None)
    return detailed(endpoints, call, endpoint)


@routes.get("/api/2.0/serving-endpoints", atomic=False)
def list_serving_endpoints(endpoints: ServingEndpoints, call: Call) -> dict[str, Any]:
    found = list(endpoints.list(call.caller))
    call.awaits = min((at for at in map(lifecycle.awaits, found) if at is not None), default=None)
    return {"endpoints": [answers.summary(one, endpoints.permissions.level(one, call.caller)) for one in found]}


@routes.get("/api/2.0/serving-endpoints/<name>", atomic=False, privilege=of_endpoint(VIEW))
def get_serving_endpoint(endpoints: ServingEndpoints, call: Call, body: NamedEndpoint) -> dict[str, Any]:
    endpoint = endpoints.get(body.name)
    call.awaits = lifecycle.awaits(endpoint)
    return detailed(endpoints, call, endpoint)


@routes.put("/api/2.0/serving-endpoints/<name>/config", atomic=False, privilege=of_endpoint(MANAGE))
def update_serving_endpoint_config(endpoints: ServingEndpoints, call: Call, body: UpdateConfig) -> dict[str, Any]:
    endpoint = endpoints.update_config(body.name or "", body, call.caller, call.time)
    _remark(call, endpoint, body.auto_capture_config is not None)
    return detailed(endpoints, call, endpoint)


@routes.delete("/api/2.0/serving-endpoints/<name>", atomic=False, privilege=of_endpoint(MANAGE))
def delete_serving_endpoint(endpoints: ServingEndpoints, call: Call, body: NamedEndpoint) -> None:
    endpoints.delete(body.name)


@routes.patch("/api/2.0/serving-endpoints/<name>/tags", privilege=of_endpoint(MANAGE))
def patch_serving_endpoint_tags(endpoints: ServingEndpoints, call: Call, body: PatchTags) -> dict[str, Any]:
    add = [Tag(key=tag.key, value=tag.value) for tag in body.add_tags or ()]
    return {"tags": answers.tags(endpoints.patch_tags(body.name, add, body.delete_tags or []).tags)}


@routes.put("/api/2.0/serving-endpoints/<name>/ai-gateway", privilege=of_gateway)
def put_serving_endpoint_ai_gateway(endpoints: ServingEndpoints, call: Call, body: PutAiGateway) -> dict[str, Any]:
    return answers.gateway(endpoints.put_ai_gateway(body.name, body, call.caller))


@routes.patch("/api/2.0/serving-endpoints/<name>/telemetry-config", privilege=of_gateway)
def patch_telemetry_config(endpoints: ServingEndpoints, call: Call, body: PatchTelemetry) -> dict[str, Any]:
    return detailed(endpoints, call, endpoints.patch_telemetry(body.name, body.telemetry_config, call.caller))


@routes.get(
    "/api/2.0/serving-endpoints/<name>/served-models/<served_model_name>/build-logs",
    atomic=False,
    privilege=of_endpoint(MANAGE),
)
def get_served_model_build_logs(endpoints: ServingEndpoints, call: Call, body: ServedModelOf) -> dict[str, str]:
    endpoint, update, entity = endpoints.served_entity(body.name, body.served_model_name, body.config_version)
    return {"logs": logs.build(endpoint, update, entity, endpoints.build_log(endpoint, update, entity), call.time)}


@routes.get(
    "/api/2.0/serving-endpoints/<name>/served-models/<served_model_name>/logs",
    atomic=False,
    privilege=of_endpoint(MANAGE),
)
def get_served_model_logs(endpoints: ServingEndpoints, call: Call, body: ServedModelOf) -> dict[str, str]:
    _, update, entity = endpoints.served_entity(body.name, body.served_model_name, body.config_version)
    return {"logs": logs.server(update, entity, endpoints.printed(entity), call.time)}


class QueryEndpoint(Shape):
    name: str
    served_model_name: str | None = None


@routes.post("/serving-endpoints/<name>/invocations", atomic=False, raw=True, privilege=of_endpoint(QUERY))
@routes.post(
    "/serving-endpoints/<name>/served-models/<served_model_name>/invocations",
    atomic=False,
    raw=True,
    privilege=of_endpoint(QUERY),
)
def query_serving_endpoint(invocations: Invocations, call: Call, body: QueryEndpoint) -> Reply:
    invocations.require_control_plane(body.name)
    return queried(invocations, call, body.name, call.request.body, body.served_model_name)


def queried(
    invocations: Invocations, call: Call, endpoint: str, content: bytes, served_model: str | None = None
) -> Reply:
    """What an endpoint replies to that content."""
    query = Query(
        endpoint=endpoint,
        served_model=served_model,
        body=content,
        content_type=call.request.headers.get("content-type", ""),
        received=call.time,
        request_id=call.request_id,
        caller=call.caller,
    )
    try:
        answered = invocations.query(query)
    except NotReady as not_ready:
        call.awaits = not_ready.until
        raise
    answered.notes[:0] = call.notes
    call.notes = answered.notes  # the very list: the end of a stream may add to it
    headers = {
        "content-type": answered.scored.content_type,
        "served-model-name": answered.served_model,
        "x-databricks-request-id": call.request_id,
    }
    scored, duration = answered.scored, call.duration + answered.remaining
    return Reply(scored.status, scored.body, headers, duration, scored.events, answered.passed)


def detailed(endpoints: ServingEndpoints, call: Call, endpoint: Endpoint) -> dict[str, Any]:
    """The endpoint as the caller sees it now."""
    seen = answers.Seen(
        now=call.time,
        asleep=lambda config, entity: endpoints.asleep(endpoint, config, entity, call.time),
        lost=lambda capture: endpoints.lost(endpoint, capture),
        level=endpoints.permissions.level(endpoint, call.caller),
        data_plane=endpoints.data_plane.info(endpoint, call.base_url),
    )
    return answers.detailed(endpoint, seen)


def _remark(call: Call, endpoint: Endpoint, asked_for_capture: bool) -> None:
    config = endpoint.pending.config if endpoint.pending else None
    if config is None:
        return
    if asked_for_capture and config.auto_capture_config and config.auto_capture_config.enabled:
        call.notes.append(DEPRECATED)
    if is_gpu(config):
        call.notes.append(_GPU)
