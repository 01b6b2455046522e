"""The health metrics of an endpoint, read with Prometheus' own parser."""

from __future__ import annotations

import json

import pytest
from clocks import standing_at
from conftest import RefusedError, Rest
from prometheus_client import parser
from serving_fixtures import JSON

from fakebricks import Workspace

ENDPOINTS = "/api/2.0/serving-endpoints"
GAUGES = {
    "cpu_usage_percentage",
    "mem_usage_percentage",
    "provisioned_concurrent_requests_total",
    "request_count_total",
    "request_4xx_count_total",
    "request_5xx_count_total",
}
HISTOGRAMS = {"request_latency_ms", "model_queue_time_ms", "model_prediction_latency_ms"}
PLACE = (("endpoint_name", "fraud"), ("served_model_name", "fraud-1"))


@pytest.fixture
def workspace(request):
    workspace = Workspace(clock=standing_at(), serving=getattr(request, "param", {"model": 3}))
    yield workspace
    workspace.close()


def families(rest):
    reply = rest.call("GET", f"{ENDPOINTS}/fraud/metrics")
    assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {one.name: one for one in parser.text_string_to_metric_families(reply.body.decode())}


def value(rest, name, **labels):
    """Of the sample of that name; of all entities together where there are several."""
    found = [one for family in families(rest).values() for one in family.samples if one.name == name]
    return sum(one.value for one in found if labels.items() <= one.labels.items())


def ask(rest, amount=2.0):
    body = json.dumps({"dataframe_records": [{"amount": amount}]}).encode()
    return rest.call("POST", "/serving-endpoints/fraud/invocations", body, JSON)


def test_the_families_are_the_documented_ones(rest, deploy):
    deploy()
    found = families(rest)
    assert {name for name, one in found.items() if one.type == "gauge"} == GAUGES
    assert {name for name, one in found.items() if one.type == "histogram"} == HISTOGRAMS
    for name in GAUGES - {"mem_usage_percentage"}:
        (sample,) = found[name].samples
        assert tuple(sample.labels.items()) == PLACE
    assert value(rest, "provisioned_concurrent_requests_total") == 4
    assert value(rest, "request_count_total") == 0
    assert value(rest, "request_latency_ms_count") == 0


def test_counts_are_those_of_the_last_minute(workspace, deploy):
    rest = Rest(workspace)
    deploy()
    statuses = [ask(rest, amount).status for amount in (1.0, 2.0, "x", 3.0, 4.0, 5.0)]
    assert statuses == [200, 200, 400, 200, 429, 429]
    workspace.clock.advance(seconds=10)
    assert value(rest, "request_count_total") == 6
    assert value(rest, "request_4xx_count_total") == 3
    assert value(rest, "request_5xx_count_total") == 0
    assert value(rest, "cpu_usage_percentage") == pytest.approx(100 * 4 * 3 / 60 / 4, abs=0.5)
    workspace.clock.advance(seconds=60)
    assert value(rest, "request_count_total") == value(rest, "cpu_usage_percentage") == 0
    assert value(rest, "request_latency_ms_count") == 4


@pytest.mark.parametrize("workspace", [{"model": 3, "request_timeout": 2}], indirect=True)
def test_what_timed_out_is_a_5xx(rest, workspace, deploy):
    deploy()
    assert ask(rest).status == 504
    workspace.clock.advance(seconds=3)
    assert value(rest, "request_5xx_count_total") == 1


@pytest.mark.parametrize("workspace", [{"model": 3, "cold_start": 20}], indirect=True)
def test_histograms_tell_waiting_from_scoring(workspace, deploy):
    rest = Rest(workspace)
    deploy(entity={"scale_to_zero_enabled": True})
    workspace.clock.advance(hours=1)
    assert value(rest, "provisioned_concurrent_requests_total") == 0
    ask(rest)
    assert value(rest, "provisioned_concurrent_requests_total") == 4
    workspace.clock.advance(seconds=30)
    ask(rest)
    assert value(rest, "request_latency_ms_count") == 2
    assert value(rest, "request_latency_ms_sum") == pytest.approx(23_000 + 3_000)
    assert value(rest, "model_queue_time_ms_sum") == pytest.approx(20_000)
    assert value(rest, "model_prediction_latency_ms_sum") == pytest.approx(6_000)
    assert value(rest, "model_queue_time_ms_bucket", le="1") == 1
    assert value(rest, "request_latency_ms_bucket", le="2500") == 0
    assert value(rest, "request_latency_ms_bucket", le="5000") == 1
    assert value(rest, "request_latency_ms_bucket", le="25000") == 2
    for family in families(rest).values():
        if family.type == "histogram":
            *buckets, total = [one.value for one in family.samples if one.name.endswith(("bucket", "count"))]
            assert buckets == sorted(buckets)
            assert buckets[-1] == total


@pytest.mark.parametrize("workspace", [{"model": 100, "deployment": 600}], indirect=True)
def test_scaling_is_seen(workspace, deploy):
    rest = Rest(workspace)
    deploy(entity={"min_provisioned_concurrency": 4, "max_provisioned_concurrency": 12})
    for _ in range(9):
        ask(rest)
    seen = []
    for seconds in (50, 20, 500, 60):
        workspace.clock.advance(seconds=seconds)
        seen.append(value(rest, "provisioned_concurrent_requests_total"))
    assert seen == [4, 12, 12, 4]


def test_what_does_not_run_has_no_samples(rest, deploy):
    with pytest.raises(RefusedError, match="does not exist"):
        rest.get(f"{ENDPOINTS}/fraud/metrics")
    deploy(minutes=0)
    assert not any(one.samples for one in families(rest).values())
    rest.workspace.clock.advance(minutes=10)
    rest.post(f"{ENDPOINTS}/fraud/config:stop")
    assert not any(one.samples for one in families(rest).values())
