"""Who may read and write where: the roots of the workspace's storage, over `Files`.

Real: `/Volumes`, `/Models` and `/WorkspaceInternal/Mlflow/Artifacts`, whose services say which of their directories
exist and when they may be written. Refused: everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from fakebricks.services.files.files import Files
from fakebricks.services.files.paths import Parts, joined, parts_of
from fakebricks.services.files.records import FileEntry
from fakebricks.wire.errors import InvalidParameterValue


class Root(Protocol):
    """A first part of paths, and the service that knows what stands below it."""

    def readable(self, parts: Parts) -> Parts:
        """The path as it is stored, if it may be read; raises where not."""

    def writable(self, parts: Parts) -> Parts:
        """The path as it is stored, if it may be written; raises where not."""


class Storage:
    """The stored files as clients see them."""

    def __init__(self, files: Files, roots: Mapping[str, Root]) -> None:
        self._files = files
        self._roots = roots

    def readable(self, path: str) -> str:
        """The path as it is stored.

        Raises:
            DatabricksError: it may not be read, or breaks a rule.
        """
        parts = parts_of(path)
        return joined(self._root(parts).readable(parts))

    def writable(self, path: str) -> str:
        """The path as it is stored.

        Raises:
            DatabricksError: it may not be written, or breaks a rule.
        """
        parts = parts_of(path)
        return joined(self._root(parts).writable(parts))

    def write(self, path: str, content: bytes, *, overwrite: bool) -> FileEntry:
        """Store a file; see `Files.put`."""
        return self._files.put(self.writable(path), content, overwrite=overwrite)

    def file(self, path: str) -> FileEntry:
        """The file at the path; see `Files.require`."""
        return self._files.require(self.readable(path))

    def content(self, entry: FileEntry) -> bytes:
        """The content of a file that was found."""
        return self._files.content(entry)

    def delete(self, path: str) -> None:
        """Remove a file; see `Files.delete`."""
        self._files.delete(self.writable(path))

    def directory(self, path: str) -> FileEntry:
        """The directory at the path; see `Files.require_directory`."""
        return self._files.require_directory(self.readable(path))

    def make_directory(self, path: str) -> None:
        """Make a directory; see `Files.make_directory`."""
        self._files.make_directory(self.writable(path))

    def delete_directory(self, path: str) -> None:
        """Remove an empty directory; see `Files.delete_directory`."""
        self._files.delete_directory(self.writable(path))

    def list(self, path: str, after: str | None = None) -> Iterator[FileEntry]:
        """What stands immediately in a directory, by name, from the name after `after` on.

        Raises:
            NotFound: there is no such directory.
        """
        return self._files.list(self.directory(path).path, after)

    def _root(self, parts: Parts) -> Root:
        name = parts[0] if parts else ""
        root = self._roots.get(name)
        if root is not None:
            return root
        known = ", ".join(f"'/{one}'" for one in self._roots if not one.startswith("_"))
        raise InvalidParameterValue(f"Invalid path: '{joined(parts)}' is not below one of {known}.")
