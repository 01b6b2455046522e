"""What a caller must be allowed, per operation of the workspace tree."""

from __future__ import annotations

from typing import Any

from fakebricks.services.workspace.tree_permissions import TreePermissions
from fakebricks.wire.operations import Call


def changes(permissions: TreePermissions, call: Call, body: Any) -> None:
    """To make a folder at the path."""
    permissions.require_changes(body.path, call.caller)


def views(permissions: TreePermissions, call: Call, body: Any) -> None:
    """To see what is at the path."""
    permissions.require_view(body.path, call.caller)


def deletes(permissions: TreePermissions, call: Call, body: Any) -> None:
    """To delete what is at the path."""
    permissions.require_delete(body.path, call.caller)
