"""Endpoints that are stopped and started, and deleted in any state."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from conftest import RefusedError, Rest
from hypothesis import given, settings
from hypothesis import strategies as st
from serving_fixtures import JSON, MODEL

from fakebricks.services.model_registry.model_registry import ModelRegistry

ENDPOINTS = "/api/2.0/serving-endpoints"
STOP, START = f"{ENDPOINTS}/fraud/config:stop", f"{ENDPOINTS}/fraud/config:start"
ROW = [{"amount": 2.0}]


def state(endpoint):
    return tuple(endpoint["state"][name] for name in ("ready", "config_update", "suspend"))


def test_a_stopped_endpoint_keeps_its_config_and_answers_no_queries(rest, deploy, query):
    deploy()
    stopped = rest.post(STOP)
    assert state(stopped) == state(rest.get(f"{ENDPOINTS}/fraud")) == ("NOT_READY", "NOT_UPDATING", "STOPPED")
    assert stopped["config"]["served_entities"][0]["name"] == "fraud-1"
    assert "pending_config" not in stopped
    (listed,) = rest.get(ENDPOINTS)["endpoints"]
    assert listed["state"]["suspend"] == "STOPPED"
    reply = query(ROW)
    assert (reply.status, reply.json()["error_code"]) == (400, "BAD_REQUEST")
    assert "stopped" in reply.json()["message"]


def test_starting_makes_a_new_version_of_the_same_config(rest, workspace, deploy, query):
    before = deploy()["config"]["served_entities"][0]
    rest.post(STOP)
    workspace.clock.advance(hours=3)
    starting = rest.post(START)
    assert state(starting) == ("NOT_READY", "IN_PROGRESS", "NOT_SUSPENDED")
    assert (starting["config"]["config_version"], starting["pending_config"]["config_version"]) == (1, 2)
    reply = query(ROW)
    assert (reply.status, "not ready" in reply.json()["message"]) == (400, True)
    workspace.clock.advance(minutes=10)
    started = rest.get(f"{ENDPOINTS}/fraud")
    assert state(started) == ("READY", "NOT_UPDATING", "NOT_SUSPENDED")
    assert started["config"]["config_version"] == 2
    assert started["config"]["served_entities"][0] == before
    assert query(ROW).json() == {"predictions": [4.0]}


def test_one_whose_start_fails_is_stopped_again(rest, workspace, register, deploy, query):
    version = register()
    deploy(version=version)
    rest.post(STOP)
    workspace._services[ModelRegistry].delete_version(MODEL, version)
    rest.post(START)
    workspace.clock.advance(minutes=10)
    failed = rest.get(f"{ENDPOINTS}/fraud")
    assert state(failed) == ("NOT_READY", "UPDATE_FAILED", "STOPPED")
    assert query(ROW).status == 400


def test_an_update_of_a_stopped_endpoint_starts_it(rest, workspace, register, deploy, query):
    deploy()
    rest.post(STOP)
    second = register("return [0.0]")
    rest.put(f"{ENDPOINTS}/fraud/config", served_entities=[{"entity_name": MODEL, "entity_version": second}])
    workspace.clock.advance(minutes=10)
    assert state(rest.get(f"{ENDPOINTS}/fraud")) == ("READY", "NOT_UPDATING", "NOT_SUSPENDED")
    assert query(ROW).json() == {"predictions": [0.0]}


def test_one_whose_update_failed_can_be_stopped(rest, workspace, register, deploy):
    deploy()
    bad = register(top="raise ValueError('broken')")
    rest.put(f"{ENDPOINTS}/fraud/config", served_entities=[{"entity_name": MODEL, "entity_version": bad}])
    workspace.clock.advance(minutes=10)
    assert state(rest.post(STOP)) == ("NOT_READY", "NOT_UPDATING", "STOPPED")


@pytest.mark.parametrize("operation", [STOP, START])
def test_not_during_an_update(rest, workspace, deploy, operation):
    deploy(minutes=0)
    before = workspace.snapshot()
    with pytest.raises(RefusedError, match="Endpoint served entities are currently being updated") as refused:
        rest.post(operation)
    assert (refused.value.status, refused.value.error_code) == (409, "RESOURCE_CONFLICT")
    assert workspace.snapshot() == before


def test_only_what_runs_can_be_stopped_and_only_what_is_stopped_started(rest, deploy):
    for operation in (STOP, START):
        with pytest.raises(RefusedError, match="Endpoint with name 'fraud' does not exist"):
            rest.post(operation)
    rest.post(ENDPOINTS, name="empty")
    with pytest.raises(RefusedError, match="has never been deployed") as refused:
        rest.post(f"{ENDPOINTS}/empty/config:stop")
    assert (refused.value.status, refused.value.error_code) == (400, "INVALID_STATE")
    deploy()
    with pytest.raises(RefusedError, match="is not stopped"):
        rest.post(START)
    rest.post(STOP)
    with pytest.raises(RefusedError, match="is stopped already"):
        rest.post(STOP)


@pytest.mark.parametrize("in_state", ["empty", "deploying", "failed", "ready", "updating", "stopped", "starting"])
def test_it_can_be_deleted_in_any_state_and_nothing_of_it_is_left(rest, workspace, register, query, in_state):
    entity = {"entity_name": MODEL, "entity_version": register(top="sys.exit(1)" if in_state == "failed" else "")}
    before = workspace.snapshot()
    rest.post(ENDPOINTS, name="fraud", **({} if in_state == "empty" else {"config": {"served_entities": [entity]}}))
    if in_state not in ("empty", "deploying"):
        workspace.clock.advance(minutes=10)
        query(ROW)
    if in_state == "updating":
        rest.put(f"{ENDPOINTS}/fraud/config", served_entities=[entity])
    if in_state in ("stopped", "starting"):
        rest.post(STOP)
    if in_state == "starting":
        rest.post(START)
    assert rest.delete(f"{ENDPOINTS}/fraud") == {}
    for method, url in (("GET", ""), ("GET", "/events"), ("GET", "/metrics"), ("POST", "/config:start")):
        assert rest.call(method, f"{ENDPOINTS}/fraud{url}").status == 404
    assert query(ROW).status == 404
    workspace.clock.advance(hours=1)
    assert rest.get(ENDPOINTS) == {"endpoints": []}
    assert workspace.snapshot() == before


@settings(max_examples=150)
@given(
    st.text(max_size=30),
    st.sampled_from(["config:stop", "config:start", "events", "metrics"]),
    st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    st.binary(max_size=20) | st.just(b'{"name": 1}') | st.just(b'{"config_version": "x"}'),
)
def test_bad_input_is_no_fault_of_the_fake_and_changes_nothing(workspace, name, operation, method, body):
    before = workspace.snapshot()
    path = f"{ENDPOINTS}/{quote(name, safe='')}/{operation}"
    reply = Rest(workspace).call(method, path, body, JSON)
    assert 400 <= reply.status < 600
    assert reply.status not in (500, 502, 503), reply.body
    assert reply.json()["error_code"]
    assert workspace.snapshot() == before
    workspace.unsupported.clear()
