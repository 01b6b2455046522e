"""Severities and waivers: what is left of a finding, and of a verdict."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from fakebricks.contracts.findings import Finding, Outcome, Severity, Verdict
from fakebricks.contracts.project import SettingsError
from fakebricks.contracts.rules import check_known
from fakebricks.contracts.weighing import Weights, breaks, broken, outcome_of

EARLIER, LATER = date(2001, 1, 1), date(2999, 12, 31)
FINDING = Finding("policy/alias-not-version", "loads version 3")


def test_only_errors_that_nobody_waived_break_something():
    assert breaks(FINDING)
    assert not breaks(Finding("a", "b", Severity.WARNING))
    assert not breaks(Finding("a", "b", waiver="why"))
    assert outcome_of([]) is Outcome.PASSED


@pytest.mark.parametrize(
    ("settings", "outcome"),
    [
        ({}, Outcome.FAILED),
        ({"severity": {"policy/alias-not-version": "note"}}, Outcome.PASSED),
        ({"severity": {"policy/*": "warning", "policy/alias-*": "error"}}, Outcome.FAILED),
        ({"severity": {"cold-start/*": "note"}}, Outcome.FAILED),
        ({"waive": {"policy/*": "a migration"}}, Outcome.PASSED),
        ({"waive": {"policy/*": {"reason": "a migration", "until": LATER}}}, Outcome.PASSED),
        ({"waive": {"policy/*": {"reason": "a migration", "until": EARLIER}}}, Outcome.FAILED),
    ],
)
def test_a_verdict_is_judged_by_what_is_left(settings, outcome):
    verdict = Verdict("policies", "workspace", Outcome.FAILED, "one", (FINDING,))
    judged = Weights.of(settings).judged(verdict)

    assert judged.outcome is outcome
    assert judged.summary == ("one" if outcome is Outcome.FAILED else "let through: one")
    assert broken([judged]) is (outcome is Outcome.FAILED)


def test_what_failed_without_a_finding_has_failed():
    verdict = Verdict("cold_start", "fraud", Outcome.FAILED, "it raised")
    assert Weights().judged(verdict) is verdict


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"waived": {}}, "'waived' is no setting; there are 'severity' and 'waive'"),
        ({"severity": {"a": "fatal"}}, "the severity of 'a' is 'fatal'; there are error, warning, note"),
        ({"severity": ["a"]}, "'severity' is a table of rules"),
        ({"waive": {"a": " "}}, "the waiver of 'a' needs a reason"),
        ({"waive": {"a": True}}, "the waiver of 'a' needs a reason"),
        ({"waive": {"a": {"until": LATER}}}, "the waiver of 'a' needs a reason"),
        ({"waive": {"a": {"reason": "b", "unitl": LATER}}}, "has no unitl; there are 'reason' and 'until'"),
        (
            {"waive": {"a": {"reason": "b", "until": "May"}}},
            "until a day such as 2027-03-31, without quotes, not 'May'",
        ),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Weights.of(settings)


def test_a_waiver_that_has_ended_says_so():
    weights = Weights.of({"waive": {FINDING.rule: {"reason": "a migration", "until": EARLIER}}})
    weighed = weights.weighed(FINDING)
    assert weighed.waiver is None
    assert weighed.message == "loads version 3 It was waived until 2001-01-01: a migration"


@pytest.mark.parametrize("kind", ["severity", "waive"])
@pytest.mark.parametrize(
    ("rule", "instead"),
    [
        ("cold-start/over-slo", "did you mean 'cold-start/over-sla'?"),
        ("alias-not-version", "did you mean 'policy/alias-not-version'?"),
        ("nonsense/*", "docs/scenario-catalogue.md and docs/check.md have them"),
    ],
)
def test_rules_that_nobody_has_cannot_be_weighed(kind, rule, instead):
    weights = Weights.of({kind: {rule: "note"}})
    with pytest.raises(
        SettingsError, match=re.escape(f"p.toml: no rule is {rule!r}, which is weighed or waived; {instead}")
    ):
        check_known(weights, (), Path("p.toml"))


@pytest.mark.parametrize(
    "rule",
    [
        "*",
        "cold-start/*",
        "cold-start/over-sla",
        "policy/runs-*",
        "contract/over-sla",
        "deployment/*",
        "bundle/refused",
    ],
)
def test_rules_that_there_are_can_be_weighed(rule):
    check_known(Weights.of({"waive": {rule: "a test"}}), (), Path("p.toml"))
