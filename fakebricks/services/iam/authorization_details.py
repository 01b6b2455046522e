"""Authorization details: for which objects alone an access token is to be good (RFC 9396).

Real: databricks-sdk passes them on as the endpoint tells them (documented). Inferred: their form, a list of workspace
permissions on serving endpoints, each to query one. Refused: other types, objects and actions.
"""

from __future__ import annotations

from typing import Any

import msgspec

from fakebricks.wire.errors import InvalidParameterValue, NotImplementedByFakebricks

_QUERY = {"type": "workspace_permission", "object_type": "serving-endpoints", "actions": ["query_inference_endpoint"]}


def to_query(endpoint_id: str) -> str:
    """The details that a token needs to query a serving endpoint."""
    return msgspec.json.encode([_QUERY | {"object_path": f"/serving-endpoints/{endpoint_id}"}]).decode()


def objects(details: str) -> list[str]:
    """The objects that details name.

    Raises:
        InvalidParameterValue: they are no details.
        NotImplementedByFakebricks: they are of another type, object or action.
    """
    try:
        given = msgspec.json.decode(details)
    except (msgspec.DecodeError, RecursionError):
        raise InvalidParameterValue("authorization_details is not valid JSON.") from None
    if not isinstance(given, list) or not given or not all(isinstance(one, dict) for one in given):
        raise InvalidParameterValue("authorization_details must be a list of objects, and not be empty.")
    return [_object(one) for one in given]


def _object(details: dict[str, Any]) -> str:
    path = details.get("object_path")
    if not isinstance(path, str) or not path:
        raise InvalidParameterValue("authorization_details must name an object_path.")
    if {name: details.get(name) for name in _QUERY} != _QUERY:
        raise NotImplementedByFakebricks(
            "fakebricks computes authorization_details for queries to serving endpoints alone: take those that the "
            "endpoint's data_plane_info tells."
        )
    return path
