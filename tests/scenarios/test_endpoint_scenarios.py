"""Scenarios about the endpoint: what they tell, and what they cannot be asked. Their rules are in `test_pairs`."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pairs_of_endpoints import BROKEN, TRIPLE, UNLOADABLE, _two
from scenario_fixtures import model, rules

from fakebricks.contracts.endpoints import ServedEndpoint
from fakebricks.contracts.findings import Outcome
from fakebricks.contracts.making import deploy_model
from fakebricks.contracts.parameters import ParameterError


def test_concurrency_limit_counts_who_is_turned_away(judge):
    verdict = judge("concurrency_limit", callers=6)
    assert "turns 2 away" in verdict.summary
    assert "429" in verdict.findings[0].evidence[0].answer


def test_a_model_that_is_too_fast_for_its_requests_to_meet_says_what_is_needed(entered_workspace, judge):
    fast = deploy_model(entered_workspace, model(), "fast", scale_to_zero_enabled=False)
    for name in ("concurrency_limit", "warm_minimum"):
        verdict = judge(name, fast)
        assert verdict.outcome is Outcome.NOT_APPLICABLE
        assert "fakebricks check --serving model=0.2" in verdict.summary
        assert 'serving={"model": 0.2}' in verdict.summary


def test_warm_minimum_shows_how_long_each_request_waits(judge, deploy_once):
    narrow = deploy_once(model(), min_provisioned_concurrency=4, max_provisioned_concurrency=8, workload_size=None)
    (series,) = judge("warm_minimum", narrow, burst=6, sla="3s").findings[0].evidence[0].series
    assert (series.limit, len(series.points)) == (3, 6)
    sleepy = deploy_once(model(), scale_to_zero_enabled=True)
    assert rules(judge("warm_minimum", sleepy, sla="3s")) == ["warm-minimum/waits"]


def test_payload_limit_says_how_many_rows_are_taken(judge):
    assert "Send fewer rows at once: 9" in judge("payload_limit", rows=1_000_000).findings[0].fix


@pytest.mark.parametrize(("name", "rule"), [("blue_green", "blue-green/green-fails"), ("shadow", "shadow/fails")])
def test_candidates_that_do_not_load(judge, name, rule):
    assert rules(judge(name, candidate=str(model(top=UNLOADABLE)))) == [rule]


def test_blue_green_moves_the_alias_there_and_back(judge):
    shown = [one.answer for one in judge("blue_green").evidence if "@champion" in one.title]
    assert ['"version":2' in shown[0], '"version":1' in shown[1]] == [True, True]


def test_a_refused_switch_says_why(judge, deploy_once):
    faults = deploy_once(model()).workspace.faults
    faults.inject("update_serving_endpoint_config", status=503, skip=1, message="come back later")
    try:
        assert judge("blue_green").summary == "The switch to candidate is refused: 503 come back later"
    finally:
        faults.clear()


@pytest.mark.parametrize("name", ["blue_green", "shadow", "canary_rollback"])
def test_a_candidate_that_is_no_model(judge, name):
    with pytest.raises(ParameterError, match="candidate='nowhere' is the directory of a next version: nowhere is no"):
        judge(name, candidate="nowhere")


def test_a_canary_that_gets_no_request_proves_nothing(judge):
    with pytest.raises(ParameterError, match="none of requests=5 goes to the canary"):
        judge("canary_rollback", requests=5, share="1%")


@pytest.fixture
def two(contract_workspace, deploy_once, judge, tmp_path):
    from scenario_pairs import World

    return _two(World(contract_workspace, deploy_once, judge, None, tmp_path), model(TRIPLE))


def test_traffic_split_without_what_was_meant_goes_by_what_is_declared(judge, two):
    assert judge("traffic_split", two).outcome is Outcome.PASSED
    (finding, _) = judge("traffic_split", two, meant="champion=100%").findings
    assert finding.message == "champion gets 90 of 100 requests; 100% are meant."


@pytest.mark.parametrize(
    ("meant", "message"),
    [
        ("champion", "meant='champion' makes no sense to traffic_split: it is to be shares such as"),
        ("champion=lots", "shares such as"),
        ("champion=90% challenger=10%", "the endpoint serves no challenger; it serves champion, canary"),
    ],
)
def test_shares_that_make_no_sense(judge, two, meant, message):
    with pytest.raises(ParameterError, match=message):
        judge("traffic_split", two, meant=meant)


def test_scenarios_are_about_the_deployment_s_own_version_wherever_it_stands(judge, two):
    """The one with the most traffic need not be the first."""
    endpoint = ServedEndpoint(two)
    champion, canary = endpoint.entities()
    config = endpoint.updated([canary, champion], champion=90, canary=10)
    assert ServedEndpoint(replace(two, config=config)).own()["name"] == "champion"
    assert rules(judge("blue_green", replace(two, config=config), candidate=str(model(BROKEN)))) == [
        "blue-green/green-fails"
    ]
