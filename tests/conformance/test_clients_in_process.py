"""Unmodified clients over the way in without sockets: retries, timeouts, waiters, and nothing left behind in MLflow."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from time import perf_counter

import mlflow
import pytest
import requests
from clocks import standing_at
from databricks.sdk import WorkspaceClient
from databricks.sdk.config import Config

from fakebricks import Workspace, fake_workspace
from fakebricks.wire import Reply, Request
from fakebricks.wire.intercept import Interception


class Flaky:
    """A workspace whose first answers to a path are others than its own."""

    def __init__(self, workspace: Workspace, path: str, *replies: Reply) -> None:
        self.workspace = workspace
        self.clock = workspace.clock
        self.host = workspace.host
        self.asked = 0
        self._path = path
        self._replies = list(replies)

    def handle(self, request: Request) -> Reply:
        if not request.path.endswith(self._path):
            return self.workspace.handle(request)
        self.asked += 1
        return self._replies.pop(0) if self._replies else self.workspace.handle(request)


def busy(status: int, **headers: str) -> Reply:
    code = "TEMPORARILY_UNAVAILABLE" if status == 503 else "REQUEST_LIMIT_EXCEEDED"
    return Reply.of_json({"error_code": code, "message": "busy"}, status, headers=headers)


def timed(action: Callable[[], object], workspace: Workspace) -> tuple[float, float]:
    """How many simulated and how many real seconds an action takes."""
    before, began = workspace.clock.time(), perf_counter()
    action()
    return workspace.clock.time() - before, perf_counter() - began


@pytest.mark.parametrize("status", [429, 503])
def test_databricks_sdk_waits_in_simulated_time(status):
    with fake_workspace(clock=standing_at()) as workspace:
        client = WorkspaceClient()
        flaky = Flaky(workspace, "scim/v2/Me", *[busy(status, **{"retry-after": "30"})] * 4)
        with Interception(flaky):
            simulated, real = timed(client.current_user.me, workspace)
        assert flaky.asked == 5
        assert simulated >= 120
        assert real < 60


def test_databricks_sdk_gives_up_in_simulated_time():
    with fake_workspace(clock=standing_at()) as workspace:
        client = WorkspaceClient()
        with (
            Interception(Flaky(workspace, "scim/v2/Me", *[busy(503, **{"retry-after": "30"})] * 100)),
            pytest.raises(TimeoutError, match="Timed out after"),
        ):
            client.current_user.me()


def test_databricks_sdk_times_out_on_a_slow_reply():
    with fake_workspace(clock=standing_at()) as workspace:
        client = WorkspaceClient(config=Config(http_timeout_seconds=10, retry_timeout_seconds=60))
        flaky = Flaky(workspace, "scim/v2/Me", *[Reply.of_json({}, duration=25)] * 100)
        with Interception(flaky):
            began, before = perf_counter(), workspace.clock.time()
            with pytest.raises(TimeoutError):
                client.current_user.me()
        assert flaky.asked > 1
        assert 60 < workspace.clock.time() - before < 120
        assert perf_counter() - began < 60


def test_mlflow_retries_in_simulated_time():
    with fake_workspace(clock=standing_at()) as workspace:
        mlflow.set_experiment("/Users/jane@acme.test/retried")
        flaky = Flaky(workspace, "runs/create", busy(503), busy(429), busy(503))
        with Interception(flaky):
            simulated, real = timed(lambda: mlflow.MlflowClient().create_run(experiment()), workspace)
        assert flaky.asked == 4
        assert simulated >= 2
        assert real < 60


def experiment() -> str:
    return mlflow.get_experiment_by_name("/Users/jane@acme.test/retried").experiment_id


def test_forty_downloads_through_the_sdk_do_not_exhaust_its_pool():
    with fake_workspace(strict=False) as workspace:
        client = WorkspaceClient()
        with Interception(Flaky(workspace, "/f", *[Reply(200, b"x" * 100_000)] * 45)):
            for _ in range(45):
                reply = client.api_client.do("GET", "/api/2.0/fs/files/f", raw=True)
                assert len(reply["contents"].read()) == 100_000


def leave_things_behind() -> str:
    mlflow.set_tracking_uri("databricks://left")
    mlflow.set_tracking_uri("databricks")
    mlflow.set_registry_uri("databricks-uc")
    mlflow.set_experiment("/Users/jane@acme.test/left")
    run = mlflow.start_run()
    mlflow.log_metric("m", 1.0)
    return run.info.run_id


@pytest.fixture
def nothing_of_mlflow_s_own(monkeypatch):
    """As in a fresh process: the suite's other tests leave nothing here either."""
    for name in [name for name in os.environ if name.startswith(("MLFLOW_", "DATABRICKS_"))]:
        monkeypatch.delenv(name)


