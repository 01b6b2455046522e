"""SCIM's errors, and how they look.

Real: the shape of RFC 7644, with `detail` and `status`, from which databricks-sdk makes its errors (documented: its
`errors/deserializer.py`). Refusals of fakebricks itself keep their own shape. Inferred: which errors have a `scimType`.
"""

from __future__ import annotations

from typing import Any

from fakebricks.wire.errors import DatabricksError, InvalidParameterValue, NotImplementedByFakebricks, render
from fakebricks.wire.messages import Reply

_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"


class InvalidFilter(InvalidParameterValue):
    """A filter that cannot be read, or that names what there is not."""


class InvalidPath(InvalidParameterValue):
    """A path of a patch that leads to nothing that can be changed."""


_TYPES: dict[type[DatabricksError], str] = {InvalidFilter: "invalidFilter", InvalidPath: "invalidPath"}


def scim_error(error: DatabricksError, request_id: str) -> Reply:
    """An error as SCIM sends it."""
    if isinstance(error, NotImplementedByFakebricks):
        return render(error, request_id)
    body: dict[str, Any] = {"schemas": [_SCHEMA], "detail": error.message, "status": str(error.status)}
    if type(error) in _TYPES:
        body["scimType"] = _TYPES[type(error)]
    return Reply.of_json(body, error.status, headers={"content-type": "application/scim+json", **error.headers})
