"""The report for other programs. Its shape is stable; `schema` counts up where a field changes its meaning or goes."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from fakebricks.contracts.findings import Evidence, Finding, Outcome, Series, Severity, Verdict
from fakebricks.contracts.weighing import breaks, broken

SCHEMA = 1


def to_json(verdicts: Sequence[Verdict]) -> str:
    """The verdicts as JSON: ASCII, in an order that does not vary.

    >>> json.loads(to_json([]))["broken"]
    False
    """
    outcomes = Counter(one.outcome for one in verdicts)
    findings = [finding for one in verdicts for finding in one.findings]
    severities = Counter(one.severity for one in findings if one.waiver is None)
    told = {
        "schema": SCHEMA,
        "broken": broken(verdicts),
        "outcomes": {outcome.value: outcomes[outcome] for outcome in Outcome},
        "findings": {severity.value: severities[severity] for severity in Severity}
        | {"waived": sum(one.waiver is not None for one in findings)},
        "verdicts": [_verdict(one) for one in verdicts],
    }
    return json.dumps(told, indent=2, allow_nan=False) + "\n"


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "name": verdict.name,
        "subject": verdict.subject,
        "outcome": verdict.outcome.value,
        "summary": verdict.summary,
        "seconds": _number(verdict.seconds),
        "simulated_seconds": _number(verdict.simulated_seconds),
        "findings": [_finding(one) for one in verdict.findings],
        "evidence": [_evidence(one) for one in verdict.evidence],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    place = finding.place
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "breaks": breaks(finding),
        "message": finding.message,
        "fix": finding.fix,
        "source": finding.source,
        "place": None if place is None else {"file": place.file, "line": place.line},
        "waiver": finding.waiver,
        "evidence": [_evidence(one) for one in finding.evidence],
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "title": evidence.title,
        "request": evidence.request,
        "answer": evidence.answer,
        "expected": evidence.expected,
        "series": [_series(one) for one in evidence.series],
    }


def _series(series: Series) -> dict[str, Any]:
    return {
        "title": series.title,
        "unit": series.unit,
        "points": [[_number(at), _number(value)] for at, value in series.points],
        "limit": None if series.limit is None else _number(series.limit),
    }


def _number(value: float) -> float | None:
    """JSON has no NaN and no infinity."""
    return value if math.isfinite(value) else None
