"""The newer API over the same monitors."""

from __future__ import annotations

import pytest
from conftest import RefusedError, Rest
from hypothesis import given, settings
from hypothesis import strategies as st
from monitored import ASSETS, DOUBLE, add_table, monitor, path

from fakebricks import Workspace
from fakebricks.services.unity_catalog.tables import Tables
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog

MONITORS = "/api/data-quality/v1/monitors"
INFERENCE = {
    "problem_type": "INFERENCE_PROBLEM_TYPE_CLASSIFICATION",
    "timestamp_column": "ts",
    "granularities": ["AGGREGATION_GRANULARITY_1_DAY", "AGGREGATION_GRANULARITY_2_WEEKS"],
    "prediction_column": "prediction",
    "label_column": "label",
    "model_id_column": "model_version",
}
SCHEDULE = {
    "quartz_cron_expression": "0 0 6 * * ?",
    "timezone_id": "UTC",
    "pause_status": "CRON_SCHEDULE_PAUSE_STATUS_UNPAUSED",
}
METRIC = {
    "type": "DATA_PROFILING_CUSTOM_METRIC_TYPE_AGGREGATE",
    "name": "square",
    "input_columns": ["amount"],
    "definition": "avg(`{{input_column}}` * `{{input_column}}`)",
    "output_data_type": DOUBLE,
}


@pytest.fixture
def table(workspace: Workspace) -> str:
    return add_table(workspace)


@pytest.fixture
def schema_id(workspace: Workspace) -> str:
    return workspace._services[UnityCatalog].require_schema("main", "default").id


def create(rest: Rest, table: str, schema_id: str, **config):
    if not {"snapshot", "time_series", "inference_log"} & set(config):
        config["snapshot"] = {}
    config = {"output_schema_id": schema_id, "assets_dir": ASSETS, **config}
    return rest.post(MONITORS, object_type="table", object_id=table, data_profiling_config=config)


def of(table: str) -> str:
    return f"{MONITORS}/table/{table}"


def test_a_monitor_is_told_with_all_that_was_asked_for(rest: Rest, workspace: Workspace, table: str, schema_id: str):
    asked = {
        "inference_log": INFERENCE,
        "slicing_exprs": ["country"],
        "custom_metrics": [METRIC],
        "schedule": SCHEDULE,
        "notification_settings": {"on_failure": {"email_addresses": ["jane@acme.test"]}},
        "warehouse_id": "abc",
    }
    created = create(rest, table, schema_id, **asked)
    assert (created["object_type"], created["object_id"]) == ("table", table)
    assert created["data_profiling_config"] == {
        **asked,
        "assets_dir": ASSETS,
        "output_schema_id": schema_id,
        "monitored_table_name": "main.default.payments",
        "profile_metrics_table_name": "main.default.payments_profile_metrics",
        "drift_metrics_table_name": "main.default.payments_drift_metrics",
        "monitor_version": 0,
        "status": "DATA_PROFILING_STATUS_PENDING",
    }
    workspace.clock.advance(seconds=10)
    assert rest.get(of(table))["data_profiling_config"]["status"] == "DATA_PROFILING_STATUS_ACTIVE"


def test_both_apis_tell_of_the_same_monitor(rest: Rest, table: str, schema_id: str):
    create(rest, table, schema_id, inference_log=INFERENCE, schedule=SCHEDULE)
    told = rest.get(path())
    assert told["inference_log"]["granularities"] == ["1 day", "2 weeks"]
    assert told["inference_log"]["problem_type"] == "PROBLEM_TYPE_CLASSIFICATION"
    assert told["schedule"]["pause_status"] == "UNPAUSED"
    started = rest.post(f"{path()}/refreshes")
    newer = rest.get(f"{of(table)}/refreshes/{started['refresh_id']}")
    assert newer["state"] == f"MONITOR_REFRESH_STATE_{started['state']}"
    assert newer["trigger"] == "MONITOR_REFRESH_TRIGGER_MANUAL"
    rest.delete(of(table))
    with pytest.raises(RefusedError, match="Cannot find Monitor"):
        rest.get(path())


