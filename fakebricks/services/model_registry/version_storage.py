"""Where clients put the files of model versions, if that is not the workspace's own storage right away.

Real: with the route `s3`, a version's objects are in the workspace's bucket below its storage location. What stands
there when the version is finalized is taken into the workspace's files, from where it is served and snapshots are made;
what clients wrote there over the Files API is put into the bucket, so that both routes lead to the same files.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from fakebricks.services.files.files import Files
from fakebricks.services.files.s3.credentials import Credentials
from fakebricks.services.files.s3.moto_s3 import OwnBucket
from fakebricks.services.files.s3.records import CredentialRecord
from fakebricks.services.model_registry.records import ModelVersionRecord

_DEPTH = 6
"""Of a version's prefix: <metastore>/__unitystorage/models/<model>/versions/<version>."""


class VersionStorage(Protocol):
    """What the registry asks of the storage that clients write versions to."""

    def collect(self, version: ModelVersionRecord, directory: str) -> None:
        """Take what clients stored into the directory of `Files`; the version is being finalized."""

    def remove(self, version: ModelVersionRecord) -> None:
        """Remove what clients stored."""


class InFiles:
    """Clients write to `Files` right away: there is nothing to take and nothing to remove."""

    def collect(self, version: ModelVersionRecord, directory: str) -> None:
        """Nothing."""

    def remove(self, version: ModelVersionRecord) -> None:
        """Nothing."""


class InBucket:
    """Clients write to the workspace's bucket, with temporary credentials."""

    def __init__(self, bucket: OwnBucket, credentials: Credentials, files: Files) -> None:
        self._bucket = bucket
        self._credentials = credentials
        self._files = files

    def issue(self, version: ModelVersionRecord, *, writing: bool) -> CredentialRecord:
        """A credential for the files of one version."""
        return self._credentials.issue(self._prefix(version), writing=writing)

    def collect(self, version: ModelVersionRecord, directory: str) -> None:
        """Make bucket and `Files` the same, and end writing."""
        prefix = self._prefix(version)
        for key, content in self._bucket.objects(f"{prefix}/"):
            self._files.put(f"{directory}/{key.removeprefix(f'{prefix}/')}", content)
        self._mirror(prefix, directory)
        self._credentials.finish(prefix)

    def remove(self, version: ModelVersionRecord) -> None:
        """Remove the version's objects, and end writing."""
        prefix = self._prefix(version)
        for key, _ in self._bucket.objects(f"{prefix}/"):
            self._bucket.delete(key)
        self._credentials.finish(prefix)

    def restore(self, versions: Iterable[tuple[ModelVersionRecord, str]]) -> None:
        """Make the bucket what `Files` and the registry say, after both went back to a snapshot.

        Uploads to versions that are not finalized are not part of snapshots: they stay as they are, or are lost with
        their version.

        Args:
            versions: all there are, each with its directory in `Files`.
        """
        kept = set()
        for version, directory in versions:
            prefix = self._prefix(version)
            kept.add(prefix)
            if version.status == "READY":
                self._mirror(prefix, directory)
        for key, _ in self._bucket.objects():
            if "/".join(key.split("/")[:_DEPTH]) not in kept:
                self._bucket.delete(key)

    def _mirror(self, prefix: str, directory: str) -> None:
        """Make the objects below a prefix the files in a directory."""
        wanted = {f"{prefix}/{relative}": entry for relative, entry in self._files.walk(directory)}
        stored = dict(self._bucket.objects(f"{prefix}/"))
        for key in stored.keys() - wanted.keys():
            self._bucket.delete(key)
        for key, entry in wanted.items():
            content = self._files.content(entry)
            if stored.get(key) != content:
                self._bucket.put(key, content)

    def _prefix(self, version: ModelVersionRecord) -> str:
        return version.storage_location.removeprefix(f"s3://{self._bucket.name}/")
