"""Serving endpoints over REST: their life, and what is refused."""

from __future__ import annotations

import threading

import pytest
from conftest import RefusedError, Rest
from hypothesis import given, settings
from hypothesis import strategies as st
from serving_fixtures import register_in

from fakebricks.services.files.files import Files
from fakebricks.services.model_registry.model_registry import ModelRegistry
from fakebricks.services.model_serving.models import Models
from fakebricks.services.model_serving.records import ServingRuntime
from fakebricks.services.model_serving.runtimes.made import Runtimes

ENDPOINTS = "/api/2.0/serving-endpoints"
MODEL = "main.default.fraud"


def entity(version, **more):
    return {"entity_name": MODEL, "entity_version": version, **more}


def state(endpoint):
    return endpoint["state"]["ready"], endpoint["state"]["config_update"]


def test_a_new_endpoint_looks_as_the_platform_shows_it(rest, workspace, register):
    version = register()
    made = rest.post(
        ENDPOINTS,
        name="fraud",
        config={"served_entities": [entity(version, workload_size="Small", scale_to_zero_enabled=True)]},
        tags=[{"key": "team", "value": "risk"}],
    )
    now = made["creation_timestamp"]
    assert now % 1000 == 0
    assert abs(now - workspace.clock.millis()) < 5000
    common = {
        "name": "fraud-1",
        "workload_size": "Small",
        "scale_to_zero_enabled": True,
        "workload_type": "CPU",
        "state": {
            "deployment": "DEPLOYMENT_CREATING",
            "deployment_state_message": "Creating resources for served entity.",
        },
        "creator": workspace.user_name,
        "creation_timestamp": now,
    }
    assert len(made.pop("id")) == 32
    assert made == {
        "name": "fraud",
        "creator": workspace.user_name,
        "creation_timestamp": now,
        "last_updated_timestamp": now,
        "state": {"ready": "NOT_READY", "config_update": "IN_PROGRESS", "suspend": "NOT_SUSPENDED"},
        "tags": [{"key": "team", "value": "risk"}],
        "pending_config": {
            "served_entities": [{**common, "entity_name": MODEL, "entity_version": "1"}],
            "served_models": [{**common, "model_name": MODEL, "model_version": "1"}],
            "traffic_config": {
                "routes": [{"served_model_name": "fraud-1", "traffic_percentage": 100, "served_entity_name": "fraud-1"}]
            },
            "config_version": 1,
            "start_time": now,
        },
        "permission_level": "CAN_MANAGE",
        "route_optimized": False,
        "creator_display_name": "Jane",
        "creator_kind": "User",
        "resource_credential_strategy": "EMBEDDED_CREDENTIALS",
        "description": "",
    }


def test_an_endpoint_becomes_ready_after_five_to_ten_minutes(rest, workspace, deploy):
    started = workspace.clock.time()
    endpoint = deploy(minutes=0)
    assert state(endpoint) == ("NOT_READY", "IN_PROGRESS")
    assert "config" not in endpoint
    while state(endpoint) != ("READY", "NOT_UPDATING"):
        workspace.clock.advance(seconds=10)
        endpoint = rest.get(f"{ENDPOINTS}/fraud")
    assert 300 <= workspace.clock.time() - started <= 620
    assert "pending_config" not in endpoint
    assert endpoint["config"]["config_version"] == 1
    assert endpoint["config"]["served_entities"][0]["state"] == {
        "deployment": "DEPLOYMENT_READY",
        "deployment_state_message": "",
    }


def test_the_way_to_ready_is_the_same_under_the_same_seed(rest, workspace, deploy):
    from fakebricks.ids import Ids

    assert Ids(7).chance("deployment", "a", 1) == Ids(7).chance("deployment", "a", 1)
    assert Ids(7).chance("deployment", "a", 1) != Ids(8).chance("deployment", "a", 1)


def test_a_transition_tells_the_clock_what_it_waits_for(rest, workspace, deploy):
    awaited = []
    workspace.clock.awaited = awaited.append
    deploy(minutes=0)
    rest.get(ENDPOINTS)
    assert len(awaited) == 2
    assert 300 <= awaited[0] - workspace.clock.time() <= 600
    workspace.clock.advance(minutes=10)
    rest.get(f"{ENDPOINTS}/fraud")
    assert len(awaited) == 2


