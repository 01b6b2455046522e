"""The files of model versions, from the registry's storage to a local directory."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fakebricks.services.files.files import Files
from fakebricks.services.model_registry.model_registry import ModelRegistry
from fakebricks.state import Scratch


class StoredModels:
    """Knows where registered models keep their files."""

    def __init__(self, registry: ModelRegistry, files: Files, scratch: Scratch) -> None:
        self._registry = registry
        self._files = files
        self._scratch = scratch

    def find(self, entity_name: str, entity_version: str) -> tuple[str, str]:
        """The directory of a version's files in the registry's storage, and a digest of all that is in it.

        Raises:
            ResourceDoesNotExist: there is no such version.
        """
        directory = self._registry.files_directory(self._registry.get_version(entity_name, entity_version))
        digest = hashlib.sha256()
        for relative, entry in self._files.walk(directory):
            digest.update(f"{relative}\0{entry.digest}\0".encode())
        return directory, digest.hexdigest()

    def fetch(self, directory: str, digest: str) -> Path:
        """The files of that directory, in a local one.

        Raises:
            NotFound: there is no such directory.
        """
        target = self._scratch.directory("models", digest)
        self._files.materialise(directory, target)
        return target
