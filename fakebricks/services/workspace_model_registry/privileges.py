"""What a caller must be allowed, per operation of the workspace model registry.

Real: that each level is enforced, on every operation.
Inferred from the names of the levels: reading takes CAN_READ, which is enough to ask for a transition and to comment;
describing, tagging and new versions take CAN_EDIT; transitions, and answers to requests for them, take
CAN_MANAGE_STAGING_VERSIONS, or where the stage Production is left or entered CAN_MANAGE_PRODUCTION_VERSIONS; renaming
and deleting take CAN_MANAGE. A request is taken back, and a comment changed, by who made it or manages the model. A
version is made of what the caller may view in tracking, or may read here.
What does not exist is not refused here; the operation itself says what is missing.
"""

from __future__ import annotations

from typing import Any

from fakebricks.services.tracking.experiment_permissions import VIEW
from fakebricks.services.tracking.privileges import Privileges
from fakebricks.services.workspace_model_registry.discussion import Comments
from fakebricks.services.workspace_model_registry.model_permissions import EDIT, MANAGE, READ, ModelPermissions
from fakebricks.services.workspace_model_registry.names import stage_of
from fakebricks.services.workspace_model_registry.sources import copied_from, owner_of
from fakebricks.wire.authentication import Caller
from fakebricks.wire.operations import Call, Privilege


class ModelPrivileges:
    """Decides where more than the permissions on one registered model is asked."""

    def __init__(self, permissions: ModelPermissions, tracking: Privileges, comments: Comments) -> None:
        self._permissions = permissions
        self._tracking = tracking
        self._comments = comments

    def new_version(self, name: str, source: str, model_id: str, caller: Caller) -> None:
        """Raise PermissionDenied where the caller may not add to the model, or not read what a version is made of."""
        self._permissions.require_named(name, EDIT, caller)
        copied = copied_from(source)
        if copied is not None:
            self._permissions.require_named(copied[0], READ, caller)
        for owner in (owner_of(source), model_id):
            if owner:
                judge = self._tracking.logged_model if owner.startswith("m-") else self._tracking.run
                judge(owner, VIEW, caller)

    def comment(self, comment_id: str, caller: Caller) -> None:
        """Raise PermissionDenied where the caller may not change a comment."""
        comment = self._comments.find(comment_id)
        if comment is not None:
            level = READ if comment.user_id == caller.user_name else MANAGE
            self._permissions.require(comment.model, level, caller)


def of_model(level: str) -> Privilege:
    """To have a level on the registered model that the request names."""

    def check(permissions: ModelPermissions, call: Call, body: Any) -> None:
        permissions.require_named(body.name, level, call.caller)

    return check


def of_new_version(privileges: ModelPrivileges, call: Call, body: Any) -> None:
    """To edit the model, and to view what the version is made from."""
    privileges.new_version(body.name, body.source, body.model_id, call.caller)


def of_transition(permissions: ModelPermissions, call: Call, body: Any) -> None:
    """To manage the versions in the stage that the version is in, and in the one that it goes to."""
    permissions.require_transition(body.name, body.version, stage_of(body.stage), call.caller)


def of_own_request(permissions: ModelPermissions, call: Call, body: Any) -> None:
    """To have made the transition request, or to manage the model."""
    level = READ if body.creator == call.caller.user_name else MANAGE
    permissions.require_named(body.name, level, call.caller)


def of_comment(privileges: ModelPrivileges, call: Call, body: Any) -> None:
    """To have written the comment, or to manage the model."""
    privileges.comment(body.id, call.caller)