def test_under_an_automatic_clock_the_second_look_finds_it_ready():
    from fakebricks import Workspace
    from fakebricks.clock import AutoClock

    workspace = Workspace(clock=AutoClock())
    rest = Rest(workspace)
    register_in(workspace)
    rest.post(ENDPOINTS, name="fraud", config={"served_entities": [entity("1")]})
    assert state(rest.get(f"{ENDPOINTS}/fraud")) == ("NOT_READY", "IN_PROGRESS")
    assert state(rest.get(f"{ENDPOINTS}/fraud")) == ("READY", "NOT_UPDATING")
    workspace.close()


def test_a_model_that_does_not_load_never_becomes_ready(rest, workspace, register, deploy):
    version = register(top="raise ImportError('No module named xgboost')")
    endpoint = deploy(version=version)
    assert state(endpoint) == ("NOT_READY", "UPDATE_FAILED")
    assert "config" not in endpoint
    found = endpoint["pending_config"]["served_entities"][0]["state"]
    assert found["deployment"] == "DEPLOYMENT_FAILED"
    assert "No module named xgboost" in found["deployment_state_message"]
    logs = rest.get(f"{ENDPOINTS}/fraud/served-models/fraud-1/logs")["logs"]
    assert "Traceback" in logs
    workspace.clock.advance(hours=3)
    assert state(rest.get(f"{ENDPOINTS}/fraud")) == ("NOT_READY", "UPDATE_FAILED")


def test_a_model_that_exits_while_loading_ends_nothing_else(rest, register, deploy):
    endpoint = deploy(version=register(top="sys.exit(3)"))
    assert state(endpoint) == ("NOT_READY", "UPDATE_FAILED")


def test_files_that_are_no_model_fail_to_load(rest, workspace, register, deploy):
    version = register()
    workspace._services[Files].delete(f"/Models/main/default/fraud/{version}/MLmodel")
    endpoint = deploy(version=version)
    assert state(endpoint) == ("NOT_READY", "UPDATE_FAILED")


def test_a_version_deleted_during_the_deployment_fails(rest, workspace, register, deploy):
    version = register()
    deploy(version=version, minutes=0)
    workspace._services[ModelRegistry].delete_version(MODEL, version)
    workspace.clock.advance(minutes=10)
    endpoint = rest.get(f"{ENDPOINTS}/fraud")
    assert state(endpoint) == ("NOT_READY", "UPDATE_FAILED")
    message = endpoint["pending_config"]["served_entities"][0]["state"]["deployment_state_message"]
    assert "does not exist" in message


def test_an_update_that_fails_keeps_the_old_config_serving(rest, workspace, register, deploy, query):
    deploy()
    bad = register(top="raise ValueError('broken')")
    updating = rest.put(f"{ENDPOINTS}/fraud/config", served_entities=[entity(bad)])
    assert state(updating) == ("READY", "IN_PROGRESS")
    assert updating["pending_config"]["config_version"] == 2
    workspace.clock.advance(minutes=10)
    failed = rest.get(f"{ENDPOINTS}/fraud")
    assert state(failed) == ("READY", "UPDATE_FAILED")
    assert failed["config"]["config_version"] == 1
    assert failed["pending_config"]["served_entities"][0]["state"]["deployment"] == "DEPLOYMENT_FAILED"
    answer = query([{"amount": 2.0}]).json()
    assert answer == {"predictions": [4.0]}


def test_the_other_entities_of_a_failed_update_are_aborted(rest, workspace, register):
    good, bad = register(), register(top="raise ValueError('broken')")
    routes = [
        {"served_model_name": f"fraud-{good}", "traffic_percentage": "50"},
        {"served_entity_name": f"fraud-{bad}", "traffic_percentage": 50},
    ]
    rest.post(
        ENDPOINTS,
        name="fraud",
        config={"served_entities": [entity(good), entity(bad)], "traffic_config": {"routes": routes}},
    )
    workspace.clock.advance(minutes=10)
    states = [one["state"] for one in rest.get(f"{ENDPOINTS}/fraud")["pending_config"]["served_entities"]]
    assert [one["deployment"] for one in states] == ["DEPLOYMENT_ABORTED", "DEPLOYMENT_FAILED"]


def test_an_update_that_arrives_replaces_the_config(rest, workspace, register, deploy, query):
    deploy()
    second = register("return [0.0] * len(model_input)")
    rest.put(f"{ENDPOINTS}/fraud/config", served_entities=[entity(second)])
    before = query([{"amount": 2.0}]).json()
    workspace.clock.advance(minutes=10)
    after = query([{"amount": 2.0}]).json()
    assert (before, after) == ({"predictions": [4.0]}, {"predictions": [0.0]})
    assert rest.get(f"{ENDPOINTS}/fraud")["config"]["config_version"] == 2


