"""The data shifts and the monitor says nothing; or nothing shifts, and it raises the alarm each morning.

A monitor compares each window of its table with the one before and with a baseline. A baseline of last year's training
data differs from every day of this year, so that its alarms are soon ignored. Windows with few rows differ from
nothing, whatever is in them. Neither shows before the first real shift, when nobody looks any more.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from fakebricks.contracts.calling import Client, part
from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.findings import Evidence, Finding, Series
from fakebricks.contracts.parameters import Count, ParameterError, Share
from fakebricks.contracts.scenarios import NotApplicable, scenario

SOURCE = "https://docs.databricks.com/aws/en/lakehouse-monitoring/"
FIX = "Take a recent baseline, and windows with enough rows; choose the threshold of the alarm by both."


@scenario(
    title="The monitor tells a day that shifts from one that does not",
    rules={
        "monitor-detects-shift/missed": "A day that shifts raises no alarm.",
        "monitor-detects-shift/false-alarm": "A day like those before raises an alarm.",
    },
    source=SOURCE,
    meanings={
        "table": "The full name of a table with a monitor.",
        "column": "Of numbers in it.",
        "rows": "How many each day has.",
        "deviations": "By how many standard deviations the second day shifts.",
        "alarm_below": "The p-value below which the team's alarm is raised.",
    },
)
def monitor_detects_shift(
    deployment: Deployment,
    *,
    table: str = "",
    column: str = "",
    rows: Count = Count(200),
    deviations: Count = Count(3),
    alarm_below: Share = Share(0.001),
) -> None:
    if not table or not column:
        message = (
            "it needs a table with a monitor, and a column of numbers in it: --param monitor_detects_shift.table="
            "catalog.schema.table and --param monitor_detects_shift.column=name, or table= and column= in a test"
        )
        raise NotApplicable(message)
    client, workspace = Client(deployment.workspace), deployment.workspace
    path = f"/api/2.1/unity-catalog/tables/{part(table)}/monitor"
    monitor = client.call("GET", path)
    if not monitor.ok:
        raise ParameterError(f"table={table!r} has no monitor: {monitor.message}")
    told = monitor.json()
    kind = told.get("time_series") or told.get("inference_log")
    if kind is None or "1 day" not in kind["granularities"]:
        raise NotApplicable(f"the monitor of {table} has no windows of '1 day'")
    before = workspace.table(table)
    midnight = workspace.clock.now().replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    quiet, shifted = midnight + timedelta(days=1), midnight + timedelta(days=2)
    by = _deviation(before, table, column) * deviations
    for day, distance in ((quiet, 0.0), (shifted, by)):
        some = _moved(_on(day, before, kind["timestamp_col"], rows), column, distance)
        workspace.save_table(table, some, append=True)
    client.wait(hours=24 * 4)
    client.told("POST", f"{path}/refreshes")
    client.wait(hours=2)
    drift = "BASELINE" if told.get("baseline_table_name") else "CONSECUTIVE"
    tests = _tests(deployment, told["drift_metrics_table_name"], column, drift)
    pvalues = {day: one.pvalue for day, one in tests.items()}
    shown = "\n".join(f"{day:%Y-%m-%d}: p = {pvalues.get(day)}" for day in (quiet, shifted))
    expected = f"the first above {alarm_below}, the second below"
    title = f"{column} of {table}, as it was and {by:g} higher"
    evidence = (Evidence(title, answer=shown, expected=expected, series=_plotted(tests, column)),)
    deployment.show(evidence[0])
    if _alarms(pvalues.get(quiet), alarm_below):
        message = f"The monitor of {table} raises an alarm for {column} on a day like those before."
        deployment.found(
            Finding("monitor-detects-shift/false-alarm", message, fix=FIX, source=SOURCE, evidence=evidence)
        )
    if not _alarms(pvalues.get(shifted), alarm_below):
        message = f"The monitor of {table} says nothing of a day on which {column} is {by:g} higher."
        deployment.found(Finding("monitor-detects-shift/missed", message, fix=FIX, source=SOURCE, evidence=evidence))


def _alarms(pvalue: float | None, below: float) -> bool:
    return pvalue is not None and pvalue < below


def _deviation(rows: Any, table: str, column: str) -> float:
    """How much the column's values differ from each other.

    Raises:
        ParameterError: there is no such column, or it has no numbers.
        NotApplicable: all of them are the same, so that nothing tells how large a shift would be.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if column not in rows.column_names:
        raise ParameterError(f"{table} has no column {column!r}; it has {', '.join(rows.column_names)}")
    kind = rows.schema.field(column).type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise ParameterError(f"the column {column!r} of {table} has no numbers, but {kind}")
    deviation = float(pc.stddev(rows[column].cast(pa.float64())).as_py() or 0.0)
    if not deviation > 0:
        raise NotApplicable(f"{table} has fewer than two different values in its column {column!r}")
    return deviation


def _on(day: datetime, before: Any, timestamp: str, rows: int) -> Any:
    """Rows of the table once more, on another day."""
    import pyarrow as pa

    step = max(1, len(before) // rows)
    some = before.take(list(range(0, len(before), step))[:rows])
    times = [day + timedelta(seconds=number * 86_000 / len(some)) for number in range(len(some))]
    field = before.schema.field(timestamp)
    return some.set_column(some.schema.get_field_index(timestamp), field, pa.array(times).cast(field.type))


def _moved(rows: Any, column: str, distance: float) -> Any:
    """The rows, with the column so much higher."""
    import pyarrow as pa
    import pyarrow.compute as pc

    field = rows.schema.field(column)
    moved = pc.add(rows[column].cast(pa.float64()), distance).cast(field.type, safe=False)
    return rows.set_column(rows.schema.get_field_index(column), field, moved)


class _Test(NamedTuple):
    """A test of Kolmogorov and Smirnov."""

    pvalue: float
    statistic: float


def _tests(deployment: Deployment, metrics: str, column: str, drift: str) -> dict[datetime, _Test]:
    """The test of each day, in their order."""
    statement = (
        f"SELECT window.start AS day, ks_test.pvalue AS p, ks_test.statistic AS d FROM {metrics} "  # noqa: S608 - its own
        "WHERE column_name = :column AND drift_type = :drift AND granularity = '1 day' "
        "AND slice_key IS NULL ORDER BY day"
    )
    rows = deployment.workspace.sql(statement, column=column, drift=drift).to_pylist()
    return {one["day"].replace(tzinfo=None): _Test(one["p"], one["d"]) for one in rows if one["p"] is not None}


def _plotted(tests: dict[datetime, _Test], column: str) -> tuple[Series, ...]:
    """How far each day is from what it is compared with."""
    if not tests:
        return ()
    first = next(iter(tests))
    points = tuple(((day - first).total_seconds(), one.statistic) for day, one in tests.items())
    return (Series(f"Distance of {column} (Kolmogorov-Smirnov), by day", "", points),)
