"""Reports: what each form says, that any text survives in it, and that its readers can read it."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from fakebricks.contracts.findings import Evidence, Finding, Outcome, Place, Series, Severity, Verdict
from fakebricks.contracts.reports import print_verdicts, to_github, to_html, to_json, to_junit
from fakebricks.contracts.reports.plots import plot
from fakebricks.contracts.reports.texts import visible

SLOW = Finding(
    "cold-start/over-sla",
    "The first request took 20 s.\nThe SLA is 1 s.",
    fix="Turn scale_to_zero_enabled off.",
    source="https://docs.databricks.com/serving",
    evidence=(Evidence("first request", "POST /invocations", '{"predictions": [1]}', "an answer within 1 s"),),
    place=Place("resources/serving.yml", 12),
)
WAIVED = Finding("policy/alias-not-version", "loads version 3", waiver="a migration, until May")
HINT = Finding("signature/no-output", "says nothing of its output", Severity.WARNING)
LATENCY = Series("latency", "s", ((0.0, 20.0), (60.0, 0.1)), limit=1.0)
VERDICTS = (
    Verdict("cold_start", "fraud", Outcome.FAILED, "20 s instead of 1 s", (SLOW,), seconds=0.5, simulated_seconds=900),
    Verdict("input_example", "fraud", Outcome.PASSED, "served", (HINT,), (Evidence("latency", series=(LATENCY,)),)),
    Verdict("traffic_split", "fraud", Outcome.NOT_APPLICABLE, "one served model only"),
    Verdict("policies", "workspace", Outcome.PASSED, "1 waived", (WAIVED,)),
)


def printed(verdicts) -> str:
    console = Console(file=io.StringIO(), width=200)
    print_verdicts(verdicts, console)
    return console.file.getvalue()


class Page(HTMLParser):
    """A page's text, its elements, and what it refers to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.within: dict[str, str] = {}
        """What has an id, and which element it is directly in."""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.within |= {value: self.open[-1] for name, value in attrs if name == "id"}
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_a_terminal_has_a_table_and_what_breaks_with_its_evidence():
    told = printed(VERDICTS)

    assert re.search(r"cold_start +fraud +failed +20 s instead of 1 s +900.0 s", told)
    assert "error cold-start/over-sla: The first request took 20 s." in told
    assert "at: resources/serving.yml:12" in told
    assert "expected: an answer within 1 s" in told
    assert "waived error policy/alias-not-version" in told
    assert told.rstrip().endswith("1 failed, 1 not applicable, 2 passed: the contract is broken")


def test_a_narrow_terminal_breaks_no_names():
    console = Console(file=io.StringIO(), width=80)
    print_verdicts([Verdict("failed_update_keeps_serving", "fraud", Outcome.NOT_APPLICABLE, "a" * 60)], console)
    assert "failed_update_keeps_serving" in console.file.getvalue()
    assert "not applicable" in console.file.getvalue()


def test_json_has_its_documented_shape():
    told = json.loads(to_json(VERDICTS))

    assert (told["schema"], told["broken"]) == (1, True)
    assert told["outcomes"] == {"passed": 2, "failed": 1, "not applicable": 1}
    assert told["findings"] == {"error": 1, "warning": 1, "note": 0, "waived": 1}
    first = told["verdicts"][0]
    assert first.keys() == {
        "name", "subject", "outcome", "summary", "seconds", "simulated_seconds", "findings", "evidence",
    }  # fmt: skip
    assert first["findings"][0] == {
        "rule": "cold-start/over-sla",
        "severity": "error",
        "breaks": True,
        "message": SLOW.message,
        "fix": SLOW.fix,
        "source": SLOW.source,
        "place": {"file": "resources/serving.yml", "line": 12},
        "waiver": None,
        "evidence": [
            {
                "title": "first request",
                "request": "POST /invocations",
                "answer": '{"predictions": [1]}',
                "expected": "an answer within 1 s",
                "series": [],
            }
        ],
    }
    assert told["verdicts"][1]["evidence"][0]["series"] == [
        {"title": "latency", "unit": "s", "points": [[0.0, 20.0], [60.0, 0.1]], "limit": 1.0}
    ]


