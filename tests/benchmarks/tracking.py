"""Tracking calls in process, beside the same client's calls to `mlflow server` on SQLite."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from fakebricks import Workspace, fake_workspace
from tests.benchmarks.measure import Row, free_port, medians, served, show

ROUNDS = 60
STORED_RUNS = 200


def mlflow_server(directory: str, port: int) -> tuple[list[str], dict[str, str]]:
    """The command and environment of a tracking server as a user would start one."""
    store = Path(directory) / "mlflow.db"
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{store}", "--default-artifact-root", directory, "--workers", "1"]
    return command, {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


class Script:
    """What is timed, through MLflow's own client, in either of the two."""

    def __init__(self, tracking_uri: str, experiment: str) -> None:
        from mlflow import MlflowClient

        self.client = MlflowClient(tracking_uri)
        self.experiment_id = self.client.create_experiment(experiment)
        self.runs = [self.client.create_run(self.experiment_id).info.run_id for _ in range(STORED_RUNS)]
        for number, run_id in enumerate(self.runs):
            self.client.log_metric(run_id, "auc", number / STORED_RUNS)
        self.step = 0

    def log_metric(self) -> None:
        self.step += 1
        self.client.log_metric(self.runs[0], "loss", 0.5, step=self.step)

    def get_run(self) -> None:
        self.client.get_run(self.runs[0])

    def search_runs(self) -> None:
        self.client.search_runs(
            [self.experiment_id], "metrics.auc > 0.5", max_results=20, order_by=["metrics.auc DESC"]
        )


def rows() -> None:
    """Fresh workspaces, and three tracking calls."""
    with tempfile.TemporaryDirectory() as directory:
        port = free_port()
        command, environment = mlflow_server(directory, port)
        with served(command, "/health", port, environment) as server, fake_workspace() as workspace:
            ours = Script("databricks", f"/Users/{workspace.user_name}/bench")
            theirs = Script(server.url, "bench")
            found = [
                row for name in ("log_metric", "get_run", "search_runs") for row in _call(name, workspace, ours, theirs)
            ]
    show("Tracking, in process, beside `mlflow server` on SQLite", [*_fresh(), *found])


def _call(name: str, workspace: Workspace, ours: Script, theirs: Script) -> list[Row]:
    own: list[float] = []

    def call() -> None:
        workspace.calls.clear()
        getattr(ours, name)()
        own.append(sum(one.cost for one in workspace.calls))

    seconds = medians({"ours": call, "theirs": getattr(theirs, name)}, rounds=ROUNDS)
    whole = Row(f"{name}, whole call", seconds["ours"] * 1e3, seconds["theirs"] * 1e3, "ms")
    share = Row(f"{name}, the fake's own share", statistics.median(own) * 1e3, seconds["theirs"] * 1e3, "ms")
    return [whole, share]


def _fresh() -> list[Row]:
    def workspace() -> None:
        Workspace().close()

    def fixture() -> None:
        with fake_workspace():
            pass

    calls: dict[str, Callable[[], object]] = {"workspace": workspace, "fixture": fixture}
    seconds = medians(calls, rounds=30)
    return [
        Row("fresh workspace", seconds["workspace"] * 1e3, None, "ms"),
        Row(
            "enter and leave fake_workspace()", seconds["fixture"] * 1e3, None, "ms", "patches and environment included"
        ),
    ]
