"""Monitors over REST: what is told of them, who may do what, and what is refused. Nothing is refreshed here."""

from __future__ import annotations

import re

import pytest
from conftest import RefusedError, Rest
from hypothesis import given, settings
from hypothesis import strategies as st
from monitored import ASSETS, DOUBLE, INFERENCE, OUTPUT, add_table, monitor, path

from fakebricks import Workspace
from fakebricks.services.monitoring import extras, monitors
from fakebricks.services.unity_catalog.tables import Tables
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog

SERIES = {"timestamp_col": "ts", "granularities": ["1 hour", "1 week"]}
METRIC = {
    "type": "CUSTOM_METRIC_TYPE_AGGREGATE",
    "name": "square",
    "input_columns": ["amount"],
    "definition": "avg(`{{input_column}}` * `{{input_column}}`)",
    "output_data_type": DOUBLE,
}
ENDLESS = "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}"
NESTED = '{"name":"x","type":{"type":"array"}}'
CRON = {"quartz_cron_expression": "0 0 12 * * ?", "timezone_id": "America/Los_Angeles"}


@pytest.fixture
def table(workspace: Workspace) -> str:
    return add_table(workspace)


def refused(rest: Rest, status: int, text: str, **configuration) -> None:
    before = rest.workspace.snapshot()
    with pytest.raises(RefusedError) as refusal:
        monitor(rest, **configuration)
    assert refusal.value.status == status, refusal.value
    assert re.search(text, refusal.value.message), refusal.value
    assert rest.workspace.snapshot() == before


def test_views_are_not_monitored_nor_compared_with(rest: Rest, workspace: Workspace, table: str):
    pytest.importorskip("pysail")
    workspace.sql("CREATE VIEW main.default.seen AS SELECT * FROM main.default.payments")
    refused(rest, 501, "does not monitor views.*'main.default.seen'", baseline_table_name="main.default.seen")
    with pytest.raises(RefusedError, match="CREATE TABLE ... AS SELECT"):
        monitor(rest, "main.default.seen")


def test_a_new_monitor_is_pending_and_then_active(rest: Rest, workspace: Workspace, table: str):
    created = monitor(rest, warehouse_id="1234567890abcdef")
    assert created == {
        "assets_dir": ASSETS,
        "drift_metrics_table_name": "main.default.payments_drift_metrics",
        "monitor_version": 0,
        "output_schema_name": OUTPUT,
        "profile_metrics_table_name": "main.default.payments_profile_metrics",
        "snapshot": {},
        "status": "MONITOR_STATUS_PENDING",
        "table_name": "main.default.payments",
    }
    workspace.clock.advance(seconds=10)
    assert rest.get(path()) == {**created, "status": "MONITOR_STATUS_ACTIVE"}


def test_all_that_is_asked_for_is_told(rest: Rest, workspace: Workspace, table: str):
    add_table(workspace, "main.default.training")
    asked = {
        "inference_log": INFERENCE,
        "baseline_table_name": "main.default.training",
        "slicing_exprs": ["country", "amount > 10"],
        "custom_metrics": [METRIC],
        "schedule": {**CRON, "pause_status": "UNPAUSED"},
        "notifications": {"on_failure": {"email_addresses": ["jane@acme.test"]}},
    }
    told = monitor(rest, **asked)
    assert {name: told[name] for name in asked} == asked


def test_where_there_is_no_monitor_the_platforms_words_say_so(rest: Rest, workspace: Workspace, table: str):
    metastore = workspace._services[UnityCatalog].metastore_id
    for method, url in [
        ("GET", path()),
        ("DELETE", path()),
        ("GET", f"{path()}/refreshes"),
        ("POST", f"{path()}/refreshes"),
    ]:
        with pytest.raises(RefusedError) as refusal:
            rest.json(method, url)
        assert refusal.value.status == 404
        assert refusal.value.message == f"Cannot find Monitor with ID: /metastores:{metastore}/tables:{table}/"
    with pytest.raises(RefusedError, match="404 TABLE_DOES_NOT_EXIST: Table 'main.default.other' does not exist."):
        rest.get(path("main.default.other"))


