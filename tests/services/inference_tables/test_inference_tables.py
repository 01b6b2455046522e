"""Inference tables: what is logged, when it arrives, and that it is Delta."""

from __future__ import annotations

import json
import re
import threading
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from conftest import RefusedError, Rest
from deltalake import write_deltalake
from serving_fixtures import register_in
from test_delivery import log

from fakebricks import Workspace
from fakebricks.services.iam.people import People
from fakebricks.services.inference_tables.columns import GATEWAY
from fakebricks.services.inference_tables.inference_tables import InferenceTables
from fakebricks.services.unity_catalog.tables import Tables
from fakebricks.surroundings.simulated_time import SimulatedTime

ENDPOINTS = "/api/2.0/serving-endpoints"
ROW = [{"amount": 2.0}]
PLACE = {"catalog_name": "main", "schema_name": "default"}
TABLE = "main.default.fraud_payload"


def legacy(**more):
    return {"config": {"auto_capture_config": {**PLACE, **more}}}


def gateway(**more):
    return {"ai_gateway": {"inference_table_config": {**PLACE, "enabled": True, **more}}}


def rows(workspace, table=TABLE):
    workspace.clock.advance(hours=1)
    return workspace.table(table).to_pylist()


def test_a_gateway_table_has_a_row_for_each_request(rest, workspace, deploy, query):
    endpoint = deploy(**gateway())
    assert endpoint["ai_gateway"] == {
        "inference_table_config": {**PLACE, "table_name_prefix": "fraud", "enabled": True}
    }
    asked_at = workspace.clock.now()
    good = query(ROW, client_request_id="mine")
    bad = query([{"other": 1}])
    found = rows(workspace)
    assert len(found) == 2
    row = found[0]
    assert row.pop("request_time") == asked_at
    assert row.pop("execution_duration_ms") >= 0
    assert len(row.pop("served_entity_id")) == 32
    assert row == {
        "databricks_request_id": good.headers["x-databricks-request-id"],
        "request_date": asked_at.date(),
        "client_request_id": "mine",
        "status_code": 200,
        "sampling_fraction": 1.0,
        "request": json.dumps({"dataframe_records": ROW, "client_request_id": "mine"}),
        "response": '{"predictions": [4.0]}',
        "logging_error_codes": [],
        "requester": workspace._services[People].get(workspace.user_name).id,
    }
    assert (found[1]["status_code"], found[1]["client_request_id"]) == (400, None)
    assert found[1]["response"] == bad.body.decode()


def test_a_legacy_table_has_its_own_columns(rest, workspace, deploy, query):
    endpoint = deploy(**legacy(table_name_prefix="feed-ads"))
    assert endpoint["config"]["auto_capture_config"] == {
        **PLACE,
        "table_name_prefix": "feed-ads",
        "enabled": True,
        "state": {"payload_table": {"name": "feed-ads_payload"}},
    }
    before = workspace.clock.millis()
    query(ROW)
    (row,) = rows(workspace, "main.default.feed-ads_payload")
    assert 0 <= row["timestamp_ms"] - before < 5000
    assert row["date"] == datetime.fromtimestamp(before / 1000, UTC).date()
    assert dict(row["request_metadata"]) == {
        "endpoint_name": "fraud",
        "model_name": "main.default.fraud",
        "model_version": "1",
    }
    assert (row["status_code"], row["response"]) == (200, '{"predictions": [4.0]}')
    (created,) = workspace.calls.matching("create_serving_endpoint")
    assert any("Legacy inference tables have been deprecated" in note for note in created.notes)


def test_it_is_a_delta_table_with_the_platforms_schema(workspace, deploy, query):
    import pyarrow as pa
    from deltalake import DeltaTable

    deploy(**gateway())
    query(ROW)
    rows(workspace)
    record = workspace._services[Tables].require(TABLE)
    table = DeltaTable(record.storage_location)
    assert table.to_pyarrow_table().num_rows == 1
    schema = table.to_pyarrow_table().schema
    assert schema.names == [column.name for column in record.columns]
    assert schema.field("request_time").type == pa.timestamp("us", tz="UTC")
    assert schema.field("status_code").type == pa.int32()
    assert b"UTC date" in schema.field("request_date").metadata[b"comment"]
    assert record.properties["delta.enableChangeDataFeed"] == "true"


