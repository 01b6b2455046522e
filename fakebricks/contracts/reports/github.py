"""GitHub's annotations: lines on standard output that a workflow shows beside the lines of the team's own files.

Real: the form and its escapes (documented: "Workflow commands for GitHub Actions"; the escapes are those of GitHub's
own toolkit, `packages/core/src/command.ts`). Files are told from the root of the
repository, which is where GitHub looks for them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from fakebricks.contracts.findings import Finding, Severity, Verdict
from fakebricks.contracts.reports.texts import visible

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def to_github(verdicts: Sequence[Verdict], directory: Path) -> str:
    """One line for each finding; those that are waived are notices.

    Args:
        verdicts: whose findings they are.
        directory: where the check was begun, from which files are named that are not absolute.
    """
    return "".join(f"{annotation(finding, directory)}\n" for verdict in verdicts for finding in verdict.findings)


def annotation(finding: Finding, directory: Path) -> str:
    """The line of one finding. See `to_github`."""
    command = "notice" if finding.waiver else _COMMANDS[finding.severity]
    properties = {"title": finding.rule}
    if finding.place is not None:
        properties = {"file": _in_repository(finding.place.file, directory), **properties}
        if finding.place.line is not None:
            properties = {"line": str(finding.place.line), **properties}
    message = finding.message
    message += f"\nfix: {finding.fix}" if finding.fix else ""
    message += f"\nwaived: {finding.waiver}" if finding.waiver else ""
    listed = ",".join(f"{name}={_property(value)}" for name, value in sorted(properties.items()))
    return f"::{command} {listed}::{_data(message)}"


def _in_repository(file: str, directory: Path) -> str:
    """The file from the root of the repository that the directory is in, if it is in that one, too."""
    root = next((one for one in (directory, *directory.parents) if (one / ".git").exists()), None)
    path = Path(os.path.normpath(directory / file))
    return path.relative_to(root).as_posix() if root and path.is_relative_to(root) else file


def _data(text: str) -> str:
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
