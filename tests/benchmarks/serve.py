"""`fakebricks serve` beside `mlflow server`: from start to first answer, and memory."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile

from tests.benchmarks.measure import Row, free_port, served, show
from tests.benchmarks.tracking import mlflow_server

STARTS = 3


def rows() -> None:
    """Start each a few times, in turn."""
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    for _ in range(STARTS):
        port = free_port()
        command = [sys.executable, "-m", "fakebricks", "serve", "--port", str(port)]
        ours.append(_start(command, "/.well-known/databricks-config", port, _environment()))
        with tempfile.TemporaryDirectory() as directory:
            port = free_port()
            command, environment = mlflow_server(directory, port)
            theirs.append(_start(command, "/health", port, environment))
    seconds, megabytes = (
        [statistics.median(one[index] for one in side) for side in (ours, theirs)] for index in (0, 1)
    )
    show(
        "`fakebricks serve` beside `mlflow server`",
        [
            Row("start to first answer", *seconds, "s"),
            Row("resident memory after it", *megabytes, "MB", "all its processes"),
        ],
    )


def _environment() -> dict[str, str]:
    """This process's own; but modules are compiled once, as those of an installed package are."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _start(command: list[str], probe: str, port: int, environment: dict[str, str]) -> tuple[float, float]:
    with served(command, probe, port, environment) as server:
        return server.seconds_to_first_answer, server.memory()