def test_an_update_changes_what_its_mask_names(rest: Rest, table: str, schema_id: str):
    create(rest, table, schema_id, inference_log=INFERENCE, schedule=SCHEDULE, slicing_exprs=["country"])
    config = {
        "output_schema_id": schema_id,
        "schedule": {**SCHEDULE, "quartz_cron_expression": "0 0 7 * * ?", "timezone_id": "Europe/Berlin"},
        "custom_metrics": [METRIC],
    }
    mask = "data_profiling_config.schedule.quartz_cron_expression,data_profiling_config.custom_metrics"
    mask += ",data_profiling_config.slicing_exprs"
    updated = rest.patch(
        f"{of(table)}?update_mask={mask}", object_type="table", object_id=table, data_profiling_config=config
    )["data_profiling_config"]
    assert updated["schedule"] == {**SCHEDULE, "quartz_cron_expression": "0 0 7 * * ?"}
    assert updated["custom_metrics"] == [METRIC]
    assert "slicing_exprs" not in updated
    assert updated["inference_log"] == INFERENCE
    assert updated["monitor_version"] == 1


def test_a_mask_of_everything_replaces_everything(rest: Rest, table: str, schema_id: str):
    create(rest, table, schema_id, inference_log=INFERENCE, schedule=SCHEDULE)
    config = {"output_schema_id": schema_id, "snapshot": {}}
    body = {"object_type": "table", "object_id": table, "data_profiling_config": config}
    updated = rest.patch(f"{of(table)}?update_mask=*", **body)["data_profiling_config"]
    assert updated["snapshot"] == {}
    assert not {"inference_log", "schedule"} & set(updated)


@pytest.mark.parametrize(
    "mask",
    [
        "",
        "schedule",
        "data_profiling_config.nothing",
        "data_profiling_config.status",
        "data_profiling_config.assets_dir",
        "data_profiling_config.schedule.quartz_cron_expression",
        "data_profiling_config.inference_log",
        "data_profiling_config.output_schema_id.x",
        "anomaly_detection_config",
    ],
)
def test_a_mask_that_cannot_be_followed_is_refused(workspace, table: str, schema_id: str, mask: str):
    rest = Rest(workspace)
    create(rest, table, schema_id, inference_log=INFERENCE)
    before = rest.get(of(table))
    with pytest.raises(RefusedError) as refusal:
        rest.patch(f"{of(table)}?update_mask={mask}", data_profiling_config={"output_schema_id": schema_id})
    assert refusal.value.status == 400
    assert rest.get(of(table)) == before


def test_refreshes_are_listed_in_pages_and_canceled(rest: Rest, workspace: Workspace, table: str, schema_id: str):
    create(rest, table, schema_id)
    ids = [rest.post(f"{of(table)}/refreshes", object_type="table", object_id=table)["refresh_id"] for _ in range(3)]
    first = rest.get(f"{of(table)}/refreshes", page_size=2)
    rest_of_them = rest.get(f"{of(table)}/refreshes", page_size=2, page_token=first["next_page_token"])
    listed = [one["refresh_id"] for one in (*first["refreshes"], *rest_of_them["refreshes"])]
    assert listed == ids[::-1]
    assert "next_page_token" not in rest_of_them
    canceled = rest.post(f"{of(table)}/refreshes/{ids[0]}/cancel")["refresh"]
    assert canceled["state"] == "MONITOR_REFRESH_STATE_CANCELED"
    with pytest.raises(RefusedError, match="is over and cannot be canceled"):
        rest.post(f"{of(table)}/refreshes/{ids[0]}/cancel")
    with pytest.raises(RefusedError, match="404"):
        rest.get(f"{of(table)}/refreshes/7")


