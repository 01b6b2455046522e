"""Monitors through the unmodified databricks-sdk, both APIs, from a model's requests to the alarm."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from clocks import standing_at
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import NotFound
from databricks.sdk.service.catalog import (
    MonitorCronSchedule,
    MonitorInferenceLog,
    MonitorInferenceLogProblemType,
    MonitorInfoStatus,
    MonitorMetric,
    MonitorMetricType,
    MonitorRefreshInfoState,
    MonitorSnapshot,
)
from deltalake import write_deltalake

pytest.importorskip("pysail")

COLUMNS = {
    "ts": "timestamp",
    "amount": "double",
    "country": "string",
    "model_version": "string",
    "prediction": "string",
    "label": "string",
}
ASSETS = "/Workspace/Users/jane@acme.test/monitoring"


def table(workspace, w: WorkspaceClient, name: str) -> str:
    """A table with the columns of a model's log; where its files are."""
    columns = [{"name": one, "type_text": kind} for one, kind in COLUMNS.items()]
    catalog, schema, short = name.split(".")
    body = {"name": short, "catalog_name": catalog, "schema_name": schema, "columns": columns}
    body |= {"table_type": "MANAGED", "data_source_format": "DELTA"}
    return w.api_client.do("POST", "/api/2.1/unity-catalog/tables", body=body)["storage_location"]


def log(location: str, day: dt.datetime, shift: float = 0.0, right: float = 0.9, rows: int = 300) -> None:
    """A day of requests, of which a share is answered rightly."""
    draw = np.random.default_rng(day.day)
    label = draw.choice(["fraud", "fine"], rows, p=[0.3, 0.7])
    wrong = draw.random(rows) > right
    other = np.where(label == "fraud", "fine", "fraud")
    cells = {
        "ts": [day + dt.timedelta(minutes=float(one)) for one in draw.uniform(0, 1439, rows)],
        "amount": draw.normal(50 + shift, 10, rows),
        "country": draw.choice(["de", "fr"], rows).astype(object),
        "model_version": ["7"] * rows,
        "prediction": np.where(wrong, other, label).astype(object),
        "label": label.astype(object),
    }
    write_deltalake(location, pa.table(cells), mode="append")


def yesterday(workspace) -> dt.datetime:
    return workspace.clock.now().replace(hour=0, minute=0, second=0, microsecond=0) - dt.timedelta(days=1)


def test_a_monitor_of_a_model_from_its_creation_to_the_alarm(entered):
    with entered(clock=standing_at()) as workspace:
        w = WorkspaceClient()
        location = table(workspace, w, "main.default.requests")
        for ago in range(3, -1, -1):
            log(location, yesterday(workspace) - dt.timedelta(days=ago), shift=8.0 if ago == 0 else 0.0)
        created = w.quality_monitors.create(
            table_name="main.default.requests",
            assets_dir=ASSETS,
            output_schema_name="main.default",
            inference_log=MonitorInferenceLog(
                problem_type=MonitorInferenceLogProblemType.PROBLEM_TYPE_CLASSIFICATION,
                timestamp_col="ts",
                granularities=["1 day"],
                prediction_col="prediction",
                label_col="label",
                model_id_col="model_version",
            ),
            schedule=MonitorCronSchedule(quartz_cron_expression="0 0 * * * ?", timezone_id="UTC"),
            slicing_exprs=["country"],
            custom_metrics=[
                MonitorMetric(
                    type=MonitorMetricType.CUSTOM_METRIC_TYPE_AGGREGATE,
                    name="largest",
                    input_columns=["amount"],
                    definition="max(`{{input_column}}`)",
                    output_data_type='{"name":"output","type":"double","nullable":true,"metadata":{}}',
                )
            ],
        )
        assert created.status == MonitorInfoStatus.MONITOR_STATUS_PENDING
        workspace.clock.advance(hours=1, minutes=5)
        assert w.quality_monitors.get("main.default.requests").status == MonitorInfoStatus.MONITOR_STATUS_ACTIVE
        refreshes = w.quality_monitors.list_refreshes("main.default.requests").refreshes
        assert [one.state for one in refreshes] == [MonitorRefreshInfoState.SUCCESS]

        drift = workspace.table(created.drift_metrics_table_name).to_pylist()
        alarms = {
            row["window"]["start"].date()
            for row in drift
            if row["column_name"] == "amount" and row["slice_key"] is None and row["ks_test"]["pvalue"] < 0.001
        }
        assert alarms == {yesterday(workspace).date()}
        profile = workspace.table(created.profile_metrics_table_name).to_pylist()
        accuracies = [row["accuracy_score"] for row in profile if row["column_name"] == ":table"]
        assert min(accuracies) > 0.8
        w.quality_monitors.delete("main.default.requests")
        with pytest.raises(NotFound, match="Cannot find Monitor with ID: /metastores:"):
            w.quality_monitors.get("main.default.requests")


