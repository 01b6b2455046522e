"""How much findings matter to a team: severities that it sets itself, and waivers with a reason.

    [tool.fakebricks.severity]
    "policy/alias-not-version" = "warning"
    [tool.fakebricks.waive]
    "policy/throwaway-runs-deleted" = "the experiment is removed every night"
    "cold-start/over-sla" = { reason = "the old callers wait", until = 2027-03-31 }

A key is a rule's id, or a shell pattern of ids; of several that fit, the longest is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from fakebricks.contracts.findings import Finding, Outcome, Severity, Verdict

T = TypeVar("T")


@dataclass(frozen=True)
class Waiver:
    """Why something is let through, and the last day on which it is."""

    reason: str
    until: date | None = None

    @property
    def ended(self) -> bool:
        """Whether that day is over, on the calendar in UTC."""
        return self.until is not None and self.until < datetime.now(UTC).date()

    def of(self, finding: Finding) -> Finding:
        """The finding, waived; or with a word on why it is not any more."""
        if not self.ended:
            return replace(finding, waiver=self.reason)
        told = f"{finding.message} It was waived until {self.until}: {self.reason}"
        return replace(finding, message=told)


def breaks(finding: Finding) -> bool:
    """Whether a finding breaks the contract: an error that nobody has waived."""
    return finding.severity is Severity.ERROR and finding.waiver is None


def broken(verdicts: Iterable[Verdict]) -> bool:
    """Whether the contract is broken by any of the verdicts."""
    return any(one.outcome is Outcome.FAILED for one in verdicts)


def outcome_of(findings: Iterable[Finding]) -> Outcome:
    """How something ended that has these findings."""
    return Outcome.FAILED if any(map(breaks, findings)) else Outcome.PASSED


@dataclass(frozen=True)
class Weights:
    """What a team has said of rules.

    >>> weights = Weights.of({"severity": {"policy/*": "warning"}, "waive": {"cold-start/slow": "a batch model"}})
    >>> weights.weighed(Finding("policy/alias-not-version", "loads version 3")).severity
    <Severity.WARNING: 'warning'>
    >>> weights.weighed(Finding("cold-start/slow", "takes 20 s")).waiver
    'a batch model'
    """

    severities: Mapping[str, Severity] = field(default_factory=dict)
    waivers: Mapping[str, Waiver] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Weights:
        """The weights of a mapping with `severity` and `waive`.

        Raises:
            ValueError: there is something else in it, a severity is none, or a waiver has no reason.
        """
        for name in settings:
            if name not in ("severity", "waive"):
                message = f"{name!r} is no setting; there are 'severity' and 'waive'"
                raise ValueError(message)
        severities = {rule: _severity(rule, told) for rule, told in _table(settings, "severity").items()}
        waivers = {rule: _waiver(rule, told) for rule, told in _table(settings, "waive").items()}
        return cls(severities, waivers)

    def weighed(self, finding: Finding) -> Finding:
        """The finding with the severity and the waiver that its rule has."""
        severity = _longest(self.severities, finding.rule)
        waiver = _longest(self.waivers, finding.rule)
        weighed = replace(finding, severity=severity or finding.severity)
        return weighed if waiver is None else waiver.of(weighed)

    def judged(self, verdict: Verdict) -> Verdict:
        """The verdict with its findings weighed; one that failed for nothing that is left has passed."""
        if not verdict.findings:
            return verdict
        findings = tuple(map(self.weighed, verdict.findings))
        if verdict.outcome is Outcome.NOT_APPLICABLE and not any(map(breaks, findings)):
            return replace(verdict, findings=findings)
        outcome = outcome_of(findings)
        through = outcome is Outcome.PASSED and verdict.outcome is Outcome.FAILED
        summary = f"let through: {verdict.summary}" if through else verdict.summary
        return replace(verdict, findings=findings, outcome=outcome, summary=summary)


def _table(settings: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = settings.get(name, {})
    if not isinstance(table, Mapping):
        message = f"{name!r} is a table of rules, not {table!r}"
        raise ValueError(message)  # noqa: TRY004 - it is a setting's value that is wrong
    return table


def _severity(rule: str, told: Any) -> Severity:
    try:
        return Severity(told)
    except ValueError:
        message = f"the severity of {rule!r} is {told!r}; there are {', '.join(Severity)}"
        raise ValueError(message) from None


def _waiver(rule: str, told: Any) -> Waiver:
    parts = told if isinstance(told, Mapping) else {"reason": told}
    if unknown := parts.keys() - {"reason", "until"}:
        message = f"the waiver of {rule!r} has no {', '.join(sorted(unknown))}; there are 'reason' and 'until'"
        raise ValueError(message)
    reason, until = parts.get("reason"), parts.get("until")
    if not isinstance(reason, str) or not reason.strip():
        message = f"the waiver of {rule!r} needs a reason"
        raise ValueError(message)
    if until is not None and type(until) is not date:
        message = f"the waiver of {rule!r} is until a day such as 2027-03-31, without quotes, not {until!r}"
        raise ValueError(message)
    return Waiver(reason.strip(), until)


def _longest(told: Mapping[str, T], rule: str) -> T | None:
    fitting = [pattern for pattern in told if fnmatchcase(rule, pattern)]
    return told[max(fitting, key=len)] if fitting else None