def state() -> tuple[object, ...]:
    return (
        mlflow.active_run(),
        mlflow.tracking.fluent._last_active_run_id.get(),
        mlflow.get_tracking_uri(),
        mlflow.get_registry_uri(),
        mlflow.tracking.fluent._active_experiment_id,
        {name: value for name, value in os.environ.items() if "MLFLOW" in name},
    )


def test_nothing_of_one_workspace_is_left_for_the_next(nothing_of_mlflow_s_own):
    before = state()
    with fake_workspace():
        first = leave_things_behind()
    assert state() == before
    with fake_workspace(clock=standing_at()) as workspace:
        assert mlflow.active_run() is None
        assert mlflow.tracking.fluent._last_active_run_id.get() is None
        assert mlflow.get_tracking_uri() == "databricks"
        assert mlflow.get_registry_uri() == "databricks-uc"
        with pytest.raises(mlflow.MlflowException):
            mlflow.get_run(first)
        leave_things_behind()
        assert workspace.calls.matching("POST */runs/create")
    assert state() == before


def test_a_run_that_was_open_before_is_open_again(tmp_path, nothing_of_mlflow_s_own, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setattr(mlflow.tracking._tracking_service.utils, "_tracking_uri", (tmp_path / "own").as_uri())
    monkeypatch.setattr(mlflow.tracking.fluent, "_active_experiment_id", None)
    with mlflow.start_run() as run:
        with fake_workspace():
            assert mlflow.active_run() is None
            leave_things_behind()
        assert mlflow.active_run().info.run_id == run.info.run_id
        mlflow.log_metric("after", 1.0)
    assert mlflow.get_run(run.info.run_id).data.metrics == {"after": 1.0}


def test_mlflow_imported_meanwhile_is_left_as_new(pytester):
    pytester.makepyfile(
        """
        def test_one(fakebricks):
            import mlflow
            mlflow.set_registry_uri("databricks-uc")
            mlflow.set_experiment("/Users/jane@acme.test/e")
            mlflow.start_run()

        def test_two():
            import mlflow
            from mlflow.tracking import fluent
            from mlflow.tracking._model_registry import utils
            assert mlflow.active_run() is None
            assert (fluent._active_experiment_id, utils._registry_uri) == (None, None)
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=2)


def test_mlflow_s_own_threads_reach_the_workspace():
    with fake_workspace(clock=standing_at()) as workspace:
        mlflow.set_experiment("/Users/jane@acme.test/threads")
        with mlflow.start_run() as run:
            mlflow.log_metric("m", 1.0, synchronous=False)
            mlflow.flush_async_logging()
            worker = threading.Thread(target=mlflow.MlflowClient().log_metric, args=(run.info.run_id, "n", 2.0))
            worker.start()
            worker.join()
        assert mlflow.get_run(run.info.run_id).data.metrics == {"m": 1.0, "n": 2.0}
        assert workspace.calls.matching("POST */runs/log-batch")


def test_what_was_logged_asynchronously_arrives_and_its_threads_end():
    before = set(threading.enumerate())
    with fake_workspace(clock=standing_at()) as workspace:
        mlflow.set_experiment("/Users/jane@acme.test/unflushed")
        mlflow.start_run()
        mlflow.log_metric("m", 1.0, synchronous=False)
    assert workspace.calls.matching("POST */runs/log-batch")
    assert not [thread.name for thread in set(threading.enumerate()) - before if "async" in thread.name.lower()]


def test_images_on_their_way_arrive_before_the_workspace_goes():
    numpy = pytest.importorskip("numpy")
    with fake_workspace(clock=standing_at()) as workspace:
        mlflow.set_experiment("/Users/jane@acme.test/unflushed")
        with mlflow.start_run():
            for step in range(5):
                mlflow.log_image(numpy.zeros((4, 4, 3), dtype="uint8"), key="sample", step=step)
        with mlflow.start_run():
            mlflow.log_image(numpy.zeros((4, 4, 3), dtype="uint8"), key="sample")
    arrived = [call for call in workspace.calls if call.method == "PUT" and "/images/sample" in call.path]
    assert len(arrived) == 6 * 2
    assert {call.status for call in arrived} <= {200, 204}


def test_the_time_of_a_run_is_the_workspace_s():
    with fake_workspace(clock=standing_at()) as workspace:
        mlflow.set_experiment("/Users/jane@acme.test/times")
        with mlflow.start_run() as run:
            time.sleep(3600)
        info = mlflow.get_run(run.info.run_id).info
        assert 3_600_000 <= info.end_time - info.start_time < 4_200_000
        assert abs(info.end_time - workspace.clock.millis()) < 600_000


def test_a_timeout_of_requests_fires_without_waiting():
    with fake_workspace(clock=standing_at()) as workspace:
        flaky = Flaky(workspace, "/slow", Reply.of_json({}, duration=25))
        began = perf_counter()
        with Interception(flaky), pytest.raises(requests.exceptions.ReadTimeout):
            requests.get(f"{workspace.host}/slow", timeout=10)
        assert perf_counter() - began < 1
