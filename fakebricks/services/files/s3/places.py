"""Where a request to S3 goes: a bucket and, in it, perhaps a key. Path style only, as for custom endpoints."""

from __future__ import annotations

from dataclasses import dataclass

from fakebricks.wire.messages import Request

S3_PATH = "/_fakebricks/s3"


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket and a key; empty where the request names none."""

    bucket: str
    key: str

    def below(self, prefix: str) -> bool:
        """Whether the key is one below a prefix that has no slash at its end."""
        return self.key.startswith(f"{prefix}/")


def is_s3(request: Request) -> bool:
    """Whether a request is one to S3."""
    return request.path == S3_PATH or request.path.startswith(f"{S3_PATH}/")


def place_of(request: Request) -> Place:
    """Where a request to S3 goes."""
    bucket, _, key = request.path.removeprefix(S3_PATH).removeprefix("/").partition("/")
    return Place(bucket, key)