def test_junit_has_a_case_for_each_verdict():
    root = ET.fromstring(to_junit(VERDICTS))
    suite = root.find("testsuite")

    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "4", "failures": "1", "errors": "0", "skipped": "1",
    }  # fmt: skip
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    failed = cases["cold_start[fraud]"]
    assert (failed.get("file"), failed.get("line")) == ("resources/serving.yml", "12")
    failure = failed.find("failure")
    assert (failure.get("type"), failure.get("message")) == ("cold-start/over-sla", "20 s instead of 1 s")
    assert "fix: Turn scale_to_zero_enabled off." in failure.text
    assert cases["traffic_split[fraud]"].find("skipped").get("message") == "one served model only"
    assert cases["policies[workspace]"].find("failure") is None
    assert "a migration, until May" in cases["policies[workspace]"].find("system-out").text


JUNIT = {
    "testsuites": {"name", "time", "tests", "failures", "disabled", "errors"},
    "testsuite": {"name", "time", "tests", "failures", "disabled", "errors", "skipped", "timestamp", "hostname"},
    "testcase": {"name", "time", "classname", "file", "line", "status", "assertions"},
    "failure": {"type", "message"},
    "skipped": {"type", "message"},
    "system-out": set(),
}
"""What Jenkins' junit-10.xsd has of it."""


def test_junit_says_nothing_that_its_schema_does_not_have():
    for element in ET.fromstring(to_junit(VERDICTS)).iter():
        assert set(element.attrib) <= JUNIT[element.tag]


def test_github_shows_findings_at_their_lines(tmp_path):
    first, second, third = to_github(VERDICTS, tmp_path).splitlines()

    assert first == (
        "::error file=resources/serving.yml,line=12,title=cold-start/over-sla::The first request took 20 s.%0A"
        "The SLA is 1 s.%0Afix: Turn scale_to_zero_enabled off."
    )
    assert second == "::warning title=signature/no-output::says nothing of its output"
    assert third.startswith("::notice title=policy/alias-not-version::")


def test_github_escapes_what_ends_a_property_or_a_line(tmp_path):
    finding = Finding("rule", "50%\r\nis\rhalf", place=Place("C:\\models,v1/a.yml"))
    (line,) = to_github([Verdict("s", "m", Outcome.FAILED, "", (finding,))], tmp_path).splitlines()

    assert line == "::error file=C%3A\\models%2Cv1/a.yml,title=rule::50%25%0Ais\\rhalf"


def test_github_looks_for_files_from_the_root_of_the_repository(tmp_path):
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    (directory := tmp_path / "repository" / "ml").mkdir()
    (verdict, *_) = VERDICTS
    elsewhere = Verdict("s", "m", Outcome.FAILED, "", (Finding("rule", "a", place=Place("/elsewhere/a.yml")),))
    above = Verdict("s", "m", Outcome.FAILED, "", (Finding("rule", "a", place=Place("../common/a.yml")),))
    whole = Verdict("s", "m", Outcome.FAILED, "", (Finding("rule", "a", place=Place(str(directory / "a.yml"))),))

    files = re.findall("file=([^,]+)", to_github([verdict, elsewhere, above, whole], directory))
    assert files == ["ml/resources/serving.yml", "/elsewhere/a.yml", "common/a.yml", "ml/a.yml"]


def test_a_page_has_everything_and_needs_nothing():
    source = to_html(VERDICTS)
    page = Page(source)

    assert page.open == []
    for text in ("cold-start/over-sla", SLOW.message, "POST /invocations", "a migration, until May", "is broken"):
        assert text in page.text
    assert page.tags.count("svg") == 1
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert all(value.startswith("#") for name, value in page.attributes if name in ("href", "src"))
    assert "@import" not in source
    assert "url(" not in source


