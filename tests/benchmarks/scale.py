"""What a call costs in a full store, beside what it costs in one that is nearly empty; memory per run and per point.

Full is 100,000 runs in one experiment, each with three metrics, two params and three tags, and a run with 1,000,000
points of metrics in it. Each call is a request to the core: decoding, the work, encoding. Both stores hold enough of
what is searched for a page of a hundred: in the one that is nearly empty, every third run is such a one.
"""

from __future__ import annotations

import gc
import os
import random
import time
from typing import Any

import msgspec

from fakebricks import Workspace
from fakebricks.wire import Request
from tests.benchmarks.measure import Row, medians, resident, show

MLFLOW = "/api/2.0/mlflow"
RUNS = 100_000
POINTS = 1_000_000
FEW_RUNS = 500
FEW_POINTS = 1_000
BATCH = 1_000
SERIES = 10
ROUNDS = 15

SEARCHES: dict[str, dict[str, Any]] = {
    "default order": {},
    "metric filter, metric DESC": {"filter": "metrics.auc > 0.5", "order_by": ["metrics.auc DESC"]},
    "param and tag filter": {"filter": "params.depth = '3' AND tags.team = 'team-1'"},
    "status filter, start_time ASC": {"filter": "attributes.status = 'FAILED'", "order_by": ["start_time ASC"]},
    "tag filter, metric ASC": {"filter": "tags.team = 'team-1'", "order_by": ["metrics.loss ASC"]},
    "metric and param filter, param ASC": {
        "filter": "metrics.auc > 0.2 AND params.depth != '4'",
        "order_by": ["params.depth ASC", "metrics.auc DESC"],
    },
    "two metrics that 1 in 100 has": {
        "filter": "metrics.auc > 0.9 AND metrics.loss < 0.1",
        "order_by": ["metrics.auc DESC"],
    },
}


class Store:
    """A workspace with an experiment of many runs, and one run of many points."""

    def __init__(self, runs: int, points: int, wanted: int) -> None:
        self.workspace = Workspace(keep_calls=10)
        self._headers = {"authorization": f"Bearer {self.workspace.token}"}
        self._chance = random.Random(0)
        self._wanted = wanted
        self.experiment_id = self.post("experiments/create", name="/Shared/scale")["experiment_id"]
        began, before = time.perf_counter(), _resident()
        self.ids = [self._run(number) for number in range(runs)]
        self.run_bytes = (_resident() - before) / runs
        self.long = self.post("runs/create", experiment_id=self.experiment_id, start_time=0)["run"]["info"]["run_id"]
        self.step = 0
        before = _resident()
        for _ in range(points // BATCH):
            self.log_batch()
        self.point_bytes = (_resident() - before) / points
        self.seconds = time.perf_counter() - began
        gc.collect()

    def call(self, method: str, path: str, body: bytes = b"") -> bytes:
        """One request to the core; its reply's body."""
        reply = self.workspace.handle(Request.of(method, f"{MLFLOW}/{path}", self._headers, body))
        if reply.status != 200:
            raise RuntimeError(reply.body)
        return reply.body

    def post(self, path: str, **body: Any) -> Any:
        """One request with a JSON body, and its answer."""
        return msgspec.json.decode(self.call("POST", path, msgspec.json.encode(body)))

    def _run(self, number: int) -> str:
        chance = self._chance
        wanted = number % self._wanted == 0
        team = f"team-{1 if wanted else chance.randrange(20)}"
        tags = [{"key": "mlflow.user", "value": "jane"}, {"key": "team", "value": team}]
        run = self.post("runs/create", experiment_id=self.experiment_id, start_time=1_000_000 + number // 3, tags=tags)
        run_id: str = run["run"]["info"]["run_id"]
        metrics = {"auc": chance.random(), "loss": chance.random(), "f1": chance.random()}
        if wanted:
            metrics |= {"auc": 1 - metrics["auc"] / 10, "loss": metrics["loss"] / 10}
        self.post(
            "runs/log-batch",
            run_id=run_id,
            metrics=[{"key": key, "value": value, "timestamp": number} for key, value in metrics.items()],
            params=[
                {"key": "depth", "value": str(3 if wanted else chance.randrange(10))},
                {"key": "rate", "value": f"{chance.random():.4f}"},
            ],
        )
        if number % 10 == 0 or wanted:
            self.post("runs/update", run_id=run_id, status="FAILED", end_time=2_000_000 + number)
        return run_id

    def log_batch(self) -> None:
        """A thousand points, of ten metrics."""
        metrics = []
        for _ in range(BATCH):
            self.step += 1
            value = self._chance.random()
            metrics.append(
                {"key": f"metric-{self.step % SERIES}", "value": value, "timestamp": self.step, "step": self.step}
            )
        self.post("runs/log-batch", run_id=self.long, metrics=metrics)

    def log_metric(self) -> None:
        """One more point of a long metric."""
        self.step += 1
        self.post("runs/log-metric", run_id=self.long, key="metric-1", value=0.5, timestamp=self.step, step=self.step)

    def get_run(self) -> None:
        """The run of many points."""
        self.call("GET", f"runs/get?run_id={self.long}")

    def there_and_back(self) -> None:
        """A snapshot, a thousand points, and back."""
        snapshot = self.workspace.snapshot()
        self.log_batch()
        self.workspace.restore(snapshot)

    def search(self, question: dict[str, Any]) -> None:
        """A page of a hundred."""
        body = {"experiment_ids": [self.experiment_id], "max_results": 100, **question}
        self.call("POST", "runs/search", msgspec.json.encode(body))


def rows() -> None:
    """Calls in both stores, in turn; then memory."""
    few, full = Store(FEW_RUNS, FEW_POINTS, wanted=3), Store(RUNS, POINTS, wanted=100)
    found = [
        _row(name, medians({"full": getattr(full, name), "few": getattr(few, name)}, rounds=4 * ROUNDS))
        for name in ("log_metric", "get_run", "log_batch")
    ]
    for name, question in SEARCHES.items():
        began = time.perf_counter()
        full.search(question)
        first = f"the first: {(time.perf_counter() - began) * 1e3:.0f} ms"
        calls = {"full": lambda q=question: full.search(q), "few": lambda q=question: few.search(q)}
        found.append(_row(f"search of 100, {name}", medians(calls, rounds=ROUNDS), first))
    calls = {"full": full.there_and_back, "few": few.there_and_back}
    found += [
        _row("snapshot, log_batch and restore", medians(calls, rounds=ROUNDS)),
        Row("memory per point of a metric", full.point_bytes, None, "bytes", f"of {POINTS:,}"),
        Row("memory per run", full.run_bytes, None, "bytes", "with 3 metrics, 2 params and 3 tags"),
        Row("filling the full store", full.seconds, None, "s", f"{2.1 * RUNS + POINTS / BATCH:,.0f} calls"),
    ]
    show(f"{RUNS:,} runs and {POINTS:,} points", found, ours="full", theirs="nearly empty")


def _row(what: str, seconds: dict[str, float], note: str = "") -> Row:
    return Row(what, seconds["full"] * 1e3, seconds["few"] * 1e3, "ms", note)


def _resident() -> float:
    """Bytes of this process in memory."""
    gc.collect()
    return resident(os.getpid()) * 1024
