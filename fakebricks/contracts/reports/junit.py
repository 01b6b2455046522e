"""JUnit's XML, as CI servers read it: a test case for each verdict, a failure where the contract is broken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

from fakebricks.contracts.findings import Evidence, Outcome, Verdict
from fakebricks.contracts.reports.texts import shown, told, visible
from fakebricks.contracts.weighing import breaks


def to_junit(verdicts: Sequence[Verdict]) -> str:
    """The verdicts as an XML document."""
    failed = sum(one.outcome is Outcome.FAILED for one in verdicts)
    skipped = sum(one.outcome is Outcome.NOT_APPLICABLE for one in verdicts)
    counts = {
        "tests": str(len(verdicts)),
        "failures": str(failed),
        "errors": "0",
        "skipped": str(skipped),
        "time": _seconds(sum(one.seconds for one in verdicts)),
    }
    # Jenkins takes no file that is not of its schema, junit-10.xsd, whose root does not count what was skipped
    root = ET.Element("testsuites", {name: count for name, count in counts.items() if name != "skipped"})
    suite = ET.SubElement(root, "testsuite", {"name": "fakebricks check", **counts})
    for verdict in verdicts:
        _add(suite, verdict)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _add(suite: ET.Element, verdict: Verdict) -> None:
    name = f"{verdict.name}[{verdict.subject}]" if verdict.subject else verdict.name
    case = ET.SubElement(
        suite,
        "testcase",
        {"classname": "fakebricks.check", "name": visible(name), "time": _seconds(verdict.seconds)},
    )
    for place in [one.place for one in verdict.findings if one.place and breaks(one)][:1]:
        case.set("file", visible(place.file))
        if place.line is not None:
            case.set("line", str(place.line))
    if verdict.outcome is Outcome.NOT_APPLICABLE:
        ET.SubElement(case, "skipped", {"message": visible(verdict.summary)})
    if verdict.outcome is Outcome.FAILED:
        breaking = [one for one in verdict.findings if breaks(one)]
        kinds = ", ".join(dict.fromkeys(one.rule for one in breaking))
        failure = ET.SubElement(case, "failure", {"type": visible(kinds), "message": visible(verdict.summary)})
        failure.text = "\n\n".join(told(one) for one in breaking)
    output = [told(one) for one in verdict.findings if not breaks(one)]
    output += [shown(one) for one in _evidence(verdict)]
    if output:
        ET.SubElement(case, "system-out").text = "\n\n".join(output)


def _evidence(verdict: Verdict) -> Iterator[Evidence]:
    yield from verdict.evidence
    for finding in verdict.findings:
        yield from finding.evidence


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"
