"""Clients that meet a rate limit back off by themselves, on simulated time."""

from __future__ import annotations

import os

import pytest
from clocks import standing_at

mlflow = pytest.importorskip("mlflow")

from databricks.sdk import WorkspaceClient  # noqa: E402
from mlflow import MlflowClient  # noqa: E402


@pytest.mark.parametrize("uri", ["databricks", "http"])
def test_mlflow_waits_and_succeeds(entered, uri):
    with entered(clock=standing_at(), rate_limits={"search_runs": 2}) as workspace:
        client = MlflowClient(tracking_uri=os.environ["DATABRICKS_HOST"] if uri == "http" else uri)
        experiment_id = client.create_experiment("/Shared/limited")
        began = workspace.clock.time()
        for _ in range(20):
            assert client.search_runs([experiment_id]) == []

        answers = [call.status for call in workspace.calls.matching("search_runs")]
        assert answers.count(200) == 20
        assert 429 in answers
        assert workspace.clock.time() - began >= 18 / 2


def test_databricks_sdk_waits_and_succeeds(entered):
    with entered(clock=standing_at(), rate_limits={"experiments": 1}) as workspace:
        client = WorkspaceClient()
        for number in range(5):
            client.experiments.create_experiment(name=f"/Shared/{number}")
        answers = [call.status for call in workspace.calls.matching("create_experiment")]
        assert answers.count(200) == 5
        assert 429 in answers


def test_whose_patience_ends_sees_why(entered, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with entered(clock=standing_at(), rate_limits={"search_runs": 0.01}):
        client = MlflowClient(tracking_uri=os.environ["DATABRICKS_HOST"])
        experiment_id = client.create_experiment("/Shared/limited")
        client.search_runs([experiment_id])
        with pytest.raises(Exception, match="429"):
            client.search_runs([experiment_id])
