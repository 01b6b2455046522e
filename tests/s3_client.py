"""Clients of the workspace's S3, for tests: unmodified boto3 with a credential that the workspace issued."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from conftest import Rest

from fakebricks import Workspace

MODEL = "main.default.fraud"
MLMODEL = b"""\
signature:
  inputs: '[{"type": "double", "name": "amount", "required": true}]'
  outputs: '[{"type": "long", "required": true}]'
"""
_UC = "/api/2.0/mlflow/unity-catalog"


@cache
def _session() -> boto3.session.Session:
    """One for all clients, which come with keys of their own: what it reads of S3's model is read once."""
    return boto3.session.Session()


class VersionFiles:
    """A model version, and a boto3 client with a fresh credential for its files.

    The client is boto3's own; what a test gives beside goes to it.
    """

    def __init__(self, workspace: Workspace, version: str, operation: str = "READ_WRITE", **options: Any) -> None:
        self.rest = Rest(workspace)
        named = {"name": MODEL, "version": version}
        location = self.rest.get(f"{_UC}/model-versions/get", **named)["model_version"]["storage_location"]
        self.bucket, _, self.prefix = location.removeprefix("s3://").partition("/")
        self.credentials = self.rest.post(
            f"{_UC}/model-versions/generate-temporary-credentials",
            **named,
            operation=f"MODEL_VERSION_OPERATION_{operation}",
        )["credentials"]
        self.s3 = self.client(**options)

    def client(self, **options: Any) -> Any:
        aws = self.credentials["aws_temp_credentials"]
        secrets = {
            "aws_access_key_id": aws["access_key_id"],
            "aws_secret_access_key": aws["secret_access_key"],
            "aws_session_token": aws["session_token"],
        }
        given = {"region_name": "us-east-2", "config": Config(retries={"max_attempts": 0}), **secrets, **options}
        return _session().client("s3", **given)

    def put(self, name: str = "MLmodel", content: bytes = MLMODEL, **options: Any) -> Any:
        return self.s3.put_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}", Body=content, **options)

    def get(self, name: str = "MLmodel", **options: Any) -> bytes:
        return self.s3.get_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}", **options)["Body"].read()

    def names(self) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"{self.prefix}/").get("Contents", [])
        return [one["Key"].removeprefix(f"{self.prefix}/") for one in found]


def new_version(workspace: Workspace) -> str:
    """A new version of the model, which is made if need be; its number."""
    rest = Rest(workspace)
    if not rest.get(f"{_UC}/registered-models/search").get("registered_models"):
        rest.post(f"{_UC}/registered-models/create", name=MODEL)
    return rest.post(f"{_UC}/model-versions/create", name=MODEL, source="here")["model_version"]["version"]


def finalize(workspace: Workspace, version: str) -> Any:
    return Rest(workspace).post(f"{_UC}/model-versions/finalize", name=MODEL, version=version)["model_version"]


def ready_version(workspace: Workspace, **options: Any) -> str:
    """A READY version, written with boto3, which is given the options; its number."""
    version = new_version(workspace)
    VersionFiles(workspace, version, **options).put()
    finalize(workspace, version)
    return version


class Refused(AssertionError):
    """boto3 was not refused."""


def refusal(call: Any, *arguments: Any, **options: Any) -> tuple[int, str, str]:
    """The status, code and message with which boto3 is refused."""
    try:
        call(*arguments, **options)
    except ClientError as error:
        said = error.response["Error"]
        return error.response["ResponseMetadata"]["HTTPStatusCode"], said["Code"], said["Message"]
    message = f"{call} was not refused"
    raise Refused(message)
