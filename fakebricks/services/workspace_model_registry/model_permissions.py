"""Permissions on registered models of the workspace registry: who may read, edit and promote which.

Real: CAN_READ, CAN_EDIT, CAN_MANAGE_STAGING_VERSIONS, CAN_MANAGE_PRODUCTION_VERSIONS and CAN_MANAGE; what is set on
the root object is inherited by all models; everybody may create models, and others than a model's creator and the
admins have nothing on it until they are given something (documented).
Inferred: the texts; what the permissions of admins are said to come from.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from fakebricks.services.iam.access_control import AccessControl
from fakebricks.services.iam.object_permissions import Inherited, ObjectPermissions, ObjectType
from fakebricks.services.iam.records import Permission
from fakebricks.services.workspace_model_registry.records import Stage, WorkspaceModel
from fakebricks.services.workspace_model_registry.workspace_model_registry import WorkspaceModelRegistry
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import PermissionDenied, ResourceDoesNotExist

READ, EDIT, MANAGE = "CAN_READ", "CAN_EDIT", "CAN_MANAGE"
MANAGE_STAGING, MANAGE_PRODUCTION = "CAN_MANAGE_STAGING_VERSIONS", "CAN_MANAGE_PRODUCTION_VERSIONS"

_VERBS = {
    READ: "View",
    EDIT: "Edit",
    MANAGE_STAGING: "Manage Staging Versions",
    MANAGE_PRODUCTION: "Manage Production Versions",
    MANAGE: "Manage",
}


class Root(Enum):
    """What all registered models inherit from: `/registered-models/root`."""

    ROOT = "root"


ROOT = Root.ROOT


class ModelPermissions(ObjectPermissions[WorkspaceModel | Root]):
    """The permissions on the registered models of one workspace."""

    object_type = ObjectType(
        name="registered-models",
        called="registered-model",
        levels={  # inferred: the texts
            READ: "Can view the details of the model and its versions, and use them",
            EDIT: "Can view and edit the model, and add versions to it",
            MANAGE_STAGING: "Can view and edit the model, and bring its versions to and from Staging",
            MANAGE_PRODUCTION: "Can view and edit the model, and bring its versions to and from every stage",
            MANAGE: "Can view, edit, rename, delete and change permissions on the model",
        },
    )

    def __init__(self, access_control: AccessControl, registry: WorkspaceModelRegistry) -> None:
        super().__init__(access_control)
        self._registry = registry

    def find(self, object_id: str) -> WorkspaceModel | Root | None:
        """The model of that id, or the root of them, or None."""
        return ROOT if object_id == ROOT.value else self._registry.find_by_id(object_id)

    def get(self, object_id: str) -> WorkspaceModel | Root:
        """The model of that id, or the root of them.

        Raises:
            ResourceDoesNotExist: there is none.
        """
        model = self.find(object_id)
        if model is None:
            raise ResourceDoesNotExist(f"RegisteredModel with id '{object_id}' does not exist.")
        return model

    def object_id(self, one: WorkspaceModel | Root) -> str:
        """How permissions name a model."""
        return self.object_type.object_id(one.value if isinstance(one, Root) else one.id)

    def at_first(self, one: WorkspaceModel | Root) -> tuple[Permission, ...]:
        """A model is managed by who created it; nothing is set on the root."""
        return () if isinstance(one, Root) else self.created_by(one.user_id)

    def inherited(self, one: WorkspaceModel | Root) -> Iterator[Inherited]:
        """What a model has from the root."""
        root = self.object_id(ROOT)
        if one is not ROOT:
            for permission in self.direct(ROOT):
                yield Inherited(permission, root)
        yield self.of_admins(root)

    def denied(self, one: WorkspaceModel | Root, level: str, caller: Caller) -> PermissionDenied:
        """What is said to who does not have a level on a model."""
        what = "registered models" if isinstance(one, Root) else f"registered model with name '{one.name}'"
        return PermissionDenied(f"User {caller.user_name} does not have permission to '{_VERBS[level]}' {what}")

    # Models by name

    def require_named(self, name: str, level: str, caller: Caller) -> None:
        """The caller has a level on the model of a name; one that does not exist is not refused here.

        Raises:
            PermissionDenied: they have not.
        """
        model = None if caller.is_admin else self._registry.find(name)
        if model is not None:
            self.require_on(model, level, caller)

    def require_transition(self, name: str, version: str, stage: Stage, caller: Caller) -> None:
        """The caller may bring a version to a stage: both that and the one that it is in must be theirs to manage.

        What does not exist is not refused here.

        Raises:
            PermissionDenied: they may not.
        """
        if caller.is_admin:
            return
        try:
            before = self._registry.get_version(name, version).stage
        except ResourceDoesNotExist:
            before = "None"
        level = MANAGE_PRODUCTION if "Production" in (before, stage) else MANAGE_STAGING
        self.require_named(name, level, caller)
