"""The guard before the workspace's bucket, through unmodified boto3 and both ways in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import boto3
import pytest
import requests
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from s3_client import MLMODEL, MODEL, VersionFiles, finalize, new_version, ready_version, refusal

from fakebricks import Workspace

DENIED = (403, "AccessDenied", "Access Denied")


@pytest.fixture
def workspace(entered) -> Iterator[Workspace]:
    """A workspace with its own S3, by each way in, whose environment clients see."""
    with entered(storage="s3") as workspace:
        yield workspace


@pytest.fixture
def writer(workspace: Workspace) -> VersionFiles:
    return VersionFiles(workspace, new_version(workspace))


@pytest.fixture
def reader(workspace: Workspace) -> VersionFiles:
    return VersionFiles(workspace, ready_version(workspace), "READ")


def presigned(files: VersionFiles, operation: str = "get_object", name: str = "MLmodel", **options) -> str:
    return files.s3.generate_presigned_url(
        operation, Params={"Bucket": files.bucket, "Key": f"{files.prefix}/{name}"}, **options
    )


def code_in(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.text.partition("<Code>")[2].partition("</Code>")[0]


# What a credential is


def test_a_credential_is_of_the_form_that_clients_know(workspace: Workspace, writer: VersionFiles):
    told = writer.credentials
    assert told["storage_mode"] == "CUSTOMER_HOSTED"
    assert told["expiration_time"] == pytest.approx(workspace.clock.millis() + 3600_000, abs=60_000)
    aws = told["aws_temp_credentials"]
    assert aws["access_key_id"].startswith("ASIA")
    assert len(aws["access_key_id"]) == 20
    assert len(aws["secret_access_key"]) == 40
    assert writer.bucket == f"fakebricks-{workspace.identity.workspace_id}"
    assert "/models/" in writer.prefix
    assert "/versions/" in writer.prefix


def test_every_credential_is_another_one(workspace: Workspace, reader: VersionFiles):
    other = VersionFiles(workspace, "1", "READ").credentials["aws_temp_credentials"]
    mine = reader.credentials["aws_temp_credentials"]
    assert all(mine[name] != other[name] for name in mine)


# What it is for


def test_a_credential_to_write_puts_gets_lists_copies_and_deletes(writer: VersionFiles):
    writer.put("MLmodel")
    writer.put("data/model.pkl", b"\x00\x01" * 1000, ContentType="application/octet-stream")
    assert writer.names() == ["MLmodel", "data/model.pkl"]
    assert writer.get("data/model.pkl") == b"\x00\x01" * 1000
    assert writer.get("data/model.pkl", Range="bytes=2-5") == b"\x00\x01\x00\x01"
    at = {"Bucket": writer.bucket, "Key": f"{writer.prefix}/data/model.pkl"}
    assert writer.s3.head_object(**at)["ContentLength"] == 2000
    writer.s3.copy_object(CopySource=at, Bucket=writer.bucket, Key=f"{writer.prefix}/copy")
    writer.s3.delete_object(**at)
    assert writer.names() == ["MLmodel", "copy"]


@pytest.mark.parametrize(
    "name", ["a b", "a+b", "ä/ö", "100%", "%41", "a#b?c=d&e", "a;b,c'(d)*!", "a=b", "~x", "a:b@c$"]
)
def test_keys_of_any_characters(writer: VersionFiles, name: str):
    writer.put(name, name.encode())
    assert writer.get(name) == name.encode()
    assert writer.names() == [name]
    assert requests.get(presigned(writer, name=name), timeout=60).content == name.encode()


def test_a_credential_to_read_only_reads(reader: VersionFiles):
    assert reader.get() == MLMODEL
    assert reader.names() == ["MLmodel"]
    at = {"Bucket": reader.bucket, "Key": f"{reader.prefix}/MLmodel"}
    assert refusal(reader.put, "other") == DENIED
    assert refusal(reader.put) == DENIED
    assert refusal(reader.s3.delete_object, **at) == DENIED
    assert refusal(reader.s3.create_multipart_upload, **at) == DENIED
    assert refusal(reader.s3.copy_object, **{**at, "Key": f"{at['Key']}2"}, CopySource=at) == DENIED
    assert code_in(requests.put(presigned(reader, "put_object"), data=b"x", timeout=60)) == (403, "AccessDenied")
    assert reader.get() == MLMODEL
    assert reader.names() == ["MLmodel"]


def test_a_credential_for_one_version_is_none_for_another(workspace: Workspace, reader: VersionFiles):
    other = VersionFiles(workspace, new_version(workspace))
    other.put("MLmodel")
    place = {"Bucket": reader.bucket, "Key": f"{reader.prefix}/MLmodel"}
    assert refusal(other.s3.get_object, **place) == DENIED
    assert refusal(other.s3.put_object, **place, Body=b"changed") == DENIED
    assert refusal(other.s3.delete_object, **place) == DENIED
    assert refusal(other.s3.list_objects_v2, Bucket=reader.bucket, Prefix=f"{reader.prefix}/") == DENIED
    assert refusal(other.s3.copy_object, Bucket=other.bucket, Key=f"{other.prefix}/x", CopySource=place) == DENIED
    assert reader.get() == MLMODEL


def test_nothing_beside_its_own_prefix_is_reached(writer: VersionFiles):
    s3, bucket = writer.s3, writer.bucket
    assert refusal(s3.list_objects_v2, Bucket=bucket) == DENIED
    assert refusal(s3.list_objects_v2, Bucket=bucket, Prefix=writer.prefix[:-1]) == DENIED
    assert refusal(s3.list_objects, Bucket=bucket, Prefix="") == DENIED
    assert refusal(s3.put_object, Bucket=bucket, Key=f"{writer.prefix}x", Body=b"") == DENIED
    assert refusal(s3.put_object, Bucket=bucket, Key=writer.prefix, Body=b"") == DENIED
    assert refusal(s3.get_object, Bucket="features", Key="x") == DENIED
    assert refusal(s3.create_bucket, Bucket="mine") == DENIED
    assert refusal(s3.delete_bucket, Bucket=bucket) == DENIED
    assert refusal(s3.list_buckets) == DENIED
    assert refusal(s3.get_bucket_policy, Bucket=bucket) == DENIED
    assert refusal(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}) == DENIED


@pytest.mark.parametrize("key", ["{}/../x", "{}/./x", "{}/../../versions/x", "../{}/x", "{}/a/.."])
def test_a_key_that_climbs_is_none(writer: VersionFiles, key: str):
    place = {"Bucket": writer.bucket, "Key": key.format(writer.prefix)}
    for refused in (refusal(writer.s3.put_object, **place, Body=b"x"), refusal(writer.s3.get_object, **place)):
        assert refused == (400, "InvalidURI", "Couldn't parse the specified URI.")
    assert writer.names() == []


def test_a_copy_cannot_climb_either(writer: VersionFiles):
    writer.put()
    source = {"Bucket": writer.bucket, "Key": f"{writer.prefix}/../MLmodel"}
    refused = refusal(writer.s3.copy_object, Bucket=writer.bucket, Key=f"{writer.prefix}/x", CopySource=source)
    assert refused[:2] == (400, "InvalidURI")


def test_other_operations_on_an_object_are_denied(writer: VersionFiles):
    writer.put()
    at = {"Bucket": writer.bucket, "Key": f"{writer.prefix}/MLmodel"}
    assert refusal(writer.s3.put_object_acl, **at, ACL="public-read") == DENIED
    assert refusal(writer.s3.get_object_acl, **at) == DENIED
    assert refusal(writer.s3.get_object_tagging, **at) == DENIED
    assert refusal(writer.s3.restore_object, **at) == DENIED
    assert refusal(writer.put, "public", ACL="public-read") == DENIED
    assert refusal(writer.put, "tagged", Tagging="a=b") == DENIED
    assert writer.names() == ["MLmodel"]


@pytest.mark.parametrize(("name", "value"), [("max-keys", "many"), ("max-keys", "-1"), ("max-keys", "9" * 20)])
def test_a_number_that_is_none(writer: VersionFiles, name: str, value: str):
    listing = {"Bucket": writer.bucket, "Prefix": f"{writer.prefix}/"}
    s3 = writer.client()

    def add(request: AWSRequest, **_) -> None:
        request.url += f"&{name}={value}"

    s3.meta.events.register("before-sign.s3.ListObjectsV2", add)
    assert refusal(s3.list_objects_v2, **listing)[:2] == (400, "InvalidArgument")


def test_what_is_said_twice_is_not_believed_once(writer: VersionFiles):
    s3 = writer.client()

    def add(request: AWSRequest, **_) -> None:
        request.url = request.url.replace("?", "?prefix=&", 1)

    s3.meta.events.register("before-sign.s3.ListObjectsV2", add)
    refused = refusal(s3.list_objects_v2, Bucket=writer.bucket, Prefix=f"{writer.prefix}/")
    assert refused == (400, "InvalidArgument", "Invalid Argument")


# Who has one


def test_without_or_with_another_key_nobody_gets_in(workspace: Workspace, reader: VersionFiles):
    url = f"{os.environ['AWS_ENDPOINT_URL_S3']}/{reader.bucket}/{reader.prefix}/MLmodel"
    assert code_in(requests.get(url, timeout=60)) == (403, "AccessDenied")
    bearer = {"Authorization": f"Bearer {workspace.token}"}
    assert code_in(requests.get(url, headers=bearer, timeout=60)) == (403, "AccessDenied")
    user = boto3.session.Session().client("s3")  # with the keys that moto gives everybody
    assert refusal(user.get_object, Bucket=reader.bucket, Key=f"{reader.prefix}/MLmodel") == (
        403,
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
    )
    assert reader.bucket not in [one["Name"] for one in user.list_buckets()["Buckets"]]
    assert refusal(user.delete_bucket, Bucket=reader.bucket)[1] == "InvalidAccessKeyId"


def test_around_the_endpoint_there_is_no_way_to_the_bucket(reader: VersionFiles):
    user = boto3.session.Session().client("s3", endpoint_url="https://s3.amazonaws.com", region_name="us-east-1")
    assert refusal(user.list_objects_v2, Bucket=reader.bucket)[1] == "NoSuchBucket"
    mine = reader.client(endpoint_url="https://s3.amazonaws.com", region_name="us-east-1")
    assert refusal(mine.get_object, Bucket=reader.bucket, Key=f"{reader.prefix}/MLmodel")[1] == "NoSuchBucket"


def test_a_tampered_secret_or_token_is_refused(reader: VersionFiles):
    at = {"Bucket": reader.bucket, "Key": f"{reader.prefix}/MLmodel"}
    aws = reader.credentials["aws_temp_credentials"]
    wrong = reader.client(aws_secret_access_key=f"{aws['secret_access_key'][:-1]}!")
    assert refusal(wrong.get_object, **at)[:2] == (403, "SignatureDoesNotMatch")
    wrong = reader.client(aws_session_token=f"{aws['session_token'][:-1]}!")
    assert refusal(wrong.get_object, **at)[:2] == (400, "InvalidToken")
    wrong = reader.client(aws_session_token=None)
    assert refusal(wrong.get_object, **at)[:2] == (400, "InvalidToken")


def test_a_request_that_was_changed_after_signing_is_refused(writer: VersionFiles):
    aws = writer.credentials["aws_temp_credentials"]
    keys = Credentials(aws["access_key_id"], aws["secret_access_key"], aws["session_token"])
    url = f"{os.environ['AWS_ENDPOINT_URL_S3']}/{writer.bucket}/{writer.prefix}/MLmodel"
    request = AWSRequest("PUT", url, data=b"signed")
    S3SigV4Auth(keys, "s3", "us-east-2").add_auth(request)
    headers = dict(request.headers)

    def send(method: str = "PUT", url: str = url, data: bytes = b"signed", **more: str) -> tuple[int, str]:
        return code_in(requests.request(method, url, data=data, headers={**headers, **more}, timeout=60))

    assert send("DELETE") == (403, "SignatureDoesNotMatch")
    assert send(url=f"{url}2") == (403, "SignatureDoesNotMatch")
    assert send(url=f"{url}?partNumber=1") == (403, "SignatureDoesNotMatch")
    assert send(**{"X-Amz-Date": "20200101T000000Z"}) == (400, "AuthorizationHeaderMalformed")
    assert send(**{"x-amz-copy-source": f"{writer.bucket}/{writer.prefix}/x"}) == (403, "AccessDenied")
    assert send(data=b"another") == (400, "XAmzContentSHA256Mismatch")
    assert send()[0] == 200


def test_signatures_of_version_2_are_refused(writer: VersionFiles):
    writer.put()
    old = writer.client(config=Config(signature_version="s3", retries={"max_attempts": 0}))
    at = {"Bucket": writer.bucket, "Key": f"{writer.prefix}/MLmodel"}
    text = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
    assert refusal(old.get_object, **at) == (400, "InvalidRequest", text)
    url = old.generate_presigned_url("get_object", Params=at)
    assert code_in(requests.get(url, timeout=60)) == (400, "InvalidRequest")


# How long


def test_an_expired_credential_is_refused(workspace: Workspace, reader: VersionFiles):
    workspace.clock.advance(minutes=59)
    assert reader.get() == MLMODEL
    workspace.clock.advance(minutes=2)
    expired = (400, "ExpiredToken", "The provided token has expired.")
    assert refusal(reader.get) == expired
    assert refusal(reader.names) == expired
    assert VersionFiles(workspace, "1", "READ").get() == MLMODEL


def test_a_presigned_url_works_until_it_expires(workspace: Workspace, reader: VersionFiles):
    url = presigned(reader, ExpiresIn=60)
    assert requests.get(url, timeout=60).content == MLMODEL
    workspace.clock.advance(seconds=61)
    assert code_in(requests.get(url, timeout=60)) == (403, "AccessDenied")
    longer = presigned(reader, ExpiresIn=7200)
    assert requests.get(longer, timeout=60).content == MLMODEL
    workspace.clock.advance(hours=1)
    assert code_in(requests.get(longer, timeout=60)) == (400, "ExpiredToken")


def test_a_presigned_url_is_for_what_it_says(reader: VersionFiles):
    url = presigned(reader)
    assert code_in(requests.delete(url, timeout=60)) == (403, "SignatureDoesNotMatch")
    assert code_in(requests.get(url.replace("MLmodel", "MLmodel2"), timeout=60)) == (403, "SignatureDoesNotMatch")
    assert code_in(requests.get(url.replace("Expires=3600", "Expires=9999"), timeout=60)) == (
        403,
        "SignatureDoesNotMatch",
    )
    assert code_in(requests.get(url.replace("Expires=3600", "Expires=999999"), timeout=60)) == (
        400,
        "AuthorizationQueryParametersError",
    )


@pytest.mark.parametrize("expires", ["", "x", "-1", "9" * 30, "0" * 20 + "9" * 5000])
def test_a_presigned_url_says_how_long(reader: VersionFiles, expires: str):
    url = presigned(reader).replace("Expires=3600", f"Expires={expires}")
    assert code_in(requests.get(url, timeout=60)) == (400, "AuthorizationQueryParametersError")


def test_a_presigned_url_to_put(writer: VersionFiles):
    assert requests.put(presigned(writer, "put_object"), data=b"x", timeout=60).status_code == 200
    assert requests.delete(presigned(writer, "delete_object", "other"), timeout=60).status_code == 204
    assert writer.get() == b"x"


# What is kept


def test_uploads_in_parts(writer: VersionFiles):
    at = {"Bucket": writer.bucket, "Key": f"{writer.prefix}/big"}
    upload = writer.s3.create_multipart_upload(**at)["UploadId"]
    parts = []
    for number, content in enumerate([b"a" * (5 << 20), b"b"], 1):
        url = writer.s3.generate_presigned_url(
            "upload_part", Params={**at, "UploadId": upload, "PartNumber": number}, ExpiresIn=60
        )
        parts.append({"PartNumber": number, "ETag": requests.put(url, data=content, timeout=60).headers["ETag"]})
    assert [one["PartNumber"] for one in writer.s3.list_parts(**at, UploadId=upload)["Parts"]] == [1, 2]
    other = {**at, "Key": f"{writer.prefix}/other"}
    assert refusal(writer.s3.abort_multipart_upload, **other, UploadId=upload)[:2] == (404, "NoSuchUpload")
    writer.s3.complete_multipart_upload(**at, UploadId=upload, MultipartUpload={"Parts": parts})
    assert len(writer.get("big")) == (5 << 20) + 1
    given_up = writer.s3.create_multipart_upload(**other)["UploadId"]
    writer.s3.abort_multipart_upload(**other, UploadId=given_up)
    assert writer.names() == ["big"]


def test_what_is_finished_is_not_changed(workspace: Workspace):
    version = new_version(workspace)
    writer = VersionFiles(workspace, version)
    writer.put()
    assert finalize(workspace, version)["status"] == "READY"
    assert refusal(writer.put) == DENIED
    assert writer.get() == MLMODEL


def test_a_deleted_version_has_no_files(workspace: Workspace, reader: VersionFiles):
    reader.rest.delete("/api/2.0/mlflow/unity-catalog/model-versions/delete", name=MODEL, version="1")
    assert refusal(reader.get)[:2] == (404, "NoSuchKey")
    assert reader.names() == []


def test_who_writes_to_a_deleted_version_is_refused(writer: VersionFiles):
    writer.put()
    writer.rest.delete("/api/2.0/mlflow/unity-catalog/registered-models/delete", name=MODEL)
    assert writer.names() == []
    assert refusal(writer.put) == DENIED


# What nobody learns


def test_no_secret_is_in_the_call_log_or_an_error(workspace: Workspace, reader: VersionFiles):
    url = presigned(reader)
    signature = url.rpartition("X-Amz-Signature=")[2].partition("&")[0]
    requests.get(url, timeout=60)
    wrong = requests.get(f"{url}0", timeout=60)
    refusal(reader.client(aws_secret_access_key="x").get_object, Bucket=reader.bucket, Key="x")
    aws = reader.credentials["aws_temp_credentials"]
    said = "".join(f"{call!r}" for call in workspace.calls) + wrong.text
    for secret in (aws["secret_access_key"], aws["session_token"], quote(aws["session_token"], ""), signature):
        assert secret not in said
    assert aws["access_key_id"] not in said
    logged = [call for call in workspace.calls if ("X-Amz-Signature", "[REDACTED]") in call.query]
    assert len(logged) == 2
    assert urlsplit(url).path == logged[0].path
    issued = workspace.calls.matching("generate_temporary_model_version_credentials")
    assert {call.reply_body for call in issued} == {b""}


def test_what_is_not_computed_is_said(workspace: Workspace, writer: VersionFiles):
    writer.put()
    keys = {"Objects": [{"Key": f"{writer.prefix}/MLmodel"}]}
    assert refusal(writer.s3.delete_objects, Bucket=writer.bucket, Delete=keys)[0] == 501
    assert refusal(writer.put, "directory/")[0] == 501
    assert any("one object at a time" in one for one in workspace.unsupported)
    workspace.unsupported.clear()
    assert writer.names() == ["MLmodel"]