def test_an_update_replaces_the_configuration_and_counts(rest: Rest, table: str):
    monitor(rest, time_series=SERIES, slicing_exprs=["country"])
    updated = rest.put(path(), output_schema_name=OUTPUT, snapshot={}, latest_monitor_failure_msg="ignored")
    assert updated["monitor_version"] == 1
    assert updated["snapshot"] == {}
    assert not {"time_series", "slicing_exprs", "latest_monitor_failure_msg"} & set(updated)
    assert rest.get(path())["assets_dir"] == ASSETS


def test_a_table_has_one_monitor_and_a_metastore_a_hundred(rest: Rest, workspace, table: str, monkeypatch):
    monitor(rest)
    refused(rest, 400, "A monitor of the table 'main.default.payments' already exists")
    monkeypatch.setattr(monitors, "_MOST", 1)
    add_table(workspace, "main.default.other")
    with pytest.raises(RefusedError, match="QUOTA_EXCEEDED"):
        monitor(rest, "main.default.other")


def test_a_deleted_monitor_is_gone_and_can_be_made_anew(rest: Rest, table: str):
    monitor(rest)
    assert rest.delete(path()) == {}
    with pytest.raises(RefusedError, match="Cannot find Monitor"):
        rest.get(path())
    monitor(rest)


def test_a_dropped_table_takes_its_monitor_along(rest: Rest, workspace: Workspace, table: str):
    monitor(rest)
    rest.delete("/api/2.1/unity-catalog/tables/main.default.payments")
    add_table(workspace)
    with pytest.raises(RefusedError, match="Cannot find Monitor"):
        rest.get(path())


def test_a_monitor_follows_its_table_to_another_name(rest: Rest, workspace: Workspace):
    rest.post("/api/2.1/unity-catalog/schemas", catalog_name="main", name="old")
    add_table(workspace, "main.old.payments")
    monitor(rest, "main.old.payments")
    rest.patch("/api/2.1/unity-catalog/schemas/main.old", new_name="new")
    assert rest.get(path("main.new.payments"))["table_name"] == "main.new.payments"


