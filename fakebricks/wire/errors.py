"""Errors as Databricks sends them: one exception per error_code, raised in the domain, rendered once.

Real: the JSON shape, the codes and the HTTP status of each code. The shape is the one captured from a workspace: a
`RequestInfo` detail with the request's id and an empty `serving_data` (observed). The statuses are those that
databricks-sdk and MLflow map the codes to (documented: `databricks/sdk/errors/platform.py`, `mlflow/exceptions.py`).
"""

from __future__ import annotations

from typing import Any, ClassVar

from fakebricks.wire.messages import Reply
from fakebricks.wire.redaction import struck_out


class DatabricksError(Exception):
    """What the platform answers instead of a result; its message is the text that the client sees.

    A credential in it, which the client sent in some wrong place, is struck out.
    """

    error_code: ClassVar[str | int] = "INTERNAL_ERROR"
    status: ClassVar[int] = 500

    def __init__(self, message: str) -> None:
        self.message = struck_out(message)
        super().__init__(self.message)
        self.headers: dict[str, str] = {}


class BadRequest(DatabricksError):
    error_code, status = "BAD_REQUEST", 400


class InvalidParameterValue(DatabricksError):
    error_code, status = "INVALID_PARAMETER_VALUE", 400


class MalformedRequest(DatabricksError):
    error_code, status = "MALFORMED_REQUEST", 400


class InvalidState(DatabricksError):
    """400, as the platform's gateway sends it; MLflow's own servers use 500 for the same code (documented)."""

    error_code, status = "INVALID_STATE", 400


class ResourceAlreadyExists(DatabricksError):
    """400, as the MLflow and Unity Catalog families send it (documented); Serving answers 409 with the same code."""

    error_code, status = "RESOURCE_ALREADY_EXISTS", 400


class MaxBlockSizeExceeded(DatabricksError):
    """400 for a block that is larger than DBFS takes (the code is documented, the status inferred)."""

    error_code, status = "MAX_BLOCK_SIZE_EXCEEDED", 400


class MaxReadSizeExceeded(DatabricksError):
    """400 for more than DBFS gives at once (the code is documented, the status inferred)."""

    error_code, status = "MAX_READ_SIZE_EXCEEDED", 400


class MaxNotebookSizeExceeded(DatabricksError):
    """400 for what is larger than the workspace imports and exports (documented)."""

    error_code, status = "MAX_NOTEBOOK_SIZE_EXCEEDED", 400


class DirectoryNotEmpty(DatabricksError):
    """400, as the workspace answers (documented)."""

    error_code, status = "DIRECTORY_NOT_EMPTY", 400


class IoError(DatabricksError):
    """400, as DBFS answers where a directory is not empty (documented; observed: BAD_REQUEST since late in 2025)."""

    error_code, status = "IO_ERROR", 400


class CatalogAlreadyExists(ResourceAlreadyExists):
    error_code = "CATALOG_ALREADY_EXISTS"


class SchemaAlreadyExists(ResourceAlreadyExists):
    error_code = "SCHEMA_ALREADY_EXISTS"


class TableAlreadyExists(ResourceAlreadyExists):
    error_code = "TABLE_ALREADY_EXISTS"


class CatalogNotEmpty(DatabricksError):
    error_code, status = "CATALOG_NOT_EMPTY", 400


class SchemaNotEmpty(DatabricksError):
    error_code, status = "SCHEMA_NOT_EMPTY", 400


class Unauthenticated(DatabricksError):
    """401. The gateway carries the HTTP code itself as `error_code` (observed)."""

    error_code, status = 401, 401


class PermissionDenied(DatabricksError):
    error_code, status = "PERMISSION_DENIED", 403


class NotFound(DatabricksError):
    error_code, status = "NOT_FOUND", 404


class ResourceDoesNotExist(DatabricksError):
    error_code, status = "RESOURCE_DOES_NOT_EXIST", 404


class EndpointNotFound(DatabricksError):
    error_code, status = "ENDPOINT_NOT_FOUND", 404


class CatalogDoesNotExist(DatabricksError):
    error_code, status = "CATALOG_DOES_NOT_EXIST", 404


class SchemaDoesNotExist(DatabricksError):
    error_code, status = "SCHEMA_DOES_NOT_EXIST", 404


class MetastoreDoesNotExist(DatabricksError):
    error_code, status = "METASTORE_DOES_NOT_EXIST", 404


class PrincipalDoesNotExist(DatabricksError):
    error_code, status = "PRINCIPAL_DOES_NOT_EXIST", 404


class TableDoesNotExist(DatabricksError):
    error_code, status = "TABLE_DOES_NOT_EXIST", 404


class AlreadyExists(DatabricksError):
    """409, as the Files API answers (documented: databricks-sdk's `AlreadyExists`)."""

    error_code, status = "ALREADY_EXISTS", 409


class ResourceConflict(DatabricksError):
    error_code, status = "RESOURCE_CONFLICT", 409


class EndpointAlreadyExists(DatabricksError):
    """409 with RESOURCE_ALREADY_EXISTS, as Serving answers (mirror: the Databricks CLI's own test server)."""

    error_code, status = "RESOURCE_ALREADY_EXISTS", 409


class PayloadTooLarge(DatabricksError):
    """413 for a query that is larger than an endpoint takes (the limit is documented; status and code are inferred)."""

    error_code, status = "BAD_REQUEST", 413


class QuotaExceeded(DatabricksError):
    """The code is documented for tokens; the status is inferred."""

    error_code, status = "QUOTA_EXCEEDED", 400


class ResourceExhausted(DatabricksError):
    error_code, status = "RESOURCE_EXHAUSTED", 429


class RequestLimitExceeded(DatabricksError):
    """429; `retry_after` is in whole seconds."""

    error_code, status = "REQUEST_LIMIT_EXCEEDED", 429

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.headers = {"retry-after": str(retry_after)}


class TemporarilyUnavailable(DatabricksError):
    error_code, status = "TEMPORARILY_UNAVAILABLE", 503


class DeadlineExceeded(DatabricksError):
    error_code, status = "DEADLINE_EXCEEDED", 504


class NotImplementedByFakebricks(DatabricksError):
    """501: the fake does not compute this. Never what the platform would say, so that nobody takes it for an answer."""

    error_code, status = "NOT_IMPLEMENTED", 501


def render(error: DatabricksError, request_id: str) -> Reply:
    """The one place where an error becomes a reply."""
    detail = {"@type": "type.googleapis.com/google.rpc.RequestInfo", "request_id": request_id, "serving_data": ""}
    body: dict[str, Any] = {"error_code": error.error_code, "message": error.message, "details": [detail]}
    return Reply.of_json(body, error.status, headers=error.headers)
