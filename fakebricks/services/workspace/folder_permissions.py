"""Permissions on the folders of the workspace tree, which all that is in them inherits.

Real: CAN_READ, CAN_RUN, CAN_EDIT and CAN_MANAGE; a person's home is theirs, `/Shared` is everybody's and the rest is
the admins' until other permissions are set; who makes a folder manages it; to make and delete things in a folder takes
CAN_MANAGE (documented). Inferred: the texts; what inheritance from admins is said to come from.
"""

from __future__ import annotations

from collections.abc import Iterator

from fakebricks.services.iam.access_control import GROUP, AccessControl
from fakebricks.services.iam.object_permissions import Inherited, ObjectPermissions, ObjectType
from fakebricks.services.iam.people import USERS
from fakebricks.services.iam.records import Permission
from fakebricks.services.workspace.directories import Directories
from fakebricks.services.workspace.paths import split
from fakebricks.services.workspace.records import DIRECTORY, Node
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import PermissionDenied, ResourceDoesNotExist

READ, RUN, EDIT, MANAGE = "CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"

_HOMES = "/Users"
_SHARED = "/Shared"
_VERBS = {READ: "View", RUN: "Run", EDIT: "Edit", MANAGE: "Manage"}


class FolderPermissions(ObjectPermissions[Node]):
    """The permissions on the folders of one workspace."""

    object_type = ObjectType(
        name="directories",
        called="directory",
        levels={
            READ: "Can view items in folder",
            RUN: "Can view and run items in folder",
            EDIT: "Can view, run and edit items in folder",
            MANAGE: "Can view, run, edit, create, delete and change permissions of items in folder",
        },
    )

    def __init__(self, access_control: AccessControl, directories: Directories) -> None:
        super().__init__(access_control)
        self._directories = directories

    def find(self, object_id: str) -> Node | None:
        """The folder of that id, or None."""
        node = self._directories.by_id(object_id)
        return node if node is not None and node.object_type == DIRECTORY else None

    def get(self, object_id: str) -> Node:
        """The folder of that id.

        Raises:
            ResourceDoesNotExist: there is none.
        """
        node = self.find(object_id)
        if node is None:
            raise ResourceDoesNotExist(f"Node ID {object_id} does not exist.")
        return node

    def object_id(self, one: Node) -> str:
        """How permissions name a folder."""
        return self.object_type.object_id(one.object_id)

    def at_first(self, one: Node) -> tuple[Permission, ...]:
        """A home is its person's, `/Shared` everybody's, another folder that of who made it."""
        if one.path == _SHARED:
            return (Permission(kind=GROUP, principal=USERS, level=MANAGE),)
        parent, name = split(one.path)
        holder = name if parent == _HOMES else one.creator
        return self.created_by(holder) if holder else ()

    def inherited(self, one: Node) -> Iterator[Inherited]:
        """What a folder has from those that it is in."""
        return self.passed_on(one.path)

    def denied(self, one: Node, level: str, caller: Caller) -> PermissionDenied:
        """What is said to who does not have a level on a folder."""
        return _denied(one.path, level, caller)

    def passed_on(self, path: str) -> Iterator[Inherited]:
        """What the thing at a normal path has from the folders that it is in, the nearest first."""
        while path != "/":
            path = split(path)[0]
            folder = self._directories.find(path)
            if folder is not None:
                object_id = self.object_id(folder)
                for permission in self.direct(folder):
                    yield Inherited(permission, object_id)
        yield self.of_admins(self.object_id(self._directories.get("/")))

    def require_changes(self, path: str, caller: Caller) -> None:
        """The caller may make and delete things at a normal path: they manage the nearest folder that there is.

        Raises:
            PermissionDenied: they do not.
        """
        if caller.is_admin:
            return
        nearest = path
        while (folder := self._directories.find(nearest)) is None or folder.object_type != DIRECTORY:
            nearest = split(nearest)[0]
        if not self.allows(folder, MANAGE, caller):
            raise _denied(path, MANAGE, caller)


def _denied(path: str, level: str, caller: Caller) -> PermissionDenied:
    return PermissionDenied(f"{caller.user_name} does not have {_VERBS[level]} permissions on {path}.")
