"""The data plane of route-optimised endpoints: a URL of their own, and tokens that are good for one of them.

Real: `endpoint_url` and `data_plane_info`, from which databricks-sdk takes where to query and for what to get a token;
an OAuth token that names the endpoint is needed, and a personal access token is refused (documented; the form of the
details is inferred). Simulated: the URL is one of the workspace's own host, with the path that the platform's has;
requests are answered no faster. Inferred: the texts.
"""

from __future__ import annotations

from typing import Any

from fakebricks.services.iam.authorization_details import to_query
from fakebricks.services.model_serving.endpoint_permissions import QUERY, EndpointPermissions
from fakebricks.services.model_serving.records import Endpoint
from fakebricks.state import State
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import EndpointNotFound, PermissionDenied


class DataPlane:
    """The data planes of one workspace's endpoints."""

    def __init__(self, state: State, permissions: EndpointPermissions, workspace_id: str) -> None:
        self._endpoints = state.table("serving_endpoints", Endpoint)
        self._permissions = permissions
        self._workspace_id = workspace_id

    def info(self, endpoint: Endpoint, base_url: str) -> dict[str, Any]:
        """Where an endpoint is queried and for what a token must be, if it is route-optimised; else nothing."""
        if not endpoint.route_optimized:
            return {}
        url = f"{base_url}/{self._workspace_id}/serving-endpoints/{endpoint.name}/invocations"
        query_info = {"authorization_details": to_query(endpoint.id), "endpoint_url": url}
        return {"endpoint_url": url, "data_plane_info": {"query_info": query_info}}

    def require_query(self, workspace_id: str, name: str, caller: Caller) -> None:
        """The caller may query an endpoint, with the token that they have.

        Raises:
            EndpointNotFound: there is no route-optimised endpoint of that name.
            PermissionDenied: the token is a personal one or for other endpoints, or the caller may not query it.
        """
        endpoint = self._endpoints.get((name,))
        if endpoint is None or not endpoint.route_optimized or workspace_id != self._workspace_id:
            raise EndpointNotFound("The given endpoint does not exist, or is not route-optimized.")
        if f"/serving-endpoints/{endpoint.id}" not in caller.confined_to:
            message = (
                "A route-optimized endpoint is queried with an OAuth token for it alone. Get one for "
                f"'{name}' with the authorization_details that its data_plane_info tells."
            )
            raise PermissionDenied(message)
        self._permissions.require_named(name, QUERY, caller)
