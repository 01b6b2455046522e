"""Pairs for the rules about monitors: tables of payments, with a baseline of this year or of another one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
from scenario_fixtures import model
from scenario_pairs import World, pair

from fakebricks.contracts.calling import Client


@pair("monitor-detects-shift/missed")
def missed(world):
    payments = monitored_table(world, "sound", baseline=50)
    deployment = world.deploy(model())
    few = world.judge("monitor_detects_shift", deployment, **payments, rows=2, deviations=1)
    return few, world.judge("monitor_detects_shift", deployment, **payments)


@pair("monitor-detects-shift/false-alarm")
def false_alarm(world):
    stale, recent = (monitored_table(world, name, baseline) for name, baseline in (("stale", 20), ("recent", 50)))
    deployment = world.deploy(model())
    faulty = world.judge("monitor_detects_shift", deployment, **stale)
    return faulty, world.judge("monitor_detects_shift", deployment, **recent)


def monitored_table(world: World, name: str, baseline: float) -> dict[str, Any]:
    """A table of payments around 50, whose monitor has a baseline around another mean."""
    import pyarrow as pa

    workspace, table = world.workspace, f"main.default.{name}"
    midnight = workspace.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)

    def payments(seed: int, mean: float, days: int) -> Any:
        times = [midnight - timedelta(days=days) + timedelta(minutes=3 * number) for number in range(400)]
        return pa.table({"ts": times, "amount": np.random.default_rng(seed).normal(mean, 10, 400)})

    workspace.save_table(table, payments(1, 50, 3))
    workspace.save_table(f"{table}_baseline", payments(2, baseline, 90))
    body = {
        "assets_dir": "/Workspace/Shared/monitoring",
        "output_schema_name": "main.default",
        "baseline_table_name": f"{table}_baseline",
        "time_series": {"timestamp_col": "ts", "granularities": ["1 day"]},
    }
    Client(workspace).told("POST", f"/api/2.1/unity-catalog/tables/{table}/monitor", body)
    return {"table": table, "column": "amount"}
