"""What a caller must be allowed, per operation of SQL warehouses and of statements.

Real: to see a warehouse takes CAN_VIEW, to start it or run a statement on it CAN_USE, to edit, stop or delete it its
ownership or CAN_MANAGE (documented). Who submitted a statement may look at it and cancel it, and so may admins.
"""

from __future__ import annotations

from typing import Any

from fakebricks.services.sql.statements import Statements
from fakebricks.services.sql.warehouse_permissions import WarehousePermissions
from fakebricks.wire.operations import Call, Privilege


def of_warehouse(level: str, field: str = "id") -> Privilege:
    """To have a level on the warehouse that a field of the request names."""

    def check(permissions: WarehousePermissions, call: Call, body: Any) -> None:
        permissions.require(getattr(body, field), level, call.caller)

    return check


def creates_warehouses(permissions: WarehousePermissions, call: Call, body: Any) -> None:  # noqa: ARG001
    """To be one who may make warehouses."""
    permissions.require_to_create(call.caller)


def owns_statement(statements: Statements, call: Call, body: Any) -> None:
    """To have submitted the statement that the request names, or to be an admin."""
    statements.require(body.statement_id, call.caller)


def owns_session(statements: Statements, call: Call, body: Any) -> None:
    """To have opened the session that the request names."""
    statements.sessions.get(body.session_id, call.caller)
