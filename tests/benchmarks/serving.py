"""Serving endpoints: a query beside a bare `pyfunc.predict` and beside `mlflow models serve`, and many endpoints."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from fakebricks import Workspace, fake_workspace
from fakebricks.wire import Request
from tests.benchmarks.measure import Row, free_port, medians, served, show

ROUNDS = 60
QUERIES = 400
ENDPOINTS, HOURS = 200, 1_000

_ENDPOINTS = "/api/2.0/serving-endpoints"
_JSON = {"content-type": "application/json"}


def rows() -> None:
    """Three tables: in process, over HTTP, and many endpoints."""
    with fake_workspace(catalogs=("prod",)) as workspace:
        frame, model = deployed()
        show("A query beside a bare pyfunc.predict", list(_in_process(workspace, frame, model)))
        show("Many endpoints of one model version", list(_many(workspace, frame)), theirs="")
    show("Queries over HTTP beside `mlflow models serve`", list(_over_http()), theirs="mlflow")


def deployed() -> tuple[Any, Any]:
    """An endpoint called `bench`; its model's input and the same model loaded with pyfunc."""
    import mlflow
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.serving import EndpointCoreConfigInput, ServedEntityInput
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    data = load_iris(as_frame=True)
    estimator = LogisticRegression(max_iter=500).fit(data.data, data.target)
    mlflow.set_experiment("/Shared/bench")
    with mlflow.start_run() as run:
        signature = mlflow.models.infer_signature(data.data, estimator.predict(data.data))
        mlflow.sklearn.log_model(estimator, "model", signature=signature, pip_requirements=[])
    version = mlflow.register_model(f"runs:/{run.info.run_id}/model", "prod.default.bench")
    entity = ServedEntityInput(
        entity_name="prod.default.bench",
        entity_version=str(version.version),
        workload_size="Medium",
        scale_to_zero_enabled=False,
    )
    config = EndpointCoreConfigInput(name="bench", served_entities=[entity])
    WorkspaceClient().serving_endpoints.create_and_wait("bench", config=config)
    return data.data, mlflow.pyfunc.load_model(f"models:/prod.default.bench/{version.version}")


def _in_process(workspace: Workspace, frame: Any, model: Any) -> Iterator[Row]:
    """One row and a thousand."""
    import requests

    for size in (1, 1000):
        part = frame.sample(size, replace=True, random_state=0)
        body = _body(part)
        headers = {"authorization": f"Bearer {workspace.token}", **_JSON}
        request = Request.of("POST", "/serving-endpoints/bench/invocations", headers, body)
        url = f"{workspace.host}/serving-endpoints/bench/invocations"
        seconds = medians(
            {
                "core": lambda request=request: workspace.handle(request),
                "client": lambda url=url, body=body, headers=headers: requests.post(url, data=body, headers=headers),
                "bare": lambda part=part: model.predict(part),
            },
            rounds=ROUNDS,
        )
        bare = seconds["bare"] * 1e3
        yield Row(f"query of {size} rows, in the core", seconds["core"] * 1e3, bare, "ms")
        yield Row(f"query of {size} rows, through requests", seconds["client"] * 1e3, bare, "ms")


def _many(workspace: Workspace, frame: Any) -> Iterator[Row]:
    """Each simulated hour all are listed and one is asked, which was asleep; every hundred hours all are updated."""
    entity = {"entity_name": "prod.default.bench", "entity_version": "1", "scale_to_zero_enabled": True}
    served_entities = {"served_entities": [entity]}
    names = [f"bench-{number}" for number in range(ENDPOINTS)]
    tracemalloc.start()
    for name in names:
        _ask(workspace, "POST", _ENDPOINTS, {"name": name, "config": served_entities})
    workspace.clock.advance(minutes=10)
    _ask(workspace, "GET", _ENDPOINTS)
    workspace.calls.clear()
    kilobytes = tracemalloc.get_traced_memory()[0] / 1024 / ENDPOINTS
    tracemalloc.stop()
    yield Row("memory per endpoint", kilobytes, None, "kB", "the model is loaded once")

    query = {"dataframe_records": [dict.fromkeys(frame.columns, 1.0)]}
    began = time.perf_counter()
    for hour in range(HOURS):
        workspace.clock.advance(hours=1)
        _ask(workspace, "GET", _ENDPOINTS)
        _ask(workspace, "POST", f"/serving-endpoints/{names[hour % ENDPOINTS]}/invocations", query)
        if hour % 100 == 0:
            for name in names:
                _ask(workspace, "PUT", f"{_ENDPOINTS}/{name}/config", served_entities)
    seconds = time.perf_counter() - began
    yield Row(f"{ENDPOINTS} endpoints, {HOURS} simulated hours", seconds, None, "s", f"{HOURS // 100} updates of each")


