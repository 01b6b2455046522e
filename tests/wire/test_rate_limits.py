"""Rate limits: buckets that fill with simulated time, and the refusal that a client backs off from."""

from __future__ import annotations

import re

import pytest
from conftest import RefusedError, Rest

from fakebricks import Workspace, fake_workspace
from fakebricks.clock import VirtualClock
from fakebricks.routes import router
from fakebricks.services.tracking.rate_limits import DOCUMENTED
from fakebricks.wire.errors import RequestLimitExceeded
from fakebricks.wire.rate_limits import RateLimits

SEARCH = "/api/2.0/mlflow/runs/search"
EXPERIMENTS = "/api/2.0/mlflow/experiments/search"


class Stopped(VirtualClock):
    """Time that only jumps."""

    def time(self) -> float:
        return 1_700_000_000 + self._jumped


@pytest.fixture
def limited():
    workspace = Workspace(clock=Stopped(), rate_limits={"search_runs": 3})
    yield Rest(workspace)
    workspace.close()


def test_a_second_s_worth_of_calls_then_a_refusal_then_as_many_as_time_allows(limited):
    for _ in range(3):
        limited.post(SEARCH, experiment_ids=[])
    with pytest.raises(RefusedError) as caught:
        limited.post(SEARCH, experiment_ids=[])
    assert (caught.value.status, caught.value.error_code) == (429, "REQUEST_LIMIT_EXCEEDED")
    assert "3 per second for 'search_runs'" in caught.value.message

    limited.workspace.clock.advance(seconds=0.4)
    limited.post(SEARCH, experiment_ids=[])
    with pytest.raises(RefusedError):
        limited.post(SEARCH, experiment_ids=[])
    limited.workspace.clock.advance(hours=1)
    for _ in range(3):
        limited.post(SEARCH, experiment_ids=[])
    with pytest.raises(RefusedError):
        limited.post(SEARCH, experiment_ids=[])


def test_the_refusal_says_when_to_come_back_and_that_is_true(limited):
    reply = [limited.call("POST", SEARCH, b"{}") for _ in range(4)][-1]
    assert reply.headers["retry-after"] == "1"
    limited.workspace.clock.advance(seconds=int(reply.headers["retry-after"]))
    assert limited.call("POST", SEARCH, b"{}").status == 200


@pytest.mark.parametrize(("limit", "expected"), [(0.1, 10), (0.4, 3), (1, 1), (7, 1)])
def test_when_to_come_back(limit, expected):
    limits = RateLimits({"g": limit})
    with pytest.raises(RequestLimitExceeded) as caught:
        for _ in range(10):
            limits.take("g", 5.0)
    assert caught.value.headers == {"retry-after": str(expected)}
    limits.take("g", 5.0 + expected)


def test_groups_do_not_share_and_what_is_not_named_has_no_limit(limited):
    for _ in range(3):
        limited.post(SEARCH, experiment_ids=[])
    for _ in range(200):
        limited.post(EXPERIMENTS)


def test_who_has_no_token_takes_nothing_from_those_who_have(limited):
    headers, limited.headers = limited.headers, {}
    for _ in range(10):
        assert limited.call("POST", SEARCH, b"{}").status == 401
    limited.headers = headers
    assert limited.call("POST", SEARCH, b"{}").status == 200


def test_there_are_no_limits_unless_asked_for(rest):
    for _ in range(150):
        rest.post(SEARCH, experiment_ids=[])


def test_the_documented_limits():
    rest = Rest(Workspace(clock=Stopped(), rate_limits="documented"))
    for path, method, limit in (
        (SEARCH, "POST", 7),
        (EXPERIMENTS, "POST", 7),
        ("/api/2.0/mlflow/runs/log-batch", "POST", 47),
        ("/api/3.0/mlflow/traces", "POST", 50),
        ("/api/2.0/mlflow/runs/get?run_id=0", "GET", 120),
    ):
        statuses = [rest.call(method, path, b"{}" if method == "POST" else b"").status for _ in range(limit + 1)]
        assert 429 not in statuses[:-1], path
        assert statuses[-1] == 429, path
    rest.workspace.close()


def test_every_operation_of_tracking_and_of_its_registry_is_in_a_group():
    assert not [
        f"{operation.method} {operation.path}"
        for operation in router().operations
        if re.match(r"/api/\d\.0/mlflow/(?!unity-catalog)", operation.path)
        and operation.rate_limit not in DOCUMENTED
        and "refused" not in operation.function.__module__
    ]


@pytest.mark.parametrize("made", [Workspace, fake_workspace])
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("nonsense", "'nonsense' is not a choice"),
        (True, "True is not a choice"),
        ({"searches": 1}, "no group of rate limits called 'searches'; there are experiments, search_runs"),
    ],
)
def test_a_wrong_choice_is_refused(made, wrong, message):
    with pytest.raises(ValueError, match=message):
        made(rate_limits=wrong)


@pytest.mark.parametrize("limit", [0, -1, float("inf"), float("nan"), "3"])
def test_a_limit_is_a_positive_number(limit):
    with pytest.raises(ValueError, match="positive number"):
        Workspace(rate_limits={**DOCUMENTED, "search_runs": limit})
