"""What a caller must be allowed, per operation of object permissions.

Inferred: that the permissions on an object are for those who manage it, and its levels for those who may see it.
"""

from __future__ import annotations

from typing import Any

from fakebricks.services.iam.object_permissions import PermissionsByType
from fakebricks.wire.operations import Call


def manages(permissions: PermissionsByType, call: Call, body: Any) -> None:
    """To have the strongest level on the object."""
    of_type = permissions.of(body.object_type)
    of_type.require(body.object_id, of_type.object_type.strongest, call.caller)


def sees(permissions: PermissionsByType, call: Call, body: Any) -> None:
    """To have any level on the object."""
    of_type = permissions.of(body.object_type)
    of_type.require(body.object_id, next(iter(of_type.object_type.levels)), call.caller)
