"""Who may see, make and delete what in the workspace tree: folders, and experiments as nodes in them.

Real: folders have permissions, which what is in them inherits (see `folder_permissions.py`); experiments have those of
their own besides, which tracking keeps. Inferred: the folders that every workspace has and the homes of people are
visible to everybody, all other folders to those who have a permission on them.
"""

from __future__ import annotations

from typing import Protocol

from fakebricks.services.workspace.directories import Directories, is_protected
from fakebricks.services.workspace.folder_permissions import READ, FolderPermissions
from fakebricks.services.workspace.paths import normal
from fakebricks.services.workspace.records import EXPERIMENT, Node
from fakebricks.wire.authentication import Caller


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

    def __init__(
        self, directories: Directories, folders: FolderPermissions, experiments: ExperimentPermissions
    ) -> None:
        self._directories = directories
        self._folders = folders
        self._experiments = experiments

    def require_changes(self, path: str, caller: Caller) -> None:
        """The caller may make and delete folders at a path; what is no path is not refused here.

        Raises:
            PermissionDenied: they may not.
        """
        known = normal(path)
        if known is not None:
            self._folders.require_changes(known, caller)

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
        raise self._folders.denied(node, READ, caller)

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
            self._folders.require_changes(node.path, caller)

    def visible(self, node: Node, caller: Caller) -> bool:
        """Whether the caller may see a folder or thing."""
        if caller.is_admin:
            return True
        if node.object_type == EXPERIMENT:
            return self._experiments.may_view(node.object_id, caller)
        return is_protected(node.path) or self._folders.allows(node, READ, caller)

    def _node(self, path: str) -> Node | None:
        known = normal(path)
        return self._directories.find(known) if known else None
