"""Scenarios are found, told their parameters, run, and leave nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenario_fixtures import model
from scenario_page import PAGE, page

from fakebricks import Workspace
from fakebricks.clock import RealClock
from fakebricks.contracts.calling import Client
from fakebricks.contracts.catalogue import ScenarioFileError, UnknownScenarioError, catalogue, chosen, read, story
from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.findings import Finding, Outcome, Severity
from fakebricks.contracts.making import NotAModelError, deploy_model
from fakebricks.contracts.parameters import Count, Duration, ParameterError, Share, parse
from fakebricks.contracts.running import ContractBrokenError, ScenarioError, run, told
from fakebricks.contracts.scenarios import NotApplicable, Scenario


def scenario(tell, **parameters) -> Scenario:
    return Scenario("made_up", "All is well", {"made-up/rule": "It is broken."}, "nowhere", parameters, tell)


@pytest.fixture(scope="module")
def deployment(deploy_once):
    return deploy_once(model())


@pytest.fixture
def judged(deployment):
    def judged(tell, given=None, **parameters):
        (verdict,) = run([scenario(tell, **parameters)], lambda: deployment, {"made_up": given or {}})
        return verdict

    return judged


# Running


def test_findings_of_severity_error_break_the_contract(judged):
    assert judged(lambda deployment: None).outcome is Outcome.PASSED
    note = Finding("made-up/rule", "so so", Severity.WARNING)
    assert judged(lambda deployment: deployment.found(note)).outcome is Outcome.PASSED
    waived = Finding("made-up/rule", "bad", waiver="known since spring")
    assert judged(lambda deployment: deployment.found(waived)).outcome is Outcome.PASSED
    broken = judged(lambda deployment: deployment.found(Finding("made-up/rule", "bad", fix="mend it")))
    assert (broken.outcome, broken.summary) == (Outcome.FAILED, "bad")
    assert "made-up/rule (error): bad" in told(broken)
    assert "fix: mend it" in told(broken)


def test_what_has_nothing_to_test_says_why(judged):
    def tell(deployment):
        raise NotApplicable("it is Sunday")

    assert (judged(tell).outcome, judged(tell).summary) == (Outcome.NOT_APPLICABLE, "it is Sunday")


def test_a_scenario_that_is_wrong_itself_is_no_verdict(judged, deployment):
    with pytest.raises(ScenarioError, match="made_up cannot be run against .*: ZeroDivisionError"):
        judged(lambda deployment: 1 / 0)
    assert deployment.findings == []


def test_what_a_scenario_does_not_declare_it_cannot_find(judged):
    slip = Finding("made-up/ruel", "bad")
    with pytest.raises(
        ScenarioError, match="has found 'made-up/ruel', which is none of its rules; it declares made-up/rule"
    ):
        judged(lambda deployment: deployment.found(slip))


def test_a_parameter_that_makes_no_sense_to_a_scenario_is_no_error_of_the_scenario_s(judged):
    def tell(deployment):
        raise ParameterError("there is no such table")

    with pytest.raises(ParameterError, match="^there is no such table$"):
        judged(tell)


def test_nothing_is_left_behind_but_time(judged, deployment):
    client = Client(deployment.workspace)

    def tell(deployment):
        client.wait(hours=2)
        client.told("DELETE", f"/api/2.0/serving-endpoints/{deployment.endpoint}")

    before = deployment.workspace.clock.time()
    assert judged(tell).simulated_seconds >= 7200
    assert deployment.workspace.clock.time() - before >= 7200
    assert client.call("GET", f"/api/2.0/serving-endpoints/{deployment.endpoint}").ok


def test_a_model_that_does_not_load_is_found_and_asked_nothing(deploy_once):
    deployment = deploy_once(model(top="import only_on_the_laptop"))
    first, second = run([catalogue()["cold_start"]], lambda: deployment)
    assert (first.name, first.outcome) == ("deployment", Outcome.FAILED)
    assert first.findings[0].rule == "deployment/does-not-load"
    assert "No module named 'only_on_the_laptop'" in first.summary
    assert "Traceback" in first.findings[0].evidence[0].answer
    assert (second.outcome, second.summary) == (Outcome.NOT_APPLICABLE, "the endpoint does not serve")


def test_what_is_no_model_is_no_finding(contract_workspace, tmp_path):
    with pytest.raises(NotAModelError, match="no file MLmodel"):
        deploy_model(contract_workspace, tmp_path)
    (tmp_path / "MLmodel").write_text(
        "signature: {inputs: 'no json'}\nflavors: {python_function: {loader_module: m}}\n"
    )
    with pytest.raises(NotAModelError, match="cannot be read"):
        deploy_model(contract_workspace, tmp_path)


def test_a_real_clock_is_refused():
    deployment = Deployment(Workspace(clock=RealClock()), "fraud", "main.default.fraud", "1", Path(), None, None, {})
    with pytest.raises(ValueError, match="virtual"):
        run([], lambda: deployment)


# Parameters


DEFAULTS = {
    "sla": Duration(1),
    "share": Share(0.5),
    "times": 3,
    "rows": Count(20),
    "warm": True,
    "runtime": "",
    "call": None,
}


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("sla", "250ms", 0.25),
        ("sla", "1s", 1),
        ("sla", "10m", 600),
        ("sla", "1.5h", 5400),
        ("sla", 3, 3),
        ("share", "5%", 0.05),
        ("share", "0.2", 0.2),
        ("times", "20", 20),
        ("times", 20, 20),
        ("times", 0, 0),
        ("rows", "1000000", 1_000_000),
        ("rows", 5, 5),
        ("sla", 0.00025, 0.00025),
        ("sla", "366d", 366 * 86_400),
        ("warm", "false", False),
        ("warm", True, True),
        ("runtime", "16.4 LTS ML", "16.4 LTS ML"),
        ("call", len, len),
    ],
)
def test_parameters_are_of_the_kind_of_their_defaults(name, given, value):
    parsed = parse(scenario(None, **DEFAULTS), {name: given})
    assert parsed == {**DEFAULTS, name: value}
    assert type(parsed[name]) is type(DEFAULTS[name]) or DEFAULTS[name] is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"slo": "1s"}, "made_up has no parameter 'slo'; did you mean 'sla'?"),
        ({"sla": "soon"}, "sla='soon' makes no sense to made_up: it is to be a duration such as '1s'"),
        ({"sla": "-1s"}, "a duration"),
        ({"sla": None}, "a duration"),
        ({"share": "120%"}, "a share such as '5%'"),
        ({"times": "many"}, "a whole number"),
        ({"times": "1.5"}, "a whole number"),
        ({"times": True}, "a whole number"),
        ({"times": -3}, "a whole number"),
        ({"rows": 0}, "a whole number from 1 to 1,000,000"),
        ({"rows": 1_000_001}, "a whole number from 1 to 1,000,000"),
        ({"rows": Count(0)}, "a whole number from 1 to 1,000,000"),
        ({"sla": Duration(-1)}, "a duration"),
        ({"sla": float("nan")}, "a duration"),
        ({"sla": float("inf")}, "a duration"),
        ({"sla": "367d"}, "of a year at most"),
        ({"share": Share(2)}, "a share such as '5%'"),
        ({"call": "our.scoring"}, "a function without arguments, or the place of one such as 'module:function'"),
        ({"warm": "perhaps"}, "'true' or 'false'"),
    ],
)
def test_parameters_that_make_no_sense(given, message):
    with pytest.raises(ParameterError) as error:
        parse(scenario(None, **DEFAULTS), given)
    assert message in str(error.value)


# The catalogue


def test_every_scenario_tells_its_story():
    for name, one in catalogue().items():
        assert name == one.name
        assert one.title
        assert len(story(one)) > 200
        assert one.source.startswith("https://")
        assert one.rules
        assert one.meanings.keys() == one.parameters.keys()
        assert all(
            rule.startswith(f"{name.replace('_', '-')}/") and text.endswith(".") for rule, text in one.rules.items()
        )


def test_the_page_is_up_to_date():
    assert PAGE.read_text() == page(), "docs/scenario-catalogue.md is out of date: run `make pages`"


def test_scenarios_of_ones_own(tmp_path):
    file = tmp_path / "our_rule.py"
    file.write_text(
        '"""A story."""\n'
        "from fakebricks.contracts.scenarios import scenario\n\n"
        '@scenario(title="Ours", rules={}, source="https://x")\n'
        "def our_rule(deployment, *, times: int = 2): ...\n"
    )
    assert catalogue([tmp_path])["our_rule"].parameters == {"times": 2}
    assert [one.name for one in chosen(["cold_start", str(file)])] == ["cold_start", "our_rule"]
    with pytest.raises(UnknownScenarioError, match="no scenario 'cold_strat'; did you mean 'cold_start'?"):
        chosen(["cold_strat"])


DECLARED = (
    "from fakebricks.contracts.scenarios import scenario\n"
    '@scenario(title="Ours", rules={{}}, source="https://x")\n'
    "def wrong({}): ...\n"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"""A story."""\n', "has no scenario 'wrong'"),
        ("1 / 0\n", "cannot be imported: ZeroDivisionError"),
        ("def (\n", "cannot be imported: SyntaxError"),
        (DECLARED.format("deployment, tag"), "the parameter 'tag' of wrong must stand after a [*] and have a default"),
        (
            DECLARED.format("deployment, *, tag"),
            "the parameter 'tag' of wrong must stand after a [*] and have a default",
        ),
        ("import sys; sys.exit(0)\n", "cannot be imported: SystemExit: 0"),
        (None, "there is no file"),
    ],
)
def test_files_that_are_no_scenarios(tmp_path, text, message):
    file = tmp_path / "wrong.py"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ScenarioFileError, match=message):
        catalogue([file])


def test_a_scenario_without_a_story_is_none(tmp_path):
    file = tmp_path / "silent.py"
    file.write_text(
        "from fakebricks.contracts.scenarios import scenario\n"
        '@scenario(title="Ours", rules={}, source="https://x")\n'
        "def silent(deployment): ...\n"
    )
    with pytest.raises(ScenarioFileError, match="no docstring"):
        read(file)


# In a test


def test_check_raises_with_the_evidence_and_returns_verdicts(deploy_once):
    deployment = deploy_once(model(), scale_to_zero_enabled=True)
    workspace, endpoint = deployment.workspace, deployment.endpoint
    with pytest.raises(ContractBrokenError, match="cold-start/over-sla") as error:
        workspace.check("cold_start", endpoint=endpoint, sla="1s")
    assert isinstance(error.value, AssertionError)
    assert "dataframe_records" in str(error.value)
    assert error.value.verdict.outcome is Outcome.FAILED
    assert workspace.check("cold_start", endpoint=endpoint, sla="1m").outcome is Outcome.PASSED
    assert workspace.check("input_example_serves", endpoint=endpoint).outcome is Outcome.PASSED
    with pytest.raises(LookupError, match="no scenario 'cold_stat'"):
        workspace.check("cold_stat", endpoint=endpoint)
    with pytest.raises(LookupError, match="'nope'"):
        workspace.check("cold_start", endpoint="nope")
    with pytest.raises(ParameterError, match="has no parameter 'slo'"):
        workspace.check("cold_start", endpoint=endpoint, slo="1s")
