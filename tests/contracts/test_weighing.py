"""Severities and waivers: what is left of a finding, and of a verdict."""

from __future__ import annotations

import re

import pytest

from fakebricks.contracts.findings import Finding, Outcome, Severity, Verdict
from fakebricks.contracts.weighing import Weights, breaks, broken, outcome_of

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
    ],
)
def test_a_verdict_is_judged_by_what_is_left(settings, outcome):
    verdict = Verdict("policies", "workspace", Outcome.FAILED, "one", (FINDING,))
    judged = Weights.of(settings).judged(verdict)

    assert judged.outcome is outcome
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
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Weights.of(settings)