def test_an_update_during_an_update_conflicts(rest, register, deploy):
    version = register()
    deploy(version=version, minutes=0)
    with pytest.raises(RefusedError, match="Endpoint served entities are currently being updated") as refused:
        rest.put(f"{ENDPOINTS}/fraud/config", served_entities=[entity(version)])
    assert (refused.value.status, refused.value.error_code) == (409, "RESOURCE_CONFLICT")
    assert rest.get(f"{ENDPOINTS}/fraud")["pending_config"]["config_version"] == 1


def test_what_an_update_leaves_out_stays(rest, workspace, register, query):
    first, second = register(), register("return [0.0]")
    rest.post(
        ENDPOINTS,
        name="fraud",
        config={
            "served_entities": [entity(first), entity(second)],
            "traffic_config": {
                "routes": [
                    {"served_model_name": "fraud-1", "traffic_percentage": 100},
                    {"served_model_name": "fraud-2", "traffic_percentage": 0},
                ]
            },
        },
    )
    workspace.clock.advance(minutes=10)
    routes = [{"served_model_name": "fraud-2", "traffic_percentage": 100}]
    updated = rest.put(f"{ENDPOINTS}/fraud/config", traffic_config={"routes": routes})
    assert len(updated["pending_config"]["served_entities"]) == 2
    workspace.clock.advance(minutes=10)
    answer = query([{"amount": 2.0}]).json()
    assert answer == {"predictions": [0.0]}


def test_a_settled_deployment_does_not_undo_what_happened_while_it_loaded(workspace, register, monkeypatch):
    """Two calls find the deployment due; while the first still loads the model, the endpoint is made anew."""
    rest, version = Rest(workspace), register()
    rest.post(ENDPOINTS, name="fraud", config={"served_entities": [entity(version)]})
    workspace.clock.advance(minutes=10)
    load, loading, go_on = workspace._services[Models].load, threading.Event(), threading.Event()

    def slow(*args):
        loading.set()
        assert go_on.wait(60)
        return load(*args)

    monkeypatch.setattr(workspace._services[Models], "load", slow)
    seen = []
    reader = threading.Thread(target=lambda: seen.append(Rest(workspace).call("GET", f"{ENDPOINTS}/fraud")))
    reader.start()
    assert loading.wait(60)
    rest.delete(f"{ENDPOINTS}/fraud")
    made = rest.post(ENDPOINTS, name="fraud", description="anew")
    go_on.set()
    reader.join()
    assert seen[0].json()["id"] == made["id"]
    assert rest.get(f"{ENDPOINTS}/fraud")["state"]["ready"] == "NOT_READY"


