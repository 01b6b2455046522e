"""Metric tables of a time series: each number beside scipy's and numpy's on the rows of its window."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from clocks import standing_at
from conftest import Rest
from monitored import DOUBLE, add_rows, add_table, drift, midnight, monitor, path, profile, refresh
from scipy import stats
from scipy.spatial.distance import jensenshannon

from fakebricks import Workspace

pytest.importorskip("pysail")

COLUMNS = {
    "ts": "timestamp",
    "amount": "double",
    "rate": "float",
    "items": "int",
    "price": "decimal(10,2)",
    "country": "string",
    "night": "boolean",
    "due": "date",
    "tags": "array<string>",
    "empty": "double",
    "constant": "bigint",
    "odd": "double",
}
DAYS = 4
ROWS = 600
METRICS = [
    {
        "type": "CUSTOM_METRIC_TYPE_AGGREGATE",
        "name": "square",
        "input_columns": ["amount", "items"],
        "definition": "avg(`{{input_column}}` * `{{input_column}}`)",
        "output_data_type": DOUBLE,
    },
    {
        "type": "CUSTOM_METRIC_TYPE_AGGREGATE",
        "name": "revenue",
        "input_columns": [":table"],
        "definition": "sum(amount * items)",
        "output_data_type": DOUBLE,
    },
    {
        "type": "CUSTOM_METRIC_TYPE_DERIVED",
        "name": "root",
        "input_columns": ["amount"],
        "definition": "sqrt(square) + 0 * count",
        "output_data_type": DOUBLE,
    },
    {
        "type": "CUSTOM_METRIC_TYPE_DRIFT",
        "name": "root_gap",
        "input_columns": ["amount"],
        "definition": "{{current_df}}.root - {{base_df}}.root",
        "output_data_type": DOUBLE,
    },
    {
        "type": "CUSTOM_METRIC_TYPE_AGGREGATE",
        "name": "broken",
        "input_columns": ["amount"],
        "definition": "no_such_function(`{{input_column}}`)",
        "output_data_type": DOUBLE,
    },
]


def rows_of_day(start, seed: int, shift: float = 0.0) -> list[dict]:
    draw = np.random.default_rng(seed)
    odd = [np.nan, np.inf, -np.inf, None, 1e308, -1e308, 0.0]
    return [
        {
            "ts": start + timedelta(seconds=float(draw.uniform(0, 86_399))),
            "amount": None if draw.random() < 0.1 else float(draw.normal(10 + shift)),
            "rate": float(draw.integers(0, 4)),
            "items": int(draw.poisson(3)),
            "price": round(float(draw.uniform(0, 99)), 2),
            "country": str(draw.choice(["de", "fr", "us"], p=[0.5, 0.3, 0.2])) if draw.random() > 0.05 else None,
            "night": bool(draw.random() < 0.3),
            "due": start.date() + timedelta(days=int(draw.integers(0, 3))),
            "tags": ["a"] if draw.random() < 0.5 else None,
            "empty": None,
            "constant": 7,
            "odd": odd[int(draw.integers(0, len(odd)))],
        }
        for _ in range(ROWS)
    ]


def as_table(rows: list[dict]) -> pa.Table:
    from decimal import Decimal

    plain = [{**row, "price": Decimal(str(row["price"]))} for row in rows]
    times = pa.timestamp("us", "UTC")
    types = [times, pa.float64(), pa.float32(), pa.int32(), pa.decimal128(10, 2), pa.string(), pa.bool_(), pa.date32()]
    types += [pa.list_(pa.string()), pa.float64(), pa.int64(), pa.float64()]
    return pa.Table.from_pylist(plain, pa.schema(dict(zip(COLUMNS, types, strict=True))))


class World:
    """A monitored table of a few days, the last of which has drifted, after one refresh."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.rest = Rest(workspace)
        add_table(workspace, columns=COLUMNS)
        add_table(workspace, "main.default.training", columns=COLUMNS)
        starts = [midnight(workspace, days) for days in range(DAYS, 0, -1)]
        self.days = {start: rows_of_day(start, seed, 1.0 * (seed == DAYS - 1)) for seed, start in enumerate(starts)}
        self.training = rows_of_day(starts[0] - timedelta(days=60), 99)
        for rows in self.days.values():
            add_rows(workspace, as_table(rows))
        add_rows(workspace, as_table(self.training), "main.default.training")
        series = {"timestamp_col": "ts", "granularities": ["1 day", "1 month"]}
        monitor(
            self.rest,
            time_series=series,
            baseline_table_name="main.default.training",
            slicing_exprs=["country", "amount > 10", "no_such_column = 1"],
            custom_metrics=METRICS,
        )
        self.refreshed = refresh(self.rest)

    def values(self, day, column: str) -> list:
        return [row[column] for row in self.days[day] if row[column] is not None]

    def profile(self, **wanted) -> list[dict]:
        return profile(self.workspace, **{"granularity": "1 day", **wanted})

    def drift(self, **wanted) -> list[dict]:
        return drift(self.workspace, **{"granularity": "1 day", **wanted})


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """In the first days of March, so that February's window is partial: the lookback ends on its second day."""
    with closing(Workspace(clock=standing_at("2026-03-04T10:30:00"))) as workspace:
        yield World(workspace)


