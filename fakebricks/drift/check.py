"""The drift check: a model's files, what it was logged with, and what it would be loaded with, in one report.

Real: everything is read from the model's files and judged by rules; nothing is executed, unpickled, built or fetched.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fakebricks.databricks_runtimes.manifests import all_runtimes
from fakebricks.drift.contents import Contents
from fakebricks.drift.findings import Finding
from fakebricks.drift.packages import library
from fakebricks.drift.reading import read_contents
from fakebricks.drift.reports import DriftReport
from fakebricks.drift.requirements import requirement_findings
from fakebricks.drift.targets import Onto, Target, by_library, target
from fakebricks.drift.training_code import missing_code, project_modules
from fakebricks.drift.verdicts import LibraryVerdict, judge
from fakebricks.environments.flavors import NOTED
from fakebricks.environments.logged import LoggedEnvironment, logged_environment
from fakebricks.environments.model_files import UnusableModelError, place

_FILES_OF_FLAVORS = ("pickled_model", "python_model", "model_path", "data", "model_data")


class CheckedModel:
    """A model whose files have been read, to be checked against any number of environments.

    Args:
        directory: the model's.
        name: what reports call it; its directory by default.

    Raises:
        UnusableModelError: there is no model in the directory, or a file of it cannot be understood.
    """

    def __init__(self, directory: Path, name: str | None = None) -> None:
        self._name = name or str(directory)
        self._logged = logged_environment(directory)
        self._contents = _contents(directory, self._logged)
        self._libraries = self._contents.libraries - project_modules(self._logged, self._contents)
        self._findings = tuple(_findings(self._logged, self._contents, self._libraries))
        self._trained = by_library({**self._contents.told, **self._logged.trained})
        self._trained_python = self._logged.trained_python or self._logged.python

    def onto(self, onto: Onto | None) -> DriftReport:
        """What becomes of the model there; of None, with its own requirements.

        Raises:
            ValueError: there is no such runtime, or a version is none.
        """
        chosen = target(onto, self._logged)
        python = self._trained_python
        return DriftReport(
            model=self._name,
            onto=chosen.name,
            trained={**self._trained, **({"python": python} if python else {})},
            libraries=tuple(self._judged(chosen)),
            findings=self._findings,
            own_requirements=chosen.own,
        )

    def row(self) -> tuple[DriftReport, ...]:
        """With its own requirements, and on all the runtimes and serverless environments that are known."""
        return tuple(self.onto(one) for one in (None, *all_runtimes()))

    def _judged(self, chosen: Target) -> Iterator[LibraryVerdict]:
        """The verdicts on what the model was trained with or needs; a runtime holds much that it never had."""
        trained_python = self._trained_python or chosen.python
        if trained_python is None:
            raise UnusableModelError("No file of the model tells the version of Python that it was trained with.")
        needed = {*self._trained, *map(library, self._libraries), "python"}
        for one in judge(
            self._contents,
            self._trained,
            chosen.libraries,
            trained_python=trained_python,
            onto_python=chosen.python or trained_python,
            complete=chosen.complete,
        ):
            if one.library in needed:
                yield one


def check(model: Path | str, onto: Onto | None = None, *, name: str | None = None) -> DriftReport:
    """What becomes of a model that is loaded with other libraries than it was trained with.

    >>> check("gone", "16.4 LTS ML")
    Traceback (most recent call last):
    fakebricks.environments.model_files.UnusableModelError: gone is not a directory.

    Args:
        model: its directory, with the file `MLmodel` in it.
        onto: a runtime, such as `16.4 LTS ML`, whose libraries win, as where a job or a notebook loads the model; or
            versions by library, and of `python`, which go before the model's own; or None for the environment that the
            model's own requirements make, as in Model Serving.
        name: what the report calls the model; its directory by default.

    Raises:
        UnusableModelError: there is no model in the directory, or a file of it cannot be understood.
        ValueError: there is no such runtime, or a version is none.
    """
    return CheckedModel(Path(model), name).onto(onto)


def _contents(directory: Path, logged: LoggedEnvironment) -> Contents:
    """The contents of the model's files, which must be there and whole where `MLmodel` names them."""
    told = [flavor.get(key) for flavor in logged.flavors.values() for key in _FILES_OF_FLAVORS]
    named = [one for one in told if isinstance(one, str) and one]
    for one in named:
        if place(directory, one) is None:
            raise UnusableModelError(f"MLmodel names {one[:200]}, which is not in the model.")
    contents = read_contents(directory)
    for unreadable in contents.unreadable:
        if any(unreadable.path == one or unreadable.path.startswith(f"{one}/") for one in named):
            raise UnusableModelError(f"{unreadable.path} cannot be read: {unreadable.reason}")
    return contents


def _findings(logged: LoggedEnvironment, contents: Contents, libraries: frozenset[str]) -> Iterator[Finding]:
    yield from missing_code(logged, contents)
    yield from requirement_findings(logged, contents)
    for one in contents.unreadable:
        message = f"{one.path} looks like a part of the model and cannot be read: {one.reason}"
        yield Finding("unreadable file", one.path, "risky", message, everywhere=True)
    yield from _untraced_flavors(logged, libraries)


def _untraced_flavors(logged: LoggedEnvironment, libraries: frozenset[str]) -> Iterator[Finding]:
    """Flavors whose library no file of the model has anything of, although objects of others were read."""
    for flavor in logged.flavors:
        noted = NOTED.get(flavor)
        if noted and libraries and library(noted.library) not in set(map(library, libraries)):
            held = ", ".join(sorted(libraries))
            message = f"MLmodel tells flavor {flavor}; its files hold nothing of {noted.library}, but {held}."
            yield Finding("flavor without a trace", flavor, "risky", message, everywhere=True)