def _over_http() -> Iterator[Row]:
    """The same model behind each server, with the same requests over connections that stay open."""
    port, token = free_port(), "bench"
    command = [sys.executable, "-m", "fakebricks", "serve", "--port", str(port), "--token", token, "--catalog", "prod"]
    with served(command, "/.well-known/databricks-config", port, dict(os.environ)) as ours:
        environment = {
            "DATABRICKS_HOST": ours.url,
            "DATABRICKS_TOKEN": token,
            "MLFLOW_TRACKING_URI": "databricks",
            "MLFLOW_REGISTRY_URI": "databricks-uc",
        }
        with patch.dict(os.environ, environment):
            frame, model = deployed()
        body = _body(frame.head(1))
        path = "/serving-endpoints/bench/invocations"
        authorized = {**_JSON, "authorization": f"Bearer {token}"}
        with _mlflow_models_serve(model) as url:
            for connections in (1, 8):
                mine = _load(ours.url, path, body, authorized, connections)
                theirs = _load(url, "/invocations", body, _JSON, connections)
                named = f"{connections} connection{'s' if connections > 1 else ''}"
                yield Row(f"time per query, {named}", 1e3 / mine[0], 1e3 / theirs[0], "ms", f"{mine[0]:.0f} per second")
                yield Row(f"latency (median), {named}", mine[1], theirs[1], "ms")


@contextmanager
def _mlflow_models_serve(model: Any) -> Iterator[str]:
    """The URL of MLflow's own server of a model."""
    import mlflow

    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "model"
        mlflow.sklearn.save_model(model.get_raw_model(), path, signature=model.metadata.signature, pip_requirements=[])
        port = free_port()
        command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(path)]
        command += ["--env-manager", "local", "--port", str(port)]
        path_of_uvicorn = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        with served(command, "/ping", port, {**os.environ, "PATH": path_of_uvicorn}) as server:
            yield server.url


def _load(url: str, path: str, body: bytes, headers: dict[str, str], connections: int) -> tuple[float, float]:
    """Queries per second, and the median of their milliseconds."""
    host = urlsplit(url).netloc
    milliseconds: list[float] = []

    def run() -> None:
        with closing(HTTPConnection(host, timeout=60)) as connection:
            for _ in range(QUERIES // connections):
                began = time.perf_counter()
                connection.request("POST", path, body, headers)
                response = connection.getresponse()
                content = response.read()
                if response.status != 200:
                    raise RuntimeError(content)
                milliseconds.append((time.perf_counter() - began) * 1e3)

    run()  # warm
    milliseconds.clear()
    threads = [Thread(target=run) for _ in range(connections)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(milliseconds) / (time.perf_counter() - began), statistics.median(milliseconds)


def _ask(workspace: Workspace, method: str, path: str, body: Any = None) -> None:
    import msgspec

    content = b"" if body is None else msgspec.json.encode(body)
    headers = {"authorization": f"Bearer {workspace.token}", **_JSON}
    reply = workspace.handle(Request.of(method, path, headers, content))
    if reply.status != 200:
        raise RuntimeError(reply.body)


def _body(frame: Any) -> bytes:
    import msgspec

    return msgspec.json.encode({"dataframe_split": frame.to_dict(orient="split", index=False)})