def test_getting_the_table_from_unity_catalog_brings_its_files_up_to_date(rest, workspace, deploy, query):
    from deltalake import DeltaTable

    deploy(**gateway())
    query(ROW)
    workspace.clock.advance(hours=1)
    info = rest.get(f"/api/2.1/unity-catalog/tables/{TABLE}")
    assert info["full_name"] == TABLE
    assert DeltaTable(info["storage_location"]).to_pyarrow_table().num_rows == 1


def test_a_table_exists_and_is_empty_before_the_first_row(workspace, deploy):
    deploy(minutes=0, **gateway())
    assert workspace.table(TABLE).num_rows == 0


def test_rows_arrive_after_some_minutes_and_in_the_order_of_their_requests(workspace, deploy, query):
    deploy(**gateway())
    for number in range(5):
        query(ROW, client_request_id=str(number))
    assert workspace.table(TABLE).num_rows == 0
    seen = []
    for _ in range(12):
        workspace.clock.advance(minutes=1)
        seen.append(workspace.table(TABLE).num_rows)
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0, 5)
    assert workspace.table(TABLE).column("client_request_id").to_pylist() == list("01234")


def test_what_is_not_logged(rest, workspace, deploy, query):
    deploy(**gateway())
    query(ROW, endpoint="nothing")
    rest.call("POST", "/serving-endpoints/fraud/invocations", b"{}", {"authorization": "Bearer wrong"})
    rest.call("POST", "/serving-endpoints/fraud/invocations", b" " * (17 << 20), {"content-type": "application/json"})
    assert rows(workspace) == []


def test_large_bodies_are_null_with_an_error_code(workspace, deploy, query):
    deploy(**gateway())
    query([{"amount": 1.0, "more": "x" * (1 << 20)}])
    (row,) = rows(workspace)
    assert row["request"] is None
    assert row["response"] is not None
    assert row["logging_error_codes"] == ["MAX_REQUEST_SIZE_EXCEEDED"]


