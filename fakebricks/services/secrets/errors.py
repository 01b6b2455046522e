"""Errors of secrets."""

from __future__ import annotations

from fakebricks.wire.errors import DatabricksError


class ResourceLimitExceeded(DatabricksError):
    """The code is documented; the status is inferred."""

    error_code, status = "RESOURCE_LIMIT_EXCEEDED", 400
