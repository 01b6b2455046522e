"""What a caller must be allowed in the workspace model registry.

Real: a version is made of what the caller may view in tracking. Refused for now: permissions on registered models;
everybody may do everything with those that there are.
"""

from __future__ import annotations

from typing import Any

from fakebricks.services.tracking.experiment_permissions import VIEW
from fakebricks.services.tracking.privileges import Privileges
from fakebricks.services.workspace_model_registry.sources import owner_of
from fakebricks.wire.operations import Call


def of_source(privileges: Privileges, call: Call, body: Any) -> None:
    """To view the run or the logged model that a version is made from."""
    for owner in (owner_of(body.source), body.model_id):
        if owner:
            judge = privileges.logged_model if owner.startswith("m-") else privileges.run
            judge(owner, VIEW, call.caller)
