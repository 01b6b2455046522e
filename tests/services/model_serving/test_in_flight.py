"""Concurrency, waiting and time limits of queries.

`workspace.handle` spends none of the time that a reply takes, so that requests one after another are in flight at once.
"""

from __future__ import annotations

import json
import threading
from collections import Counter

import pytest
from clocks import standing_at
from conftest import Rest
from serving_fixtures import JSON

from fakebricks import Workspace

ENDPOINTS = "/api/2.0/serving-endpoints"
TOO_MANY = "Too many concurrent requests. Consider increasing the provisioned concurrency of the served entity."
TIMED_OUT = "Timed out while evaluating the model. Verify that the model evaluates within the timeout."
WIDE = {"min_provisioned_concurrency": 4, "max_provisioned_concurrency": 12}
TABLE = {"catalog_name": "main", "schema_name": "default", "enabled": True}


@pytest.fixture
def workspace(request):
    workspace = Workspace(clock=standing_at(), serving=getattr(request, "param", {"model": 20}))
    yield workspace
    workspace.close()


@pytest.fixture
def rest(workspace):
    """In process only: a server lets the time pass that a reply takes."""
    return Rest(workspace)


def ask(rest):
    body = json.dumps({"dataframe_records": [{"amount": 2.0}]}).encode()
    return rest.call("POST", "/serving-endpoints/fraud/invocations", body, JSON)


def test_more_than_is_provisioned_is_turned_away_until_others_are_done(rest, workspace, deploy):
    deploy()
    replies = [ask(rest) for _ in range(6)]
    assert [reply.status for reply in replies] == [200] * 4 + [429] * 2
    assert replies[-1].json()["error_code"] == "RESOURCE_EXHAUSTED"
    assert replies[-1].json()["message"] == TOO_MANY
    workspace.clock.advance(seconds=19)
    assert ask(rest).status == 429
    workspace.clock.advance(seconds=1.5)
    assert [ask(rest).status for _ in range(5)] == [200] * 4 + [429]


@pytest.mark.parametrize(("size", "most"), [("Small", 4), ("Medium", 16), ("Large", 64)])
def test_how_many_a_size_takes_at_most(rest, deploy, size, most):
    deploy(entity={"workload_size": size})
    assert [ask(rest).status for _ in range(most + 1)].count(200) == most


@pytest.mark.parametrize("workspace", [{"model": 100}], indirect=True)
def test_between_the_bounds_requests_wait_until_there_is_more(rest, workspace, deploy):
    deploy(entity=WIDE)
    replies = [ask(rest) for _ in range(13)]
    assert [reply.status for reply in replies] == [200] * 12 + [429]
    assert [reply.duration - 100 for reply in replies[:-1]] == pytest.approx([0] * 4 + [60] * 8)
    notes = [call.notes for call in workspace.calls.matching("query_serving_endpoint")]
    assert "had no concurrency left" in notes[4][0]
    workspace.clock.advance(seconds=162)
    assert max(ask(rest).duration for _ in range(12)) == pytest.approx(100)


@pytest.mark.parametrize("workspace", [{"model": 10}], indirect=True)
def test_who_waits_for_another_to_be_done_waits_no_longer_than_that(rest, workspace, deploy):
    deploy(entity=WIDE)
    for _ in range(4):
        ask(rest)
        workspace.clock.advance(seconds=1)
    assert [ask(rest).duration for _ in range(2)] == pytest.approx([10 + 6, 10 + 7])


@pytest.mark.parametrize("workspace", [{"cold_start": 25, "model": 1}], indirect=True)
def test_who_comes_during_a_cold_start_waits_for_its_end(rest, workspace, deploy):
    deploy(entity={"scale_to_zero_enabled": True})
    workspace.clock.advance(minutes=31)
    assert ask(rest).duration == pytest.approx(26)
    workspace.clock.advance(seconds=10)
    assert ask(rest).duration == pytest.approx(16)
    workspace.clock.advance(seconds=15.5)
    assert ask(rest).duration == pytest.approx(1)


@pytest.mark.parametrize("workspace", [{"idle": 60, "cold_start": 5, "model": 50}], indirect=True)
def test_idle_begins_when_the_last_request_ends(rest, workspace, deploy):
    deploy(entity={"scale_to_zero_enabled": True})
    ask(rest)
    workspace.clock.advance(seconds=100)
    assert ask(rest).duration == pytest.approx(50)
    workspace.clock.advance(seconds=115)
    assert ask(rest).duration == pytest.approx(55)


@pytest.mark.parametrize("workspace", [{"idle": 60}], indirect=True)
def test_a_warm_minimum_meets_no_cold_start(rest, workspace, deploy):
    deploy(entity=WIDE)
    for hours in (1, 5, 100):
        workspace.clock.advance(hours=hours)
        assert ask(rest).duration == 0