@pytest.mark.parametrize(
    ("status", "text", "configuration"),
    [
        (400, "Exactly one of snapshot, time_series", {"snapshot": {}, "time_series": SERIES}),
        (400, "assets_dir must be an absolute path", {"assets_dir": "monitors"}),
        (404, "Schema 'main.nowhere' does not exist", {"output_schema_name": "main.nowhere"}),
        (400, "not a valid name", {"output_schema_name": "main"}),
        (400, "managed by the system", {"output_schema_name": "main.information_schema"}),
        (400, "has no column 'when'", {"time_series": {**SERIES, "timestamp_col": "when"}}),
        (501, "does not convert the column 'country'", {"time_series": {**SERIES, "timestamp_col": "country"}}),
        (400, "The granularities are", {"time_series": {**SERIES, "granularities": ["1 minute"]}}),
        (400, "At least one granularity", {"time_series": {**SERIES, "granularities": []}}),
        (400, "none twice", {"time_series": {**SERIES, "granularities": ["1 day", "1 day"]}}),
        (400, "has no column 'score'", {"inference_log": {**INFERENCE, "prediction_col": "score"}}),
        (400, "has no column 'truth'", {"inference_log": {**INFERENCE, "label_col": "truth"}}),
        (400, "has no column 'p'", {"inference_log": {**INFERENCE, "prediction_proba_col": "p"}}),
        (501, "probabilities from .* STRING", {"inference_log": {**INFERENCE, "prediction_proba_col": "label"}}),
        (501, "tell classes by the column 'ts'", {"inference_log": {**INFERENCE, "prediction_col": "ts"}}),
        (501, "tell models apart by the column 'ts'", {"inference_log": {**INFERENCE, "model_id_col": "ts"}}),
        (400, "of a regression must be", {"inference_log": {**INFERENCE, "problem_type": "PROBLEM_TYPE_REGRESSION"}}),
        (400, "problem_type", {"inference_log": {**INFERENCE, "problem_type": "PROBLEM_TYPE_CLUSTERING"}}),
        (404, "Table 'main.default.none' does not exist", {"baseline_table_name": "main.default.none"}),
        (400, "slicing expression must not be empty", {"slicing_exprs": ["country", " "]}),
        (400, "none must be given twice", {"slicing_exprs": ["country", "country"]}),
        (400, "Invalid schedule", {"schedule": {**CRON, "quartz_cron_expression": "0 12 * * *"}}),
        (400, "no time zone 'Mars'", {"schedule": {**CRON, "timezone_id": "Mars"}}),
        (400, "At most 5", {"notifications": {"on_failure": {"email_addresses": ["a@b.test"] * 6}}}),
        (400, "not a valid name of a column", {"custom_metrics": [{**METRIC, "name": "a; DROP TABLE x"}]}),
        (400, "have such a column already", {"custom_metrics": [{**METRIC, "name": "Count"}]}),
        (400, "have such a column already", {"custom_metrics": [METRIC, METRIC]}),
        (400, "has no column 'b'", {"custom_metrics": [{**METRIC, "input_columns": ["b"]}]}),
        (400, "no input_columns", {"custom_metrics": [{**METRIC, "input_columns": []}]}),
        (400, "no definition", {"custom_metrics": [{**METRIC, "definition": " "}]}),
        (400, "'square': its definition cannot be rendered", {"custom_metrics": [{**METRIC, "definition": "{{"}]}),
        (400, "cannot be rendered", {"custom_metrics": [{**METRIC, "definition": "{{ nothing }}"}]}),
        (400, "cannot be rendered", {"custom_metrics": [{**METRIC, "definition": "{{ ''.__class__.__mro__ }}"}]}),
        (400, "nested too deeply", {"custom_metrics": [{**METRIC, "definition": "{{" + "(" * 4000}]}),
        (501, "no loops, macros", {"custom_metrics": [{**METRIC, "definition": "{% for a in 'ab' %}1{% endfor %}"}]}),
        (501, "no loops, macros", {"custom_metrics": [{**METRIC, "definition": ENDLESS}]}),
        (501, "no loops, macros", {"custom_metrics": [{**METRIC, "definition": "{{ 'a' * 1000000000000 }}"}]}),
        (400, "cannot be rendered", {"custom_metrics": [{**METRIC, "definition": "{{ range(9) }}"}]}),
        (400, "output_data_type|[Tt]ype", {"custom_metrics": [{**METRIC, "output_data_type": "nonsense"}]}),
        (501, "output_data_type", {"custom_metrics": [{**METRIC, "output_data_type": NESTED}]}),
        (501, "data_classification_config", {"data_classification_config": {"enabled": True}}),
        (501, "dashboard_id", {"dashboard_id": "x"}),
        (400, "latest_monitor_failure_msg", {"latest_monitor_failure_msg": "x"}),
        (400, "Unknown field", {"colour": "blue"}),
    ],
)  # fmt: skip
def test_what_cannot_be_monitored_is_refused_and_changes_nothing(workspace, table, status, text, configuration):
    refused(Rest(workspace), status, text, **configuration)


def test_dashboards_are_refused_by_their_name(rest: Rest, table: str):
    monitor(rest)
    with pytest.raises(RefusedError, match="quality_monitors.regenerate_dashboard") as refusal:
        rest.post("/api/2.1/quality-monitoring/tables/main.default.payments/monitor/dashboard")
    assert refusal.value.status == 501


def test_metric_tables_are_not_monitored_themselves(rest: Rest, workspace: Workspace, table: str):
    monitor(rest)
    add_table(workspace, "main.default.payments_profile_metrics")
    with pytest.raises(RefusedError, match="does not monitor the metric tables"):
        monitor(rest, "main.default.payments_profile_metrics")
    add_table(workspace, "main.default.others")
    with pytest.raises(RefusedError, match="does not monitor the metric tables"):
        monitor(rest, "main.default.others", baseline_table_name="main.default.payments_profile_metrics")


def test_without_what_computes_metrics_a_monitor_is_refused(rest: Rest, table: str, monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name in ("scipy", "pysail") else object())
    refused(
        rest, 501, r"pysail, scipy are not installed here\. Install them with: pip install 'fakebricks\[monitoring\]'"
    )


