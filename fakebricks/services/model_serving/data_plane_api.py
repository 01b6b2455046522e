"""REST operations of the data plane."""

from __future__ import annotations

from fakebricks.services.model_serving.api import QueryEndpoint, queried
from fakebricks.services.model_serving.data_plane import DataPlane
from fakebricks.services.model_serving.invocations import Invocations
from fakebricks.wire.messages import Reply
from fakebricks.wire.operations import Call, Routes

routes = Routes()


class QueryDataPlane(QueryEndpoint, kw_only=True):
    workspace_id: str


def queries(data_plane: DataPlane, call: Call, body: QueryDataPlane) -> None:
    """To have a token for the endpoint, and CAN_QUERY on it."""
    data_plane.require_query(body.workspace_id, body.name, call.caller)


@routes.post(
    "/<workspace_id>/serving-endpoints/<name>/invocations",
    atomic=False,
    raw=True,
    data_plane=True,
    privilege=queries,
)
def query_serving_endpoint_data_plane(invocations: Invocations, call: Call, body: QueryDataPlane) -> Reply:
    return queried(invocations, call, body.name, call.request.body)
