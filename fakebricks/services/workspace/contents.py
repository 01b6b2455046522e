"""The contents of notebooks and files in the workspace tree.

Real: they are stored, given back and replaced under their own id; a folder must exist; something of one type does not
replace something of another (the texts are observed). Up to 10 MB go in and out at once (documented).
"""

from __future__ import annotations

from msgspec.structs import replace

from fakebricks.ids import Ids
from fakebricks.services.files.files import Files
from fakebricks.services.files.paths import joined
from fakebricks.services.workspace.directories import Directories
from fakebricks.services.workspace.formats import Imported
from fakebricks.services.workspace.paths import normal, split
from fakebricks.services.workspace.records import DIRECTORY, FILE, NOTEBOOK, Node
from fakebricks.wire.errors import (
    InvalidParameterValue,
    MaxNotebookSizeExceeded,
    NotImplementedByFakebricks,
    ResourceAlreadyExists,
)

ROOT = "_Workspace"
"""Where the contents are within `Files`, each under its node's id."""

_LARGEST = 10 * 1024 * 1024


class Contents:
    """What is in the notebooks and files of one workspace."""

    def __init__(self, ids: Ids, directories: Directories, files: Files) -> None:
        self._ids = ids
        self._directories = directories
        self._files = files

    def store(self, what: Imported, millis: int, *, overwrite: bool) -> Node:
        """Store a notebook or file.

        Raises:
            InvalidParameterValue: it is not a path, or something of another type is there.
            ResourceDoesNotExist: the folder does not exist.
            ResourceAlreadyExists: something is there, and `overwrite` is false.
        """
        path = normal(what.path)
        if path is None:
            raise InvalidParameterValue(f"Path ({what.path}) is not a valid absolute path of the workspace.")
        found = self._directories.find(path)
        if found is None:
            node = Node(
                path=path,
                object_id=self._ids.number(),
                object_type=what.object_type,
                created_at=millis,
                modified_at=millis,
                language=what.language,
                size=len(what.content),
            )
            self._directories.add(node)
        else:
            _require_replaceable(found, what, overwrite=overwrite)
            node = replace(found, modified_at=millis, language=what.language, size=len(what.content))
            self._directories.change(node)
        self._files.put(_stored(node), what.content)
        return node

    def load(self, path: str) -> tuple[Node, bytes]:
        """A notebook or file, with its content.

        Raises:
            ResourceDoesNotExist: nothing is there.
            NotImplementedByFakebricks: it is a folder.
            InvalidParameterValue: it is something else.
            MaxNotebookSizeExceeded: it is larger than is given at once.
        """
        node = self._directories.get(path)
        if node.object_type == DIRECTORY:
            raise NotImplementedByFakebricks(
                f"fakebricks does not export directories ('{path}'); export what is in it."
            )
        if node.object_type not in (FILE, NOTEBOOK):
            raise InvalidParameterValue(f"'{path}' is of the type {node.object_type}; it cannot be exported.")
        check_size(node.size)
        return node, self._files.get(_stored(node))

    def is_file(self, path: str) -> bool:
        """Whether there is a file at a path; a notebook is none."""
        known = normal(path)
        found = self._directories.find(known) if known else None
        return found is not None and found.object_type == FILE

    def forget(self, node: Node) -> None:
        """Remove the content of a notebook or file that goes away."""
        self._files.delete(_stored(node))


def check_size(size: int) -> None:
    """Refuse what is larger than 10 MB (the limit and the code are documented, the text is observed).

    Raises:
        MaxNotebookSizeExceeded: it is.
    """
    if size > _LARGEST:
        raise MaxNotebookSizeExceeded(f"File size imported is ({size} bytes), exceeded max size ({_LARGEST} bytes)")


def _require_replaceable(found: Node, what: Imported, *, overwrite: bool) -> None:
    if not overwrite:
        name = split(found.path)[1]
        of_file, of_others = f"Node named '{name}' already exists", f"Path ({found.path}) already exists."
        raise ResourceAlreadyExists(of_file if found.object_type == FILE else of_others)
    if found.object_type != what.object_type:
        raise InvalidParameterValue(
            f"Requested node type [{what.object_type}] is different from the existing node type [{found.object_type}]"
        )


def _stored(node: Node) -> str:
    return joined((ROOT, node.object_id))