@pytest.mark.parametrize("workspace", [{"model": (2, 9)}], indirect=True)
def test_what_the_model_takes_is_drawn_and_the_same_under_the_same_seed(rest, workspace, register, deploy):
    from contextlib import closing

    from serving_fixtures import MODEL, register_in

    deploy()

    def durations(rest):
        seconds = []
        for _ in range(5):
            seconds.append(ask(rest).duration)
            rest.workspace.clock.advance(seconds=10)
        return seconds

    found = durations(rest)
    assert all(1.5 <= one <= 9 for one in found)
    assert max(found) - min(found) > 0.5
    with closing(Workspace(clock=standing_at(), serving={"model": (2, 9)})) as other:
        again = Rest(other)
        entity = {"entity_name": MODEL, "entity_version": register_in(other)}
        again.post(ENDPOINTS, name="fraud", config={"served_entities": [entity]})
        other.clock.advance(minutes=10)
        assert durations(again) == pytest.approx(found)


@pytest.mark.parametrize("workspace", [{"model": 400}], indirect=True)
def test_the_platform_gives_up_on_a_model_that_takes_too_long(rest, workspace, deploy):
    deploy(ai_gateway={"inference_table_config": TABLE})
    reply = ask(rest)
    assert (reply.status, reply.json()["error_code"]) == (504, "DEADLINE_EXCEEDED")
    assert reply.json()["message"] == TIMED_OUT
    assert reply.duration == pytest.approx(297)
    workspace.clock.advance(hours=1)
    (row,) = workspace.table("main.default.fraud_payload").to_pylist()
    assert (row["status_code"], row["execution_duration_ms"]) == (504, 297_000)


@pytest.mark.parametrize("workspace", [{"cold_start": 60, "request_timeout": 30}], indirect=True)
def test_where_waiting_takes_too_long_the_model_is_not_asked(rest, workspace, register, deploy):
    deploy(version=register("raise AssertionError"), entity={"scale_to_zero_enabled": True})
    workspace.clock.advance(hours=1)
    reply = ask(rest)
    assert (reply.status, reply.duration) == (504, 30)
    workspace.clock.advance(seconds=61)
    assert ask(rest).status == 400


def test_the_duration_is_in_the_call_log_and_the_header_and_that_of_the_model_in_the_table(rest, workspace, deploy):
    deploy(entity={"scale_to_zero_enabled": True}, ai_gateway={"inference_table_config": TABLE})
    workspace.clock.advance(hours=1)
    workspace.faults.inject("query_serving_endpoint", latency=7)
    reply = ask(rest)
    cold = reply.duration - 20 - 7
    assert 9 <= cold <= 30
    assert int(reply.headers["x-fakebricks-duration-ms"]) == pytest.approx(reply.duration * 1000, abs=1)
    (call,) = workspace.calls.matching("query_serving_endpoint")
    assert call.duration == pytest.approx(20 + 7 + cold)
    workspace.clock.advance(hours=1)
    (row,) = workspace.table("main.default.fraud_payload").to_pylist()
    assert row["execution_duration_ms"] == 20_000


def test_threads_at_one_barrier_find_as_many_places_as_there_are(workspace, deploy):
    deploy()
    barrier, statuses = threading.Barrier(12), []

    def run():
        barrier.wait(60)
        statuses.append(ask(Rest(workspace)).status)

    threads = [threading.Thread(target=run) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(statuses) == {200: 4, 429: 8}


def test_each_entity_has_places_of_its_own(rest, register):
    from serving_fixtures import MODEL

    versions = [register(), register("return [0.0]")]
    routes = [
        {"served_entity_name": f"fraud-{one}", "traffic_percentage": share}
        for one, share in zip(versions, (100, 0), strict=True)
    ]
    entities = [{"entity_name": MODEL, "entity_version": one} for one in versions]
    config = {"served_entities": entities, "traffic_config": {"routes": routes}}
    rest.post(ENDPOINTS, name="fraud", config=config)
    rest.workspace.clock.advance(minutes=10)
    assert [ask(rest).status for _ in range(5)].count(429) == 1
    body = json.dumps({"dataframe_records": [{"amount": 2.0}]}).encode()
    direct = "/serving-endpoints/fraud/served-models/fraud-2/invocations"
    assert rest.call("POST", direct, body, JSON).status == 200


def test_a_model_that_fails_gives_its_place_back(rest, workspace, register, deploy):
    deploy(version=register("raise ValueError('no')"))
    for _ in range(6):
        assert ask(rest).status == 400
        workspace.clock.advance(seconds=21)


def test_what_a_minute_has_passed_of_is_forgotten(rest, workspace, deploy):
    deploy()
    for _ in range(20):
        ask(rest)
        workspace.clock.advance(seconds=30)
    assert len(workspace._state.table("serving_handled", object)) <= 4
