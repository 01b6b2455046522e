"""What a caller must be allowed, per operation of identity: declared beside the operations, decided here.

Real: workspace admins alone write people, groups, and the tokens and secrets of others (documented).
Inferred: the text.
"""

from __future__ import annotations

from typing import Any

from fakebricks.services.iam.people import People
from fakebricks.wire.errors import PermissionDenied
from fakebricks.wire.operations import Call


def administers(people: People, call: Call, body: Any) -> None:  # noqa: ARG001 - the form of a privilege
    """To be an admin of the workspace."""
    if not call.caller.is_admin:
        raise PermissionDenied(f"{call.caller.user_name} is not an admin of the workspace, who alone may do this.")


def anybody(people: People, call: Call, body: Any) -> None:
    """Nothing: the operation is about the caller alone, or tells the others only what everybody may know."""
