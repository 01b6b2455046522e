"""The files of model versions, from a registry's storage to a local directory.

Real: a name of three levels is one of Unity Catalog, every other one of the workspace model registry.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from fakebricks.services.files.files import Files
from fakebricks.services.model_registry.model_registry import ModelRegistry
from fakebricks.services.model_serving.declared import declared
from fakebricks.services.model_serving.records import Declared
from fakebricks.services.model_serving.rights import Rights, of_unity_catalog
from fakebricks.services.workspace_model_registry.workspace_model_registry import WorkspaceModelRegistry
from fakebricks.state import Scratch
from fakebricks.wire.authentication import Caller


class StoredModels:
    """Knows where registered models keep their files."""

    def __init__(
        self,
        registry: ModelRegistry,
        workspace_registry: WorkspaceModelRegistry,
        files: Files,
        scratch: Scratch,
        rights: Rights,
    ) -> None:
        self._registry = registry
        self._workspace_registry = workspace_registry
        self._files = files
        self._scratch = scratch
        self._rights = rights

    def require_servable(self, entity_name: str, entity_version: str, caller: Caller, creator: str) -> None:
        """Refuse a version that is not READY, or that the caller or the endpoint's creator may not load.

        Raises:
            PermissionDenied: one of them may not.
            ResourceDoesNotExist, CatalogDoesNotExist, SchemaDoesNotExist: there is no such version.
            InvalidParameterValue: no model can have that name.
            InvalidState: it is not READY.
        """
        self._rights.require_load(entity_name, caller)
        self._rights.require_load_as(entity_name, creator)
        if of_unity_catalog(entity_name):
            self._registry.require_ready(self._registry.get_version(entity_name, entity_version))
        else:
            registry = self._workspace_registry
            registry.versions.require_ready(registry.get_version(entity_name, entity_version))

    def find(self, entity_name: str, entity_version: str, user_name: str) -> tuple[str, str]:
        """The directory of a version's files in the registry's storage, and a digest of all that is in it.

        Raises:
            PermissionDenied: the person of that name may not load the model.
            ResourceDoesNotExist: there is no such version.
        """
        self._rights.require_load_as(entity_name, user_name)
        directory = self._directory(entity_name, entity_version)
        digest = hashlib.sha256()
        for relative, entry in self._files.walk(directory):
            digest.update(f"{relative}\0{entry.digest}\0".encode())
        return directory, digest.hexdigest()

    def declared(self, entity_name: str, entity_version: str) -> Declared:
        """What a version says of itself; nothing where it has no MLmodel file."""
        entry = self._files.find(f"{self._directory(entity_name, entity_version)}/MLmodel")
        return Declared() if entry is None or entry.is_directory else declared(self._files.content(entry))

    def fetch(self, directory: str, digest: str) -> Path:
        """The files of that directory, in a local one.

        Raises:
            NotFound: there is no such directory.
        """
        target = self._scratch.directory("models", digest)
        self._files.materialise(directory, target)
        return target

    def _directory(self, entity_name: str, entity_version: str) -> str:
        if of_unity_catalog(entity_name):
            return self._registry.files_directory(self._registry.get_version(entity_name, entity_version))
        registry = self._workspace_registry
        return registry.versions.directory(registry.get_version(entity_name, entity_version))