def test_flushing_from_many_threads_delivers_each_row_once(workspace, deploy, query):
    deploy(**gateway())
    for _ in range(10):
        query(ROW)
    workspace.clock.advance(hours=1)
    workspace.table(TABLE)
    for _ in range(10):
        query(ROW)
    workspace.clock.advance(hours=1)
    threads = [threading.Thread(target=workspace.table, args=(TABLE,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = workspace.table(TABLE).column("databricks_request_id").to_pylist()
    assert len(ids) == len(set(ids)) == 20


def test_a_restored_snapshot_brings_the_rows_back(workspace, deploy, query):
    deploy(**gateway())
    query(ROW, client_request_id="first")
    rows(workspace)
    query(ROW, client_request_id="waiting")
    snapshot = workspace.snapshot()
    for _ in range(2):
        query(ROW, client_request_id="second")
        assert len(rows(workspace)) == 3
        workspace.restore(snapshot)
        assert [row["client_request_id"] for row in rows(workspace)] == ["first", "waiting"]
        workspace.restore(snapshot)


def test_a_snapshot_from_before_the_first_row(workspace, deploy, query):
    deploy(**gateway())
    snapshot = workspace.snapshot()
    query(ROW)
    assert len(rows(workspace)) == 1
    workspace.restore(snapshot)
    assert rows(workspace) == []


def test_rows_that_others_wrote_or_deleted_stay_so(workspace, deploy, query):
    from deltalake import DeltaTable

    deploy(**gateway())
    query(ROW, client_request_id="old")
    rows(workspace)
    DeltaTable(workspace._services[Tables].require(TABLE).storage_location).delete("client_request_id = 'old'")
    snapshot = workspace.snapshot()
    query(ROW, client_request_id="new")
    assert [row["client_request_id"] for row in rows(workspace)] == ["new"]
    workspace.restore(snapshot)
    assert rows(workspace) == []


def test_a_table_outlives_its_endpoint_and_is_not_reused(rest, workspace, register, deploy, query):
    version = register()
    deploy(version=version, **gateway())
    query(ROW)
    rest.delete(f"{ENDPOINTS}/fraud")
    assert len(rows(workspace)) == 1
    with pytest.raises(RefusedError, match="already exists"):
        deploy(version=version, **gateway())
    assert rest.get(ENDPOINTS) == {"endpoints": []}


def test_a_dropped_table_takes_no_rows_and_breaks_nothing(workspace, deploy, query):
    deploy(**gateway())
    workspace._services[Tables].delete(TABLE)
    assert query(ROW).status == 200
    assert any("dropped" in note for note in workspace.calls[-1].notes)


def test_a_dropped_legacy_table_is_reported(rest, workspace, deploy):
    deploy(**legacy())
    workspace._services[Tables].delete(TABLE)
    (state,) = rest.get(f"{ENDPOINTS}/fraud")["config"]["auto_capture_config"]["state"].values()
    assert (state["name"], state["status"]) == ("fraud_payload", "FAILED")


def test_an_internal_error_of_the_model_is_a_400_and_is_logged(workspace, register, deploy, query):
    deploy(version=register("raise mlflow.exceptions.MlflowException('mine')"), **gateway())
    reply = query(ROW)
    assert (reply.status, reply.json()["error_code"]) == (400, "BAD_REQUEST")
    assert [row["status_code"] for row in rows(workspace)] == [400]


def test_putting_the_gateway_on_and_off(rest, workspace, deploy, query):
    deploy()
    path = f"{ENDPOINTS}/fraud/ai-gateway"
    on = {**PLACE, "enabled": True, "table_name_prefix": "p"}
    assert rest.put(path, inference_table_config=on) == {"inference_table_config": on}
    assert rest.put(path, inference_table_config=on) == {"inference_table_config": on}
    with pytest.raises(RefusedError, match="Inference tables is already enabled"):
        rest.put(path, inference_table_config={**on, "table_name_prefix": "q"})
    query(ROW, client_request_id="logged")
    off = {**on, "enabled": False}
    assert rest.put(path, inference_table_config={"enabled": False}) == {"inference_table_config": off}
    query(ROW, client_request_id="not logged")
    rest.put(path, inference_table_config=on)
    query(ROW, client_request_id="again")
    assert rest.put(path) == {}
    query(ROW, client_request_id="removed")
    found = [row["client_request_id"] for row in rows(workspace, "main.default.p_payload")]
    assert found == ["logged", "again"]


def test_a_legacy_table_stays_until_it_is_disabled_for_good(rest, workspace, register, deploy, query):
    version = register()
    deploy(version=version, **legacy())
    path = f"{ENDPOINTS}/fraud/config"
    served = [{"entity_name": "main.default.fraud", "entity_version": version}]

    def update(**capture):
        body = {"auto_capture_config": capture} if capture else {}
        rest.put(path, served_entities=served, **body)
        workspace.clock.advance(minutes=10)
        return rest.get(f"{ENDPOINTS}/fraud")["config"].get("auto_capture_config")

    assert update()["enabled"] is True
    with pytest.raises(RefusedError, match="cannot be changed"):
        update(**PLACE, table_name_prefix="other")
    assert update(enabled=False) == {**PLACE, "table_name_prefix": "fraud", "enabled": False}
    query(ROW)
    with pytest.raises(RefusedError, match="cannot be enabled again"):
        update(**PLACE, enabled=True)
    assert rows(workspace) == []


def test_legacy_tables_are_refused_where_the_workspace_is_to():
    workspace = Workspace(legacy_inference_tables="refuse")
    rest, version = Rest(workspace), register_in(workspace)
    config = {"served_entities": [{"entity_name": "main.default.fraud", "entity_version": version}]}
    before = workspace.snapshot()
    for asked in (PLACE, {**PLACE, "enabled": True}):
        with pytest.raises(RefusedError) as refused:
            rest.post(ENDPOINTS, name="fraud", config={**config, "auto_capture_config": asked})
        assert (refused.value.status, refused.value.error_code) == (400, "INVALID_PARAMETER_VALUE")
        assert refused.value.message == (
            "Legacy inference tables have been deprecated. The 'auto_capture_config' field can only be used with "
            "'enabled=false'. Please use AI Gateway inference tables instead."
        )
    assert workspace.snapshot() == before
    rest.post(ENDPOINTS, name="fraud", config={**config, "auto_capture_config": {"enabled": False}})
    workspace.close()


def telemetry(**more):
    return {"inference_table_config": {"name": TABLE, **more}}


def test_telemetry_logs_a_share_of_the_requests(rest, workspace, deploy, query):
    endpoint = deploy(telemetry_config=telemetry(sampling_fraction=0.5))
    assert endpoint["telemetry_config"] == {
        "enabled_telemetry_features": ["TELEMETRY_FEATURE_INFERENCE_TABLE"],
        "inference_table_config": {"name": TABLE, "sampling_fraction": 0.5},
    }
    for number in range(40):
        query(ROW, client_request_id=str(number))
    found = rows(workspace)
    drawn = [row["client_request_id"] for row in found]
    assert 8 < len(found) < 32
    assert {row["sampling_fraction"] for row in found} == {0.5}
    assert set(found[0]) == {column.name for column in GATEWAY}
    path = f"{ENDPOINTS}/fraud/telemetry-config"
    assert "telemetry_config" not in rest.patch(path)
    query(ROW)
    rest.patch(path, telemetry_config=telemetry())
    query(ROW, client_request_id="all")
    assert [row["client_request_id"] for row in rows(workspace)] == [*drawn, "all"]


def test_the_sample_is_the_same_under_the_same_seed():
    def sample(seed):
        workspace = Workspace(seed=seed)
        tables = workspace._services[InferenceTables]
        tables.create("main", "default", "fraud", endpoint_id="e", owner=workspace.user_name, legacy=False)
        for _ in range(60):
            log(workspace, workspace._ids.uuid(), sampling_fraction=0.3)
        found = [row["databricks_request_id"] for row in rows(workspace)]
        workspace.close()
        return found

    assert sample(1) == sample(1) != sample(2)
    assert 5 < len(sample(1)) < 40


@pytest.mark.parametrize("fraction", [0.0, 1.0])
def test_a_share_may_be_nothing_or_all(workspace, deploy, query, fraction):
    deploy(telemetry_config=telemetry(sampling_fraction=fraction))
    for _ in range(3):
        query(ROW)
    assert len(rows(workspace)) == 3 * fraction


def test_the_telemetry_table_is_beside_that_of_logs(deploy):
    features = ["TELEMETRY_FEATURE_INFERENCE_TABLE"]
    names = {"logs_table": "main.default.Logs"}
    endpoint = deploy(telemetry_config={"enabled_telemetry_features": features, "table_names": names})
    assert endpoint["telemetry_config"]["inference_table_config"]["name"] == "main.default.logs_payload"


@pytest.mark.parametrize(
    ("asked", "status", "message"),
    [
        ({}, 400, "needs a name"),
        (telemetry(sampling_fraction=1.5), 400, "between 0.0 and 1.0"),
        (telemetry(sampling_fraction=-0.1), 400, "between 0.0 and 1.0"),
        (telemetry(sampling_fraction="x"), 400, "sampling_fraction"),
        (telemetry(name="a.b"), 400, "a.b"),
        (telemetry(name="main.nope.t"), 404, "nope"),
        ({**telemetry(), "enabled_telemetry_features": ["X"]}, 400, "'X' is none of"),
        ({**telemetry(), "enabled_telemetry_features": ["TELEMETRY_FEATURE_LOGS"]}, 501, "does not implement"),
        ({**telemetry(), "telemetry_profile_id": "p"}, 501, "does not implement"),
        ({"table_names": {"logs_table": "a.b.c"}}, 501, "'telemetry_config'"),
        ({"more": 1}, 400, "more"),
    ],
)
def test_telemetry_that_cannot_be_is_refused_and_changes_nothing(workspace, asked, status, message):
    rest, version = Rest(workspace), register_in(workspace)
    config = {"served_entities": [{"entity_name": "main.default.fraud", "entity_version": version}]}
    before = workspace.snapshot()
    with pytest.raises(RefusedError, match=re.escape(message)) as refused:
        rest.post(ENDPOINTS, name="fraud", config=config, telemetry_config=asked)
    assert refused.value.status == status
    assert workspace.snapshot() == before


def test_telemetry_is_for_custom_models(workspace):
    with pytest.raises(RefusedError, match="not supported for endpoint type 'NO_CONFIG'"):
        Rest(workspace).post(ENDPOINTS, name="fraud", telemetry_config=telemetry())


def test_a_corrupted_legacy_table_is_reported(rest, workspace, deploy, query):
    deploy(**legacy())
    query(ROW)
    rows(workspace)
    location = workspace._services[Tables].require(TABLE).storage_location
    extra = pa.table({"databricks_request_id": ["x"], "mine": [1]})
    write_deltalake(location, extra, mode="append", schema_mode="merge")
    query(ROW)
    rows(workspace)
    (state,) = rest.get(f"{ENDPOINTS}/fraud")["config"]["auto_capture_config"]["state"].values()
    assert state["status"] == "FAILED"
    query(ROW)
    assert any("changed by hand" in note for note in workspace.calls.matching("query_serving_endpoint")[-1].notes)


def test_both_tables_at_once(workspace, deploy, query):
    deploy(**legacy(table_name_prefix="a"), **gateway(table_name_prefix="b"))
    query(ROW)
    assert len(rows(workspace, "main.default.a_payload")) == 1
    assert len(rows(workspace, "main.default.b_payload")) == 1


@pytest.mark.parametrize(
    "config",
    [
        {"catalog_name": "nope"},
        {"schema_name": "nope"},
        {"schema_name": None},
        {"table_name_prefix": "a/../b"},
        {"table_name_prefix": "a\nb"},
        {"table_name_prefix": "x" * 64},
        {"table": "x"},
    ],
)
def test_a_bad_place_changes_nothing(workspace, config):
    rest = Rest(workspace)
    before = workspace.snapshot()
    with pytest.raises(RefusedError) as refused:
        rest.post(ENDPOINTS, name="fraud", **gateway(**config))
    assert refused.value.status in (400, 404)
    assert workspace.snapshot() == before


def test_without_deltalake_a_table_is_refused_with_what_to_install(workspace, monkeypatch):
    monkeypatch.setattr("fakebricks.services.unity_catalog.delta.find_spec", lambda name: None)
    with pytest.raises(RefusedError, match=r"pip install 'fakebricks\[tables\]'") as refused:
        Rest(workspace).post(ENDPOINTS, name="fraud", **gateway())
    assert refused.value.status == 501


def test_a_table_that_does_not_exist(workspace):
    from fakebricks.wire.errors import TableDoesNotExist

    with pytest.raises(TableDoesNotExist):
        workspace.table("main.default.nothing")


@pytest.mark.parametrize("rest", ["process"], indirect=True)
def test_the_time_that_a_model_sleeps_is_time_that_it_took(rest, workspace, register, deploy, query):
    with SimulatedTime(workspace.clock):
        deploy(version=register("time.sleep(7); return model_input['amount'].tolist()"), **gateway())
        query(ROW)
        assert workspace.calls[-1].duration == pytest.approx(7)
        assert rows(workspace)[0]["execution_duration_ms"] == 7000
