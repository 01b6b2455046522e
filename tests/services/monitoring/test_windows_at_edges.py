"""Which windows a refresh looks at that begins just before, at, and just after the end of a day."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from clocks import standing_at
from conftest import Rest
from monitored import add_rows, add_table, monitor, profile, refresh

from fakebricks.clock import VirtualClock

pytest.importorskip("pysail")

TIMES = ["2026-03-10T12:00:00", "2026-03-11T00:00:00", "2026-03-11T23:59:58", "2026-03-12T00:00:00"]


@pytest.fixture
def clock(begins: str) -> VirtualClock:
    return standing_at(begins)


@pytest.mark.parametrize(
    ("begins", "counts"),
    [
        ("2026-03-11T23:59:59", {10: 1, 11: 2}),
        ("2026-03-12T00:00:00", {10: 1, 11: 2}),
        ("2026-03-12T00:00:01", {10: 1, 11: 2, 12: 1}),
    ],
)
def test_rows_are_looked_at_up_to_when_the_refresh_begins(workspace, counts: dict[int, int]):
    add_table(workspace, columns={"ts": "timestamp"})
    add_rows(workspace, [{"ts": datetime.fromisoformat(one).replace(tzinfo=UTC)} for one in TIMES])
    monitor(Rest(workspace), time_series={"timestamp_col": "ts", "granularities": ["1 day"]})
    refresh(Rest(workspace))
    rows = profile(workspace, column_name=":table")
    assert {row["window"]["start"].day: row["count"] for row in rows} == counts


@pytest.mark.parametrize("begins", ["2026-03-11T23:59:59"])
def test_the_window_that_was_open_is_looked_at_again_by_the_next_refresh(workspace):
    add_table(workspace, columns={"ts": "timestamp"})
    monitor(Rest(workspace), time_series={"timestamp_col": "ts", "granularities": ["1 day"]})
    add_rows(workspace, [{"ts": datetime.fromisoformat(one).replace(tzinfo=UTC)} for one in TIMES])
    for counts in ([1, 2], [1, 2, 1]):
        refresh(Rest(workspace))
        assert [row["count"] for row in profile(workspace, column_name=":table")] == counts
