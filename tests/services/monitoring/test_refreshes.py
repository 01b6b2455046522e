"""When refreshes are due, in which state they are, and that their work is done once. The work itself is a stub here."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from clocks import MORNING, standing_at
from conftest import RefusedError, Rest
from monitored import OUTPUT, add_table, monitor, path

from fakebricks import Workspace
from fakebricks.clock import VirtualClock
from fakebricks.services.monitoring.monitoring import Monitoring
from fakebricks.services.monitoring.records import Progress
from fakebricks.services.monitoring.refreshes import Done
from fakebricks.services.sql import SqlError

HOURLY = {"quartz_cron_expression": "0 0 * * * ?", "timezone_id": "UTC"}


class Work:
    """Notes which refreshes it is asked to do."""

    def __init__(self) -> None:
        self.done: list[list[int]] = []
        self.fails: Exception | None = None
        self.problems: tuple[str, ...] = ()

    def __call__(self, monitor, times):
        self.done.append(times)
        if self.fails:
            raise self.fails
        return Done(
            Progress(until=max(times), monitor_version=0, table_version=0, baseline_version=None), self.problems
        )


@pytest.fixture
def begins() -> str:
    """When a test begins; at an hour's edge, where it says so."""
    return MORNING


@pytest.fixture
def clock(begins: str) -> VirtualClock:
    return standing_at(begins)


@pytest.fixture
def work(workspace: Workspace) -> Work:
    work = Work()
    workspace._services[Monitoring].refreshes._work = work
    add_table(workspace)
    return work


def states(rest: Rest) -> list[str]:
    return [one["state"] for one in rest.get(f"{path()}/refreshes").get("refreshes", [])]


def start_times(rest: Rest) -> list[str]:
    """When the refreshes began, the newest first."""
    found = rest.get(f"{path()}/refreshes").get("refreshes", [])
    return [f"{datetime.fromtimestamp(one['start_time_ms'] / 1000, UTC):%H:%M}" for one in found]


def test_a_refresh_waits_and_runs_and_is_done_when_somebody_looks(rest: Rest, workspace: Workspace, work: Work):
    monitor(rest)
    started = rest.post(f"{path()}/refreshes")
    assert set(started) == {"refresh_id", "state", "start_time_ms", "trigger"}
    assert (started["state"], started["trigger"]) == ("PENDING", "MANUAL")
    workspace.clock.advance(seconds=25)
    assert states(rest) == ["RUNNING"]
    assert work.done == []
    workspace.clock.advance(minutes=4)
    assert work.done == []
    found = rest.get(f"{path()}/refreshes/{started['refresh_id']}")
    assert found["state"] == "SUCCESS"
    assert found["start_time_ms"] < found["end_time_ms"] <= found["start_time_ms"] + 200_000
    assert states(rest) == ["SUCCESS"]
    assert work.done == [[started["start_time_ms"]]]


def test_reading_a_metric_table_is_looking(workspace: Workspace, work: Work):
    rest = Rest(workspace)
    monitor(rest)
    rest.post(f"{path()}/refreshes")
    workspace.clock.advance(minutes=4)
    for name in ("main.default.payments_profile_metrics", "main.default.PAYMENTS_drift_metrics"):
        with pytest.raises(Exception, match="does not exist"):
            workspace.table(name)
    assert len(work.done) == 1


def test_a_schedule_fires_on_the_clock_and_what_was_missed_is_done_together(rest: Rest, workspace, work: Work):
    monitor(rest, schedule=HOURLY)
    assert states(rest) == []
    workspace.clock.advance(hours=3)
    workspace.clock.advance(minutes=4)
    listed = rest.get(f"{path()}/refreshes")["refreshes"]
    assert len(listed) == 3
    assert {one["trigger"] for one in listed} == {"SCHEDULE"}
    assert all(one["start_time_ms"] % 3_600_000 == 0 for one in listed)
    assert start_times(rest) == ["13:00", "12:00", "11:00"]
    done = [time for times in work.done for time in times]
    assert done == sorted(one["start_time_ms"] for one in listed if one["state"] == "SUCCESS")
    assert len(work.done) == 1
    rest.get(path())
    assert len(work.done) == 1


def test_a_paused_schedule_does_not_fire_and_one_that_is_resumed_fires_from_then_on(rest: Rest, workspace, work: Work):
    monitor(rest, schedule={**HOURLY, "pause_status": "PAUSED"})
    workspace.clock.advance(hours=5)
    assert states(rest) == []
    rest.put(path(), output_schema_name=OUTPUT, snapshot={}, schedule={**HOURLY, "pause_status": "UNPAUSED"})
    workspace.clock.advance(hours=1)
    assert start_times(rest) == ["16:00"]


@pytest.mark.parametrize("schedule", [None, HOURLY, {**HOURLY, "pause_status": "PAUSED"}])
def test_what_a_schedule_has_asked_for_stays_asked_for_when_it_is_changed(rest: Rest, workspace, work: Work, schedule):
    monitor(rest, schedule=HOURLY)
    workspace.clock.advance(hours=2)
    rest.put(path(), output_schema_name=OUTPUT, snapshot={}, **({"schedule": schedule} if schedule else {}))
    assert start_times(rest) == ["12:00", "11:00"]
    workspace.clock.advance(hours=1)
    assert start_times(rest) == (["13:00"] if schedule == HOURLY else []) + ["12:00", "11:00"]


def test_what_is_over_is_done_before_a_monitor_is_deleted(rest: Rest, workspace: Workspace, work: Work):
    monitor(rest)
    rest.post(f"{path()}/refreshes")
    workspace.clock.advance(minutes=4)
    rest.delete(path())
    assert len(work.done) == 1


