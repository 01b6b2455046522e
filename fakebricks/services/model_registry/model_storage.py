"""By which route clients are told to move the files of model versions, and the credentials that they get for it.

Real: the route is told by a probe and by the storage mode; credentials are for reading a READY version, or for writing
one that is PENDING_REGISTRATION. Simulated: they are no credentials of a cloud; they say that the files are in default
storage, which is reached by signed URLs.
"""

from __future__ import annotations

from typing import Literal

from fakebricks.services.model_registry.model_registry import ModelRegistry
from fakebricks.wire.operations import Answer

_VALIDITY = 3600 * 1000

Route = Literal["presigned", "files"]


class TemporaryCredentials(Answer):
    """What a client may use for a while."""

    storage_mode: Literal["DEFAULT_STORAGE"]
    expiration_time: int
    """Milliseconds since the epoch."""


class ModelStorage:
    """By which route clients are told to move the files of model versions.

    Args:
        route: `presigned` for signed URLs, `files` for the Files API.
    """

    def __init__(self, registry: ModelRegistry, route: Route) -> None:
        self.registry = registry
        self.route = route

    def credentials(self, full_name: str, version: str, now: int, *, writing: bool) -> TemporaryCredentials:
        """Credentials for the files of a version.

        Args:
            full_name: of the model.
            version: its number.
            now: in milliseconds since the epoch.
            writing: whether files may be written too.

        Raises:
            InvalidState: the version is not READY to be read, or not PENDING_REGISTRATION to be written.
            CatalogDoesNotExist, SchemaDoesNotExist, ResourceDoesNotExist: it is missing.
        """
        found = self.registry.get_version(full_name, version)
        if writing:
            self.registry.require_pending(found)
        else:
            self.registry.require_ready(found)
        return TemporaryCredentials(storage_mode="DEFAULT_STORAGE", expiration_time=now + _VALIDITY)
