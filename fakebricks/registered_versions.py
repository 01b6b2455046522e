"""The model versions of a workspace, of both of its registries, by name, by alias, and by the files that calls read.

Real: a name of three levels is one of Unity Catalog, every other one of the workspace model registry.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.parse import urlsplit

from fakebricks.services.files.files import Files
from fakebricks.services.files.s3.places import S3_PATH
from fakebricks.services.files.signed_urls import STORAGE_PATH
from fakebricks.services.model_registry.model_files import ROOT as MODELS
from fakebricks.services.model_registry.model_registry import ModelRegistry
from fakebricks.services.model_registry.records import ModelVersionRecord, RegisteredModelRecord
from fakebricks.services.model_serving.rights import of_unity_catalog
from fakebricks.services.workspace_model_registry.names import STAGES
from fakebricks.services.workspace_model_registry.records import WorkspaceModel, WorkspaceModelVersion
from fakebricks.services.workspace_model_registry.workspace_model_registry import WorkspaceModelRegistry
from fakebricks.wire.calls import CallRecord

_REFERENCE = re.compile(r"(?:models:/+)?(?P<name>[^@/]+)(?:@(?P<alias>[^/]+)|/(?P<version>\d+)|/(?P<stage>[A-Za-z]+))?")
_FILES_API = "/api/2.0/fs/files"
_READ = frozenset((200, 206))
_DESCRIBING = frozenset(("MLmodel", "conda.yaml", "constraints.txt", "python_env.yaml", "requirements.txt"))
"""Who reads only these asks about a model, and does not load it."""


Place = tuple[str, ...]
"""A file as clients reach it: the route, `files` or `s3`, and the parts of the path."""


class RegisteredVersion(NamedTuple):
    """A version of a registered model, and where its files are within `Files`."""

    name: str
    version: str
    directory: str

    @property
    def uri(self) -> str:
        """As MLflow names it."""
        return f"models:/{self.name}/{self.version}"


class RegisteredVersions:
    """The versions in the registries of one workspace."""

    def __init__(self, registry: ModelRegistry, workspace_registry: WorkspaceModelRegistry, files: Files) -> None:
        self._registry = registry
        self._workspace_registry = workspace_registry
        self._files = files

    def in_use(self) -> Iterator[RegisteredVersion]:
        """Of every model, the newest version that is READY, and those that aliases or stages stand for."""
        for model in self._registry.models():
            yield from self._in_use_of(model)
        for workspace_model in self._workspace_registry.models():
            yield from self._in_stages_of(workspace_model)

    def named(self, reference: str) -> list[RegisteredVersion]:
        """The versions that a reference means: `name/3`, `name@alias`, `name/Production`, or those in use of `name`.

        Raises:
            ValueError: it is no such reference.
            DatabricksError: there is no such model or version.
        """
        found = _REFERENCE.fullmatch(reference)
        if found is None:
            message = f"{reference!r} is no model such as 'main.default.fraud', with '/3' or '@champion' or not"
            raise ValueError(message)
        name, alias, version, stage = found.group("name", "alias", "version", "stage")
        if of_unity_catalog(name) or alias:
            return self._of_unity_catalog(name, alias, version)
        registry = self._workspace_registry
        if version:
            return [self._of_workspace(registry.get_version(name, version))]
        if stage:
            return [self._of_workspace(one) for one in registry.latest_versions(name, [stage])]
        return list(self._in_stages_of(registry.get_model(name)))

    def at(self, places: Iterable[Place]) -> list[RegisteredVersion]:
        """The versions of which there are files at some places, in that order; those that are gone are left out."""
        directories = self._directories()
        found = (directories.get(place[:end]) for place in places for end in range(len(place) - 1, 0, -1))
        return list(dict.fromkeys(filter(None, found)))

    @contextmanager
    def local(self, version: RegisteredVersion) -> Iterator[Path]:
        """The files of a version in a local directory, which is removed afterwards.

        Raises:
            NotFound: it has no files.
        """
        with TemporaryDirectory(prefix="fakebricks-version-") as directory:
            self._files.materialise(version.directory, Path(directory))
            yield Path(directory)

    def _in_use_of(self, model: RegisteredModelRecord) -> Iterator[RegisteredVersion]:
        aliased = {alias.number for alias in self._registry.aliases.of(model)}
        ready = [one for one in self._registry.versions(model.name) if one.status == "READY"]
        for position, version in enumerate(ready):
            if position == 0 or version.number in aliased:
                yield self._of_catalog(version)

    def _in_stages_of(self, model: WorkspaceModel) -> Iterator[RegisteredVersion]:
        versions = self._workspace_registry.versions.latest(model, STAGES)
        yield from (self._of_workspace(one) for one in sorted(versions, key=lambda one: -one.number))

    def _of_unity_catalog(self, name: str, alias: str | None, version: str | None) -> list[RegisteredVersion]:
        registry = self._registry
        if alias is None and version is None:
            return list(self._in_use_of(registry.get_model(name)))
        found = registry.get_by_alias(name, alias) if alias else registry.get_version(name, version or "")
        registry.require_ready(found)
        return [self._of_catalog(found)]

    def _of_catalog(self, version: ModelVersionRecord) -> RegisteredVersion:
        return RegisteredVersion(version.name, version.version, self._registry.files_directory(version))

    def _of_workspace(self, version: WorkspaceModelVersion) -> RegisteredVersion:
        directory = self._workspace_registry.versions.directory(version)
        return RegisteredVersion(version.name, str(version.number), directory)

    def _directories(self) -> dict[Place, RegisteredVersion]:
        """The versions by where clients find their files."""
        directories: dict[Place, RegisteredVersion] = {}
        for version in self._registry.all_versions():
            known = self._of_catalog(version)
            directories["files", *_parts(known.directory)] = known
            bucket = urlsplit(version.storage_location)
            directories["s3", bucket.netloc, *_parts(bucket.path)] = known
        for model in self._workspace_registry.models():
            for one in self._workspace_registry.versions.of(model):
                known = self._of_workspace(one)
                directories["files", *_parts(known.directory)] = known
        return directories


def place_read(call: CallRecord) -> Place | None:
    """The file that a call has read; None where it has read none, or one that only describes a model."""
    if call.method != "GET" or call.status not in _READ:
        return None
    for prefix, route in ((_FILES_API, "files"), (STORAGE_PATH, "files"), (S3_PATH, "s3")):
        if call.path.startswith(f"{prefix}/"):
            parts = _parts(call.path.removeprefix(prefix))
            return None if parts[-1:] and parts[-1] in _DESCRIBING else (route, *_stored(parts))
    return None


def _stored(parts: tuple[str, ...]) -> tuple[str, ...]:
    """A path as it is stored: Unity Catalog's names are in lower case, however a client writes them."""
    return (*parts[:1], *(part.lower() for part in parts[1:4]), *parts[4:]) if parts[:1] == (MODELS,) else parts


def _parts(path: str) -> tuple[str, ...]:
    return tuple(filter(None, path.split("/")))
