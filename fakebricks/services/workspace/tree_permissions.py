"""Who may do what in the workspace tree, by where it is.

Real: a person's home is theirs, `/Shared` is everybody's, and the rest is the admins' (documented); what stands in a
folder inherits that. Experiments have permissions of their own besides, which tracking keeps.
Inferred: folders inside somebody's home are invisible to others, all other folders are visible, and the texts.
Refused for now: permissions that are set on a folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fakebricks.services.workspace.directories import Directories
from fakebricks.services.workspace.paths import normal
from fakebricks.services.workspace.records import EXPERIMENT, Node
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import PermissionDenied

_HOMES = "/Users/"
_SHARED = "/Shared"


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose a part of the tree is.

    Attributes:
        user_name: of the person, or None for everybody.
        folder: the path of the folder that is theirs, with all that is in it.
    """

    user_name: str | None
    folder: str

    def includes(self, caller: Caller) -> bool:
        """Whether it is the caller's."""
        return self.user_name is None or self.user_name == caller.user_name


def holder_of(path: str) -> Holder | None:
    """Whose the folder or thing at a normal path is; None for the admins alone."""
    if path == _SHARED or path.startswith(f"{_SHARED}/"):
        return Holder(None, _SHARED)
    if not path.startswith(_HOMES):
        return None
    user_name = path.removeprefix(_HOMES).partition("/")[0]
    return Holder(user_name, f"{_HOMES}{user_name}")


class ExperimentPermissions(Protocol):
    """What the tree has to know of the permissions on experiments."""

    def require_manage(self, experiment_id: str, caller: Caller) -> None:
        """Raise where the caller may not delete the experiment."""

    def require_view(self, experiment_id: str, caller: Caller) -> None:
        """Raise where the caller may not see the experiment."""

    def may_view(self, experiment_id: str, caller: Caller) -> bool:
        """Whether the caller may see the experiment."""


class TreePermissions:
    """Decides on the workspace tree."""

    def __init__(self, directories: Directories, experiments: ExperimentPermissions) -> None:
        self._directories = directories
        self._experiments = experiments

    def require_changes(self, path: str, caller: Caller) -> None:
        """The caller may make and delete folders at a path.

        Raises:
            PermissionDenied: they may not.
        """
        require_changes(normal(path) or path, caller)

    def require_view(self, path: str, caller: Caller) -> None:
        """The caller may see what is at a path, if anything is.

        Raises:
            PermissionDenied: they may not.
        """
        node = self._node(path)
        if node is None or self.visible(node, caller):
            return
        if node.object_type == EXPERIMENT:
            self._experiments.require_view(node.object_id, caller)
        raise PermissionDenied(f"{caller.user_name} does not have View permissions on {node.path}.")

    def require_delete(self, path: str, caller: Caller) -> None:
        """The caller may delete what is at a path, if anything is.

        Raises:
            PermissionDenied: they may not.
        """
        node = self._node(path)
        if node is None:
            return
        if node.object_type == EXPERIMENT:
            self._experiments.require_manage(node.object_id, caller)
        else:
            require_changes(node.path, caller)

    def visible(self, node: Node, caller: Caller) -> bool:
        """Whether the caller may see a folder or thing."""
        if caller.is_admin:
            return True
        if node.object_type == EXPERIMENT:
            return self._experiments.may_view(node.object_id, caller)
        holder = holder_of(node.path)
        return holder is None or node.path == holder.folder or holder.includes(caller)

    def _node(self, path: str) -> Node | None:
        known = normal(path)
        return self._directories.find(known) if known else None


def require_changes(path: str, caller: Caller) -> None:
    """The caller may make and delete things at a normal path.

    Raises:
        PermissionDenied: it is in a folder that is not theirs.
    """
    if caller.is_admin:
        return
    holder = holder_of(path)
    if holder is None or not holder.includes(caller):
        raise PermissionDenied(f"{caller.user_name} does not have Manage permissions on {path}.")