def as_person(workspace: Workspace, name: str, *privileges: str, on: str = "main") -> Rest:
    """Somebody with privileges on a securable and the use of what it is in."""
    person = workspace.user(name)
    admin = Rest(workspace)
    kind = ("catalog", "schema", "table")[on.count(".")]
    changes = [{"principal": person.user_name, "add": list(privileges)}]
    admin.patch(f"/api/2.1/unity-catalog/permissions/{kind}/{on}", changes=changes)
    rest = Rest(workspace)
    rest.headers = {"authorization": f"Bearer {person.token}"}
    return rest


USES = ("USE_CATALOG", "USE_SCHEMA")


def test_who_may_read_the_table_sees_its_monitor_and_no_more(workspace: Workspace, table: str):
    monitor(Rest(workspace))
    reader = as_person(workspace, "bob@acme.test", *USES, "SELECT")
    assert reader.get(path())["monitor_version"] == 0
    assert reader.get(f"{path()}/refreshes") == {}
    for method, url, body in [
        ("PUT", path(), {"output_schema_name": OUTPUT, "snapshot": {}}),
        ("DELETE", path(), None),
        ("POST", f"{path()}/refreshes", {}),
        ("POST", f"{path()}/refreshes/1/cancel", {}),
    ]:
        with pytest.raises(RefusedError, match=r"User does not have MANAGE on Table 'main.default.payments'"):
            reader.json(method, url, body=body)
    stranger = as_person(workspace, "eve@acme.test", *USES)
    with pytest.raises(RefusedError, match="User does not have SELECT on Table 'main.default.payments'"):
        stranger.get(path())


@pytest.mark.parametrize(
    ("privileges", "missing"),
    [
        ((), "USE CATALOG on Catalog 'main'"),
        (USES, "SELECT on Table"),
        ((*USES, "SELECT"), "MANAGE on Table"),
        ((*USES, "MANAGE"), "SELECT on Table"),
        ((*USES, "SELECT", "MANAGE"), "CREATE TABLE on Schema 'main.default'"),
        ((*USES, "SELECT", "MANAGE", "CREATE_TABLE"), None),
    ],
)
def test_what_it_takes_to_create_one(workspace: Workspace, table: str, privileges, missing):
    bob = as_person(workspace, "bob@acme.test", *(privileges or ("BROWSE",)))
    if missing is None:
        assert monitor(bob)["status"] == "MONITOR_STATUS_PENDING"
        return
    with pytest.raises(RefusedError, match=f"403 PERMISSION_DENIED: User does not have {missing}"):
        monitor(bob)


def test_only_its_creator_updates_a_monitor(workspace: Workspace, table: str):
    monitor(Rest(workspace))
    manager = as_person(workspace, "bob@acme.test", *USES, "SELECT", "MANAGE", "CREATE_TABLE")
    with pytest.raises(RefusedError, match="only its creator can update it"):
        manager.put(path(), output_schema_name=OUTPUT, snapshot={})


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=8), inner, max_size=2)),
    max_leaves=4,
)
FIELDS = ("assets_dir", "output_schema_name", "snapshot", "time_series", "inference_log", "slicing_exprs", "schedule")
FIELDS += ("custom_metrics", "notifications", "baseline_table_name", "warehouse_id", "skip_builtin_dashboard")
REASONABLE = {"assets_dir": ASSETS, "output_schema_name": OUTPUT, "snapshot": {}}


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=3))
def test_whatever_is_asked_for_is_answered_without_a_fault(workspace: Workspace, fields):
    rest = Rest(workspace)
    if workspace._services[Tables].get("main.default.payments") is None:
        add_table(workspace)
    before = workspace.snapshot()
    try:
        monitor_made = rest.post(path(), **{**REASONABLE, **fields})
    except RefusedError as refusal:
        assert refusal.status in (400, 403, 404, 501)
        assert workspace.snapshot() == before
    else:
        assert monitor_made["status"] == "MONITOR_STATUS_PENDING"
        rest.delete(path())
