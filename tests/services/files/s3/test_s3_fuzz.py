"""Whatever is sent to the workspace's S3 is answered or refused: never a failure, and nothing elsewhere changes."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st
from s3_client import MLMODEL, VersionFiles, new_version, ready_version

from fakebricks import Workspace, fake_workspace
from fakebricks.services.files.s3.moto_s3 import OwnBucket
from fakebricks.wire import Reply, Request

NAMES = [
    "list-type prefix delimiter max-keys marker encoding-type start-after continuation-token fetch-owner",
    "partNumber uploadId uploads max-parts part-number-marker response-content-type response-expires x-id",
    "acl tagging versioning policy delete select restore versionId X-Amz-Expires X-Amz-Date X-Amz-Signature",
]
queries = st.dictionaries(
    st.sampled_from(" ".join(NAMES).split()) | st.text(max_size=8),
    st.sampled_from(["", "0", "1", "-1", "2", "10001", "x", "url", "/", "PREFIX", "PREFIX/"]) | st.text(max_size=8),
    max_size=4,
)
headers = st.dictionaries(
    st.sampled_from(
        [
            "range",
            "content-md5",
            "content-type",
            "content-encoding",
            "if-match",
            "if-none-match",
            "if-modified-since",
            "if-unmodified-since",
            "x-amz-copy-source",
            "x-amz-copy-source-range",
            "x-amz-acl",
            "x-amz-tagging",
            "x-amz-storage-class",
            "x-amz-checksum-sha256",
            "x-amz-sdk-checksum-algorithm",
            "x-amz-server-side-encryption",
            "x-amz-object-lock-mode",
            "x-amz-meta-a",
            "x-amz-metadata-directive",
            "x-amz-decoded-content-length",
            "x-amz-trailer",
            "x-amz-grant-read",
            "origin",
            "x-amz-object-lock-retain-until-date",
            "x-amz-website-redirect-location",
            "x-amz-request-payer",
        ]
    ),
    st.sampled_from(["", "bytes=0-1", "bytes=9-", "bytes=x-y", "bytes=-", "aws-chunked", "BUCKET/PREFIX/a", "STANDARD"])
    | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12),
    max_size=3,
)
keys = st.sampled_from(["", "PREFIX", "PREFIX/MLmodel", "PREFIX/a", "PREFIX/../x", "OTHER/MLmodel"]) | st.text(
    max_size=12
).map("PREFIX/{}".format)
methods = st.sampled_from(["GET", "HEAD", "PUT", "POST", "DELETE"])
bodies = st.sampled_from([b"", b"x", MLMODEL, b"<a>", b"<CompleteMultipartUpload/>", b"5;chunk\r\nhello"])


class Sender:
    """Sends signed requests of any kind, right to the workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.other = VersionFiles(self.workspace, ready_version(self.workspace), "READ")
        self.mine = VersionFiles(self.workspace, new_version(self.workspace))
        aws = self.mine.credentials["aws_temp_credentials"]
        self.keys = Credentials(aws["access_key_id"], aws["secret_access_key"], aws["session_token"])

    def filled(self, text: str) -> str:
        return (
            text.replace("PREFIX", self.mine.prefix)
            .replace("OTHER", self.other.prefix)
            .replace("BUCKET", self.mine.bucket)
        )

    def send(self, method, key, query, headers, body, *, presigned: bool) -> Reply:
        path = f"/_fakebricks/s3/{self.mine.bucket}/{quote(self.filled(key))}"
        url = f"{self.workspace.host}{path}"
        if query:
            url += "?" + urlencode({name: self.filled(value) for name, value in query.items()}, quote_via=quote)
        request = AWSRequest(method, url, {k: self.filled(v) for k, v in headers.items()}, b"" if presigned else body)
        (S3SigV4QueryAuth if presigned else S3SigV4Auth)(self.keys, "s3", "us-east-2").add_auth(request)
        sent = {**dict(request.headers), "host": self.workspace.host.removeprefix("https://")}
        return self.workspace.handle(Request.of(method, request.url, sent, body))

    def stored(self) -> dict[str, bytes]:
        """What is in the bucket beside the version that is being written."""
        bucket = self.workspace._services[OwnBucket]
        return {key: content for key, content in bucket.objects() if not key.startswith(self.mine.prefix + "/")}


@pytest.fixture(scope="module")
def sender() -> Iterator[Sender]:
    with fake_workspace(storage="s3", strict=False) as workspace:
        yield Sender(workspace)


@given(st.tuples(methods, keys, queries, headers, bodies), st.booleans())
def test_a_signed_request_of_any_kind(sender: Sender, asked: tuple, presigned: bool):
    before = sender.stored()
    reply = sender.send(*asked, presigned=presigned)
    assert reply.status < 500 or reply.status == 501, reply.body
    assert sender.stored() == before


@given(
    methods,
    st.sampled_from(["", "/", "//", "/a", "/a/b", "/BUCKET", "/BUCKET/", "/BUCKET/PREFIX/MLmodel"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30)
    | st.sampled_from(["AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 Credential=KEY", "AWS KEY:x"]),
    st.dictionaries(
        st.sampled_from(["X-Amz-Credential", "X-Amz-Algorithm", "X-Amz-Date", "X-Amz-Expires", "X-Amz-Signature"]),
        st.sampled_from(["", "KEY", "KEY/20200101/us-east-2/s3/aws4_request", "AWS4-HMAC-SHA256", "20201399T999999Z"])
        | st.text(max_size=9),
    ),
)
def test_a_credential_of_any_kind(sender: Sender, method, path, authorization, query):
    def filled(text: str) -> str:
        return sender.filled(text).replace("KEY", sender.keys.access_key)

    url = f"/_fakebricks/s3{filled(path)}?{urlencode({name: filled(value) for name, value in query.items()})}"
    before = sender.stored()
    reply = sender.workspace.handle(Request.of(method, url, {"authorization": filled(authorization)}))
    if "BUCKET" in path:
        assert 400 <= reply.status < 500
    assert reply.status < 500 or reply.status == 501, reply.body
    assert sender.stored() == before
