"""What S3 answers where it refuses, in its own shape and words.

Real: the codes, statuses and texts (documented: "Error responses" in the API reference of Amazon S3; the texts that are
not there are observed and say so). Clients of AWS raise their own `ClientError` from them.
"""

from __future__ import annotations

from typing import ClassVar
from xml.sax.saxutils import escape

from fakebricks.wire.messages import Reply


class S3Refusal(Exception):
    """A request to S3 that is refused."""

    code: ClassVar[str]
    status: ClassVar[int] = 403
    text: ClassVar[str]

    def __init__(self, text: str | None = None) -> None:
        self.message = text or self.text
        super().__init__(self.message)


class AccessDenied(S3Refusal):
    """The credential is not for this, or there is none."""

    code, text = "AccessDenied", "Access Denied"


class InvalidAccessKeyId(S3Refusal):
    """Nobody has such an access key."""

    code, text = "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."


class SignatureDoesNotMatch(S3Refusal):
    """The request was changed after it was signed, or signed with another secret."""

    code = "SignatureDoesNotMatch"
    text = (
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method."
    )


class InvalidToken(S3Refusal):
    """The session token is not the one of the access key."""

    code, status, text = "InvalidToken", 400, "The provided token is malformed or otherwise invalid."


class ExpiredToken(S3Refusal):
    """The credential's time is over."""

    code, status, text = "ExpiredToken", 400, "The provided token has expired."


class AuthorizationHeaderMalformed(S3Refusal):
    """The Authorization header is not of the form that the signature's version asks for."""

    code, status = "AuthorizationHeaderMalformed", 400
    text = "The authorization header that you provided is not valid."


class AuthorizationQueryParametersError(S3Refusal):
    """The query of a presigned URL is not of the form that the signature's version asks for."""

    code, status = "AuthorizationQueryParametersError", 400
    text = "The authorization query parameters that you provided are not valid."


class ContentDoesNotMatch(S3Refusal):
    """The body is not the one that was signed."""

    code, status = "XAmzContentSHA256Mismatch", 400
    text = "The provided 'x-amz-content-sha256' header does not match what was computed."


class InvalidRequest(S3Refusal):
    """Something else about the request is wrong."""

    code, status, text = "InvalidRequest", 400, "Invalid Request"


class InvalidArgument(S3Refusal):
    """A parameter is not what it has to be."""

    code, status, text = "InvalidArgument", 400, "Invalid Argument"


class InvalidUri(S3Refusal):
    """The path cannot be that of an object."""

    code, status, text = "InvalidURI", 400, "Couldn't parse the specified URI."


class NoSuchUpload(S3Refusal):
    """There is no such upload in parts, of this key."""

    code, status = "NoSuchUpload", 404
    text = (
        "The specified upload does not exist. The upload ID may be invalid, "
        "or the upload may have been aborted or completed."
    )


def render(refusal: S3Refusal, request_id: str) -> Reply:
    """The refusal as S3 writes it."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>"
        f"<RequestId>{request_id}</RequestId></Error>"
    )
    return Reply(refusal.status, body.encode(), {"content-type": "application/xml", "x-amz-request-id": request_id})
