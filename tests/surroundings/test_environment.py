"""The environment of code under test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
import requests
from moto import mock_aws

from fakebricks import fake_workspace
from fakebricks.surroundings.environment import Environment

USER_S_OWN = {
    "DATABRICKS_HOST": "https://real.cloud.databricks.com",
    "DATABRICKS_CONFIG_PROFILE": "PROD",
    "DATABRICKS_CLIENT_SECRET": "s",
    "AWS_PROFILE": "prod",
    "AWS_SESSION_TOKEN": "s",
    "AWS_ACCESS_KEY_ID": "real",
    "AZURE_CLIENT_SECRET": "s",
    "ARM_CLIENT_SECRET": "s",
    "GOOGLE_APPLICATION_CREDENTIALS": "/real.json",
    "MLFLOW_TRACKING_TOKEN": "s",
    "MLFLOW_EXPERIMENT_ID": "123",
    "MLFLOW_TRACKING_URI": "https://mlflow.example.com",
}


@pytest.fixture
def own(monkeypatch):
    for name, value in USER_S_OWN.items():
        monkeypatch.setenv(name, value)


def test_the_workspace_is_found_and_nothing_of_the_user_s_own(own):
    with fake_workspace() as workspace:
        assert {name: os.environ[name] for name in workspace.env()} == workspace.env()
        assert workspace.host.startswith("https://")
        for name, value in USER_S_OWN.items():
            assert os.environ.get(name) != value
        assert workspace.token in Path(os.environ["DATABRICKS_CONFIG_FILE"]).read_text()
        assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_what_was_there_is_put_back_also_after_an_error(own):
    before = dict(os.environ)
    with pytest.raises(ZeroDivisionError), fake_workspace():
        os.environ["MLFLOW_EXPERIMENT_ID"] = "456"
        os.environ["MLFLOW_RUN_ID"] = "1"
        os.environ["AWS_SECRET_ACCESS_KEY"] = "left"
        os.environ["DATABRICKS_TOKEN"] = "left"
        raise ZeroDivisionError
    assert dict(os.environ) == before


def test_variables_of_the_test_s_own_stay(monkeypatch):
    with fake_workspace():
        monkeypatch.setenv("MY_SETTING", "1")
    assert os.environ["MY_SETTING"] == "1"


def test_choices_that_are_no_credentials_stay_in_sight(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    with fake_workspace():
        assert os.environ["AWS_DEFAULT_REGION"] == "eu-west-1"
        assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "2"


@pytest.mark.parametrize("spelling", ["NO_PROXY", "no_proxy"])
def test_hosts_without_a_proxy_stay_so(monkeypatch, spelling):
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(spelling, "intranet.example")
    with Environment({}, "ws.fakebricks.test"):
        assert os.environ["NO_PROXY"] == os.environ["no_proxy"] == "intranet.example,ws.fakebricks.test"
    assert os.environ[spelling] == "intranet.example"


def test_boto3_has_keys_that_open_nothing(own):
    with fake_workspace():
        credentials = boto3.Session().get_credentials()
        assert credentials.access_key != "real"
        assert credentials.token is None


def test_the_environment_of_moto_comes_back(own):
    with mock_aws():
        inside = dict(os.environ)
        with fake_workspace():
            assert boto3.Session().get_credentials().access_key != "real"
        assert dict(os.environ) == inside


def test_databricks_sdk_reads_no_profile(own, tmp_path, monkeypatch):
    from databricks.sdk import WorkspaceClient

    (tmp_path / ".databrickscfg").write_text("[PROD]\nhost = https://real.cloud.databricks.com\ntoken = real\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with fake_workspace() as workspace:
        with pytest.raises(ValueError, match="PROD"):
            WorkspaceClient(profile="PROD")
        client = WorkspaceClient()
        assert client.config.host == workspace.host
        assert client.config.token == workspace.token
        assert client.current_user.me().user_name == "jane@acme.test"


def test_a_netrc_of_the_user_s_own_does_not_take_the_token_s_place(tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("default login jane password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with fake_workspace() as workspace:
        me = f"{workspace.host}/api/2.0/preview/scim/v2/Me"
        assert requests.get(me, headers={"Authorization": f"Bearer {workspace.token}"}, timeout=60).status_code == 200


def test_credentials_of_mlflow_s_own_file_do_not_take_the_token_s_place(tmp_path, monkeypatch):
    from mlflow import MlflowClient

    (tmp_path / ".mlflow").mkdir()
    (tmp_path / ".mlflow" / "credentials").write_text(
        "[mlflow]\nmlflow_tracking_username=jane\nmlflow_tracking_password=s\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    with fake_workspace() as workspace:
        assert MlflowClient(tracking_uri=workspace.host).search_experiments() == []


def test_spark_s_client_without_a_spark_does_not_end_the_process(monkeypatch):
    """MLflow asks for a session of Spark; the client alone exits where it finds no Spark."""
    monkeypatch.delenv("SPARK_HOME")
    program = """if True:
        import mlflow
        from fakebricks import fake_workspace
        from pyspark.sql.utils import is_remote
        with fake_workspace():
            mlflow.set_experiment("/Shared/e")
        import os
        assert "SPARK_HOME" not in os.environ
        print("still here")
    """
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert "still here" in ended.stdout, ended.stderr


def test_a_spark_of_the_user_s_own_is_left_alone(monkeypatch):
    monkeypatch.setenv("SPARK_HOME", "/opt/spark")
    with fake_workspace():
        assert os.environ["SPARK_HOME"] == "/opt/spark"
    assert os.environ["SPARK_HOME"] == "/opt/spark"
