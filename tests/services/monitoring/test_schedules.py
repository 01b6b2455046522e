"""Schedules and what is done to their monitors. No work is done here."""

from __future__ import annotations

import pytest
from conftest import Rest
from monitored import OUTPUT, add_table, monitor, path

from fakebricks import Workspace
from fakebricks.services.monitoring.monitoring import Monitoring
from fakebricks.services.monitoring.refreshes import Done
from fakebricks.services.unity_catalog.tables import Tables

HOURLY = {"quartz_cron_expression": "0 0 * * * ?", "timezone_id": "UTC"}


@pytest.fixture
def rest(workspace: Workspace) -> Rest:
    add_table(workspace)
    workspace._services[Monitoring].refreshes._work = lambda monitor, times: Done(None)
    return Rest(workspace)


def states(rest: Rest) -> list[str]:
    return [one["state"] for one in rest.get(f"{path()}/refreshes").get("refreshes", [])]


def test_what_a_schedule_has_asked_for_before_an_update_stays_asked_for(rest: Rest):
    monitor(rest, schedule=HOURLY)
    rest.workspace.clock.advance(hours=3)
    paused = {**HOURLY, "pause_status": "PAUSED"}
    rest.put(path(), output_schema_name=OUTPUT, snapshot={}, schedule=paused)
    rest.workspace.clock.advance(hours=3)
    assert states(rest) == ["SUCCESS"] * 3


def test_the_same_holds_for_the_newer_api(rest: Rest):
    monitor(rest, schedule=HOURLY)
    table_id = rest.workspace._services[Tables].require("main.default.payments").id
    monitors = f"/api/data-quality/v1/monitors/table/{table_id}"
    config = rest.get(monitors)["data_profiling_config"]
    rest.workspace.clock.advance(hours=2)
    config["schedule"]["pause_status"] = "CRON_SCHEDULE_PAUSE_STATUS_PAUSED"
    changes = {"object_type": "table", "object_id": table_id, "data_profiling_config": config}
    rest.patch(f"{monitors}?update_mask=data_profiling_config.schedule", **changes)
    rest.workspace.clock.advance(hours=3)
    assert states(rest) == ["SUCCESS"] * 2


def test_a_schedule_that_is_faster_than_refreshes_has_one_waiting(rest: Rest):
    monitor(rest, schedule={**HOURLY, "quartz_cron_expression": "* * * * * ?"})
    for _ in range(5):
        rest.workspace.clock.advance(minutes=3)
        assert states(rest).count("PENDING") <= 1
    assert states(rest).count("SUCCESS") >= 3
