"""Scenarios about the endpoint, each on a deployment that has the fault and on one that has not."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest
from scenario_fixtures import model, rules

from fakebricks.contracts.endpoints import ServedEndpoint
from fakebricks.contracts.findings import Outcome
from fakebricks.contracts.making import deploy_model, register

TRIPLE = "return (model_input['amount'] * 3).tolist()"
BROKEN = "raise ValueError('out of order')"


def test_concurrency_limit(judge, deploy_once):
    small = deploy_once(model())
    verdict = judge("concurrency_limit", small, callers=6)
    assert rules(verdict) == ["concurrency-limit/turned-away"]
    assert "turns 2 away" in verdict.summary
    assert "429" in verdict.findings[0].evidence[0].answer
    assert judge("concurrency_limit", small, callers=4).outcome is Outcome.PASSED


def test_warm_minimum(judge, deploy_once):
    narrow = deploy_once(model(), min_provisioned_concurrency=4, max_provisioned_concurrency=8, workload_size=None)
    wide = deploy_once(model(), min_provisioned_concurrency=8, max_provisioned_concurrency=8, workload_size=None)
    verdict = judge("warm_minimum", narrow, burst=6, sla="3s")
    assert rules(verdict) == ["warm-minimum/waits"]
    assert verdict.findings[0].evidence[0].series[0].limit == 3
    assert judge("warm_minimum", wide, burst=6, sla="3s").outcome is Outcome.PASSED
    assert rules(judge("warm_minimum", wide, burst=10, sla="9s")) == ["warm-minimum/turned-away"]
    assert rules(judge("warm_minimum", deploy_once(model(), scale_to_zero_enabled=True), sla="3s")) == [
        "warm-minimum/waits"
    ]


def test_failed_update_keeps_serving(judge, deploy_once):
    deployment = deploy_once(model())
    verdict = judge("failed_update_keeps_serving", deployment)
    assert verdict.outcome is Outcome.PASSED
    faults = deployment.workspace.faults
    faults.inject("query_serving_endpoint", status=503, skip=1)
    try:
        assert rules(judge("failed_update_keeps_serving", deployment)) == ["failed-update-keeps-serving/interrupted"]
    finally:
        faults.clear()


def test_payload_limit(judge, deploy_once):
    deployment = deploy_once(model())
    assert judge("payload_limit", deployment, rows=100).outcome is Outcome.PASSED
    verdict = judge("payload_limit", deployment, rows=1_000_000)
    assert rules(verdict) == ["payload-limit/too-large"]
    assert "Send fewer rows at once: 9" in verdict.findings[0].fix


@pytest.fixture
def two(contract_workspace, request):
    """An endpoint with a champion and a canary of ten per cent."""
    numbers = count(1)

    def two(canary):
        deployment = deploy_model(contract_workspace, model(), f"{request.node.name}{next(numbers)}")
        endpoint = ServedEndpoint(deployment)
        (champion,) = endpoint.entities()
        other = register(endpoint.client, deployment.model, canary)
        champion = {**champion, "name": "champion"}
        config = endpoint.updated(
            [champion, {**champion, "name": "canary", "entity_version": other}], champion=90, canary=10
        )
        return replace(deployment, config=config)

    return two


def test_traffic_split(judge, two):
    sound = two(model(TRIPLE))
    assert judge("traffic_split", sound).outcome is Outcome.PASSED
    verdict = judge("traffic_split", sound, requests=55, tolerance="0.1%")
    assert rules(verdict) == ["traffic-split/other-share"] * 2
    verdict = judge("traffic_split", two(model(BROKEN)))
    assert "traffic-split/entity-fails" in rules(verdict)
    assert "canary answers with 400" in verdict.findings[-1].message


CANDIDATES = [
    ("blue_green", BROKEN, "blue-green/green-fails"),
    ("shadow", TRIPLE, "shadow/differs"),
    ("shadow", BROKEN, "shadow/fails"),
    ("canary_rollback", BROKEN, "canary-rollback/canary-fails"),
]


@pytest.mark.parametrize(("name", "body", "rule"), CANDIDATES)
def test_candidates(judge, name, body, rule):
    assert rules(judge(name, candidate=str(model(body)))) == [rule]
    assert judge(name).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("name", "rule"), [("blue_green", "blue-green/green-fails"), ("canary_rollback", "canary-rollback/does-not-load")]
)
def test_candidates_that_do_not_load(judge, name, rule):
    assert rules(judge(name, candidate=str(model(top="import only_on_the_laptop")))) == [rule]


def test_a_gap_in_the_switch(judge, deploy_once):
    deployment = deploy_once(model())
    deployment.workspace.faults.inject("query_serving_endpoint", status=503, skip=4)
    try:
        assert rules(judge("blue_green", deployment)) == ["blue-green/gap"]
    finally:
        deployment.workspace.faults.clear()


def test_inference_table_captures(judge, contract_workspace, deploy_once):
    def logged(name, body="return (model_input['amount'] * 2).tolist()"):
        table = {"catalog_name": "main", "schema_name": "default", "table_name_prefix": name, "enabled": True}
        deployment = deploy_model(contract_workspace, model(body), name)
        endpoint = ServedEndpoint(deployment)
        endpoint.client.told("PUT", f"{endpoint.path}/ai-gateway", {"inference_table_config": table})
        return replace(deployment, config=endpoint.settled())

    assert judge("inference_table_captures", logged("logged")).outcome is Outcome.PASSED
    late = judge("inference_table_captures", logged("late"), within="10s")
    assert rules(late) == ["inference-table-captures/lost"]
    odd = judge("inference_table_captures", logged("odd", "return [1.0, 2.0, 3.0]"))
    assert rules(odd) == ["inference-table-captures/unreadable"]
    assert judge("inference_table_captures", deploy_once(model())).outcome is Outcome.NOT_APPLICABLE