@pytest.mark.parametrize(
    ("begins", "fired"),
    [
        ("2026-03-11T10:59:59.000", ["11:00"]),
        ("2026-03-11T10:59:59.999", ["11:00"]),
        ("2026-03-11T11:00:00.000", []),
        ("2026-03-11T11:00:00.001", []),
        ("2026-03-11T23:59:59.500", ["00:00"]),
    ],
)
def test_a_schedule_fires_when_an_hour_begins_and_once(rest: Rest, workspace: Workspace, work: Work, begins, fired):
    monitor(rest, schedule=HOURLY)
    assert states(rest) == []
    workspace.clock.advance(seconds=1)
    assert states(rest) == ["PENDING"] * len(fired)
    assert start_times(rest) == fired
    workspace.clock.advance(minutes=58)
    assert start_times(rest) == fired


@pytest.mark.parametrize(
    ("begins", "latest"),
    [
        (MORNING, "SUCCESS"),
        ("2026-03-11T10:59:59", "SUCCESS"),
        ("2026-03-11T11:00:00", "PENDING"),
        ("2026-03-11T11:00:20", "RUNNING"),
    ],
)
def test_after_a_long_time_25_refreshes_are_known_with_the_one_that_is_not_over(
    rest: Rest, workspace: Workspace, work: Work, latest
):
    monitor(rest, schedule=HOURLY)
    for days in (400, 2):
        workspace.clock.advance(days=days)
        assert states(rest) == [latest, *["SUCCESS"] * 24]
    newest = rest.get(f"{path()}/refreshes")["refreshes"][0]
    assert rest.get(f"{path()}/refreshes/{newest['refresh_id']}") == newest
    assert newest["start_time_ms"] > workspace.clock.millis() - 3_600_000


def test_refreshes_that_wait_are_all_done_though_25_are_known(rest: Rest, workspace: Workspace, work: Work):
    monitor(rest)
    ids = [rest.post(f"{path()}/refreshes")["refresh_id"] for _ in range(30)]
    assert states(rest) == ["PENDING"] * 25
    assert rest.get(f"{path()}/refreshes/{ids[0]}")["state"] == "PENDING"
    workspace.clock.advance(hours=2)
    assert [one["refresh_id"] for one in rest.get(f"{path()}/refreshes")["refreshes"]] == ids[:4:-1]
    assert [len(times) for times in work.done] == [30]
    with pytest.raises(RefusedError, match="Cannot find refresh"):
        rest.get(f"{path()}/refreshes/{ids[0]}")


def test_refreshes_do_not_run_at_the_same_time(rest: Rest, workspace: Workspace, work: Work):
    monitor(rest)
    ids = [rest.post(f"{path()}/refreshes")["refresh_id"] for _ in range(3)]
    workspace.clock.advance(minutes=10)
    found = [rest.get(f"{path()}/refreshes/{one}") for one in ids]
    ends = [one["end_time_ms"] for one in found]
    assert ends == sorted(ends)
    assert ends[1] - ends[0] >= 65_000
    assert len(work.done) == 1


def test_a_canceled_refresh_is_not_done(rest: Rest, workspace: Workspace, work: Work):
    monitor(rest)
    started = rest.post(f"{path()}/refreshes")
    workspace.clock.advance(seconds=30)
    assert rest.post(f"{path()}/refreshes/{started['refresh_id']}/cancel") == {}
    workspace.clock.advance(minutes=10)
    assert states(rest) == ["CANCELED"]
    assert work.done == []
    with pytest.raises(RefusedError, match="INVALID_STATE"):
        rest.post(f"{path()}/refreshes/{started['refresh_id']}/cancel")


@pytest.mark.parametrize("error", [SqlError("TABLE_OR_VIEW_NOT_FOUND", "gone", "42P01"), None])
def test_what_goes_wrong_is_told_until_a_refresh_succeeds(rest: Rest, workspace: Workspace, work: Work, error):
    monitor(rest)
    work.fails, work.problems = error, ("Custom metric 'x' could not be computed: no.",)
    rest.post(f"{path()}/refreshes")
    workspace.clock.advance(minutes=4)
    failed = rest.get(f"{path()}/refreshes")["refreshes"][0]
    assert failed["state"] == "FAILED"
    assert failed["message"] == (str(error) if error else work.problems[0])
    told = rest.get(path())
    assert (told["status"], told["latest_monitor_failure_msg"]) == ("MONITOR_STATUS_ERROR", failed["message"])
    work.fails, work.problems = None, ()
    rest.post(f"{path()}/refreshes")
    workspace.clock.advance(minutes=4)
    told = rest.get(path())
    assert told["status"] == "MONITOR_STATUS_ACTIVE"
    assert "latest_monitor_failure_msg" not in told


def test_a_snapshot_of_the_workspace_brings_refreshes_back(workspace: Workspace, work: Work):
    rest = Rest(workspace)
    monitor(rest)
    rest.post(f"{path()}/refreshes")
    snapshot = workspace.snapshot()
    workspace.clock.advance(minutes=4)
    assert states(rest) == ["SUCCESS"]
    workspace.restore(snapshot)
    assert states(rest) == ["SUCCESS"]
    assert len(work.done) == 2


def test_a_client_that_polls_an_automatic_clock_sees_the_end(work: Work, workspace: Workspace):
    rest = Rest(workspace)
    monitor(rest)
    started = rest.post(f"{path()}/refreshes")
    seen: list[float] = []
    workspace.clock.awaited = seen.append
    rest.get(f"{path()}/refreshes/{started['refresh_id']}")
    assert seen
    assert seen[0] * 1000 > started["start_time_ms"]