def test_a_refresh_by_hand_and_an_update(entered):
    with entered(clock=standing_at()) as workspace:
        w = WorkspaceClient()
        name = "main.default.requests"
        log(table(workspace, w, name), yesterday(workspace), rows=20)
        w.quality_monitors.create(
            name, assets_dir=ASSETS, output_schema_name="main.default", snapshot=MonitorSnapshot()
        )
        started = w.quality_monitors.run_refresh(name)
        assert started.state == MonitorRefreshInfoState.PENDING
        workspace.clock.advance(minutes=5)
        assert w.quality_monitors.get_refresh(name, started.refresh_id).state == MonitorRefreshInfoState.SUCCESS
        updated = w.quality_monitors.update(
            name, output_schema_name="main.default", snapshot=MonitorSnapshot(), slicing_exprs=["country"]
        )
        assert (updated.monitor_version, updated.slicing_exprs) == (1, ["country"])
        again = w.quality_monitors.run_refresh(name)
        w.quality_monitors.cancel_refresh(name, again.refresh_id)
        assert w.quality_monitors.get_refresh(name, again.refresh_id).state == MonitorRefreshInfoState.CANCELED


def test_the_newer_api(entered):
    dataquality = pytest.importorskip(
        "databricks.sdk.service.dataquality", reason="databricks-sdk knows no data_quality before 0.70"
    )
    with entered(clock=standing_at()) as workspace:
        w = WorkspaceClient()
        name = "main.default.requests"
        log(table(workspace, w, name), yesterday(workspace), rows=20)
        table_id = w.tables.get(name).table_id
        config = dataquality.DataProfilingConfig(
            output_schema_id=w.schemas.get("main.default").schema_id,
            assets_dir=ASSETS,
            time_series=dataquality.TimeSeriesConfig(
                timestamp_column="ts",
                granularities=[dataquality.AggregationGranularity.AGGREGATION_GRANULARITY_1_HOUR],
            ),
        )
        monitor = dataquality.Monitor(object_type="table", object_id=table_id, data_profiling_config=config)
        created = w.data_quality.create_monitor(monitor)
        assert created.data_profiling_config.status == dataquality.DataProfilingStatus.DATA_PROFILING_STATUS_PENDING
        refresh = w.data_quality.create_refresh(
            "table", table_id, dataquality.Refresh(object_type="table", object_id=table_id)
        )
        workspace.clock.advance(minutes=5)
        done = w.data_quality.get_refresh("table", table_id, refresh.refresh_id)
        assert done.state == dataquality.RefreshState.MONITOR_REFRESH_STATE_SUCCESS
        assert [one.refresh_id for one in w.data_quality.list_refresh("table", table_id)] == [refresh.refresh_id]
        config.slicing_exprs = ["country"]
        changed = w.data_quality.update_monitor("table", table_id, monitor, "data_profiling_config.slicing_exprs")
        assert changed.data_profiling_config.slicing_exprs == ["country"]
        assert w.data_quality.get_monitor("table", table_id).data_profiling_config.monitor_version == 1
        assert workspace.table(f"{name}_profile_metrics").num_rows > 0
        w.data_quality.delete_monitor("table", table_id)
        with pytest.raises(NotFound):
            w.data_quality.get_monitor("table", table_id)