def test_there_is_a_row_for_each_window_and_column(world: World):
    for column in (*COLUMNS, ":table"):
        rows = world.profile(column_name=column)
        assert [row["window"]["start"] for row in rows] == list(world.days)
        assert all(row["window"]["end"] - row["window"]["start"] == timedelta(days=1) for row in rows)
        assert {row["data_type"] for row in rows} == {COLUMNS.get(column)}
        assert {(row["log_type"], row["monitor_version"], row["logging_table_commit_version"]) for row in rows} == {
            ("INPUT", 0, DAYS)
        }


@pytest.mark.parametrize("column", ["amount", "rate", "items", "price"])
def test_numbers_are_profiled(world: World, column: str):
    for row in world.profile(column_name=column):
        values = world.values(row["window"]["start"], column)
        assert row["count"] == len(values)
        assert row["num_nulls"] == ROWS - len(values)
        assert row["avg"] == pytest.approx(np.mean(values))
        assert row["stddev"] == pytest.approx(np.std(values, ddof=1))
        assert (row["min"], row["max"]) == pytest.approx((min(values), max(values)))
        assert row["median"] == pytest.approx(np.median(values))
        assert row["quantiles"] == pytest.approx(np.quantile(values, np.linspace(0, 1, 1001)))
        assert row["num_zeros"] == sum(value == 0 for value in values)
        assert row["distinct_count"] == len(set(values))
        assert row["min_length"] is None


def test_odd_numbers_are_counted(world: World):
    for row in world.profile(column_name="odd"):
        values = np.array([np.nan if v is None else v for v in world.values(row["window"]["start"], "odd")])
        assert row["num_nan"] == np.isnan(values).sum()
        assert (row["min"], row["max"]) == (-np.inf, np.inf)
        assert row["avg"] is None
        assert row["stddev"] is None
    assert all(row["wasserstein_distance"] is None for row in world.drift(column_name="odd"))
    assert all(row["ks_test"]["pvalue"] > 0.001 for row in world.drift(column_name="odd"))


def test_what_is_empty_or_constant_is_told_as_such(world: World):
    for row in world.profile(column_name="empty"):
        assert (row["count"], row["num_nulls"], row["percent_null"], row["avg"]) == (0, ROWS, 100.0, None)
    assert world.drift(column_name="empty")[0]["ks_test"] is None
    for row in world.profile(column_name="constant"):
        assert (row["min"], row["max"], row["stddev"], row["distinct_count"]) == (7.0, 7.0, 0.0, 1)
    assert {row["population_stability_index"] for row in world.drift(column_name="constant")} == {0.0}


def test_strings_booleans_and_times_are_profiled(world: World):
    for row in world.profile(column_name="country"):
        values = world.values(row["window"]["start"], "country")
        items = {one["item"]: one["count"] for one in row["frequent_items"]}
        assert items == {country: values.count(country) for country in ("de", "fr", "us")}
        assert (row["min_length"], row["max_length"], row["avg_length"], row["avg"]) == (2.0, 2.0, 2.0, None)
    for row in world.profile(column_name="night"):
        items = {one["item"]: one["count"] for one in row["frequent_items"]}
        assert items["true"] == sum(world.values(row["window"]["start"], "night"))
    for row in world.profile(column_name="ts"):
        times = [one.timestamp() for one in world.values(row["window"]["start"], "ts")]
        assert (row["min"], row["max"]) == pytest.approx((min(times), max(times)))
        assert (row["avg"], row["percent_nan"], row["percent_zeros"]) == (None, None, None)
    for row in world.profile(column_name="tags"):
        assert row["count"] == len(world.values(row["window"]["start"], "tags"))
        assert row["distinct_count"] is None


def test_the_table_as_a_whole_tells_its_rows_and_which_columns_have_values(world: World):
    for row in world.profile(column_name=":table"):
        assert row["count"] == ROWS
        assert row["non_null_columns"] == [name for name in COLUMNS if name != "empty"]


def test_consecutive_windows_and_the_baseline_are_compared_as_scipy_does(world: World):
    days = list(world.days)
    known = [row["amount"] for row in world.training if row["amount"] is not None]
    for kind in ("CONSECUTIVE", "BASELINE"):
        rows = world.drift(column_name="amount", drift_type=kind)
        assert [row["window"]["start"] for row in rows] == (days[1:] if kind == "CONSECUTIVE" else days)
        for row in rows:
            now = world.values(row["window"]["start"], "amount")
            before = known
            if kind == "CONSECUTIVE":
                before = world.values(row["window_cmp"]["start"], "amount")
                assert row["window_cmp"]["end"] == row["window"]["start"]
            else:
                assert row["window_cmp"] is None
            expected = stats.ks_2samp(now, before)
            assert row["ks_test"] == pytest.approx({"statistic": expected.statistic, "pvalue": expected.pvalue})
            assert row["wasserstein_distance"] == pytest.approx(stats.wasserstein_distance(now, before))
            assert row["avg_delta"] == pytest.approx(np.mean(now) - np.mean(before))
            assert row["count_delta"] == len(now) - len(before)


