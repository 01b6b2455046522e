"""Signatures of version 4, by which AWS knows who sent a request and that nobody changed it.

Real: both forms, in the `Authorization` header and in the query of a presigned URL; the signature covers the method,
the path, the query, the signed headers and the body's digest (documented: "Authenticating Requests" in the API
reference of Amazon S3). Every `x-amz-` header must be signed, as S3 asks.
Not checked: the region in the credential's scope; the signatures of single chunks of a streamed body; and the clock of
the client (`RequestTimeTooSkewed`), because a client in another process does not know the workspace's simulated time.
Refused: the older version 2, as in every region that was opened after 2014.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

from fakebricks.services.files.s3.errors import (
    AccessDenied,
    AuthorizationHeaderMalformed,
    AuthorizationQueryParametersError,
    ContentDoesNotMatch,
    InvalidRequest,
    S3Refusal,
    SignatureDoesNotMatch,
)
from fakebricks.wire.messages import Request

_ALGORITHM = "AWS4-HMAC-SHA256"
_UNSIGNED = "UNSIGNED-PAYLOAD"
_AUTHORIZATION = re.compile(
    rf"{_ALGORITHM} +Credential=(?P<credential>[^,\s]+),\s*SignedHeaders=(?P<headers>[^,\s]+),"
    r"\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_SCOPE = re.compile(r"(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[^/]+)/s3/aws4_request", re.ASCII)
_MOMENT = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_SECONDS = re.compile(r"\d{1,18}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SIGNATURE_IN_QUERY = "X-Amz-Signature"
_LONGEST = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Signature:
    """What a request says of its own signature."""

    access_key_id: str
    session_token: str = field(repr=False)
    scope: tuple[str, str]
    """The date and the region that the signing key is for."""
    moment: datetime
    headers: tuple[str, ...]
    """The names of the signed ones, in lower case."""
    payload: str
    value: str = field(repr=False)
    validity: int | None = None
    """Seconds, of a presigned URL."""


def access_key_of(request: Request) -> str | None:
    """The access key that a request names, whatever it is signed with; None where it names none."""
    query = dict(request.query)
    if credential := query.get("X-Amz-Credential"):
        return credential.partition("/")[0]
    if key := query.get("AWSAccessKeyId"):
        return key
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme == _ALGORITHM:
        found = re.search(r"Credential=([^/,\s]+)", rest)
        return found[1] if found else None
    return rest.strip().partition(":")[0] or None if scheme == "AWS" else None


def signature_of(request: Request) -> Signature:
    """What the request says of its signature.

    Raises:
        AuthorizationHeaderMalformed, AuthorizationQueryParametersError: it is not of the documented form.
        InvalidRequest: it is one of version 2, or the digest of the body is not told.
    """
    query = dict(request.query)
    if "X-Amz-Algorithm" in query or _SIGNATURE_IN_QUERY in query:
        return _presigned(query)
    if request.headers.get("authorization", "").startswith("AWS ") or "AWSAccessKeyId" in query:
        # observed
        text = f"The authorization mechanism you have provided is not supported. Please use {_ALGORITHM}."
        raise InvalidRequest(text)
    return _in_header(request)


def verify(request: Request, signature: Signature, secret: str) -> None:
    """Refuse a request that was not signed with the secret, or that was changed since.

    Raises:
        SignatureDoesNotMatch: either.
        AccessDenied: it has a header that had to be signed.
        ContentDoesNotMatch: the body is another one.
    """
    expected = _value(request, signature, secret)
    if not hmac.compare_digest(expected.encode(), signature.value.encode(errors="replace")):
        raise SignatureDoesNotMatch
    needed = {"host", *(name for name in request.headers if name.startswith("x-amz-"))}
    if not needed <= set(signature.headers):
        raise AccessDenied("There were headers present in the request which were not signed")  # observed
    if _DIGEST.fullmatch(signature.payload) and hashlib.sha256(request.body).hexdigest() != signature.payload:
        raise ContentDoesNotMatch


def _in_header(request: Request) -> Signature:
    found = _AUTHORIZATION.fullmatch(request.headers.get("authorization", "").strip())
    if found is None:
        raise AuthorizationHeaderMalformed
    payload = request.headers.get("x-amz-content-sha256")
    if payload is None:
        raise InvalidRequest("Missing required header for this request: x-amz-content-sha256")  # observed
    key, date, region = _scope(found["credential"], AuthorizationHeaderMalformed)
    return Signature(
        access_key_id=key,
        session_token=request.headers.get("x-amz-security-token", ""),
        scope=(date, region),
        moment=_moment(request.headers.get("x-amz-date", ""), date, AuthorizationHeaderMalformed),
        headers=tuple(found["headers"].split(";")),
        payload=payload,
        value=found["signature"],
    )


def _presigned(query: Mapping[str, str]) -> Signature:
    refusal = AuthorizationQueryParametersError
    if query.get("X-Amz-Algorithm") != _ALGORITHM:
        raise refusal(f'X-Amz-Algorithm only supports "{_ALGORITHM}"')
    validity = query.get("X-Amz-Expires", "")
    if not _SECONDS.fullmatch(validity):
        raise refusal("X-Amz-Expires should be a number")
    if int(validity) > _LONGEST:
        raise refusal(
            "X-Amz-Expires must be less than a week (in seconds); "
            f"that is, the given X-Amz-Expires must be less than {_LONGEST} seconds"
        )
    key, date, region = _scope(query.get("X-Amz-Credential", ""), refusal)
    return Signature(
        access_key_id=key,
        session_token=query.get("X-Amz-Security-Token", ""),
        scope=(date, region),
        moment=_moment(query.get("X-Amz-Date", ""), date, refusal),
        headers=tuple(query.get("X-Amz-SignedHeaders", "").split(";")),
        payload=_UNSIGNED,
        value=query.get(_SIGNATURE_IN_QUERY, ""),
        validity=int(validity),
    )


def _scope(credential: str, refusal: type[S3Refusal]) -> tuple[str, str, str]:
    found = _SCOPE.fullmatch(credential)
    if found is None:
        raise refusal
    return found["key"], found["date"], found["region"]


def _moment(text: str, date: str, refusal: type[S3Refusal]) -> datetime:
    """When it was signed; the scope must be of the same day."""
    if not _MOMENT.fullmatch(text) or not text.startswith(date):
        raise refusal
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise refusal from None


def _value(request: Request, signature: Signature, secret: str) -> str:
    date, region = signature.scope
    canonical = "\n".join(
        (
            request.method,
            _quoted(request.path, safe="/"),
            _canonical_query(request),
            *(f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in signature.headers),
            "",
            ";".join(signature.headers),
            signature.payload,
        )
    )
    moment = signature.moment.strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(canonical.encode(errors="replace")).hexdigest()
    said = "\n".join((_ALGORITHM, moment, f"{date}/{region}/s3/aws4_request", digest))
    key = f"AWS4{secret}".encode()
    for part in (date, region, "s3", "aws4_request"):
        key = _mac(key, part)
    return _mac(key, said).hex()


def _canonical_query(request: Request) -> str:
    pairs = sorted((_quoted(name), _quoted(value)) for name, value in request.query if name != _SIGNATURE_IN_QUERY)
    return "&".join(f"{name}={value}" for name, value in pairs)


def _quoted(text: str, safe: str = "") -> str:
    return quote(text, safe=safe, errors="replace")


def _mac(key: bytes, said: str) -> bytes:
    return hmac.new(key, said.encode(errors="replace"), hashlib.sha256).digest()
