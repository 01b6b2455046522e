"""moto's S3, asked in this process: no Flask, no socket. The only module that knows moto from inside.

Real: what moto's S3 does. The workspace's bucket is in a backend of its own, which no other part of moto knows: a
`mock_aws` that begins or ends, in whatever order, does not reset it, and no other key or endpoint reaches it. Buckets
of the test's own are moto's usual ones, the same that `mock_aws` has.
Simulated: an object's Last-Modified is this process's time, not the workspace's.

What it uses of moto is not its public interface, hence the lower bound of the extra `s3`: `S3Response`, which is what
moto itself dispatches to, its `backend`, and the list of all keys of the process, which a reset would close.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

from fakebricks.services.files.s3.places import S3_PATH, Place, place_of
from fakebricks.wire.errors import NotImplementedByFakebricks
from fakebricks.wire.messages import Reply, Request

REGION = "us-east-2"
"""Where the workspace's bucket is: a region that has signatures of version 4 only, so that botocore presigns in it."""

_AWS = "https://s3.amazonaws.com"
_NOT_PASSED_ON = frozenset({"host", "transfer-encoding", "connection"})
_RANGE = re.compile(r"bytes=(\d{1,18}-\d{0,18}|-\d{1,18})", re.ASCII)


class OwnBucket:
    """The workspace's own bucket.

    Raises:
        ModuleNotFoundError: moto is not installed.
    """

    def __init__(self, name: str) -> None:
        _require_moto()
        self.name = name
        # No other bucket's: moto's records of this one are known by it.
        self._account = str(uuid4().int)[:12]
        self._kept: dict[int, Any] = {}

    def answer(self, request: Request) -> Reply:
        """Moto's reply to a request for the bucket, which somebody else has found to be allowed."""
        reply = _answer(self._response, request)
        if request.method not in ("GET", "HEAD"):
            self._keep()
        return Reply(reply.status, reply.body, {**reply.headers, "x-amz-bucket-region": REGION})

    def objects(self, prefix: str = "") -> Iterator[tuple[str, bytes]]:
        """The keys that begin with a prefix, with what is stored under them."""
        for key, stored in list(self._bucket.keys.items()):
            if key.startswith(prefix):
                yield key, stored.value

    def put(self, key: str, content: bytes) -> None:
        """Store an object."""
        self._backend.put_object(self.name, key, content)
        self._keep()

    def delete(self, key: str) -> None:
        """Remove an object; nothing happens where there is none."""
        stored = self._bucket.keys.get(key)
        self._backend.delete_object(self.name, key)
        if stored is not None:
            stored.dispose()
            self._kept.pop(id(stored), None)

    def key_of_upload(self, upload_id: str) -> str | None:
        """The key that an upload in parts is for, or None where there is no such upload."""
        upload = self._bucket.multiparts.get(upload_id)
        return upload.key_name if upload else None

    def close(self) -> None:
        """Free what the objects hold."""
        for stored in self._kept.values():
            stored.dispose()
        self._kept.clear()

    @cached_property
    def _backend(self) -> Any:
        from moto.s3.models import S3Backend, s3_backends

        backend = S3Backend("aws", self._account)
        backend.create_bucket(self.name, REGION)
        s3_backends.bucket_accounts.pop(self.name)  # moto's other backends would look for it in one of theirs
        return backend

    @property
    def _bucket(self) -> Any:
        return self._backend.buckets[self.name]

    @cached_property
    def _response(self) -> type[Any]:
        from moto.s3.responses import S3Response

        own = self._backend

        class OwnResponse(S3Response):  # type: ignore[misc]
            @property
            def backend(self) -> Any:
                return own

            def _authenticate_and_authorize_s3_action(self, *_: Any, **__: Any) -> None:
                """The guard has done so."""

        return OwnResponse

    def _keep(self) -> None:
        """Take the bucket's objects off moto's list of all objects, which closes whatever is on it at each reset."""
        from moto.s3.models import FakeKey, FakeMultipart

        for kind in (FakeKey, FakeMultipart):
            mine = [one for one in list(kind.instances_tracked) if one.account_id == self._account]
            for one in mine:
                kind.instances_tracked.remove(one)
                self._kept[id(one)] = one


def _require_moto() -> None:
    """Say so at once where moto is not installed.

    Raises:
        ModuleNotFoundError: it is not.
    """
    if importlib.util.find_spec("moto") is None:
        message = "storage='s3' needs moto, which is the S3: pip install 'fakebricks[s3]'"
        raise ModuleNotFoundError(message, name="moto")


def answer_of_moto(request: Request) -> Reply:
    """Moto's reply to a request for a bucket of the test's own."""
    from moto.s3.responses import S3Response

    return _answer(S3Response, request)


def has_bucket(name: str) -> bool:
    """Whether the test has made a bucket of that name."""
    return answer_of_moto(Request("HEAD", f"{S3_PATH}/{name}")).status == HTTPStatus.OK


def _answer(response: type[Any], request: Request) -> Reply:
    from moto.core.request import Request as MotoRequest

    place = place_of(request)
    url = _url(place, request)
    headers = {name: value for name, value in request.headers.items() if _is_passed_on(name, value)}
    asked = MotoRequest.from_primitives(request.method, url, headers, request.body)
    dispatch = response.key_dispatch if place.key else response.bucket_dispatch
    try:
        status, answered, body = dispatch(asked, url, asked.headers)
    except Exception as error:
        # moto raises, where S3 would refuse what is malformed, and for operations that it does not have.
        raise NotImplementedByFakebricks(
            f"moto, which is the S3, cannot answer '{request.method} {request.path}': {error!r}. "
            "If the request is well formed, moto lacks the operation; leave it out."
        ) from error
    return Reply(status, body.encode() if isinstance(body, str) else bytes(body), _lowered(answered))


def _is_passed_on(name: str, value: str) -> bool:
    """Whether a header is for moto; S3 ignores a range that is not one, as RFC 9110 says, and moto cannot read it."""
    return name not in _NOT_PASSED_ON and (name != "range" or _RANGE.fullmatch(value) is not None)


def _url(place: Place, request: Request) -> str:
    """Where AWS has the place."""
    path = quote(f"/{place.bucket}/{place.key}" if place.key else f"/{place.bucket}", safe="/~")
    query = urlencode(request.query, quote_via=quote, safe="~")
    return f"{_AWS}{path}?{query}" if query else f"{_AWS}{path}"


def _lowered(headers: Mapping[str, Any]) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in headers.items() if name.lower() != "connection"}
