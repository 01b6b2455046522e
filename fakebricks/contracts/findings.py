"""What a check finds, with the evidence: the shapes that scenarios and policies answer, and that reports show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters: only errors break a contract."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Outcome(StrEnum):
    """How a scenario ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Place:
    """Where in the team's own files something is said."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Series:
    """Numbers over time, to be plotted.

    Attributes:
        title: what they are.
        unit: what one is measured in, such as `s`.
        points: seconds since the beginning, simulated, with a number each.
        limit: the number that they should stay below, where there is one.
    """

    title: str
    unit: str
    points: tuple[tuple[float, float], ...]
    limit: float | None = None


@dataclass(frozen=True)
class Evidence:
    """Something that happened: what was asked, what came back, and what should have."""

    title: str
    request: str = ""
    answer: str = ""
    expected: str = ""
    series: tuple[Series, ...] = ()


@dataclass(frozen=True)
class Finding:
    """Something that breaks a contract, or might.

    Attributes:
        rule: its stable id, such as `signature-mismatch/missing-column` or `policy/alias-not-version`.
        message: what is wrong, in one or two sentences, with the names that it concerns.
        fix: what to do about it.
        source: where the platform's behaviour is documented or was observed.
        waiver: why it was waived; a waived finding breaks nothing.
    """

    rule: str
    message: str
    severity: Severity = Severity.ERROR
    fix: str = ""
    source: str = ""
    evidence: tuple[Evidence, ...] = ()
    place: Place | None = None
    waiver: str | None = None


@dataclass(frozen=True)
class Verdict:
    """What a scenario, or a policy, has come to.

    Attributes:
        name: of the scenario, as its file is called, or `policies`.
        subject: what it was run against, such as an endpoint or a model.
        summary: one line; where it is not applicable, why.
        evidence: what a reader may want to see even where all is well.
        seconds: real ones that it took.
        simulated_seconds: those that passed on the workspace's clock.
    """

    name: str
    subject: str
    outcome: Outcome
    summary: str
    findings: tuple[Finding, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    seconds: float = 0.0
    simulated_seconds: float = 0.0
