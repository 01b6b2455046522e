"""What a caller must be allowed, per operation of secrets.

Real: to get a secret or list those of a scope takes READ, to put or delete one WRITE, to delete the scope or to look at
its permissions or change them MANAGE (documented; of the deletion of a scope, inferred).
"""

from __future__ import annotations

from typing import Any

from fakebricks.services.secrets.scopes import Scopes
from fakebricks.wire.operations import Call, Privilege


def of_scope(level: str) -> Privilege:
    """To have a level on the scope that the request names."""

    def check(scopes: Scopes, call: Call, body: Any) -> None:
        scopes.require(body.scope, level, call.caller)

    return check
