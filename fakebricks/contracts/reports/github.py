"""GitHub's annotations: lines on standard output that a workflow shows beside the lines of the team's own files.

Real: the form and its escapes (documented: "Workflow commands for GitHub Actions"; the escapes are those of GitHub's
own toolkit, `packages/core/src/command.ts`).
"""

from __future__ import annotations

from collections.abc import Sequence

from fakebricks.contracts.findings import Finding, Severity, Verdict
from fakebricks.contracts.reports.texts import visible

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def to_github(verdicts: Sequence[Verdict]) -> str:
    """One line for each finding; those that are waived are notices."""
    return "".join(f"{_annotation(finding)}\n" for verdict in verdicts for finding in verdict.findings)


def _annotation(finding: Finding) -> str:
    command = "notice" if finding.waiver else _COMMANDS[finding.severity]
    properties = {"title": finding.rule}
    if finding.place is not None:
        properties = {"file": finding.place.file, **properties}
        if finding.place.line is not None:
            properties = {"line": str(finding.place.line), **properties}
    message = finding.message
    message += f"\nfix: {finding.fix}" if finding.fix else ""
    message += f"\nwaived: {finding.waiver}" if finding.waiver else ""
    listed = ",".join(f"{name}={_property(value)}" for name, value in sorted(properties.items()))
    return f"::{command} {listed}::{_data(message)}"


def _data(text: str) -> str:
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
