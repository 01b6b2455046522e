"""Where the files of managed tables are: below the storage root of their schema or catalog, as on the platform.

Real: `<root>/__unitystorage/catalogs/<id>/tables/<id>` or `.../schemas/<id>/tables/<id>` (the form is observed). With
the workspace's storage `s3`, a root in a bucket of the test's own is that place.
Simulated: all other roots stand for directories of the workspace's own, which go away with it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from fakebricks.services.files.s3.moto_s3 import REGION, has_bucket
from fakebricks.state import Scratch
from fakebricks.wire.errors import InvalidParameterValue

_S3 = "s3://"
_UNSAFE = re.compile(r"[^A-Za-z0-9._=@+-]")


class TableStorage(Protocol):
    """A place for the files of tables."""

    def location(self, managed: str, table_id: str) -> str:
        """Where the table of an id is to be, below the managed storage of what it is in; nothing is there yet."""

    def options(self, location: str) -> Mapping[str, str] | None:
        """What deltalake, and other readers of the same family, must be told to reach a location."""

    def remove(self, location: str) -> None:
        """Remove what is at a location."""


class LocalTables:
    """The files of tables on this machine's disk."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch

    def location(self, managed: str, table_id: str) -> str:
        parts = [_UNSAFE.sub("_", part) for part in managed.split("/")]
        named = (part for part in parts if part.strip("._"))
        return str(self._scratch.directory("tables", *named, "tables", table_id))

    def options(self, location: str) -> Mapping[str, str] | None:  # noqa: ARG002 - a path is all that it takes
        return None

    def remove(self, location: str) -> None:
        shutil.rmtree(Path(location), ignore_errors=True)


class TablesInS3:
    """The files of tables in the test's own buckets, where a root names one; else on the disk.

    Args:
        local: for the other roots.
        own_bucket: the workspace's, in which only models are.
        endpoint: the URL of the S3 for clients that open sockets, such as deltalake; a server is started for it.
    """

    def __init__(self, local: LocalTables, own_bucket: str, endpoint: Callable[[], str]) -> None:
        self._local = local
        self._own_bucket = own_bucket
        self._endpoint = endpoint

    def location(self, managed: str, table_id: str) -> str:
        bucket = managed.removeprefix(_S3).partition("/")[0]
        if not managed.startswith(_S3) or bucket == self._own_bucket:
            return self._local.location(managed, table_id)
        if not has_bucket(bucket):
            raise InvalidParameterValue(f"The bucket '{bucket}' of the storage root '{managed}' does not exist.")
        return f"{managed}/tables/{table_id}"

    def options(self, location: str) -> Mapping[str, str] | None:
        if not location.startswith(_S3):
            return self._local.options(location)
        # Of two names for the endpoint, the environment may set either; an option goes before its own name only.
        url = self._endpoint()
        return {
            "AWS_ENDPOINT_URL": url,
            "AWS_ENDPOINT_URL_S3": url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_SESSION_TOKEN": "testing",
            "AWS_REGION": REGION,
        }

    def remove(self, location: str) -> None:
        """A table that was not made has left nothing in a bucket that matters."""
        if not location.startswith(_S3):
            self._local.remove(location)
