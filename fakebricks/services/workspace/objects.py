"""What people see of the tree: folders, and experiments, notebooks and files as nodes in them.

Real: status, listing, deletion with and without what is inside. Refused: libraries and repos, which the fake does not
store.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from fakebricks.services.workspace.contents import Contents
from fakebricks.services.workspace.directories import Directories
from fakebricks.services.workspace.records import DIRECTORY, EXPERIMENT, FILE, NOTEBOOK, Node
from fakebricks.services.workspace.tree_permissions import TreePermissions
from fakebricks.wire.authentication import Caller


class Experiments(Protocol):
    """What the tree has to know of experiments, which tracking keeps."""

    def delete(self, experiment_id: str, millis: int) -> None:
        """Delete the experiment, and its node with it."""


class Objects:
    """The nodes of the workspace tree, with what they stand for."""

    def __init__(
        self,
        directories: Directories,
        contents: Contents,
        experiments: Experiments,
        permissions: TreePermissions,
    ) -> None:
        self._directories = directories
        self._contents = contents
        self._experiments = experiments
        self._permissions = permissions

    def get_status(self, path: str) -> Node:
        """The node at a path; ResourceDoesNotExist where there is none."""
        return self._directories.get(path)

    def list(self, path: str, caller: Caller) -> Iterator[Node]:
        """What is in a folder and the caller may see, by name."""
        return (node for node in self._directories.children(path) if self._permissions.visible(node, caller))

    def mkdirs(self, path: str, caller: Caller, millis: int) -> Node:
        """A folder and its missing parents, which are the caller's."""
        return self._directories.make(path, millis, caller.user_name)

    def delete(self, path: str, recursive: bool, millis: int) -> None:
        """Delete an experiment, a notebook, a file or a folder.

        Raises:
            DirectoryNotEmpty: a folder has something in it, and `recursive` is false.
            BadRequest: it is a folder that stays.
        """
        self._delete(self._directories.get(path), recursive, millis)

    def _delete(self, node: Node, recursive: bool, millis: int) -> None:
        if node.object_type == EXPERIMENT:
            self._experiments.delete(node.object_id, millis)
            return
        if node.object_type in (NOTEBOOK, FILE):
            self._contents.forget(node)
        if recursive and node.object_type == DIRECTORY:
            for child in tuple(self._directories.children(node.path)):
                self._delete(child, recursive, millis)
        self._directories.remove(node)
