"""Drift reports as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from fakebricks.drift.reports import DriftReport
from fakebricks.drift.rules import Outcome
from fakebricks.drift.verdicts import LibraryVerdict, Verdict

_STYLES: dict[Verdict, str] = {"same": "green", "compatible": "green", "risky": "yellow", "breaking": "bold red"}
_SHOWN: tuple[Verdict, ...] = ("risky", "breaking")
_OUTCOMES: dict[Outcome, str] = {
    "load_error": "does not load",
    "predict_error": "fails on the first request",
    "crash": "ends its process on the first request",
    "silent_change": "predicts something else, and nothing fails",
    "unknown": "not known",
    "float_noise": "predicts the same to 9 digits",
    "warn_only": "loads with a warning",
    "ok": "nothing happens",
}


def print_report(report: DriftReport, console: Console) -> None:
    """One model in one environment, library by library."""
    console.print(Group(*_report(report)), soft_wrap=False)


def print_row(reports: Sequence[DriftReport], console: Console) -> None:
    """One model in several environments, a line for each."""
    console.print(Text(reports[0].model))
    first = Column("what is expected first", no_wrap=True, overflow="ellipsis", ratio=1)
    table = Table("onto", "verdict", first, expand=True)
    for one in reports:
        table.add_row(Text(one.onto), _verdict(one.verdict), Text(_first(one)))
    console.print(table)


def _report(report: DriftReport) -> Iterator[RenderableType]:
    yield Text.assemble(f"{report.model} on {report.onto}: ", _verdict(report.verdict))
    telling = [one for one in report.libraries if one.verdict in _SHOWN]
    if telling:
        expected = Column("what is expected, and why", overflow="fold")
        table = Table("library", "trained", "there", "verdict", expected, show_lines=True)
        for one in telling:
            table.add_row(one.library, one.trained or "?", one.serving or "-", _verdict(one.verdict), _expected(one))
        yield table
    safe = [one.library for one in report.libraries if one.verdict not in _SHOWN]
    if safe:
        yield Text(f"The same, or compatible: {', '.join(safe)}.")
    for finding in report.findings:
        if finding in report.relevant_findings:
            yield Text.assemble(_verdict(finding.verdict), f" {finding.kind}: {finding.message}")
        else:
            yield Text(f"with its own requirements only: {finding.kind}: {finding.message}", style="dim")


def _expected(one: LibraryVerdict) -> Text:
    happens = Text(_OUTCOMES[one.outcome], style="bold")
    known = Text(f"{one.rule}, {one.provenance}{f': {one.source}' if one.source else ''}", style="dim")
    return Text("\n").join((happens, *map(Text, filter(None, (one.message, one.explanation))), known))


def _first(report: DriftReport) -> str:
    """The first line of what is expected, or of the first reason for care."""
    if report.breaks:
        return _line(report.expected)
    return next(map(_line, _reasons(report)), "")


def _reasons(report: DriftReport) -> Iterator[str]:
    risky = [one for one in report.libraries if one.verdict == "risky"]
    yield from (one.message for one in risky if one.message)
    yield from (one.message for one in report.relevant_findings if one.verdict == "risky")
    yield from (one.explanation for one in risky)


def _line(text: str) -> str:
    return text.partition("\n")[0]


def _verdict(verdict: Verdict) -> Text:
    return Text(verdict, style=_STYLES[verdict])
