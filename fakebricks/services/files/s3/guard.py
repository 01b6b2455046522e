"""The guard before the workspace's bucket: who may do what there, as the policy of a temporary credential says it.

Real: the access key, its session token, the signature, the expiry of the credential and of a presigned URL on the
workspace's clock, and that the credential is for the operation and for the place. A credential to read lets GET, HEAD
and list below its prefix; one to read and write also put, copy, upload in parts, and delete. Everything else, such as
the bucket's own configuration, is denied.
Simulated: `HeadBucket` is allowed to every credential, because clients ask it for the region.
Refused: keys with empty parts, which the workspace's files cannot have, and `DeleteObjects`.
Not guarded: buckets of the test's own, with keys that are not the workspace's; they are moto's affair.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

from fakebricks.clock import Clock
from fakebricks.services.files.paths import relative_parts_of
from fakebricks.services.files.s3.credentials import Credentials
from fakebricks.services.files.s3.errors import (
    AccessDenied,
    ExpiredToken,
    InvalidAccessKeyId,
    InvalidArgument,
    InvalidToken,
    InvalidUri,
    NoSuchUpload,
)
from fakebricks.services.files.s3.places import Place, place_of
from fakebricks.services.files.s3.records import CredentialRecord
from fakebricks.services.files.s3.signatures import Signature, access_key_of, signature_of, verify
from fakebricks.wire.errors import InvalidParameterValue, NotImplementedByFakebricks
from fakebricks.wire.messages import Request

# Of a query, what is part of the operations that a credential may allow; anything else makes it another operation.
_SIGNING = frozenset(
    f"X-Amz-{name}"
    for name in ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature", "Security-Token")
)
_ANY = _SIGNING | {"x-id", "x-amz-checksum-mode"}
_LIST = frozenset(
    {"list-type", "prefix", "delimiter", "max-keys", "marker", "encoding-type"}
    | {"start-after", "continuation-token", "fetch-owner"}  # of the second version
)
# Headers that need permissions of their own (documented: "Required permissions for Amazon S3 API operations").
_MORE = ("x-amz-acl", "x-amz-grant-", "x-amz-tagging", "x-amz-object-lock-")
_NUMBERS = frozenset({"max-keys", "partNumber", "max-parts", "part-number-marker"})
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_PARTS = frozenset({"uploadId", "max-parts", "part-number-marker"})


class Guard:
    """Decides on the requests to one workspace's bucket.

    Args:
        bucket: the bucket's name.
        key_of_upload: the key of an upload in parts, or None where there is no such upload.
    """

    def __init__(
        self, credentials: Credentials, clock: Clock, bucket: str, key_of_upload: Callable[[str], str | None]
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._bucket = bucket
        self._key_of_upload = key_of_upload

    def guards(self, request: Request) -> bool:
        """Whether a request is for the workspace's bucket, or comes with one of its credentials."""
        return place_of(request).bucket == self._bucket or self._credential(request) is not None

    def check(self, request: Request) -> None:
        """Refuse a request that is guarded, where it may not be.

        Raises:
            S3Refusal: with S3's own code.
            NotImplementedByFakebricks: the operation, or a key of that kind, is not computed.
        """
        credential = self._authenticated(request)
        place = place_of(request)
        if place.bucket != self._bucket:
            raise AccessDenied
        _check_query(request)
        if place.key:
            self._permit_object(request, place, credential)
        else:
            _permit_bucket(request, credential)

    def _credential(self, request: Request) -> CredentialRecord | None:
        key = access_key_of(request)
        return self._credentials.find(key) if key else None

    def _authenticated(self, request: Request) -> CredentialRecord:
        if access_key_of(request) is None:
            raise AccessDenied
        credential = self._credential(request)
        if credential is None:
            raise InvalidAccessKeyId
        signature = signature_of(request)
        if signature.access_key_id != credential.access_key_id:
            raise AccessDenied
        if signature.session_token != credential.session_token:
            raise InvalidToken
        verify(request, signature, credential.secret_access_key)
        self._check_time(signature, credential)
        return credential

    def _check_time(self, signature: Signature, credential: CredentialRecord) -> None:
        now = self._clock.time()
        if now * 1000 >= credential.expires_at:
            raise ExpiredToken
        if signature.validity is None:
            return
        # Nobody signs with a token before it is issued: such a client's clock did not take part in a jump of this one.
        signed = max(signature.moment.timestamp(), credential.issued_at // 1000)
        if now >= signed + signature.validity:
            raise AccessDenied("Request has expired")  # observed

    def _permit_object(self, request: Request, place: Place, credential: CredentialRecord) -> None:
        _check_key(place.key)
        if not place.below(credential.prefix):
            raise AccessDenied
        if _reads(request):
            return
        if any(name.startswith(_MORE) for name in request.headers):
            raise AccessDenied
        if not (_writes(request) and self._credentials.may_write(credential)):
            raise AccessDenied
        self._check_source(request, credential)
        upload = dict(request.query).get("uploadId")
        if upload is not None and self._key_of_upload(upload) != place.key:
            raise NoSuchUpload

    def _check_source(self, request: Request, credential: CredentialRecord) -> None:
        """What is copied must be readable, too."""
        source = request.headers.get("x-amz-copy-source")
        if source is None:
            return
        bucket, _, key = unquote(source.partition("?")[0]).removeprefix("/").partition("/")
        _check_key(key)
        if bucket != self._bucket or not Place(bucket, key).below(credential.prefix):
            raise AccessDenied


def _reads(request: Request) -> bool:
    """Whether an object, or some of it, is read."""
    asked = _asked(request)
    return request.method in ("GET", "HEAD") and all(
        name == "partNumber" or name.startswith("response-") for name in asked
    )


def _writes(request: Request) -> bool:
    """Whether an object is put, copied or deleted, or an upload in parts goes on."""
    asked = _asked(request)
    if request.method == "POST":
        return asked in ({"uploads"}, {"uploadId"})
    if request.method == "GET":
        return "uploadId" in asked and asked <= _PARTS
    return asked in (set(), {"uploadId"}, {"uploadId", "partNumber"})


def _asked(request: Request) -> set[str]:
    """What a query says beside who signed it."""
    return {name for name, _ in request.query} - _ANY


def _permit_bucket(request: Request, credential: CredentialRecord) -> None:
    asked = _asked(request)
    if request.method == "POST" and "delete" in asked:
        raise NotImplementedByFakebricks(
            "fakebricks does not implement 'DeleteObjects' in the workspace's own bucket; delete one object at a time."
        )
    if request.method == "HEAD" and not asked:
        return
    if request.method != "GET" or not asked <= _LIST:
        raise AccessDenied
    prefix = dict(request.query).get("prefix", "")
    if prefix != credential.prefix and not prefix.startswith(f"{credential.prefix}/"):
        raise AccessDenied


def _check_query(request: Request) -> None:
    """What is said twice could be understood in two ways, by the guard and behind it."""
    names = [name for name, _ in request.query]
    if len(names) != len(set(names)):
        raise InvalidArgument
    for name, value in request.query:
        if name in _NUMBERS and not _NUMBER.fullmatch(value):
            raise InvalidArgument(f"Provided {name} not an integer or within integer range")  # observed


def _check_key(key: str) -> None:
    if "" in key.split("/"):
        raise NotImplementedByFakebricks(
            f"fakebricks does not keep objects whose keys have empty parts ({key!r}); leave double slashes and a slash "
            "at the end out of the key."
        )
    try:
        relative_parts_of(key)
    except InvalidParameterValue:
        raise InvalidUri from None
