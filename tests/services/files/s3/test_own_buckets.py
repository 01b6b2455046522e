"""Buckets of the test's own, and its own `mock_aws`, beside a workspace whose storage is S3: in every order."""

from __future__ import annotations

import os

import boto3
import pytest
from moto import mock_aws
from s3_client import MLMODEL, VersionFiles, ready_version, refusal

from fakebricks import Workspace, fake_workspace
from fakebricks.services.files.s3 import moto_s3

AWS = "https://s3.amazonaws.com"


def client(**options):
    return boto3.session.Session().client("s3", region_name="us-east-1", **options)


def check_own_bucket(**options) -> None:
    s3 = client(**options)
    s3.create_bucket(Bucket="features")
    s3.put_object(Bucket="features", Key="a/b c", Body=b"1,2")
    assert s3.get_object(Bucket="features", Key="a/b c")["Body"].read() == b"1,2"
    assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == ["features"]
    assert refusal(s3.get_object, Bucket="features", Key="x")[:2] == (404, "NoSuchKey")


def check_version(workspace: Workspace, version: str) -> None:
    assert VersionFiles(workspace, version, "READ").get() == MLMODEL


@pytest.mark.parametrize("endpoint", [None, AWS])
def test_without_mock_aws(entered, endpoint):
    with entered(storage="s3") as workspace:
        version = ready_version(workspace)
        check_own_bucket(endpoint_url=endpoint)
        check_version(workspace, version)
    with entered(storage="s3"):
        assert client().list_buckets()["Buckets"] == []


def test_mock_aws_inside(entered):
    with entered(storage="s3") as workspace:
        version = ready_version(workspace)
        with mock_aws():
            check_own_bucket()
            check_version(workspace, version)
        check_version(workspace, version)
        mock_aws(check_version)(workspace, version)


def test_mock_aws_around(entered):
    with mock_aws():
        client().create_bucket(Bucket="mine")
        with entered(storage="s3") as workspace:
            check_version(workspace, ready_version(workspace))
            client().put_object(Bucket="mine", Key="x", Body=b"1")
        assert client().get_object(Bucket="mine", Key="x")["Body"].read() == b"1"


def test_mock_aws_before_and_after(entered):
    mock_aws(check_own_bucket)()
    with entered(storage="s3") as workspace:
        check_version(workspace, ready_version(workspace))
        check_own_bucket()
    mock_aws(check_own_bucket)()


def test_mock_aws_that_is_left_later_than_the_workspace(entered, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "mine")
    mock = mock_aws()
    with entered(storage="s3") as workspace:
        mock.start()
        version = ready_version(workspace)
        check_own_bucket()
        check_version(workspace, version)
    assert [one["Name"] for one in client().list_buckets()["Buckets"]] == ["features"]
    mock.stop()


@pytest.mark.parametrize("outer", ["moto", "fakebricks"])
def test_both_as_decorators(outer):
    def body() -> None:
        check_own_bucket()

    faked = fake_workspace(storage="s3")
    (mock_aws(faked(body)) if outer == "moto" else faked(mock_aws(body)))()


def test_a_reset_of_moto_does_not_touch_the_workspace_s_bucket(entered):
    with entered(storage="s3") as workspace:
        version = ready_version(workspace)
        check_own_bucket()
        mock_aws().reset()
        assert client().list_buckets()["Buckets"] == []
        check_version(workspace, version)


def test_a_workspace_that_nobody_entered_outlives_every_mock_aws(server):
    workspace = Workspace(storage="s3")
    server.add(workspace)
    endpoint = workspace.env(server.url)["AWS_ENDPOINT_URL_S3"]
    version = ready_version(workspace, endpoint_url=endpoint)
    mock_aws(check_own_bucket)()
    with mock_aws():
        pass
    reader = VersionFiles(workspace, version, "READ", endpoint_url=endpoint)
    assert reader.get() == MLMODEL
    server.remove(workspace)
    workspace.close()


def test_workspaces_with_the_same_name_have_buckets_of_their_own(server):
    first, second = Workspace(storage="s3"), Workspace(storage="s3")
    endpoint = first.env(server.url)["AWS_ENDPOINT_URL_S3"]
    server.add(first)
    version = ready_version(first, endpoint_url=endpoint)
    assert second.identity == first.identity
    second.close()
    assert VersionFiles(first, version, "READ", endpoint_url=endpoint).get() == MLMODEL
    server.remove(first)
    first.close()


def test_one_server_finds_the_workspace_of_a_credential(server):
    workspaces = [Workspace(storage="s3", seed=seed) for seed in (1, 2)]
    for workspace in workspaces:
        server.add(workspace)
    endpoint = workspaces[0].env(server.url)["AWS_ENDPOINT_URL_S3"]
    for workspace in workspaces:
        version = ready_version(workspace, endpoint_url=endpoint)
        assert VersionFiles(workspace, version, "READ", endpoint_url=endpoint).get() == MLMODEL
    for workspace in workspaces:
        server.remove(workspace)
        workspace.close()


def test_an_endpoint_of_the_user_s_own_is_put_back(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://localhost:9000")
    monkeypatch.delenv("MLFLOW_S3_ENDPOINT_URL", raising=False)
    with fake_workspace(storage="s3") as workspace:
        assert os.environ["AWS_ENDPOINT_URL_S3"] == f"{workspace.host}/_fakebricks/s3"
        assert os.environ["MLFLOW_S3_ENDPOINT_URL"] == f"{workspace.host}/_fakebricks/s3"
    assert os.environ["AWS_ENDPOINT_URL_S3"] == "http://localhost:9000"
    assert "MLFLOW_S3_ENDPOINT_URL" not in os.environ


def test_another_storage_has_no_s3(workspace: Workspace, entered):
    assert "AWS_ENDPOINT_URL_S3" not in workspace.env()
    with entered(strict=False) as other:
        refused = refusal(client(endpoint_url=f"{os.environ['DATABRICKS_HOST']}/_fakebricks/s3").list_buckets)
        assert refused[0] == 501
        assert "storage='s3'" in other.unsupported[0]


def test_without_moto_it_is_said_at_once(monkeypatch):
    monkeypatch.setattr(moto_s3.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'fakebricks\[s3\]'"):
        Workspace(storage="s3")
    Workspace(storage="files").close()
