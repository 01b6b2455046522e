"""The REST operation that describes an endpoint's queries."""

from __future__ import annotations

from typing import Any

from fakebricks.services.model_serving import openapi
from fakebricks.services.model_serving.endpoint_permissions import VIEW
from fakebricks.services.model_serving.privileges import of_endpoint
from fakebricks.services.model_serving.serving_endpoints import ServingEndpoints
from fakebricks.services.model_serving.shapes import NamedEndpoint
from fakebricks.wire.operations import Call, Routes

routes = Routes()


@routes.get("/api/2.0/serving-endpoints/<name>/openapi", atomic=False, privilege=of_endpoint(VIEW))
def get_serving_endpoint_open_api(endpoints: ServingEndpoints, call: Call, body: NamedEndpoint) -> dict[str, Any]:
    return openapi.document(endpoints.get(body.name), call.base_url)
