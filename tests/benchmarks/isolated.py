"""Isolated models: start and memory beside `mlflow models serve`, and requests beside those in this process."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fakebricks.environments.shared import Environments
from fakebricks.services.model_serving.runtimes import LoadedModel
from fakebricks.services.model_serving.runtimes.process import ProcessRuntime
from fakebricks.services.model_serving.runtimes.virtualenv import VirtualenvRuntime
from tests.benchmarks.measure import Row, family, free_port, medians, proportional, served, show

ROUNDS = 60
STARTS = 7
THREADS, QUERIES = 8, 400

_JSON = "application/json"
_REQUIRED = ("mlflow", "scikit-learn", "numpy", "pandas", "scipy")


def rows() -> None:
    """Two tables: starting and memory, and requests."""
    with tempfile.TemporaryDirectory() as directory:
        frame = _save(Path(directory) / "model")
        model = Path(directory) / "model"
        environments = Environments()
        with closing(environments):
            show("An isolated model beside `mlflow models serve`", list(_starts(environments, model)), theirs="mlflow")
            title = "A request to an isolated model beside one in this process"
            show(title, list(_requests(environments, model, frame)), ours="isolated", theirs="process")


def _save(path: Path) -> Any:
    """Save a classifier that requires what is installed here; its input."""
    import mlflow
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    data = load_iris(as_frame=True)
    estimator = LogisticRegression(max_iter=500).fit(data.data, data.target)
    signature = mlflow.models.infer_signature(data.data, estimator.predict(data.data))
    requirements = [f"{name}=={version(name)}" for name in _REQUIRED]
    mlflow.sklearn.save_model(estimator, path, signature=signature, pip_requirements=requirements)
    return data.data


def _starts(environments: Environments, model: Path) -> Iterator[Row]:
    """From nothing to a loaded model, and the memory that it takes then."""
    runtime = VirtualenvRuntime(environments)
    runtime.load(model, {}).close()  # builds the environment, unless it is in the user's cache
    environments.close()
    mlflow_seconds, mlflow_memory = _mlflow_models_serve(model)
    seconds, models = [], []
    for _ in range(STARTS):
        began = time.perf_counter()
        models.append(runtime.load(model, {}))
        seconds.append(time.perf_counter() - began)
    first, second, *others = seconds
    yield Row("the first model in an environment", first, mlflow_seconds, "s", "the environment is in the cache")
    yield Row("the second", second, mlflow_seconds, "s", "imports what was missing")
    yield Row("each further one", sum(others) / len(others), mlflow_seconds, "s")
    for one in models:
        one.score(b"{}", _JSON)
    server, *workers = _family(environments)
    note = f"proportional set size, of {STARTS} workers"
    yield Row("memory of each worker", sum(map(proportional, workers)) / STARTS / 1024, mlflow_memory, "MB", note)
    yield Row("memory of their fork server", proportional(server) / 1024, None, "MB", "once for the environment")
    for one in models:
        one.close()


def _family(environments: Environments) -> list[int]:
    """The processes of the one fork server: itself and its workers."""
    (environment,) = environments._environments.values()
    if environment._server is None:
        raise RuntimeError("no fork server")
    return family(environment._server._process.pid)


def _mlflow_models_serve(model: Path) -> tuple[float, float]:
    """Seconds until MLflow's own server of a model answers, and its proportional megabytes then."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(model)]
    command += ["--env-manager", "local", "--port", str(port)]
    path_of_uvicorn = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    with served(command, "/ping", port, {**os.environ, "PATH": path_of_uvicorn}) as server:
        return server.seconds_to_first_answer, server.memory(proportional)


def _requests(environments: Environments, model: Path, frame: Any) -> Iterator[Row]:
    """One row and a thousand, and many threads at once."""
    with closing(VirtualenvRuntime(environments).load(model, {})) as isolated:
        here = ProcessRuntime().load(model, {})
        for size in (1, 1000):
            part = frame.sample(size, replace=True, random_state=0)
            body = json.dumps({"dataframe_split": part.to_dict(orient="split", index=False)}).encode()
            calls = {"isolated": _scoring(isolated, body), "here": _scoring(here, body)}
            seconds = medians(calls, rounds=ROUNDS)
            yield Row(f"request of {size} rows", seconds["isolated"] * 1e3, seconds["here"] * 1e3, "ms")
        body = json.dumps({"dataframe_split": frame.head(1).to_dict(orient="split", index=False)}).encode()
        ours, theirs = (_per_second(_scoring(one, body)) for one in (isolated, here))
        yield Row(f"time per request, {THREADS} threads", 1e3 / ours, 1e3 / theirs, "ms", f"{ours:.0f} per second")
        empty = {"isolated": _scoring(isolated, b"{}"), "here": _scoring(here, b"{}")}
        seconds = medians(empty, rounds=ROUNDS, per_round=10)
        overhead = (seconds["isolated"] - seconds["here"]) * 1e3
        yield Row("the way there and back", overhead, None, "ms", "of a request that the model never sees")


def _scoring(model: LoadedModel, body: bytes) -> Callable[[], object]:
    return lambda: model.score(body, _JSON)


def _per_second(call: Callable[[], object]) -> float:
    with ThreadPoolExecutor(THREADS) as pool:
        began = time.perf_counter()
        for future in [pool.submit(call) for _ in range(QUERIES)]:
            future.result()
    return QUERIES / (time.perf_counter() - began)
