"""REST operations of Model Serving in the form of the OpenAI client, whose base URL is `<host>/serving-endpoints`.

Real: the routes (documented). They answer what the endpoint's model answers: the shapes are the model's affair.
"""

from __future__ import annotations

from typing import Any

from fakebricks.services.model_serving.api import queried
from fakebricks.services.model_serving.endpoint_permissions import QUERY, EndpointPermissions
from fakebricks.services.model_serving.invocations import Invocations
from fakebricks.services.model_serving.openai_requests import addressed
from fakebricks.wire.messages import Reply
from fakebricks.wire.operations import Call, Routes

routes = Routes()


def may_query_the_model(permissions: EndpointPermissions, call: Call, body: Any) -> None:
    """To have CAN_QUERY on the endpoint that the body names."""
    permissions.require_named(addressed(call.request.body).endpoint, QUERY, call.caller)


@routes.post("/serving-endpoints/chat/completions", atomic=False, raw=True, privilege=may_query_the_model)
@routes.post("/serving-endpoints/completions", atomic=False, raw=True, privilege=may_query_the_model)
@routes.post("/serving-endpoints/embeddings", atomic=False, raw=True, privilege=may_query_the_model)
@routes.post("/serving-endpoints/responses", atomic=False, raw=True, privilege=may_query_the_model)
def query_serving_endpoint_as_openai(invocations: Invocations, call: Call) -> Reply:
    endpoint, content = addressed(call.request.body)
    invocations.require_control_plane(endpoint)
    return queried(invocations, call, endpoint, content)
