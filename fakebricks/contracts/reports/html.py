"""The report as a page: the matrix of verdicts, each finding with its evidence, and plots.

One file without scripts, and without anything that a browser would have to fetch; it forbids itself both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files

from fakebricks.contracts.findings import Evidence, Finding, Outcome, Verdict
from fakebricks.contracts.reports.plots import plot
from fakebricks.contracts.reports.texts import counted, visible
from fakebricks.contracts.weighing import broken

_OUTCOMES = {Outcome.PASSED: "passed", Outcome.FAILED: "failed", Outcome.NOT_APPLICABLE: "not-applicable"}


def to_html(verdicts: Sequence[Verdict], title: str = "fakebricks check") -> str:
    """The verdicts as a page of its own."""
    state = "broken" if broken(verdicts) else "kept"
    style = files(__package__).joinpath("report.css").read_text()
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}</title><style>{style}</style></head><body>"
        f'<header><h1>{_text(title)}</h1><p class="state {state}">The contract is {state}.</p>'
        f"<p>{_text(counted(verdicts))}</p></header><main>"
        f"{_matrix(verdicts)}{''.join(_section(number, one) for number, one in enumerate(verdicts))}"
        "</main></body></html>\n"
    )


def _matrix(verdicts: Sequence[Verdict]) -> str:
    """Scenarios in rows, what they were run against in columns."""
    subjects = list(dict.fromkeys(one.subject for one in verdicts))
    names = list(dict.fromkeys(one.name for one in verdicts))
    cells: dict[tuple[str, str], list[str]] = {}
    for number, one in enumerate(verdicts):
        kind = _OUTCOMES[one.outcome]
        link = f'<a class="{kind}" href="#verdict-{number}" title="{_text(one.summary)}">{one.outcome.value}</a>'
        cells.setdefault((one.name, one.subject), []).append(link)
    head = "".join(f'<th scope="col">{_text(subject)}</th>' for subject in subjects)
    rows = (
        f'<tr><th scope="row">{_text(name)}</th>'
        + "".join(f"<td>{' '.join(cells.get((name, subject), []))}</td>" for subject in subjects)
        + "</tr>"
        for name in names
    )
    return (
        f'<div class="wide"><table class="matrix"><thead><tr><th></th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _section(number: int, verdict: Verdict) -> str:
    times = f"{verdict.seconds:.2f} s, {verdict.simulated_seconds:.1f} s simulated"
    kind = _OUTCOMES[verdict.outcome]
    opened = " open" if verdict.findings else ""
    shown = [one for finding in verdict.findings for one in finding.evidence]
    more = [one for one in verdict.evidence if one not in shown]
    return (
        f'<details class="verdict"{opened}><summary><span class="{kind}">{verdict.outcome.value}'
        f"</span> <b>{_text(verdict.name)}</b> {_text(verdict.subject)}: {_text(verdict.summary)} "
        f"<small>{times}</small></summary>"
        f'<div class="told" id="verdict-{number}">'  # inside, so that a browser opens it for who follows a link
        f"{''.join(map(_finding, verdict.findings))}{''.join(map(_evidence, more))}</div></details>"
    )


def _finding(finding: Finding) -> str:
    kind = "waived" if finding.waiver else finding.severity.value
    said = "".join(
        f"<dt>{name}</dt><dd>{_text(str(value))}</dd>"
        for name, value in (
            ("at", finding.place),
            ("waived", finding.waiver),
            ("fix", finding.fix),
            ("source", finding.source),
        )
        if value
    )
    return (
        f'<article class="finding {kind}"><h3><span class="severity">{kind}</span> <code>{_text(finding.rule)}</code>'
        f'</h3><p class="text">{_text(finding.message)}</p><dl>{said}</dl>{"".join(map(_evidence, finding.evidence))}'
        "</article>"
    )


def _evidence(evidence: Evidence) -> str:
    parts = "".join(_part(name, text) for name, text in _parts(evidence) if text)
    plots = "".join(map(plot, evidence.series))
    return f'<section class="evidence"><h4>{_text(evidence.title)}</h4>{parts}{plots}</section>'


def _parts(evidence: Evidence) -> Iterator[tuple[str, str]]:
    yield "request", evidence.request
    yield "answer", evidence.answer
    yield "expected", evidence.expected


def _part(name: str, text: str) -> str:
    # A browser drops the first line's end in <pre>.
    return f'<div class="{name}"><h5>{name}</h5><pre>\n{_text(text)}</pre></div>'


def _text(text: str) -> str:
    return escape(visible(text))
