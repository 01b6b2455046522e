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
