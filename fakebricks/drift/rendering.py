"""Drift reports as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from fakebricks.drift.reports import DriftReport
from fakebricks.drift.verdicts import Verdict

_STYLES: dict[Verdict, str] = {"same": "green", "compatible": "green", "risky": "yellow", "breaking": "bold red"}
_SHOWN: tuple[Verdict, ...] = ("risky", "breaking")


def print_report(report: DriftReport, console: Console) -> None:
    """One model in one environment, library by library."""
    console.print(Group(*_report(report)), soft_wrap=False)


def print_row(reports: Sequence[DriftReport], console: Console) -> None:
    """One model in several environments, a line for each."""
    table = Table("onto", "verdict", "what is expected first", title=Text(reports[0].model), title_justify="left")
    for one in reports:
        table.add_row(Text(one.onto), _verdict(one.verdict), Text(_first(one)))
    console.print(table)


def print_models(reports: Sequence[DriftReport], console: Console) -> None:
    """Several models in one environment, a line for each."""
    table = Table("model", "verdict", "what is expected first", title=Text(f"onto {reports[0].onto}"))
    for one in reports:
        table.add_row(Text(one.model), _verdict(one.verdict), Text(_first(one)))
    console.print(table)


def _report(report: DriftReport) -> Iterator[RenderableType]:
    yield Text.assemble(f"{report.model} on {report.onto}: ", _verdict(report.verdict))
    telling = [one for one in report.libraries if one.verdict in _SHOWN]
    if telling:
        table = Table("library", "trained", "there", "verdict", "what is expected, and why")
        for one in telling:
            trained, there = one.trained or "?", one.serving or "not there"
            table.add_row(one.library, trained, there, _verdict(one.verdict), _expected(one.message, one.explanation))
        yield table
    safe = [one.library for one in report.libraries if one.verdict not in _SHOWN]
    if safe:
        yield Text(f"The same, or compatible: {', '.join(safe)}.")
    for finding in report.findings:
        if finding in report.relevant_findings:
            yield Text.assemble(_verdict(finding.verdict), f" {finding.kind}: {finding.message}")
        else:
            yield Text(f"(not there: {finding.kind}: {finding.message})", style="dim")


def _expected(message: str, explanation: str) -> Text:
    lines = filter(None, (message, explanation))
    return Text("\n".join(lines))


def _first(report: DriftReport) -> str:
    """The first line of what is expected, or of the first reason for care."""
    if report.breaks:
        return report.expected.partition("\n")[0]
    reasons = _reasons(report)
    return next(reasons, "") if report.verdict == "risky" else ""


def _reasons(report: DriftReport) -> Iterator[str]:
    yield from _texts((one.message or one.explanation) for one in report.libraries if one.verdict == "risky")
    yield from _texts(one.message for one in report.relevant_findings if one.verdict == "risky")


def _texts(texts: Iterable[str]) -> Iterator[str]:
    return (text.partition("\n")[0] for text in texts)


def _verdict(verdict: Verdict) -> Text:
    return Text(verdict, style=_STYLES[verdict])
