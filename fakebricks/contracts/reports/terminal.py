"""The report in a terminal: a table of the verdicts, then what was found, with evidence where it breaks something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fakebricks.contracts.findings import Finding, Outcome, Severity, Verdict
from fakebricks.contracts.reports.texts import counted, shown, told, visible
from fakebricks.contracts.weighing import breaks, broken

if TYPE_CHECKING:
    from rich.console import Console

_OUTCOMES = {Outcome.PASSED: "green", Outcome.FAILED: "bold red", Outcome.NOT_APPLICABLE: "dim"}
_SEVERITIES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_LONGEST = 2_000


def print_verdicts(verdicts: Sequence[Verdict], console: Console) -> None:
    """Print the verdicts; nothing in them is taken for markup."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("scenario", no_wrap=True)
    table.add_column("of", overflow="fold")
    table.add_column("outcome", no_wrap=True)
    table.add_column("in short", overflow="fold")
    table.add_column("simulated", justify="right", no_wrap=True)
    for one in verdicts:
        table.add_row(
            Text(visible(one.name)),
            Text(visible(one.subject)),
            Text(one.outcome.value, _OUTCOMES[one.outcome]),
            Text(visible(one.summary)),
            _duration(one.simulated_seconds),
        )
    if verdicts:
        console.print(table)
    for one in verdicts:
        for finding in one.findings:
            _print(finding, console)
    state = "the contract is broken" if broken(verdicts) else "the contract is kept"
    console.print(Text(f"\n{counted(verdicts)}: {state}", "bold red" if broken(verdicts) else "bold green"))


def _print(finding: Finding, console: Console) -> None:
    from rich.padding import Padding
    from rich.text import Text

    console.print()
    first, _, rest = told(finding).partition("\n")
    console.print(Text(first, "dim" if finding.waiver else _SEVERITIES[finding.severity]))
    if rest:
        console.print(Text(rest))
    for evidence in finding.evidence if breaks(finding) else ():
        console.print(Padding(Text(_cut(shown(evidence)), "dim"), (0, 0, 0, 2)))


def _cut(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]} ... ({len(text) - _LONGEST} more characters; the other reports have them all)"


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds else ""
