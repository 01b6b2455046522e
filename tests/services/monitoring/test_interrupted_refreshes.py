"""What is done to a monitor while its refresh is at work, which takes long and is in no transaction. A stub works."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import RefusedError, Rest
from monitored import OUTPUT, add_table, monitor, path

from fakebricks import Workspace
from fakebricks.services.monitoring.monitoring import Monitoring
from fakebricks.services.monitoring.records import Progress
from fakebricks.services.monitoring.refreshes import Done
from fakebricks.services.unity_catalog.tables import Tables

PROGRESS = Progress(until=0, monitor_version=0, table_version=0, baseline_version=None)


def refreshed_while(rest: Rest, meanwhile: Callable[[], object]) -> None:
    """A refresh, in the middle of whose work something else happens."""

    def work(monitor, times):
        meanwhile()
        return Done(PROGRESS, ("half of it failed",))

    refreshes = rest.workspace._services[Monitoring].refreshes
    refreshes._work = work
    rest.post(f"{path()}/refreshes")
    rest.workspace.clock.advance(minutes=4)
    refreshes.catch_up(rest.workspace._services[Tables].require("main.default.payments").id)


@pytest.fixture
def rest(workspace: Workspace) -> Rest:
    add_table(workspace)
    rest = Rest(workspace)
    monitor(rest)
    return rest


def forget(rest: Rest) -> None:
    """Delete the monitor as a restored snapshot does; who deletes it over REST waits for the end of the refresh."""
    rest.workspace._services[Monitoring].monitors.delete("main.default.payments")


def test_a_monitor_that_is_gone_stays_so(rest: Rest):
    refreshed_while(rest, lambda: forget(rest))
    with pytest.raises(RefusedError, match="Cannot find Monitor"):
        rest.get(path())
    monitor(rest)
    assert rest.get(f"{path()}/refreshes") == {}


def test_a_monitor_that_is_made_anew_knows_nothing_of_it(rest: Rest):
    refreshed_while(rest, lambda: (forget(rest), monitor(rest)))
    assert rest.get(f"{path()}/refreshes") == {}
    assert "latest_monitor_failure_msg" not in rest.get(path())


def test_a_monitor_that_is_updated_keeps_its_refresh(rest: Rest):
    refreshed_while(rest, lambda: rest.put(path(), output_schema_name=OUTPUT, snapshot={}, slicing_exprs=["country"]))
    assert [one["state"] for one in rest.get(f"{path()}/refreshes")["refreshes"]] == ["FAILED"]
    assert rest.get(path())["slicing_exprs"] == ["country"]


def test_a_table_that_is_dropped_takes_both_along(rest: Rest):
    table = "/api/2.1/unity-catalog/tables/main.default.payments"
    refreshed_while(rest, lambda: (rest.delete(table), add_table(rest.workspace)))
    with pytest.raises(RefusedError, match="Cannot find Monitor"):
        rest.get(path())
