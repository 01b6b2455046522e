"""Uploads in parts, which databricks-sdk uses from 50 MB on.

Real: parts go up by signed URLs in any order, and become one file when the upload is completed with their ETags, or
nothing when it is aborted. Until then they are files of a root that nobody can read. Refused: resumable uploads.
"""

from __future__ import annotations

from collections.abc import Sequence

from fakebricks.ids import Ids
from fakebricks.services.files.files import Files
from fakebricks.services.files.paths import Parts, joined
from fakebricks.services.files.records import FileEntry, UploadRecord
from fakebricks.state import State
from fakebricks.wire.errors import InvalidParameterValue, NotFound, PermissionDenied

ROOT = "_Uploads"
_MOST_PARTS = 10_000
_DEPTH = 3


class Uploads:
    """The uploads that are under way; a root of the storage, whose files are their parts."""

    def __init__(self, state: State, ids: Ids, files: Files) -> None:
        self._state = state
        self._uploads = state.table("uploads", UploadRecord)
        self._ids = ids
        self._files = files

    def begin(self, path: str, *, overwrite: bool) -> str:
        """Begin an upload to a path that may be written; its token."""
        token = self._ids.hex32()
        self._uploads.put((token,), UploadRecord(path=path, overwrite=overwrite))
        return token

    def part_path(self, token: str, path: str, number: int) -> str:
        """Where a part is to be uploaded.

        Raises:
            NotFound: there is no such upload to that path.
            InvalidParameterValue: the number is not one of a part.
        """
        self._require(token, path)
        if not 1 <= number <= _MOST_PARTS:
            raise InvalidParameterValue(f"Invalid part number {number}: it must be between 1 and {_MOST_PARTS}.")
        return joined((ROOT, token, str(number)))

    def complete(self, token: str, path: str, parts: Sequence[tuple[int, str]]) -> FileEntry:
        """Make one file of the parts, given by number and ETag.

        Raises:
            NotFound: there is no such upload to that path.
            InvalidParameterValue: a part is missing, or is another than the ETag says.
            AlreadyExists: there is a file, and the upload was not begun to overwrite it.
        """
        upload = self._require(token, path)
        entries = [self._part(token, number, etag) for number, etag in sorted(parts)]
        content = b"".join(self._files.content(entry) for entry in entries)
        with self._state.transaction():
            stored = self._files.put(path, content, overwrite=upload.overwrite)
            self.abort(token, path)
        return stored

    def abort(self, token: str, path: str) -> None:
        """Forget an upload and its parts.

        Raises:
            NotFound: there is no such upload to that path.
        """
        self._require(token, path)
        with self._state.transaction():
            self._files.delete_tree(joined((ROOT, token)))
            self._uploads.delete((token,))

    def directory(self, token: str, path: str) -> str:
        """Where the parts of an upload are.

        Raises:
            NotFound: there is no such upload to that path.
        """
        self._require(token, path)
        return joined((ROOT, token))

    # The root of the storage

    def readable(self, parts: Parts) -> Parts:
        raise PermissionDenied(f"'{joined(parts)}' cannot be read.")

    def writable(self, parts: Parts) -> Parts:
        if len(parts) != _DEPTH or self._uploads.get((parts[1],)) is None:
            raise NotFound(f"There is no upload at '{joined(parts)}'.")
        return parts

    def abort_at(self, path: str) -> None:
        """Forget the upload whose directory that is; nothing happens where there is none."""
        token = path.rpartition("/")[2]
        upload = self._uploads.get((token,))
        if upload is not None:
            self.abort(token, upload.path)

    def _require(self, token: str, path: str) -> UploadRecord:
        upload = self._uploads.get((token,))
        if upload is None or upload.path != path:
            raise NotFound(f"There is no such upload to '{path}'.")
        return upload

    def _part(self, token: str, number: int, etag: str) -> FileEntry:
        entry = self._files.find(joined((ROOT, token, str(number))))
        if entry is None or entry.digest != etag.strip('"'):
            raise InvalidParameterValue(f"Part {number} was not uploaded, or has another ETag than '{etag}'.")
        return entry