def test_many_threads_see_the_same_end_and_load_the_model_once(rest, workspace, deploy, monkeypatch):
    deploy(minutes=0)
    runtime = workspace._services[Runtimes].of(ServingRuntime())
    load, loads = runtime.load, []
    monkeypatch.setattr(runtime, "load", lambda *asked: loads.append(asked) or load(*asked))
    workspace.clock.advance(minutes=10)
    seen = []
    threads = [
        threading.Thread(target=lambda: seen.append(state(Rest(workspace).get(f"{ENDPOINTS}/fraud")))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [("READY", "NOT_UPDATING")] * 8
    assert len(loads) == 1


def test_a_model_is_loaded_once_however_many_endpoints_serve_it(rest, workspace, register, deploy, monkeypatch):
    version = register()
    runtime = workspace._services[Runtimes].of(ServingRuntime())
    load, loads = runtime.load, []
    monkeypatch.setattr(runtime, "load", lambda *asked: loads.append(asked) or load(*asked))
    deploy("one", version)
    deploy("two", version)
    assert len(loads) == 1


def test_an_endpoint_without_a_config(rest, register):
    made = rest.post(ENDPOINTS, name="empty", config=None, route_optimized=False)
    assert state(made) == ("NOT_READY", "NOT_UPDATING")
    assert made["description"] == ""
    updated = rest.put(f"{ENDPOINTS}/empty/config", served_entities=[entity(register())])
    assert updated["pending_config"]["config_version"] == 1


def test_the_list_has_summaries(rest, deploy):
    assert rest.get(ENDPOINTS) == {"endpoints": []}
    deploy()
    (listed,) = rest.get(ENDPOINTS)["endpoints"]
    assert listed["config"] == {
        "served_entities": [{"name": "fraud-1", "entity_name": MODEL, "entity_version": "1"}],
        "served_models": [{"name": "fraud-1", "model_name": MODEL, "model_version": "1"}],
    }
    assert state(listed) == ("READY", "NOT_UPDATING")


def test_a_deleted_endpoint_is_gone(rest, deploy):
    deploy()
    assert rest.delete(f"{ENDPOINTS}/fraud") == {}
    for verb in ("GET", "DELETE"):
        with pytest.raises(RefusedError) as refused:
            rest.json(verb, f"{ENDPOINTS}/fraud")
        assert (refused.value.status, refused.value.error_code) == (404, "RESOURCE_DOES_NOT_EXIST")
        assert refused.value.message == "Endpoint with name 'fraud' does not exist."


def test_deprecated_served_models_are_taken(rest, workspace, register):
    version = register()
    served = {
        "model_name": MODEL,
        "model_version": int(version),
        "workload_size": "Small",
        "scale_to_zero_enabled": "true",
    }
    made = rest.post(ENDPOINTS, name="fraud", config={"served_models": [served]})
    assert made["pending_config"]["served_entities"][0]["entity_version"] == version
    assert made["pending_config"]["served_entities"][0]["scale_to_zero_enabled"] is True


def test_tags(rest, deploy):
    deploy(minutes=0)
    path = f"{ENDPOINTS}/fraud/tags"
    assert rest.patch(path, add_tags=[{"key": "a", "value": "1"}, {"key": "b"}]) == {
        "tags": [{"key": "a", "value": "1"}, {"key": "b"}]
    }
    assert rest.patch(path, add_tags=[{"key": "b", "value": "2"}], delete_tags=["a"]) == {
        "tags": [{"key": "b", "value": "2"}]
    }
    with pytest.raises(RefusedError):
        rest.patch(path, add_tags=[{"key": "c"}], delete_tags=["c"])
    assert rest.get(f"{ENDPOINTS}/fraud")["tags"] == [{"key": "b", "value": "2"}]


def test_the_logs_say_what_happened(rest, deploy):
    deploy()
    path = f"{ENDPOINTS}/fraud/served-models/fraud-1"
    assert "Container image creation finished successfully" in rest.get(f"{path}/build-logs")["logs"]
    assert MODEL in rest.get(f"{path}/logs", config_version=1)["logs"]
    with pytest.raises(RefusedError, match="does not exist"):
        rest.get(f"{ENDPOINTS}/fraud/served-models/other/logs")


def test_a_restored_snapshot_serves_as_before(rest, workspace, deploy, query):
    deploy()
    snapshot = workspace.snapshot()
    rest.delete(f"{ENDPOINTS}/fraud")
    workspace.restore(snapshot)
    answer = query([{"amount": 1.5}]).json()
    assert answer == {"predictions": [3.0]}


ONE = {"entity_name": MODEL, "entity_version": "1"}
REFUSED = {
    "no such model": ({"served_entities": [{**ONE, "entity_name": "main.default.nothing"}]}, 404),
    "no such catalog": ({"served_entities": [{**ONE, "entity_name": "nowhere.default.fraud"}]}, 404),
    "no such version": ({"served_entities": [{**ONE, "entity_version": "9"}]}, 404),
    "a name of the workspace registry": ({"served_entities": [{**ONE, "entity_name": "fraud"}]}, 404),
    "a version that is not READY": ({"served_entities": [{**ONE, "entity_version": "2"}]}, 400),
    "a version that is no number": ({"served_entities": [{**ONE, "entity_version": "latest"}]}, 400),
    "no version": ({"served_entities": [{"entity_name": MODEL}]}, 400),
    "no entities": ({"served_entities": []}, 400),
    "nothing": ({}, 400),
    "both kinds": ({"served_entities": [ONE], "served_models": []}, 400),
    "a size of no such name": ({"served_entities": [{**ONE, "workload_size": "Tiny"}]}, 400),
    "a type of no such name": ({"served_entities": [{**ONE, "workload_type": "TPU"}]}, 400),
    "size and concurrency": (
        {
            "served_entities": [
                {
                    **ONE,
                    "workload_size": "Small",
                    "min_provisioned_concurrency": 4,
                    "max_provisioned_concurrency": 8,
                }
            ]
        },
        400,
    ),
    "concurrency of no multiple of four": (
        {"served_entities": [{**ONE, "min_provisioned_concurrency": 4, "max_provisioned_concurrency": 6}]},
        400,
    ),
    "half a concurrency": ({"served_entities": [{**ONE, "min_provisioned_concurrency": 4}]}, 400),
    "a bad entity name": ({"served_entities": [{**ONE, "name": "a/../b"}]}, 400),
    "an unknown field": ({"served_entities": [{**ONE, "wrkload_size": "Small"}]}, 400),
    "a wrong type": ({"served_entities": "fraud"}, 400),
    "the same version twice": ({"served_entities": [ONE, {**ONE, "name": "b"}]}, 400),
    "no traffic for two": ({"served_entities": [ONE, {**ONE, "entity_version": "3"}]}, 400),
    "sixteen entities": ({"served_entities": [{**ONE, "name": f"m{n}"} for n in range(16)]}, 400),
    "traffic that is not 100": (
        {
            "served_entities": [ONE],
            "traffic_config": {"routes": [{"served_model_name": "fraud-1", "traffic_percentage": 90}]},
        },
        400,
    ),
    "traffic to nobody": (
        {
            "served_entities": [ONE],
            "traffic_config": {"routes": [{"served_model_name": "x", "traffic_percentage": 100}]},
        },
        400,
    ),
    "negative traffic": (
        {
            "served_entities": [ONE],
            "traffic_config": {
                "routes": [
                    {"served_model_name": "fraud-1", "traffic_percentage": 120},
                    {"served_model_name": "fraud-1", "traffic_percentage": -20},
                ]
            },
        },
        400,
    ),
    "another endpoint's name": ({"name": "other", "served_entities": [ONE]}, 400),
    "an external model": ({"served_entities": [{"external_model": {"name": "gpt"}}]}, 400),
    "environment variables": ({"served_entities": [{**ONE, "environment_vars": {"A B": "c"}}]}, 400),
    "provisioned throughput": ({"served_entities": [{**ONE, "max_provisioned_throughput": 100}]}, 501),
    "an inference table nowhere": (
        {"served_entities": [ONE], "auto_capture_config": {"catalog_name": "main", "schema_name": "nope"}},
        404,
    ),
    "an inference table without a place": ({"served_entities": [ONE], "auto_capture_config": {"enabled": True}}, 400),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_config_changes_nothing(rest, workspace, register, case):
    register()
    register(ready=False)
    register("return [0.0]")
    config, status = REFUSED[case]
    before = workspace.snapshot()
    with pytest.raises(RefusedError) as refused:
        rest.post(ENDPOINTS, name="fraud", config=config)
    assert refused.value.status == status
    assert workspace.snapshot() == before


@pytest.mark.parametrize("name", ["", "a b", "../x", "a\n", "x" * 64, "databricks-x", "ü", "a.b"])
def test_a_bad_endpoint_name(rest, name):
    with pytest.raises(RefusedError) as refused:
        rest.post(ENDPOINTS, name=name)
    assert (refused.value.status, refused.value.error_code) == (400, "INVALID_PARAMETER_VALUE")


def test_a_name_that_is_taken(rest):
    rest.post(ENDPOINTS, name="fraud")
    with pytest.raises(RefusedError, match="already exists") as refused:
        rest.post(ENDPOINTS, name="fraud")
    assert (refused.value.status, refused.value.error_code) == (409, "RESOURCE_ALREADY_EXISTS")


@pytest.mark.parametrize(
    "field",
    [
        {"budget_policy_id": "x"},
        {"ai_gateway": {"guardrails": {"input": {"safety": True}}}},
    ],
)
def test_what_is_not_computed_is_refused_by_name(rest, field):
    (name,) = field
    with pytest.raises(RefusedError, match=name) as refused:
        rest.post(ENDPOINTS, name="fraud", **field)
    assert refused.value.status == 501


def test_without_mlflow_an_endpoint_is_refused_with_what_to_install(rest, register, monkeypatch):
    version = register()
    monkeypatch.setattr("fakebricks.services.model_serving.runtimes.process.find_spec", lambda name: None)
    with pytest.raises(RefusedError, match=r"pip install 'fakebricks\[serving\]'") as refused:
        rest.post(ENDPOINTS, name="fraud", config={"served_entities": [entity(version)]})
    assert refused.value.status == 501


def test_a_gpu_is_noted(rest, workspace, deploy):
    deploy(minutes=0, entity={"workload_type": "GPU_SMALL"})
    (call,) = workspace.calls.matching("create_serving_endpoint")
    assert any("GPU" in note for note in call.notes)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
fields = st.sampled_from(
    ["served_entities", "served_models", "traffic_config", "auto_capture_config", "entity_name", "routes", "name"]
)


@settings(max_examples=100)
@given(st.dictionaries(fields, json_values, max_size=3), json_values)
def test_no_config_is_a_fault_of_the_fake(rest, config, gateway):
    for body in ({"name": "fuzz", "config": config}, {"name": "fuzz", "ai_gateway": gateway}):
        try:
            rest.json("POST", ENDPOINTS, body=body)
        except RefusedError as refused:
            assert refused.status in (400, 404, 501)
        else:
            rest.delete(f"{ENDPOINTS}/fuzz")
