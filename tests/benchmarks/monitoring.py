"""A refresh of a monitor, beside the same windows with evidently on pandas; how it grows; on another process's Spark.

A week of a model's requests, ten columns, two models, windows of a day, consecutive drift and drift from a baseline
of a tenth as many rows. Memory is what the refresh took at most beyond what the process had. evidently needs another
pandas than MLflow 3, so it runs in the environment of the dependency group `bench`, which `make bench` makes; it takes
minutes. With `BENCH_ROWS=10000,100000` in the environment, these sizes are measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.measure import Row, free_port, show, step

SIZES = [int(size) for size in os.environ.get("BENCH_ROWS", "10000,100000,1000000").split(",")]
EVIDENTLY = Path(".venv-bench/bin/python")


def rows() -> None:
    """Time and memory, for each size, in processes of their own."""
    found = []
    for size in SIZES:
        told = f"{size:,} rows"
        with step(f"A refresh over {told}"):
            ours = _run([sys.executable, "-m", "tests.benchmarks.monitored_run", str(size)])
        theirs = _evidently(size, told)
        found += [
            Row(f"a refresh, {told}", ours["seconds"], theirs and theirs["seconds"], "s", "the first, all windows"),
            Row(f"the next refresh, {told}", ours["again"], None, "s", "nothing has changed"),
            Row(f"memory, {told}", ours["peak"], theirs and theirs["peak"], "MB", "at most, beyond the start"),
        ]
    with step(f"A refresh over {SIZES[-1]:,} rows on another process's Spark"), _spark() as url:
        remote = _run([sys.executable, "-m", "tests.benchmarks.monitored_run", str(SIZES[-1]), url])
    note = "Sail in a process of its own, over Spark Connect"
    found.append(Row(f"a refresh, {SIZES[-1]:,} rows, remote", remote["seconds"], None, "s", note))
    show("Monitoring: a week of requests, by day and model", found, theirs="evidently")


def _evidently(size: int, told: str) -> dict[str, float] | None:
    if not EVIDENTLY.exists():
        return None
    with step(f"evidently over {told}: this takes minutes, and up to ten for a million rows"):
        return _run([str(EVIDENTLY), "tests/benchmarks/evidently_run.py", str(size)])


def _run(command: list[str]) -> dict[str, float]:
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextmanager
def _spark() -> Iterator[str]:
    """The URL of a Spark Connect server in a process of its own, which is ended afterwards."""
    port = free_port()
    command = [sys.executable, "-m", "tests.benchmarks.spark_server", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "RUST_LOG": "warn"}) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.5)
            yield f"sc://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)