def test_schemas_are_not_monitored(rest: Rest, schema_id: str, table: str):
    for call in (
        lambda: rest.post(MONITORS, object_type="schema", object_id=schema_id, anomaly_detection_config={}),
        lambda: rest.post(MONITORS, object_type="table", object_id=table, anomaly_detection_config={}),
        lambda: rest.get(f"{MONITORS}/schema/{schema_id}"),
    ):
        with pytest.raises(RefusedError, match="does not compute anomaly_detection_config") as refusal:
            call()
        assert refusal.value.status == 501


@pytest.mark.parametrize(
    ("status", "text", "method", "url"),
    [
        (501, "data_quality.list_monitor", "GET", MONITORS),
        (501, "data_quality.update_refresh", "PATCH", f"{MONITORS}/table/x/refreshes/1"),
        (501, "data_quality.delete_refresh", "DELETE", f"{MONITORS}/table/x/refreshes/1"),
        (404, "Cannot find Monitor with ID: /metastores:", "GET", f"{MONITORS}/table/no-such-id"),
        (404, "Cannot find Monitor with ID: /metastores:", "DELETE", f"{MONITORS}/table/no-such-id"),
        (400, "Invalid object_type 'volume'", "GET", f"{MONITORS}/volume/x"),
    ],
)
def test_what_is_not_there_or_not_computed_is_named(workspace: Workspace, status, text, method, url):
    with pytest.raises(RefusedError, match=text) as refusal:
        Rest(workspace).json(method, url)
    assert refusal.value.status == status


@pytest.mark.parametrize(
    ("text", "config"),
    [
        ("There is no schema", {"output_schema_id": "nowhere"}),
        ("The granularities are", {"time_series": {"timestamp_column": "ts", "granularities": ["1 day"]}}),
        ("Exactly one of", {"snapshot": {}, "inference_log": INFERENCE}),
        ("pause_status", {"schedule": {**SCHEDULE, "pause_status": "PAUSED"}}),
    ],
)
def test_what_is_not_valid_is_refused(workspace: Workspace, table: str, schema_id: str, text, config):
    with pytest.raises(RefusedError, match=text) as refusal:
        create(Rest(workspace), table, schema_id, **config)
    assert refusal.value.status == 400


def test_who_may_not_is_refused(workspace: Workspace, table: str, schema_id: str):
    create(Rest(workspace), table, schema_id)
    stranger = Rest(workspace)
    stranger.headers = {"authorization": f"Bearer {workspace.user('eve@acme.test').token}"}
    for method, url in [("GET", of(table)), ("DELETE", of(table)), ("POST", f"{of(table)}/refreshes")]:
        with pytest.raises(RefusedError, match="403 PERMISSION_DENIED"):
            stranger.json(method, url)
    add_table(workspace, "main.default.other")
    with pytest.raises(RefusedError, match="403 PERMISSION_DENIED"):
        monitor(stranger, "main.default.other")


MASKS = st.lists(
    st.sampled_from(["data_profiling_config", "schedule", "snapshot", "custom_metrics", "status", "", "*", "x"]),
    max_size=3,
).map(".".join)
VALUES = st.dictionaries(
    st.sampled_from(["schedule", "snapshot", "custom_metrics", "slicing_exprs", "time_series"]),
    st.one_of(st.none(), st.just({}), st.just(SCHEDULE), st.lists(st.text(max_size=3), max_size=2), st.integers()),
    max_size=3,
)


@settings(max_examples=60)
@given(MASKS, VALUES)
def test_whatever_an_update_asks_for_is_answered_without_a_fault(workspace: Workspace, mask, values):
    rest = Rest(workspace)
    schema_id = workspace._services[UnityCatalog].require_schema("main", "default").id
    known = workspace._services[Tables].get("main.default.payments")
    table = known.id if known else add_table(workspace)
    if not known:
        create(rest, table, schema_id)
    before = rest.get(of(table))
    body = {"data_profiling_config": {"output_schema_id": schema_id, **values}}
    try:
        rest.json("PATCH", of(table), query={"update_mask": mask}, body=body)
    except RefusedError as refusal:
        assert refusal.status in (400, 501)
        assert rest.get(of(table)) == before
