"""A monitor that tells a shift from none, and ones that do not."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from scenario_fixtures import model, rules

from fakebricks.contracts.calling import Client
from fakebricks.contracts.findings import Outcome
from fakebricks.contracts.making import deploy_model

pytest.importorskip("pysail")
pa = pytest.importorskip("pyarrow")

TABLES = "/api/2.1/unity-catalog/tables"


@pytest.fixture(scope="module")
def monitored(contract_workspace):
    """A deployment, and a table of payments whose monitor has a baseline of that mean."""
    deployment = deploy_model(contract_workspace, model(), "monitored")
    midnight = contract_workspace.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)

    def payments(seed, mean, days):
        draw = np.random.default_rng(seed)
        times = [midnight - timedelta(days=days) + timedelta(minutes=3 * number) for number in range(400)]
        return pa.table({"ts": times, "amount": draw.normal(mean, 10, 400)})

    def monitored(name, baseline):
        table = f"main.default.{name}"
        contract_workspace.save_table(table, payments(1, 50, 3))
        contract_workspace.save_table(f"{table}_baseline", payments(2, baseline, 90))
        body = {
            "assets_dir": "/Workspace/Shared/monitoring",
            "output_schema_name": "main.default",
            "baseline_table_name": f"{table}_baseline",
            "time_series": {"timestamp_col": "ts", "granularities": ["1 day"]},
        }
        Client(contract_workspace).told("POST", f"{TABLES}/{table}/monitor", body)
        return deployment, {"table": table, "column": "amount"}

    return monitored


def test_monitor_detects_shift(judge, monitored):
    deployment, sound = monitored("sound", 50)
    verdict = judge("monitor_detects_shift", deployment, **sound)
    assert verdict.outcome is Outcome.PASSED
    ((series,),) = (one.series for one in verdict.evidence)
    distances = [distance for _, distance in series.points]
    assert max(distances) == distances[-1] > 0.5  # the day that shifts is the last, and far from the others
    assert rules(judge("monitor_detects_shift", deployment, **sound, rows=2, deviations=1)) == [
        "monitor-detects-shift/missed"
    ]
    deployment, stale = monitored("stale", 20)
    assert rules(judge("monitor_detects_shift", deployment, **stale)) == ["monitor-detects-shift/false-alarm"]
    assert judge("monitor_detects_shift", deployment).outcome is Outcome.NOT_APPLICABLE
