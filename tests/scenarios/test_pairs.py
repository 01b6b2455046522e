"""Each rule is proved on a pair: what has the fault breaks that rule, and no other; what has it not breaks none."""

from __future__ import annotations

import importlib.util

import pairs_of_endpoints
import pairs_of_models
import pairs_of_teams
import pytest
from scenario_fixtures import model
from scenario_pairs import PAIRS, World

from fakebricks.contracts.catalogue import catalogue
from fakebricks.contracts.findings import Outcome
from fakebricks.contracts.making import RULES, deploy_model

HAS_SAIL = importlib.util.find_spec("pysail") is not None
if HAS_SAIL:
    import pairs_of_monitors

THEMES = [pairs_of_endpoints, pairs_of_models, pairs_of_teams, *([pairs_of_monitors] if HAS_SAIL else [])]


@pytest.fixture(scope="module")
def lasting(contract_workspace, deploy_once, entered_workspace):
    """What all pairs share."""
    entered = deploy_model(entered_workspace, model(), "fraud")
    return {"workspace": contract_workspace, "deploy": deploy_once, "entered": entered, "verdicts": {}}


@pytest.fixture
def world(lasting, judge, tmp_path):
    return World(**lasting, judge=judge, directory=tmp_path)


@pytest.mark.parametrize("rule", PAIRS)
def test_a_pair(world, rule):
    tell, also = PAIRS[rule]
    faulty, sound = tell(world)
    assert {rule} <= {one.rule for one in faulty.findings} <= {rule, *also}
    assert all(one.fix for one in faulty.findings)
    assert (sound.outcome, sound.findings) == (Outcome.PASSED, ()), sound.summary


def test_every_rule_has_a_pair():
    """What is found and not declared is an error of the scenario's, so that the declared rules are all there are."""
    declared = {rule for one in catalogue().values() for rule in one.rules} | set(RULES)
    if not HAS_SAIL:
        declared = {rule for rule in declared if not rule.startswith("monitor-")}
    assert declared == set(PAIRS)
