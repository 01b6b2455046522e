"""What is wrong with a model's requirements, told before an environment is built from them.

Real: read from the model's files. The text for an environment without MLflow is the platform's (observed).
Inferred: how bad each of it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from fakebricks.drift.contents import Contents
from fakebricks.drift.findings import Finding
from fakebricks.drift.packages import brought_by, distribution_of, library
from fakebricks.drift.rules import is_version
from fakebricks.drift.training_code import needed_modules
from fakebricks.drift.verdicts import Verdict
from fakebricks.environments.flavors import libraries_of_flavors
from fakebricks.environments.logged import LoggedEnvironment, normalised, pinned_version

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_MLFLOW = "mlflow"
_ABORTED = "Container image creation aborted - unsupported model"  # observed
_LEFT_OUT: Mapping[str, Verdict] = {
    "index": "compatible",
    "conda": "risky",
    "outside": "risky",
    "not understood": "breaking",
}


def requirement_findings(logged: LoggedEnvironment, contents: Contents) -> Iterator[Finding]:
    """All that is wrong with the requirements of a model."""
    needed = _needed(logged, contents)
    yield from _without_mlflow(logged)
    yield from _missing(logged, needed)
    yield from _unpinned(logged, needed)
    yield from _contradicting(logged)
    yield from _other_python(logged)
    yield from _disagreeing(logged)
    yield from _left_out(logged)


def _needed(logged: LoggedEnvironment, contents: Contents) -> dict[str, str]:
    """The libraries that it takes to load the model, each with what asks for it."""
    needed = {name: f"flavor {flavor}" for name, flavor in libraries_of_flavors(logged.flavors).items()}
    for module, names in needed_modules(logged, contents).items():
        distribution = distribution_of(module)
        if distribution is not None:
            needed.setdefault(distribution, names[0])
    return needed


def _asked(requirements: Iterable[Requirement]) -> set[str]:
    return {library(normalised(one)) for one in requirements}


def _without_mlflow(logged: LoggedEnvironment) -> Iterator[Finding]:
    conda = logged.conda
    file = conda.name if conda else "requirements.txt"
    asked = (*conda.pip.requirements, *conda.packages) if conda else logged.requirements
    if _MLFLOW not in _asked(asked):
        message = f"{_ABORTED}: Environment file {file} does not specify mlflow as a dependency."
        yield Finding("no mlflow", _MLFLOW, "breaking", message)


def _missing(logged: LoggedEnvironment, needed: dict[str, str]) -> Iterator[Finding]:
    listed = _asked(logged.requirements)
    brought, unknown = brought_by(normalised(one) for one in logged.requirements)
    for name, asked_by in needed.items():
        if library(name) in listed | {_MLFLOW}:
            continue
        if name in brought:
            yield Finding(
                "unpinned requirement",
                name,
                "risky",
                f"The model needs {name} ({asked_by}), which is no requirement of its own: another one brings it, in "
                "whatever version is the newest on the day of the build.",
            )
            continue
        perhaps = f" Perhaps {' or '.join(sorted(unknown)[:3])} brings it." if unknown else ""
        yield Finding(
            "missing requirement",
            name,
            "risky" if unknown else "breaking",
            f"The model needs {name} ({asked_by}), and its requirements do not name it: loading it ends with "
            f"ModuleNotFoundError.{perhaps}",
        )


def _unpinned(logged: LoggedEnvironment, needed: dict[str, str]) -> Iterator[Finding]:
    libraries = {library(name) for name in needed} | {_MLFLOW}
    constrained = {normalised(one) for one in logged.constraints if pinned_version(one)}
    for requirement in logged.requirements:
        name = normalised(requirement)
        if requirement.url or pinned_version(requirement) or name in constrained:
            continue
        trained = logged.trained.get(name)
        told = f"; it was trained with {trained}" if trained else ""
        yield Finding(
            "unpinned requirement",
            name,
            "risky" if library(name) in libraries else "compatible",
            f"'{requirement}' leaves the version open: the environment gets the newest one that fits on the day of the "
            f"build{told}.",
        )


def _contradicting(logged: LoggedEnvironment) -> Iterator[Finding]:
    """What contradicts itself; and what contradicts the training, of which the rest may tell the version."""
    exclusive = _excluding_each_other(logged)
    for name, (pinned, other) in exclusive.items():
        message = f"'{pinned}' and '{other}' exclude each other: no environment can be built."
        yield Finding("contradicting requirement", name, "breaking", message)
    trained = {library(name): version for name, version in logged.trained.items()}
    for requirement in (*logged.requirements, *logged.constraints):
        name = normalised(requirement)
        version = trained.get(library(name))
        if version is None or name in exclusive or _allows(requirement, version):
            continue
        yield Finding(
            "contradicting requirement",
            name,
            "risky",
            f"'{requirement}' excludes the version that the model was trained with, {version}.",
        )


def _excluding_each_other(logged: LoggedEnvironment) -> dict[str, tuple[Requirement, Requirement]]:
    """By package, a requirement that pins it, and another one that excludes that version everywhere."""
    lines = [one for one in (*logged.requirements, *logged.constraints) if one.marker is None]
    return {
        normalised(one): (one, other)
        for one in lines
        if (version := pinned_version(one))
        for other in lines
        if normalised(other) == normalised(one) and not _allows(other, version)
    }


def _allows(requirement: Requirement, version: str) -> bool:
    if not is_version(version):  # which nothing but `===` allows, and older releases of packaging do not compare
        return all((one.operator, one.version) == ("===", version) for one in requirement.specifier)
    return requirement.specifier.contains(version, prereleases=True)


def _other_python(logged: LoggedEnvironment) -> Iterator[Finding]:
    asked, trained = logged.python, logged.trained_python
    if asked and trained and _minor(asked) != _minor(trained):
        message = f"The environment files ask for Python {asked}; the model was trained with {trained}."
        yield Finding("other Python", "python", "risky", message)


def _disagreeing(logged: LoggedEnvironment) -> Iterator[Finding]:
    if logged.conda is None or logged.from_conda:
        return
    pip = {normalised(one): one for one in logged.requirements}
    conda = {normalised(one): one for one in (*logged.conda.pip.requirements, *logged.conda.packages)}
    for name in sorted(pip.keys() | conda.keys()):
        in_pip, in_conda = pip.get(name), conda.get(name)
        if in_pip is not None and in_conda is not None and in_pip.specifier == in_conda.specifier:
            continue
        yield Finding(
            "conda and pip disagree",
            name,
            "risky",
            f"requirements.txt says {_said(in_pip)}, {logged.conda.name} says {_said(in_conda)}; which of them counts "
            "depends on who builds the environment.",
        )


def _left_out(logged: LoggedEnvironment) -> Iterator[Finding]:
    for one in logged.left_out:
        yield Finding("line left out", one.line, _LEFT_OUT[one.kind], f"{one}.")


def _said(requirement: Requirement | None) -> str:
    return f"'{requirement}'" if requirement is not None else "nothing"


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])
