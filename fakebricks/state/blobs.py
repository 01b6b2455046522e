"""Blobs: the bytes of model files and artifacts, stored by what they contain.

A blob's name is its SHA-256, so that equal files are stored once, and the index of names and paths, which lives in
`state` like everything else, is all that a snapshot needs to keep.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Protocol


class Blobs(Protocol):
    """A store of immutable byte strings."""

    def put(self, content: bytes) -> str:
        """Store `content`; its digest."""

    def get(self, digest: str) -> bytes:
        """The content of that digest; KeyError where there is none."""

    def path(self, digest: str) -> Path:
        """A local file with that content, to be read only."""


class Scratch:
    """A directory of this workspace's own, made when first needed and removed with the workspace."""

    def __init__(self) -> None:
        self._root: Path | None = None

    def directory(self, *parts: str) -> Path:
        """The directory of that name below the scratch directory; made if need be."""
        if self._root is None:
            self._root = Path(tempfile.mkdtemp(prefix="fakebricks-"))
            weakref.finalize(self, shutil.rmtree, self._root, ignore_errors=True)
        directory = self._root.joinpath(*parts)
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    def close(self) -> None:
        """Remove the directory and all in it."""
        if self._root is not None:
            shutil.rmtree(self._root, ignore_errors=True)
            self._root = None


class LocalBlobs:
    """Blobs as files below a scratch directory."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch

    def put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        path = self.path(digest)
        if not path.exists():
            partial = path.with_suffix(f".{id(content):x}")
            partial.write_bytes(content)
            partial.replace(path)
        return digest

    def get(self, digest: str) -> bytes:
        try:
            return self.path(digest).read_bytes()
        except FileNotFoundError:
            raise KeyError(digest) from None

    def path(self, digest: str) -> Path:
        return self._scratch.directory("blobs", digest[:2]) / digest
