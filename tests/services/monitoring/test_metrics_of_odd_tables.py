"""Tables that are hard to monitor: a clear state and message, and all that can be computed is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from clocks import standing_at
from conftest import RefusedError, Rest
from deltalake import write_deltalake
from monitored import INFERENCE, add_rows, add_table, drift, midnight, monitor, path, profile, refresh

from fakebricks import Workspace

pytest.importorskip("pysail")

SERIES = {"timestamp_col": "ts", "granularities": ["1 day"]}
PLAIN = {"ts": "timestamp", "x": "double", "k": "string"}


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    with closing(Workspace(clock=standing_at())) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def rest(workspace: Workspace) -> Rest:
    return Rest(workspace)


def row(time, x: float | None = 1.0, k: str | None = "a") -> dict:
    return {"ts": time, "x": x, "k": k}


def test_an_empty_table_has_metric_tables_without_rows(workspace: Workspace, rest: Rest):
    name = "main.default.empty"
    add_table(workspace, name, PLAIN)
    monitor(rest, name, time_series=SERIES, slicing_exprs=["k"])
    assert refresh(rest, name)["state"] == "SUCCESS"
    assert profile(workspace, name) == drift(workspace, name) == []


def test_one_row_windows_that_are_not_adjacent_and_times_that_are_not_looked_at(workspace: Workspace, rest: Rest):
    name = "main.default.sparse"
    add_table(workspace, name, PLAIN)
    days = [midnight(workspace, days) for days in (60, 9, 5, 4)]
    future = workspace.clock.now() + timedelta(days=2)
    add_rows(workspace, [row(one) for one in days] + [row(future), row(None)], name)
    monitor(rest, name, time_series=SERIES)
    assert refresh(rest, name)["state"] == "SUCCESS"
    assert [one["window"]["start"] for one in profile(workspace, name, column_name="x")] == days[1:]
    assert [one["stddev"] for one in profile(workspace, name, column_name="x")] == [None] * 3
    (compared,) = drift(workspace, name, column_name="x")
    assert (compared["window"]["start"], compared["window_cmp"]["start"]) == (days[3], days[2])
    workspace.clock.advance(days=3)
    refresh(rest, name)
    assert profile(workspace, name, column_name="x")[-1]["window"]["start"] <= future


def test_a_hundred_thousand_categories_are_counted_and_the_hundred_most_frequent_make_slices(
    workspace: Workspace, rest: Rest
):
    name = "main.default.wide"
    add_table(workspace, name, PLAIN)
    yesterday = midnight(workspace, 1)
    names = [f"user-{number}" for number in range(100_000)] + [f"user-{n % 50}" for n in range(1_000)]
    size = len(names)
    add_rows(workspace, pa.table({"ts": [yesterday] * size, "x": np.ones(size), "k": names}), name)
    monitor(rest, name, time_series=SERIES, slicing_exprs=["k"])
    assert refresh(rest, name)["state"] == "SUCCESS"
    (whole,) = profile(workspace, name, column_name="k")
    assert (whole["distinct_count"], len(whole["frequent_items"])) == (100_000, 100)
    values = workspace.sql(f"SELECT DISTINCT slice_value AS v FROM {name}_profile_metrics WHERE slice_key = 'k'")
    assert len(values) == 100
    assert {f"user-{number}" for number in range(50)} <= set(values["v"].to_pylist())


def test_snapshots_are_points_in_time_and_compared_with_the_one_before(workspace: Workspace, rest: Rest):
    name = "main.default.snapped"
    add_table(workspace, name, {"x": "double", "k": "string", "`odd` name".replace(" ", "_"): "string"})
    draw = np.random.default_rng(1)
    cells = {"x": draw.normal(size=300), "k": ["a"] * 300, "`odd`_name": ["it's"] * 300}
    add_rows(workspace, pa.table(cells), name)
    add_table(workspace, f"{name}_base", {"x": "double"})
    add_rows(workspace, pa.table({"x": draw.normal(size=200)}), f"{name}_base")
    monitor(rest, name, snapshot={}, slicing_exprs=["`odd`_name"], baseline_table_name=f"{name}_base")
    first = refresh(rest, name)
    add_rows(workspace, pa.table({**cells, "x": draw.normal(3, size=300)}), name)
    second = refresh(rest, name)
    rows = profile(workspace, name, column_name="x")
    assert [one["window"]["start"].timestamp() for one in rows] == pytest.approx(
        [one["start_time_ms"] / 1000 for one in (first, second)], abs=0.001
    )
    assert [(one["count"], one["granularity"]) for one in rows] == [(300, None), (600, None)]
    (compared,) = drift(workspace, name, column_name="x", drift_type="CONSECUTIVE")
    assert compared["ks_test"]["pvalue"] < 1e-6
    assert compared["count_delta"] == 300
    alarms = [one["ks_test"]["pvalue"] < 1e-6 for one in drift(workspace, name, column_name="x", drift_type="BASELINE")]
    assert alarms == [False, True]
    assert len(profile(workspace, name, column_name="x", log_type="BASELINE")) == 1
    assert profile(workspace, name, column_name="x", slice_key="`odd`_name", slice_value="it's")


@pytest.mark.parametrize("gone", ["baseline", "schema", "creator's rights"])
def test_what_is_gone_by_then_is_named(workspace: Workspace, rest: Rest, gone: str):
    short = gone[:4]
    schema, name = f"main.out_{short}", f"main.default.left_{short}"
    rest.post("/api/2.1/unity-catalog/schemas", catalog_name="main", name=f"out_{short}")
    add_table(workspace, name, PLAIN)
    add_table(workspace, f"{name}_base", PLAIN)
    bob = Rest(workspace)
    bob.headers = {"authorization": f"Bearer {workspace.user('bob@acme.test').token}"}
    privileges = ["USE_CATALOG", "USE_SCHEMA", "SELECT", "MANAGE", "CREATE_TABLE"]
    permissions = "/api/2.1/unity-catalog/permissions/catalog/main"
    rest.patch(permissions, changes=[{"principal": "bob@acme.test", "add": privileges}])
    monitor(bob, name, time_series=SERIES, output_schema_name=schema, baseline_table_name=f"{name}_base")
    if gone == "baseline":
        rest.delete(f"/api/2.1/unity-catalog/tables/{name}_base")
        message = f"Table '{name}_base' does not exist."
    elif gone == "schema":
        rest.delete(f"/api/2.1/unity-catalog/schemas/{schema}")
        message = f"Schema '{schema}' does not exist."
    else:
        rest.patch(permissions, changes=[{"principal": "bob@acme.test", "remove": ["SELECT"]}])
        message = f"User does not have SELECT on Table '{name}"
    refreshed = refresh(rest, name)
    assert refreshed["state"] == "FAILED"
    assert message in refreshed["message"]
    told = rest.get(path(name))
    assert told["status"] == "MONITOR_STATUS_ERROR"
    assert told["latest_monitor_failure_msg"] == refreshed["message"]
    with pytest.raises(Exception, match="does not exist"):
        workspace.table(f"{schema}.left_{short}_profile_metrics")


def test_payloads_that_cannot_be_read_are_values_like_others(workspace: Workspace, rest: Rest):
    name = "main.default.payload"
    add_table(workspace, name, {"request_time": "timestamp", "request": "string", "served_entity_id": "string"})
    yesterday = midnight(workspace, 1)
    bodies = [
        '{"dataframe_records": [{"amount": 4}]}',
        "{not json",
        "",
        None,
        "\x00\ud83d".encode("utf-8", "ignore").decode(),
    ]
    add_rows(workspace, [{"request_time": yesterday, "request": one, "served_entity_id": "e"} for one in bodies], name)
    metric = {
        "type": "CUSTOM_METRIC_TYPE_AGGREGATE",
        "name": "readable",
        "input_columns": ["request"],
        "definition": "count(get_json_object({{input_column}}, '$.dataframe_records[0].amount'))",
        "output_data_type": "bigint",
    }
    log = {"timestamp_col": "request_time", "granularities": ["1 hour"]}
    monitor(rest, name, time_series=log, custom_metrics=[metric])
    assert refresh(rest, name)["state"] == "SUCCESS"
    (told,) = profile(workspace, name, column_name="request")
    assert (told["count"], told["num_nulls"], told["readable"]) == (4, 1, 1)


def test_columns_that_the_baseline_lacks_are_not_compared(workspace: Workspace, rest: Rest):
    name = "main.default.columns"
    add_table(workspace, name, PLAIN)
    add_table(workspace, f"{name}_base", {"x": "string", "k": "string"})
    add_rows(workspace, [row(midnight(workspace, 1))], name)
    add_rows(workspace, [{"x": "one", "k": "a"}], f"{name}_base")
    metric = {
        "type": "CUSTOM_METRIC_TYPE_AGGREGATE",
        "name": "latest",
        "input_columns": [":table"],
        "definition": "max(ts)",
        "output_data_type": "timestamp",
    }
    monitor(
        rest,
        name,
        time_series=SERIES,
        baseline_table_name=f"{name}_base",
        slicing_exprs=["x > 0", "ts > '2020-01-01'"],
        custom_metrics=[metric],
    )
    assert refresh(rest, name)["state"] == "SUCCESS"
    assert {one["column_name"] for one in drift(workspace, name)} == {":table", "k"}
    assert profile(workspace, name, column_name=":table")[0]["latest"] == midnight(workspace, 1)
    assert profile(workspace, name, slice_key="ts > '2020-01-01'", slice_value="true")


@pytest.mark.parametrize(
    ("broken", "text"),
    [("CAST(k AS INT) > 1", "'b'"), ("1 / (x - 2) > 0", "DIVIDE_BY_ZERO"), ("count(*) > 1", "count")],
)
def test_a_slice_that_fails_for_one_row_is_named_and_the_others_are_told(workspace, rest, broken, text):
    name = f"main.default.cut_{text.strip(chr(39)).lower()}"
    add_table(workspace, name, PLAIN)
    day = midnight(workspace, 1)
    add_rows(workspace, [row(day, 1.0, "2"), row(day, 2.0, "b"), row(day, 3.0, "2")], name)
    monitor(rest, name, time_series=SERIES, slicing_exprs=[broken, "x > 1 -- large ones", "K"])
    refreshed = refresh(rest, name)
    assert refreshed["state"] == "FAILED"
    assert refreshed["message"].startswith(f"The slicing expression '{broken}' could not be computed:")
    assert text in refreshed["message"]
    assert [one["count"] for one in profile(workspace, name, column_name="x")] == [3]
    told = profile(workspace, name, column_name="x", slice_key="x > 1 -- large ones", slice_value="true")
    assert [one["count"] for one in told] == [2]
    (by_column,) = profile(workspace, name, column_name="x", slice_key="K", slice_value="2")
    assert by_column["avg"] == 2.0


JUDGED = {"ts": "timestamp", "model_version": "string", "prediction": "bigint", "label": "double"}
CHANGED = {"ts": "string", "model_version": None, "label": None, "prediction": "array<bigint>"}


@pytest.mark.parametrize(
    ("column", "message", "still_told"),
    [
        ("ts", "fakebricks does not convert the column 'ts' of the type STRING to times", None),
        (
            "model_version",
            "The monitored table 'main.default.redone_model_version' has no column 'model_version'",
            None,
        ),
        ("label", "The monitored table 'main.default.redone_label' has no column 'label'", 2),
        ("prediction", "does not tell classes by the column 'prediction' of the type ARRAY", 2),
    ],
)
def test_a_table_that_has_changed_since_says_what_is_missing(workspace, rest, column, message, still_told):
    name = f"main.default.redone_{column}"
    add_table(workspace, name, JUDGED)
    rows = [
        {"ts": midnight(workspace, 1), "model_version": "1", "prediction": 2**53 + place, "label": 2.0**53}
        for place in range(2)
    ]
    add_rows(workspace, rows, name)
    monitor(rest, name, inference_log=INFERENCE)
    assert refresh(rest, name)["state"] == "SUCCESS"
    (judged,) = profile(workspace, name, column_name=":table")
    assert judged["accuracy_score"] == 0.5
    columns = {one: kind for one, kind in {**JUDGED, column: CHANGED[column]}.items() if kind}
    workspace.sql(f"CREATE OR REPLACE TABLE {name} ({', '.join(f'{one} {kind}' for one, kind in columns.items())})")
    values = {"ts": "2020-01-01" if column == "ts" else rows[0]["ts"], "model_version": "1", "label": 1.0}
    values["prediction"] = [1] if column == "prediction" else 1
    add_rows(workspace, [{one: values[one] for one in columns}] * 2, name)
    refreshed = refresh(rest, name)
    assert refreshed["state"] == "FAILED"
    assert message in refreshed["message"]
    if still_told:
        (told,) = profile(workspace, name, column_name=":table")
        assert (told["count"], told["accuracy_score"]) == (still_told, None)


def test_a_metric_table_that_is_somebody_elses_is_left_alone(workspace: Workspace, rest: Rest):
    name = "main.default.taken"
    add_table(workspace, name, PLAIN)
    add_table(workspace, f"{name}_profile_metrics", {"window": "string"})
    monitor(rest, name, time_series=SERIES)
    refreshed = refresh(rest, name)
    assert refreshed["state"] == "FAILED"
    assert f"The table '{name}_profile_metrics' cannot take the metrics" in refreshed["message"]


def test_a_metric_table_that_was_changed_by_hand_is_told_of(workspace: Workspace, rest: Rest):
    name = "main.default.changed"
    add_table(workspace, name, PLAIN)
    add_rows(workspace, [row(midnight(workspace, 1))], name)
    monitor(rest, name, time_series=SERIES)
    assert refresh(rest, name)["state"] == "SUCCESS"
    location = workspace._services.tables.require(f"{name}_drift_metrics").storage_location
    write_deltalake(location, pa.table({"mine": [1]}), mode="overwrite", schema_mode="overwrite")
    add_rows(workspace, [row(midnight(workspace, 1))], name)
    refreshed = refresh(rest, name)
    assert refreshed["state"] == "FAILED"
    assert f"The table '{name}_drift_metrics' cannot be written" in refreshed["message"]


def test_a_table_whose_log_is_broken_is_told_of(workspace: Workspace, rest: Rest):
    name = "main.default.unreadable"
    add_table(workspace, name, PLAIN)
    monitor(rest, name, time_series=SERIES)
    log = Path(workspace._services.tables.require(name).storage_location) / "_delta_log"
    for commit in log.iterdir():
        commit.write_text("{not json")
    refreshed = refresh(rest, name)
    assert refreshed["state"] == "FAILED"
    assert refreshed["message"].startswith(f"The table '{name}' cannot be read: ")
    assert "\n" not in refreshed["message"]


def test_a_new_custom_metric_is_a_new_column(workspace: Workspace, rest: Rest):
    name = "main.default.evolving"
    add_table(workspace, name, PLAIN)
    add_rows(workspace, [row(midnight(workspace, 1), 2.0)], name)
    monitor(rest, name, time_series=SERIES)
    refresh(rest, name)
    metric = {
        "type": "CUSTOM_METRIC_TYPE_AGGREGATE",
        "name": "doubled",
        "input_columns": ["x"],
        "definition": "2 * max({{input_column}})",
        "output_data_type": "double",
    }
    rest.put(path(name), output_schema_name="main.default", time_series=SERIES, custom_metrics=[metric])
    assert refresh(rest, name)["state"] == "SUCCESS"
    assert [one["doubled"] for one in profile(workspace, name, column_name="x")] == [4.0]


def test_a_model_column_that_the_metric_tables_have_already_is_refused(workspace: Workspace, rest: Rest):
    name = "main.default.clash"
    add_table(workspace, name, {"ts": "timestamp", "granularity": "string", "prediction": "string", "label": "string"})
    with pytest.raises(RefusedError, match="400 .*'granularity'"):
        monitor(rest, name, inference_log={**INFERENCE, "model_id_col": "granularity"})