def test_categories_are_compared_as_scipy_does(world: World):
    for row in world.drift(column_name="country", drift_type="CONSECUTIVE"):
        pair = [world.values(row[name]["start"], "country") for name in ("window", "window_cmp")]
        table = np.array([[values.count(one) for one in ("de", "fr", "us")] for values in pair])
        shares = table / table.sum(axis=1, keepdims=True)
        expected = stats.chi2_contingency(table, correction=False)
        assert row["chi_squared_test"] == pytest.approx({"statistic": expected.statistic, "pvalue": expected.pvalue})
        assert row["js_distance"] == pytest.approx(jensenshannon(*shares))
        assert row["tv_distance"] == pytest.approx(np.abs(shares[0] - shares[1]).sum() / 2)
        assert row["ks_test"] is None
    assert world.drift(column_name="ts")[0]["ks_test"] is None


def test_the_day_that_drifted_is_the_one_that_raises_the_alarm(world: World):
    rows = world.drift(column_name="amount", drift_type="BASELINE")
    assert [row["ks_test"]["pvalue"] < 0.001 for row in rows] == [False] * (DAYS - 1) + [True]
    assert rows[-1]["population_stability_index"] > 0.2


def test_slices_are_rows_of_their_own(world: World):
    day = next(iter(world.days))
    for country in ("de", "fr", "us"):
        row = world.profile(column_name="items", slice_key="country", slice_value=country)[0]
        values = [one["items"] for one in world.days[day] if one["country"] == country]
        assert (row["count"], row["avg"]) == (len(values), pytest.approx(np.mean(values)))
    for side in ("true", "false"):
        row = world.profile(column_name=":table", slice_key="amount > 10", slice_value=side)[0]
        inside = [
            one for one in world.days[day] if one["amount"] is not None and (one["amount"] > 10) == (side == "true")
        ]
        assert row["count"] == len(inside)
    sliced = world.drift(column_name="items", slice_key="country", slice_value="de", drift_type="BASELINE")
    assert len(sliced) == DAYS


def test_custom_metrics_are_computed_by_their_sql(world: World):
    for row in world.profile(column_name="amount"):
        values = np.array(world.values(row["window"]["start"], "amount"))
        assert row["square"] == pytest.approx((values**2).mean())
        assert row["root"] == pytest.approx(np.sqrt((values**2).mean()))
        assert row["revenue"] is None
    for row in world.profile(column_name=":table"):
        rows = [one for one in world.days[row["window"]["start"]] if one["amount"] is not None]
        assert row["revenue"] == pytest.approx(sum(one["amount"] * one["items"] for one in rows))
    roots = {row["window"]["start"]: row["root"] for row in world.profile(column_name="amount")}
    for row in world.drift(column_name="amount", drift_type="CONSECUTIVE"):
        expected = roots[row["window"]["start"]] - roots[row["window_cmp"]["start"]]
        assert row["root_gap"] == pytest.approx(expected)
    german = world.profile(column_name="amount", slice_key="country", slice_value="de")[0]
    values = [one["amount"] for one in next(iter(world.days.values())) if one["country"] == "de" and one["amount"]]
    assert german["square"] == pytest.approx(np.mean(np.square(values)))


def test_what_is_broken_is_named_and_everything_else_is_computed(world: World):
    assert world.refreshed["state"] == "FAILED"
    assert "Custom metric 'broken' could not be computed: [UNRESOLVED_ROUTINE]" in world.refreshed["message"]
    assert "The slicing expression 'no_such_column = 1' could not be computed" in world.refreshed["message"]
    assert world.rest.get(path())["status"] == "MONITOR_STATUS_ERROR"
    assert {row["broken"] for row in world.profile(column_name="amount")} == {None}


def test_the_first_partial_month_is_left_out(world: World):
    assert [f"{day:%d %b}" for day in world.days] == ["28 Feb", "01 Mar", "02 Mar", "03 Mar"]
    (row,) = profile(world.workspace, granularity="1 month", column_name=":table")
    assert row["window"]["start"] == list(world.days)[1]
    assert row["count"] == 3 * ROWS


def test_the_metric_tables_are_tables_like_others(world: World):
    told = world.rest.get("/api/2.1/unity-catalog/tables/main.default.payments_drift_metrics")
    assert told["owner"] == world.workspace.user_name
    types = {column["name"]: column["type_text"] for column in told["columns"]}
    assert types["ks_test"] == "struct<statistic:double,pvalue:double>"
    found = world.workspace.sql(
        "SELECT max(ks_test.statistic) AS most FROM main.default.payments_drift_metrics WHERE column_name = 'amount'"
    )
    assert found["most"][0].as_py() > 0.3
