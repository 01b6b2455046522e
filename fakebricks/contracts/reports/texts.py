"""Texts of findings, as reports can show them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from fakebricks.contracts.findings import Evidence, Finding, Verdict

_HIDDEN = re.compile(r"[^\t\n\x20-\x7e\xa0-\u2027\u202f-\u2065\u2070-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no report can hold or no reader can see: control characters, half of a pair, and turns of writing direction."""


def visible(text: str) -> str:
    r"""The text with what cannot be shown made visible.

    >>> visible("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    text = text.replace("\r\n", "\n")
    return _HIDDEN.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), text)


def counted(verdicts: Iterable[Verdict]) -> str:
    """How many there are of which outcome, in words."""
    outcomes = Counter(one.outcome.value for one in verdicts)
    return ", ".join(f"{number} {outcome}" for outcome, number in sorted(outcomes.items())) or "nothing was checked"


def told(finding: Finding) -> str:
    """Everything about a finding but its evidence, in lines."""
    severity = f"waived {finding.severity}" if finding.waiver else str(finding.severity)
    lines = [f"{severity} {finding.rule}: {finding.message}"]
    lines += _lines(("at", finding.place), ("waived", finding.waiver), ("fix", finding.fix), ("source", finding.source))
    return visible("\n".join(lines))


def shown(evidence: Evidence) -> str:
    """A piece of evidence, in lines."""
    lines = [evidence.title]
    lines += _lines(("request", evidence.request), ("answer", evidence.answer), ("expected", evidence.expected))
    return visible("\n".join(lines))


def _lines(*parts: tuple[str, object]) -> Iterator[str]:
    for name, value in parts:
        if value:
            yield f"  {name}: " + str(value).replace("\n", "\n    ")