def test_a_page_shows_evidence_once():
    (verdict, *_) = VERDICTS
    page = Page(to_html([replace(verdict, evidence=(*SLOW.evidence, Evidence("another one")))]))
    assert (page.text.count("POST /invocations"), page.text.count("another one")) == (1, 1)


def test_the_matrix_leads_to_the_verdicts():
    page = Page(to_html(VERDICTS))
    links = [value for name, value in page.attributes if name == "href"]

    assert links == [f"#verdict-{number}" for number in range(4)]
    assert page.within == dict.fromkeys((link[1:] for link in links), "details")


def test_without_verdicts_every_report_says_so():
    assert "nothing was checked" in printed(())
    assert json.loads(to_json(()))["verdicts"] == []
    assert ET.fromstring(to_junit(())).get("tests") == "0"
    assert "nothing was checked" in Page(to_html(())).text
    assert to_github((), Path.cwd()) == ""


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x>', "[red]not markup[/red]", "]]>", "\x1b[31m"]
)
def test_text_that_looks_like_something_is_text(text):
    finding = Finding("rule", text, fix=text, evidence=(Evidence(text, text, text, text),))
    verdicts = [Verdict("s", "m", Outcome.FAILED, text, (finding,))]

    page = Page(to_html(verdicts))
    assert not {"script", "img"} & set(page.tags)
    assert visible(text) in page.text
    assert visible(text) in ET.fromstring(to_junit(verdicts)).find(".//failure").text
    assert visible(text) in printed(verdicts)


texts = st.text(st.characters(codec=None), max_size=30) | st.sampled_from(
    ["\ud800", "\x00", "\r", "\u2028", "&lt;", "%0A"]
)
numbers = st.floats()
series = st.builds(
    Series, texts, texts, st.lists(st.tuples(numbers, numbers), max_size=4).map(tuple), st.none() | numbers
)
evidence = st.builds(Evidence, texts, texts, texts, texts, st.lists(series, max_size=2).map(tuple))
places = st.none() | st.builds(Place, texts, st.none() | st.integers(1, 99))
findings = st.builds(
    Finding, texts, texts, st.sampled_from(Severity), texts, texts,
    st.lists(evidence, max_size=1).map(tuple), places, st.none() | texts,
)  # fmt: skip
verdicts = st.builds(
    Verdict, texts, texts, st.sampled_from(Outcome), texts, st.lists(findings, max_size=2).map(tuple),
    st.lists(evidence, max_size=1).map(tuple), st.floats(0, 9), st.floats(0, 9),
)  # fmt: skip


@settings(max_examples=60)
@given(st.lists(verdicts, max_size=3))
def test_any_text_is_in_every_report_and_breaks_none(verdicts):
    told = json.loads(to_json(verdicts))
    assert [one["name"] for one in told["verdicts"]] == [one.name for one in verdicts]
    cases = list(ET.fromstring(to_junit(verdicts).encode()).iter("testcase"))
    assert len(cases) == len(verdicts)
    page = Page(to_html(verdicts))
    assert page.open == []
    assert all(visible(finding.message) in page.text for one in verdicts for finding in one.findings)
    annotations = to_github(verdicts, Path.cwd())
    assert len(annotations.splitlines()) == sum(len(one.findings) for one in verdicts)
    annotations.encode()
    printed(verdicts).encode()


@given(series)
def test_a_plot_is_well_formed_and_within_its_frame(one):
    drawn = ET.fromstring(plot(one))
    for line in drawn.iter("polyline"):
        for point in line.get("points").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= 640
            assert 0 <= y <= 200


def test_what_is_over_the_limit_is_marked():
    drawn = ET.fromstring(plot(LATENCY))

    assert [one.get("class") for one in drawn.iter("circle")] == ["over", "mark"]
    assert [one.text for one in drawn.iter("text") if one.get("class") == "limit"] == ["limit 1 s"]
