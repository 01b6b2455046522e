"""The files of model versions, as the root `/Models/<catalog>/<schema>/<model>/<version>` of the workspace's storage.

Real: files are written while a version is PENDING_REGISTRATION and read when it is READY.
"""

from __future__ import annotations

from fakebricks.services.files.paths import Parts, joined, parts_of
from fakebricks.services.model_registry.model_registry import ModelRegistry
from fakebricks.services.model_registry.records import ModelVersionRecord
from fakebricks.services.unity_catalog.authority import Authority
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import InvalidParameterValue

ROOT = "Models"
_DEPTH = 5


class ModelFilePrivileges:
    """Who may read and write below `/Models`."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def path(self, parts: Parts, caller: Caller, *, writing: bool) -> None:
        """Raise PermissionDenied where the caller may not load the model, or make a version of it."""
        if len(parts) >= _DEPTH:
            rule = Rule.CREATE_MODEL_VERSION if writing else Rule.LOAD_MODEL
            self._authority.require(rule, ".".join(parts[1:4]), caller)


class ModelFiles:
    """Which paths below `/Models` may be read and written."""

    def __init__(self, registry: ModelRegistry) -> None:
        self._registry = registry

    def readable(self, parts: Parts) -> Parts:
        """The path as it is stored; the version must be READY."""
        version = self._version(parts)
        self._registry.require_ready(version)
        return self._stored(version, parts)

    def writable(self, parts: Parts) -> Parts:
        """The path as it is stored; the version must be PENDING_REGISTRATION."""
        version = self._version(parts)
        self._registry.require_pending(version)
        return self._stored(version, parts)

    def _version(self, parts: Parts) -> ModelVersionRecord:
        if len(parts) < _DEPTH:
            form = "/Models/<catalog>/<schema>/<model>/<version>"
            raise InvalidParameterValue(f"Invalid path: '{joined(parts)}' is not below '{form}'.")
        return self._registry.get_version(".".join(parts[1:4]), parts[4])

    def _stored(self, version: ModelVersionRecord, parts: Parts) -> Parts:
        return (*parts_of(self._registry.files_directory(version)), *parts[_DEPTH:])
