"""By which route clients are told to move the files of model versions, and the credentials that they get for it.

Real: `files` and `presigned` are told by a probe and by the storage mode; `s3` comes with temporary AWS credentials
for the version's own place, valid for an hour of the workspace's time, to read a READY version or to write one that is
PENDING_REGISTRATION.
"""

from __future__ import annotations

from typing import Literal

from fakebricks.services.files.s3.credentials import VALIDITY
from fakebricks.services.files.s3.records import CredentialRecord
from fakebricks.services.model_registry.model_registry import ModelRegistry
from fakebricks.services.model_registry.version_storage import InBucket
from fakebricks.wire.operations import Answer

Route = Literal["presigned", "files", "s3"]


class AwsCredentials(Answer):
    """A temporary AWS credential, as clients are told it."""

    access_key_id: str
    secret_access_key: str
    session_token: str

    def __repr__(self) -> str:
        """Without its secrets: an answer may end up in an error."""
        return f"AwsCredentials(access_key_id={self.access_key_id!r})"


class TemporaryCredentials(Answer):
    """What a client may use for a while."""

    storage_mode: Literal["DEFAULT_STORAGE", "CUSTOMER_HOSTED"]
    expiration_time: int
    """Milliseconds since the epoch."""
    aws_temp_credentials: AwsCredentials | None = None


class ModelStorage:
    """By which route clients are told to move the files of model versions.

    Args:
        route: `presigned` for signed URLs, `files` for the Files API, `s3` for the workspace's bucket.
        bucket: where the versions are, if the route is `s3`.
    """

    def __init__(self, registry: ModelRegistry, route: Route, bucket: InBucket | None = None) -> None:
        self.registry = registry
        self._bucket = bucket
        self.route = route

    def credentials(self, full_name: str, version: str, now: int, *, writing: bool) -> TemporaryCredentials:
        """Credentials for the files of a version; none of a cloud where the route is not `s3`.

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
        if self._bucket is None:
            return TemporaryCredentials(storage_mode="DEFAULT_STORAGE", expiration_time=now + VALIDITY)
        return _told(self._bucket.issue(found, writing=writing))


def _told(issued: CredentialRecord) -> TemporaryCredentials:
    return TemporaryCredentials(
        storage_mode="CUSTOMER_HOSTED",
        expiration_time=issued.expires_at,
        aws_temp_credentials=AwsCredentials(
            access_key_id=issued.access_key_id,
            secret_access_key=issued.secret_access_key,
            session_token=issued.session_token,
        ),
    )
