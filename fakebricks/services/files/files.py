"""Files: a tree of absolute paths, whose index is state and whose contents are blobs.

Real: what is written is read back, directories come with the files below them, and a file cannot stand where a
directory stands. Who may read and write where is decided above, in `storage`. What is stored under another path than
clients know it by is called by theirs in every refusal.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec.structs import replace

from fakebricks.clock import Clock
from fakebricks.services.files.paths import Parts, joined, parts_of
from fakebricks.services.files.records import FileEntry
from fakebricks.state import Blobs, State
from fakebricks.wire.errors import AlreadyExists, InvalidParameterValue, NotFound

_ROOT = FileEntry(path="/", name="", is_directory=True, modified=0)


class Files:
    """The stored files of one workspace. Paths are absolute; every method refuses those that break the rules."""

    def __init__(self, state: State, blobs: Blobs, clock: Clock) -> None:
        self._state = state
        self._entries = state.table("files", FileEntry)
        self._blobs = blobs
        self._clock = clock
        self._shown: dict[str, Callable[[Parts], Parts]] = {}

    def shows(self, root: str, shown: Callable[[Parts], Parts]) -> None:
        """Have `shown` say by which path clients know what is stored below a first part of paths."""
        self._shown[root] = shown

    def put(self, path: str, content: bytes, *, overwrite: bool = True) -> FileEntry:
        """Store a file, with the directories that it needs.

        Raises:
            AlreadyExists: there is a file, and `overwrite` is false.
            InvalidParameterValue: a directory stands at the path, or a file above it.
        """
        parts = parts_of(path)
        found = self.find(path)
        if found and found.is_directory:
            raise InvalidParameterValue(f"The path {self._told(path)} is a directory.")
        if found and not overwrite:
            raise AlreadyExists(f"The file being created already exists: {self._told(path)}")
        digest = self._blobs.put(content)
        with self._state.transaction():
            self.make_directory(joined(parts[:-1]))
            return self._store(parts, is_directory=False, size=len(content), digest=digest)

    def make_directory(self, path: str, *, lasting: bool = False) -> None:
        """Make a directory, with those above it; one that is there already stays as it is.

        Args:
            path: of the directory.
            lasting: whether `delete_directory` is to refuse it from then on.

        Raises:
            InvalidParameterValue: a file stands at the path, or above it.
        """
        parts = parts_of(path)
        with self._state.transaction():
            for end in range(1, len(parts) + 1):
                found = self.find(joined(parts[:end]))
                if found is None:
                    self._store(parts[:end], is_directory=True, lasting=lasting and end == len(parts))
                elif not found.is_directory:
                    raise InvalidParameterValue(f"The path {self._told(found.path)} is not a directory.")

    def get(self, path: str) -> bytes:
        """The content of a file.

        Raises:
            NotFound: there is no such file.
        """
        return self.content(self.require(path))

    def content(self, entry: FileEntry) -> bytes:
        """The content of a file that was found."""
        return self._blobs.get(entry.digest)

    def part(self, entry: FileEntry, first: int, end: int) -> bytes:
        """The content of a file that was found, from the byte `first` to before the byte `end`."""
        with self._blobs.path(entry.digest).open("rb") as content:
            content.seek(min(first, entry.size))
            return content.read(max(0, min(end, entry.size) - first))

    def find(self, path: str) -> FileEntry | None:
        """The file or directory at the path, or None."""
        parts = parts_of(path)
        return self._entries.get((joined(parts[:-1]), parts[-1])) if parts else _ROOT

    def require(self, path: str) -> FileEntry:
        """The file at the path.

        Raises:
            NotFound: there is none.
        """
        found = self.find(path)
        if found is None or found.is_directory:
            raise NotFound(f"The file being accessed is not found: {self._told(path)}")
        return found

    def require_directory(self, path: str) -> FileEntry:
        """The directory at the path.

        Raises:
            NotFound: there is none.
        """
        found = self.find(path)
        if found is None or not found.is_directory:
            raise NotFound(f"The directory being accessed is not found: {self._told(path)}")
        return found

    def delete(self, path: str) -> None:
        """Remove a file.

        Raises:
            NotFound: there is none.
        """
        entry = self.require(path)
        self._entries.delete(_key(entry))

    def delete_directory(self, path: str) -> None:
        """Remove an empty directory.

        Raises:
            NotFound: there is none.
            InvalidParameterValue: there is something in it, or it is a lasting one.
        """
        entry = self.require_directory(path)
        if next(self.list(path), None):
            raise InvalidParameterValue(f"The directory is not empty: {self._told(path)}")
        if entry.lasting:
            raise InvalidParameterValue(f"The directory cannot be deleted: {self._told(path)}")
        self._entries.delete(_key(entry))

    def delete_tree(self, path: str) -> None:
        """Remove a directory and all that is in it; nothing happens where there is none."""
        with self._state.transaction():
            found = self.find(path)
            if found is None:
                return
            for entry in list(self.list(path)):
                self.delete_tree(entry.path)
            self._entries.delete(_key(found))

    def copy_tree(self, path: str, target: str) -> None:
        """Store what is in a directory in another one as well; nothing happens where there is none."""
        with self._state.transaction():
            if self.find(path) is None:
                return
            self.make_directory(target)
            for relative, entry in list(self.walk(path)):
                copied = parts_of(f"{target}/{relative}")
                self.make_directory(joined(copied[:-1]))
                self._store(copied, is_directory=False, size=entry.size, digest=entry.digest)

    def move_tree(self, path: str, target: str) -> None:
        """Give a directory and all that is in it another path; nothing happens where there is none."""
        with self._state.transaction():
            self.copy_tree(path, target)
            self.delete_tree(path)

    def move(self, path: str, target: str) -> None:
        """Give a file, or a directory and all that is in it, another path, with the directories that it needs.

        Raises:
            NotFound: nothing is there.
            AlreadyExists: something stands at the target.
            InvalidParameterValue: a file stands above the target, or the target is in the directory itself.
        """
        found, parts = self.find(path), parts_of(target)
        if found is None:
            raise NotFound(f"The file being accessed is not found: {self._told(path)}")
        if f"{joined(parts)}/".startswith(f"{found.path}/"):
            raise InvalidParameterValue(f"The directory {self._told(path)} cannot be moved into itself.")
        if self.find(target):
            raise AlreadyExists(f"The file being created already exists: {self._told(target)}")
        with self._state.transaction():
            self.make_directory(joined(parts[:-1]))
            self._move(found, parts)

    def list(self, directory: str, after: str | None = None) -> Iterator[FileEntry]:
        """What stands immediately in a directory, by name, from the name after `after` on."""
        prefix = (joined(parts_of(directory)),)
        for _, entry in self._entries.scan(prefix, after=None if after is None else (*prefix, after)):
            yield entry

    def walk(self, directory: str) -> Iterator[tuple[str, FileEntry]]:
        """The files in a directory and all below it, with their paths relative to it."""
        above = joined(parts_of(directory)).removesuffix("/")
        for entry in self.list(directory):
            if entry.is_directory:
                below = entry.path.removeprefix(f"{above}/")
                yield from ((f"{below}/{relative}", one) for relative, one in self.walk(entry.path))
            else:
                yield entry.name, entry

    def materialise(self, directory: str, target: Path) -> None:
        """Write the tree at `directory` into the local directory `target`, as files of its own.

        Raises:
            NotFound: there is no such directory.
        """
        self.require_directory(directory)
        for relative, entry in self.walk(directory):
            local = target / relative
            local.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._blobs.path(entry.digest), local)

    def _move(self, entry: FileEntry, parts: Parts) -> None:
        moved = replace(entry, path=joined(parts_of(joined(parts))), name=parts[-1])
        self._entries.delete(_key(entry))
        self._entries.put(_key(moved), moved)
        for one in list(self.list(entry.path)):
            self._move(one, (*parts, one.name))

    def _told(self, path: str) -> str:
        """The path as clients know it."""
        parts = parts_of(path)
        shown = self._shown.get(parts[0]) if parts else None
        return joined(shown(parts) if shown else parts)

    def _store(
        self, parts: Parts, *, is_directory: bool, size: int = 0, digest: str = "", lasting: bool = False
    ) -> FileEntry:
        entry = FileEntry(
            path=joined(parts),
            name=parts[-1],
            is_directory=is_directory,
            modified=self._clock.millis(),
            size=size,
            digest=digest,
            lasting=lasting,
        )
        self._entries.put(_key(entry), entry)
        return entry


def _key(entry: FileEntry) -> tuple[str, str]:
    return entry.path.rpartition("/")[0] or "/", entry.name
