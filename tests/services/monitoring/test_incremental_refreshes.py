"""However a table came to be and however it was read, its metric tables say the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from clocks import standing_at
from conftest import Rest
from deltalake import DeltaTable
from monitored import add_rows, add_table, midnight, monitor, refresh

from fakebricks import Workspace
from fakebricks.services.monitoring.analysis import computation
from fakebricks.services.unity_catalog.tables import Tables

pytest.importorskip("pysail")

COLUMNS = {"ts": "timestamp", "x": "double", "k": "string"}
SERIES = {"timestamp_col": "ts", "granularities": ["1 hour", "1 day"]}
METRIC = {
    "type": "CUSTOM_METRIC_TYPE_AGGREGATE",
    "name": "largest",
    "input_columns": ["x"],
    "definition": "max({{input_column}})",
    "output_data_type": "double",
}
NEW = ("monitor_version", "logging_table_commit_version")


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    with closing(Workspace(clock=standing_at())) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def rest(workspace: Workspace) -> Rest:
    return Rest(workspace)


def watched(workspace: Workspace, rest: Rest, name: str) -> None:
    add_table(workspace, name, COLUMNS)
    monitor(rest, name, time_series=SERIES, slicing_exprs=["k", "x > 0"], custom_metrics=[METRIC])


def rows(workspace: Workspace, seed: int) -> list[dict[str, Any]]:
    draw = np.random.default_rng(seed)
    start = midnight(workspace, 3)
    return [
        {
            "ts": start + timedelta(hours=float(draw.choice([1.5, 2.5, 3.5, 26.5, 27.5, 60.5]))),
            "x": float(draw.normal()),
            "k": str(draw.choice(["a", "b"])),
        }
        for _ in range(40)
    ]


def said(workspace: Workspace, name: str) -> dict[str, list[str]]:
    """What both metric tables say, but for versions, in an order of its own."""
    tables = {kind: workspace.table(f"{name}_{kind}_metrics") for kind in ("profile", "drift")}
    told = {}
    for kind, table in tables.items():
        lines = table.drop_columns([one for one in NEW if one in table.column_names]).to_pylist()
        told[kind] = sorted(str(line) for line in lines)
    return told


def test_refreshes_after_each_change_say_what_one_refresh_says(workspace: Workspace, rest: Rest):
    watched(workspace, rest, "main.default.steps")
    watched(workspace, rest, "main.default.once")
    for seed in range(3):
        add_rows(workspace, rows(workspace, seed), "main.default.steps")
        assert refresh(rest, "main.default.steps")["state"] == "SUCCESS"
    location = workspace._services[Tables].require("main.default.steps").storage_location
    DeltaTable(location).delete("x > 1.5")
    DeltaTable(location).update({"k": "'c'"}, predicate="x < -1")
    assert refresh(rest, "main.default.steps")["state"] == "SUCCESS"
    add_rows(workspace, workspace.table("main.default.steps"), "main.default.once")
    assert refresh(rest, "main.default.once")["state"] == "SUCCESS"
    assert said(workspace, "main.default.steps") == said(workspace, "main.default.once")


def test_rows_that_are_read_a_few_windows_at_a_time_say_the_same(workspace: Workspace, rest: Rest, monkeypatch):
    for name in ("main.default.whole", "main.default.parts"):
        watched(workspace, rest, name)
        add_rows(workspace, rows(workspace, 7), name)
    refresh(rest, "main.default.whole")
    monkeypatch.setattr(computation, "_MOST_ROWS", 10)
    refresh(rest, "main.default.parts")
    assert said(workspace, "main.default.whole") == said(workspace, "main.default.parts")
