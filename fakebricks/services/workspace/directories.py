"""The tree of folders, and of what is named in it.

Real: folders, homes of people, parents that must exist, what a folder contains, ids of nodes.
"""

from __future__ import annotations

from collections.abc import Iterator

from fakebricks.ids import Ids
from fakebricks.services.workspace.paths import normal, split
from fakebricks.services.workspace.records import DIRECTORY, Node, NodePlace
from fakebricks.state import State
from fakebricks.wire.errors import (
    BadRequest,
    DirectoryNotEmpty,
    InvalidParameterValue,
    ResourceAlreadyExists,
    ResourceDoesNotExist,
)

_FIRST = ("/", "/Users", "/Shared", "/Repos")


class Directories:
    """The nodes of the workspace tree."""

    def __init__(self, state: State, ids: Ids) -> None:
        self._nodes = state.table("workspace_nodes", Node)
        self._places = state.table("workspace_node_places", NodePlace)
        self._ids = ids
        for path in _FIRST:
            if self.find(path):
                continue
            self._put(Node(path=path, object_id=ids.number(), object_type=DIRECTORY, created_at=0, modified_at=0))

    def add_home(self, user_name: str, millis: int) -> Node:
        """The home folder `/Users/<user>` of a person, made if need be."""
        return self.make(f"/Users/{user_name}", millis)

    def find(self, path: str) -> Node | None:
        """The node at a normal path, or None."""
        return self._nodes.get(split(path))

    def get(self, path: str) -> Node:
        """The node at a path.

        Raises:
            InvalidParameterValue: it is not a path.
            ResourceDoesNotExist: nothing is there.
        """
        node = self.find(_checked(path))
        if node is None:
            raise ResourceDoesNotExist(f"Path ({path}) doesn't exist.")
        return node

    def by_id(self, object_id: str) -> Node | None:
        """The node of that id, or None."""
        place = self._places.get((object_id,))
        return self.find(place.path) if place else None

    def children(self, path: str) -> Iterator[Node]:
        """What is in a folder, by name; a node that is no folder is listed as itself.

        Raises:
            ResourceDoesNotExist: nothing is there.
        """
        node = self.get(path)
        if node.object_type != DIRECTORY:
            yield node
            return
        for _, child in self._nodes.scan((node.path,)):
            yield child

    def make(self, path: str, millis: int, creator: str = "") -> Node:
        """A folder and its missing parents, made by somebody; one that exists is left as it is.

        Raises:
            ResourceAlreadyExists: a part of the path is there and is no folder.
        """
        path = _checked(path)
        node = self.find(path)
        if node and node.object_type != DIRECTORY:
            raise ResourceAlreadyExists(f"The path ({path}) already exists and is not a directory.")
        if node:
            return node
        self.make(split(path)[0], millis, creator)
        node = Node(
            path=path,
            object_id=self._ids.number(),
            object_type=DIRECTORY,
            created_at=millis,
            modified_at=millis,
            creator=creator,
        )
        self._put(node)
        return node

    def add(self, node: Node) -> None:
        """Name something in a folder that exists.

        Raises:
            ResourceDoesNotExist: the parent folder does not exist (text observed).
            ResourceAlreadyExists: the name is taken.
        """
        parent, name = split(node.path)
        folder = self.find(parent)
        if folder is None or folder.object_type != DIRECTORY:
            raise ResourceDoesNotExist(f"Parent directory {parent} does not exist.")
        if self.find(node.path):
            raise ResourceAlreadyExists(f"Node named '{name}' already exists in folder {parent}.")
        self._put(node)

    def change(self, node: Node) -> None:
        """Put a node in place of the one that is at its path and has its id."""
        self._put(node)

    def remove(self, node: Node) -> None:
        """Take a node out of the tree.

        Raises:
            BadRequest: it is a folder that every workspace has, or a person's home.
            DirectoryNotEmpty: it is a folder with something in it.
        """
        if node.object_type == DIRECTORY and is_protected(node.path):
            raise BadRequest(f"Folder {node.path} is protected")
        if next(self._nodes.scan((node.path,)), None):
            raise DirectoryNotEmpty(f"Folder ({node.path}) is not empty")
        self._nodes.delete(split(node.path))
        self._places.delete((node.object_id,))

    def _put(self, node: Node) -> None:
        self._nodes.put(split(node.path), node)
        self._places.put((node.object_id,), NodePlace(path=node.path))


def is_protected(path: str) -> bool:
    """Whether a folder is one that every workspace has, or a person's home: it stays, and everybody knows of it."""
    return path in _FIRST or split(path)[0] == "/Users"


def _checked(path: str) -> str:
    known = normal(path)
    if known is None:
        raise InvalidParameterValue(f"Path ({path}) is not a valid absolute path of the workspace.")
    return known
