"""DBFS: the workspace's own tree of files, which every user may read and write (documented).

Real: the tree, the limits and the documented errors. Refused, as on the platform: the directories that only MLflow's
routes lead into, and volumes, which have the Files API. Inferred: the text of that refusal for MLflow's directories
(observed for volumes), and that nothing is moved onto an existing directory.
"""

from __future__ import annotations

from collections.abc import Iterator

from fakebricks.services.files.files import Files
from fakebricks.services.files.paths import Parts, joined, parts_of
from fakebricks.services.files.records import FileEntry
from fakebricks.wire.errors import (
    InvalidParameterValue,
    IoError,
    MaxReadSizeExceeded,
    PermissionDenied,
    ResourceAlreadyExists,
    ResourceDoesNotExist,
)

ROOT = "_Dbfs"
"""Where the files of DBFS are within `Files`."""

MOST_READ = 1024 * 1024
"""Bytes that are read at once, and written in one block (documented)."""

_SCHEME = "dbfs:"
_CLOSED = (("Volumes",), ("databricks", "mlflow-tracking"), ("databricks", "mlflow-registry"))


class Dbfs:
    """The files of DBFS. Paths are absolute, with or without `dbfs:` before them."""

    def __init__(self, files: Files) -> None:
        self._files = files
        files.shows(ROOT, lambda parts: parts[1:])
        files.make_directory(joined((ROOT,)), lasting=True)

    def require_open(self, path: str) -> None:
        """Refuse a path that nobody may use by DBFS.

        Raises:
            PermissionDenied: it is one.
            InvalidParameterValue: it breaks a rule.
        """
        parts = _parts(path)
        if any(parts[: len(closed)] == closed for closed in _CLOSED):
            raise PermissionDenied("No operations allowed on this path.")

    def get_status(self, path: str) -> FileEntry:
        """The file or directory at the path.

        Raises:
            ResourceDoesNotExist: nothing is there.
        """
        found = self._files.find(_stored(path))
        if found is None:
            raise ResourceDoesNotExist(f"No file or directory exists on path {path}.")
        return found

    def list(self, path: str) -> Iterator[FileEntry]:
        """What is immediately in a directory, by name; a file is listed as itself.

        Raises:
            ResourceDoesNotExist: nothing is there.
        """
        found = self.get_status(path)
        return self._files.list(found.path) if found.is_directory else iter((found,))

    def mkdirs(self, path: str) -> None:
        """Make a directory, with those above it.

        Raises:
            ResourceAlreadyExists: a file stands at the path, or above it.
        """
        self._require_directories(_parts(path))
        self._files.make_directory(_stored(path))

    def put(self, path: str, content: bytes, *, overwrite: bool) -> None:
        """Store a file, with the directories that it needs.

        Raises:
            ResourceAlreadyExists: something is there, and `overwrite` is false; or a file stands above it.
            InvalidParameterValue: a directory is there.
        """
        self.require_free(path, overwrite=overwrite)
        self._files.put(_stored(path), content)

    def require_free(self, path: str, *, overwrite: bool) -> None:
        """Refuse what `put` would refuse."""
        parts = _parts(path)
        found = self._files.find(_stored(path))
        if found and not overwrite:
            raise _exists(parts)
        if found and found.is_directory:
            raise InvalidParameterValue(f"The path {joined(parts)} is a directory.")
        self._require_directories(parts[:-1])

    def read(self, path: str, offset: int, length: int) -> bytes:
        """A part of a file, which ends where the file ends.

        Raises:
            MaxReadSizeExceeded: that is more than is read at once.
            ResourceDoesNotExist: nothing is there.
            InvalidParameterValue: it is a directory.
        """
        if length > MOST_READ:
            raise MaxReadSizeExceeded(f"The maximum read length is {MOST_READ} bytes, not {length}.")
        found = self.get_status(path)
        if found.is_directory:
            raise InvalidParameterValue(f"The path {path} is a directory; it cannot be read.")
        return self._files.part(found, offset, offset + length)

    def content(self, path: str) -> bytes:
        """The whole of a file.

        Raises:
            ResourceDoesNotExist: nothing is there.
            InvalidParameterValue: it is a directory.
        """
        self.read(path, 0, 0)
        return self._files.get(_stored(path))

    def delete(self, path: str, *, recursive: bool) -> None:
        """Remove a file or a directory; nothing happens where there is none (observed in the Databricks CLI).

        Raises:
            IoError: the directory is not empty, and `recursive` is false.
            InvalidParameterValue: it is the root.
        """
        found = self._files.find(_stored(path))
        if found is None:
            return
        if found.lasting:
            raise InvalidParameterValue("The root of DBFS cannot be deleted.")
        if found.is_directory and not recursive and next(self._files.list(found.path), None):
            raise IoError(f"The directory {path} is not empty; set 'recursive' to delete what is in it.")
        self._files.delete_tree(found.path)

    def move(self, source: str, destination: str) -> None:
        """Give a file, or a directory and all that is in it, another path.

        Raises:
            ResourceDoesNotExist: nothing is there.
            ResourceAlreadyExists: something stands at the destination, or a file above it.
            InvalidParameterValue: it is the root, or is to be moved into itself.
        """
        found = self.get_status(source)
        if found.lasting:
            raise InvalidParameterValue("The root of DBFS cannot be moved.")
        self.require_free(destination, overwrite=False)
        self._files.move(found.path, _stored(destination))

    def _require_directories(self, parts: Parts) -> None:
        for end in range(1, len(parts) + 1):
            found = self._files.find(joined((ROOT, *parts[:end])))
            if found and not found.is_directory:
                raise _exists(parts[:end])


def told(entry: FileEntry) -> str:
    """The path of a file or directory, as DBFS says it."""
    return entry.path.removeprefix(f"/{ROOT}") or "/"


def _parts(path: str) -> Parts:
    return parts_of(path.removeprefix(_SCHEME))


def _stored(path: str) -> str:
    return joined((ROOT, *_parts(path)))


def _exists(parts: Parts) -> ResourceAlreadyExists:
    """The text is observed."""
    return ResourceAlreadyExists(f"A file or directory already exists at the input path {_SCHEME}{joined(parts)}.")
