"""The files of model versions in the workspace model registry: listed and downloaded, never written.

Real: they are read by the routes that MLflow's `DatabricksModelsArtifactRepository` takes, through signed URLs, once
the version is READY.
"""

from __future__ import annotations

from collections.abc import Iterator

from fakebricks.services.files.paths import Parts, joined
from fakebricks.services.files.records import FileEntry
from fakebricks.services.tracking.artifacts import Artifacts
from fakebricks.services.workspace_model_registry.workspace_model_registry import WorkspaceModelRegistry
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import PermissionDenied


class RegistryStorage:
    """The root `model_versions.ROOT` of the workspace's storage, which only signed URLs lead into."""

    def readable(self, parts: Parts) -> Parts:
        """The path as it is stored. That the version is there and READY was seen to when the URL was signed."""
        return parts

    def writable(self, parts: Parts) -> Parts:
        raise PermissionDenied(f"'{joined(parts)}' cannot be written.")

    def path(self, parts: Parts, caller: Caller, *, writing: bool) -> None:  # noqa: ARG002 - whoever it is
        """Refuse the Files API to everybody but admins, whom it does not ask here."""
        what = "written" if writing else "read without a signed URL"
        raise PermissionDenied(f"'{joined(parts)}' cannot be {what}.")


class VersionFiles:
    """The files of the versions of one workspace. Paths are relative to the directory of the version's model."""

    def __init__(self, registry: WorkspaceModelRegistry, artifacts: Artifacts) -> None:
        self.registry = registry
        self._artifacts = artifacts

    def list(self, name: str, version: str, path: str, after: str | None) -> Iterator[tuple[str, FileEntry]]:
        """What stands at a path, from the name after `after` on; see `Artifacts.list`.

        Raises:
            InvalidState: the version is not READY.
            InvalidParameterValue: the path breaks a rule.
        """
        yield from self._artifacts.list(self._directory(name, version), path, after)

    def signed_uri(self, name: str, version: str, path: str, base_url: str) -> str:
        """A signed URL to download a file.

        Raises:
            InvalidState: the version is not READY.
            ResourceDoesNotExist: there is no such file.
        """
        return self._artifacts.read_url(self._directory(name, version), path, base_url)

    def _directory(self, name: str, version: str) -> str:
        found = self.registry.get_version(name, version)
        self.registry.versions.require_ready(found)
        return self.registry.versions.directory(found)
