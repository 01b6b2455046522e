"""What a check of a model says: one report per environment that the model might be loaded in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, overload

from fakebricks.drift.findings import Finding
from fakebricks.drift.verdicts import LibraryVerdict, Verdict

_ORDER: tuple[Verdict, ...] = ("same", "compatible", "risky", "breaking")


@dataclass(frozen=True)
class DriftReport:
    """What becomes of a model in an environment.

    Attributes:
        model: which model, as it was asked for.
        onto: the environment, by name.
        trained: versions by library that the model was trained with, `python` among them, as far as they are told.
        libraries: the verdicts on the libraries that the model was trained with or needs, what happens first at first.
        findings: what is wrong with how the model was logged.
        own_requirements: whether the environment is made from the model's requirements.
    """

    model: str
    onto: str
    trained: Mapping[str, str]
    libraries: tuple[LibraryVerdict, ...]
    findings: tuple[Finding, ...]
    own_requirements: bool

    @property
    def verdict(self) -> Verdict:
        """The worst of the verdicts on libraries and of the findings that matter in this environment."""
        verdicts = [one.verdict for one in self.libraries] + [one.verdict for one in self.relevant_findings]
        return max(verdicts, key=_ORDER.index, default="same")

    @property
    def breaks(self) -> bool:
        """Whether the model does not load, fails, or predicts something else."""
        return self.verdict == "breaking"

    @property
    def expected(self) -> str:
        """The error that is expected, or what changes silently; "" where the model does not break."""
        if not self.breaks:
            return ""
        for one in self.libraries:
            if one.verdict == "breaking":
                return one.message or one.explanation
        return next(one.message for one in self.relevant_findings if one.verdict == "breaking")

    @property
    def relevant_findings(self) -> tuple[Finding, ...]:
        """The findings that matter in this environment."""
        return tuple(one for one in self.findings if one.everywhere or self.own_requirements)

    def to_json(self) -> dict[str, Any]:
        """The report as JSON; fields are added to it, never renamed."""
        return {
            "model": self.model,
            "onto": self.onto,
            "verdict": self.verdict,
            "expected": self.expected,
            "own_requirements": self.own_requirements,
            "trained": dict(self.trained),
            "libraries": [_library(one) for one in self.libraries],
            "findings": [{**asdict(one), "relevant": one in self.relevant_findings} for one in self.findings],
        }

    def __str__(self) -> str:
        told = f": {self.expected}" if self.breaks else ""
        return f"{self.model} on {self.onto} is {self.verdict}{told}"


@dataclass(frozen=True)
class DriftReports(Sequence[DriftReport]):
    """What becomes of several models in an environment: the reports, as a sequence.

    Attributes:
        onto: the environment, by name.
        reports: of the models that can be judged.
        unusable: the reasons why others cannot be, by model.
    """

    onto: str
    reports: tuple[DriftReport, ...]
    unusable: Mapping[str, str]

    @property
    def breaking(self) -> tuple[DriftReport, ...]:
        """Those of the models that do not load, fail, or predict something else."""
        return tuple(one for one in self.reports if one.breaks)

    @overload
    def __getitem__(self, index: int) -> DriftReport: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[DriftReport, ...]: ...
    def __getitem__(self, index: int | slice) -> DriftReport | tuple[DriftReport, ...]:
        return self.reports[index]

    def __len__(self) -> int:
        return len(self.reports)

    def to_json(self) -> dict[str, Any]:
        """All of them as JSON; fields are added to it, never renamed."""
        return {
            "onto": self.onto,
            "reports": [one.to_json() for one in self.reports],
            "unusable": dict(self.unusable),
        }

    def __str__(self) -> str:
        """How many models break, and a line for each, the worst first."""
        count = len(self.reports) + len(self.unusable)
        if not count:
            return "no models"
        worst_first = sorted(self.reports, key=lambda one: -_ORDER.index(one.verdict))
        told = [f"On {self.onto}, {len(self.breaking)} of {count} model versions break."]
        told += [f"{model} cannot be checked: {why}" for model, why in self.unusable.items()]
        told += [str(one).partition("\n")[0] for one in worst_first]
        return "\n".join(told)


def _library(one: LibraryVerdict) -> dict[str, Any]:
    told = asdict(one)
    return {
        "library": told.pop("library"),
        "trained": told.pop("trained"),
        "onto": told.pop("serving"),
        **told,
        "affected": list(one.affected),
    }
