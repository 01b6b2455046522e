"""Injected faults: which calls they meet, what their callers get, and what has happened all the same."""

from __future__ import annotations

import mlflow
import pytest
import requests
from clocks import standing_at
from conftest import Entered, RefusedError, Rest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import ResourceConflict
from mlflow import MlflowClient

from fakebricks import Workspace, fake_workspace

ME = "/api/2.0/preview/scim/v2/Me"
CREATE = "/api/2.0/mlflow/experiments/create"


def statuses(rest: Rest, count: int = 5) -> list[int]:
    return [rest.call("GET", ME).status for _ in range(count)]


def test_it_meets_the_calls_that_it_is_for(rest: Rest):
    rest.workspace.faults.inject("me", status=503, times=2, skip=1)
    assert statuses(rest) == [200, 503, 503, 200, 200]
    assert rest.workspace.faults[0].met == 2
    rest.workspace.faults.inject(f"GET {ME}", error_code="RESOURCE_EXHAUSTED", times=None)
    assert statuses(rest) == [429] * 5
    rest.workspace.faults.clear()
    assert statuses(rest) == [200] * 5


def test_the_reply_is_of_the_platform_s_shape(rest: Rest):
    rest.workspace.faults.inject("GET *", status=429, message="Slow down.", retry_after=7)
    reply = rest.call("GET", ME)
    assert (reply.status, reply.headers["retry-after"]) == (429, "7")
    body = reply.json()
    assert (body["error_code"], body["message"]) == ("REQUEST_LIMIT_EXCEEDED", "Slow down.")
    assert rest.workspace.calls[-1].notes == ("Injected fault: 429 REQUEST_LIMIT_EXCEEDED.",)


@pytest.mark.parametrize("after", [False, True])
def test_before_the_effect_nothing_has_happened_and_after_it_all_has(rest: Rest, after: bool):
    rest.workspace.faults.inject("create_experiment", status=500, after_effect=after)
    with pytest.raises(RefusedError, match="INTERNAL_ERROR"):
        rest.post(CREATE, name="/Shared/e")
    again = rest.call("POST", CREATE, b'{"name": "/Shared/e"}')
    assert again.status == (400 if after else 200)


def test_an_error_of_the_operation_s_own_goes_before_a_fault_after_it(rest: Rest):
    rest.workspace.faults.inject("create_experiment", status=500, after_effect=True)
    with pytest.raises(RefusedError, match="RESOURCE_DOES_NOT_EXIST"):
        rest.post(CREATE, name="/nowhere/e")


def test_latency_is_waited_for_and_counts(rest: Rest):
    rest.workspace.faults.inject("me", latency=12.5)
    reply = rest.call("GET", ME)
    assert (reply.status, reply.duration) == (200, 12.5)
    assert rest.workspace.calls[-1].duration == 12.5
    assert rest.workspace.calls[-1].notes == ("Injected fault: 12.5 s later.",)


def test_the_first_of_two_that_fit_meets_a_call(rest: Rest):
    rest.workspace.faults.inject("me", status=500)
    rest.workspace.faults.inject("me", status=503)
    assert statuses(rest, 3) == [500, 503, 200]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "would change nothing"),
        ({"status": 200}, "from 400 to 599"),
        ({"status": 600}, "from 400 to 599"),
        ({"error_code": "NO_IDEA"}, "not known"),
        ({"status": 500, "times": 0}, "at least"),
        ({"status": 500, "skip": -1}, "at least"),
        ({"latency": -1.0}, "at least"),
        ({"latency": float("inf")}, "at least"),
    ],
)
def test_what_is_no_fault_is_refused_at_once(workspace: Workspace, options: dict, said: str):
    with pytest.raises(ValueError, match=said):
        workspace.faults.inject("me", **options)
    assert len(workspace.faults) == 0


@pytest.mark.parametrize("pattern", ["mee", "", "FETCH /x", "/api/2.0/x", "GET api"])
def test_a_pattern_that_can_fit_nothing_is_refused(workspace: Workspace, pattern: str):
    with pytest.raises(ValueError, match="neither an operation's name"):
        workspace.faults.inject(pattern, status=500)


def test_a_near_miss_is_told():
    with pytest.raises(ValueError, match="did you mean 'create_run'"):
        Workspace().faults.inject("create_runs", status=500)


def test_clients_retry_on_the_simulated_clock(entered: Entered):
    with entered(clock=standing_at()) as workspace:
        workspace.faults.inject("me", status=429, times=3, retry_after=30)
        began = workspace.clock.time()
        assert WorkspaceClient().current_user.me().user_name == workspace.user_name
        assert 90 <= workspace.clock.time() - began < 100
        assert [call.status for call in workspace.calls.matching("me")] == [429, 429, 429, 200]
        workspace.faults.inject("create_experiment", status=503, times=2)
        mlflow.set_experiment("/Shared/e")
        assert [call.status for call in workspace.calls.matching("create_experiment")] == [503, 503, 200]


def test_a_lost_reply_makes_the_client_s_retry_meet_what_it_did_itself(entered: Entered):
    with entered() as workspace:
        workspace.faults.inject("create_run", status=503, after_effect=True)
        experiment = MlflowClient().create_experiment("/Shared/e")
        MlflowClient().create_run(experiment)
        assert len(workspace.runs) == 2


def test_an_error_that_is_not_retried_reaches_the_code_under_test(entered: Entered):
    with entered() as workspace:
        workspace.faults.inject("get_catalog", status=409)
        with pytest.raises(ResourceConflict):
            WorkspaceClient().catalogs.get("main")


def test_a_client_whose_timeout_is_shorter_than_the_latency_gets_its_own_error():
    with fake_workspace() as workspace:
        workspace.faults.inject("me", latency=60)
        with pytest.raises(requests.exceptions.ReadTimeout):
            requests.get(f"{workspace.host}{ME}", timeout=5, headers={"authorization": f"Bearer {workspace.token}"})


def test_the_admin_plane_injects_tells_and_clears(rest: Rest):
    rest.post("/_fakebricks/faults", pattern="me", status=503, always=True)
    assert statuses(rest, 3) == [503] * 3
    [told] = rest.get("/_fakebricks/faults")["faults"]
    assert (told["pattern"], told["met"], told["times"]) == ("me", 3, None)
    with pytest.raises(RefusedError, match="INVALID_PARAMETER_VALUE: 'nope' is neither"):
        rest.post("/_fakebricks/faults", pattern="nope", status=503)
    rest.delete("/_fakebricks/faults")
    assert statuses(rest, 1) == [200]
