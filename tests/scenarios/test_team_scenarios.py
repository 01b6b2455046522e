"""Scenarios that call the team's own code: how it is given, and what is said where it is no use."""

from __future__ import annotations

import sys
from functools import partial

import pytest
import requests
from scenario_fixtures import EXAMPLE, model

from fakebricks.contracts.calling import Client
from fakebricks.contracts.findings import Outcome
from fakebricks.contracts.making import deploy_model
from fakebricks.contracts.parameters import ParameterError

OF_TEAMS = {
    "timeouts_and_retries": "call",
    "token_expiry": "call",
    "update_conflict": "deploy",
    "run_pollution": "train",
}


@pytest.fixture(scope="module")
def fraud(entered_workspace):
    return deploy_model(entered_workspace, model(), "fraud")


@pytest.mark.parametrize("name", OF_TEAMS)
def test_without_the_team_s_code_it_is_said_how_to_give_it(judge, name):
    verdict = judge(name)
    assert verdict.outcome is Outcome.NOT_APPLICABLE
    assert f"--param {name}.{OF_TEAMS[name]}=module:function, or {OF_TEAMS[name]}=function in a test" in verdict.summary


SCORING = """
import os
import requests

ADDRESS = os.environ["DATABRICKS_HOST"] + "/serving-endpoints/fraud/invocations"

def score():
    headers = {"authorization": f"Bearer {os.environ['DATABRICKS_TOKEN']}"}
    requests.post(ADDRESS, json={"dataframe_records": [{"amount": 1.0}]}, headers=headers).raise_for_status()
"""


def test_the_team_s_code_can_be_named_and_is_imported_in_the_workspace(judge, fraud, tmp_path, monkeypatch):
    (tmp_path / "our_scoring.py").write_text(SCORING)
    monkeypatch.syspath_prepend(tmp_path)
    assert judge("token_expiry", fraud, call="our_scoring:score").outcome is Outcome.PASSED
    assert sys.modules.pop("our_scoring").ADDRESS.startswith(fraud.workspace.host)


@pytest.fixture
def token_expiry(judge, fraud):
    return partial(judge, "token_expiry", fraud)


@pytest.fixture
def place_of(tmp_path, monkeypatch):
    """Write the team's code, and say where it is."""

    def place_of(text, place):
        (tmp_path / "our_code.py").write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "our_code", raising=False)
        return place

    return place_of


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("def score(): ...", "our_code:scor", "cannot be imported: AttributeError: .*'scor'"),
        ("def score(:", "our_code:score", "cannot be imported: SyntaxError"),
        ("import sys; sys.exit(3)", "our_code:score", "cannot be imported: SystemExit: 3"),
        ("score = 3", "our_code:score", "is no function, but a int"),
        ("", "our_cod:score", "cannot be imported: ModuleNotFoundError: No module named 'our_cod'"),
        (
            "",
            "our_code.score",
            "it is to be a function without arguments, or the place of one such as 'module:function'",
        ),
    ],
)
def test_code_that_cannot_be_had(token_expiry, place_of, text, place, message):
    with pytest.raises(ParameterError, match=message):
        token_expiry(call=place_of(text, place))


@pytest.mark.parametrize("name", OF_TEAMS)
@pytest.mark.parametrize(
    ("code", "error"), [(lambda: {}["x"], "KeyError: 'x'"), (lambda: sys.exit(2), "SystemExit: 2"), (len, "TypeError")]
)
def test_code_that_fails_by_itself_is_not_the_scenario_s_matter(judge, fraud, name, code, error):
    parameter = OF_TEAMS[name]
    with pytest.raises(ParameterError, match=rf"{parameter}=\.\.\. fails before anything is wrong: {error}"):
        judge(name, fraud, **{parameter: code})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("timeouts_and_retries", "call=... does not ask the endpoint 'fraud'"),
        ("token_expiry", "call=... does not ask the endpoint 'fraud'"),
        ("update_conflict", "deploy=... does not update the endpoint"),
        ("run_pollution", "train=... logs no run in this workspace"),
    ],
)
def test_code_that_does_nothing_of_the_kind_proves_nothing(judge, fraud, name, message):
    with pytest.raises(ParameterError) as error:
        judge(name, fraud, **{OF_TEAMS[name]: lambda: None})
    assert message in str(error.value)


def test_a_caller_of_another_endpoint(judge, fraud):
    deploy_model(fraud.workspace, model(), "churn")
    client = Client(fraud.workspace)
    with pytest.raises(ParameterError, match="ask the endpoint 'fraud', but /serving-endpoints/churn/invocations"):
        judge("token_expiry", fraud, call=lambda: client.call("POST", "/serving-endpoints/churn/invocations", EXAMPLE))


def test_a_caller_by_openai_s_way_meets_the_faults_too(judge, fraud):
    workspace = fraud.workspace
    url = f"{workspace.host}/serving-endpoints/completions"
    headers = {"authorization": f"Bearer {workspace.token}"}

    def ask():
        requests.post(url, json={"model": "fraud", **EXAMPLE}, headers=headers, timeout=30).raise_for_status()

    try:
        ask()
    except requests.HTTPError as error:
        pytest.skip(f"a model of columns is not asked like that: {error.response.text[:80]}")
    rules = [one.rule for one in judge("timeouts_and_retries", fraud, call=ask).findings]
    assert "timeouts-and-retries/gives-up-on-503" in rules


def test_no_fault_is_left_behind(judge, fraud):
    with pytest.raises(ParameterError):
        judge("timeouts_and_retries", fraud, call=lambda: None)
    assert not len(fraud.workspace.faults)
