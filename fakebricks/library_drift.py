"""Library drift of a workspace's registered models, and of those that code under test loads.

Real: the files of the versions are read and judged as by `fakebricks.drift.check`; nothing is built or run. Which
versions are loaded is told by the calls that read their files, by whichever route and from either registry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from fakebricks.registered_versions import Place, RegisteredVersion, RegisteredVersions, place_read
from fakebricks.services.files.files import Files
from fakebricks.services.model_registry.model_registry import ModelRegistry
from fakebricks.services.workspace_model_registry.workspace_model_registry import WorkspaceModelRegistry
from fakebricks.wire.calls import CallRecord, Calls
from fakebricks.wire.errors import NotImplementedByFakebricks
from fakebricks.wiring import Services

if TYPE_CHECKING:
    from fakebricks.drift.reports import DriftReports
    from fakebricks.drift.targets import Onto


class LibraryDriftError(AssertionError):
    """Code under test loads a model that breaks on the runtime that the code is to run on."""


class LibraryDrift:
    """Checks the registered models of one workspace."""

    def __init__(self, versions: RegisteredVersions, calls: Calls) -> None:
        self._versions = versions
        self._calls = calls

    def check(self, onto: Onto | None, model: str | None) -> DriftReports:
        """What becomes of one model, or of all that are in use.

        Raises:
            ValueError: there is no such runtime, a version is none, or the model is no reference to one.
            DatabricksError: there is no such model or version.
            NotImplementedByFakebricks: the packages that it takes are not installed.
        """
        return self.reports(onto, self._versions.in_use() if model is None else self._versions.named(model))

    def reports(self, onto: Onto | None, versions: Iterable[RegisteredVersion]) -> DriftReports:
        """What becomes of some versions; those that cannot be judged are told with the reason."""
        _require()
        from fakebricks.drift.check import check
        from fakebricks.drift.reports import DriftReport, DriftReports
        from fakebricks.drift.targets import named_onto
        from fakebricks.environments.model_files import UnusableModelError

        name = named_onto(onto)
        reports: list[DriftReport] = []
        unusable: dict[str, str] = {}
        for version in versions:
            try:
                with self._versions.local(version) as directory:
                    reports.append(check(directory, onto, name=version.uri))
            except UnusableModelError as error:
                unusable[version.uri] = str(error)
        return DriftReports(name, tuple(reports), unusable)

    def loads(self, onto: Onto) -> Loads:
        """The models whose files are read from now on.

        Raises:
            ValueError: there is no such runtime, or a version is none.
        """
        self.reports(onto, ())
        return Loads(self, self._versions, self._calls, onto)

    @contextmanager
    def watched(self, onto: Onto, *, strict: bool) -> Iterator[Loads]:
        """The models whose files are read meanwhile; with `strict`, those that break raise on a clean exit."""
        loads = self.loads(onto)
        try:
            yield loads
        finally:
            loads.end()
        if strict:
            loads.raise_breaking()


class Loads:
    """The model versions whose files clients read while it lasts, and what becomes of them on a runtime."""

    def __init__(self, drift: LibraryDrift, versions: RegisteredVersions, calls: Calls, onto: Onto) -> None:
        self._drift = drift
        self._versions = versions
        self._calls = calls
        self._onto = onto
        self._read: dict[Place, None] = {}
        calls.listen(self._note)

    @property
    def reports(self) -> DriftReports:
        """A report for each version that was loaded so far, in the order in which they were."""
        return self._drift.reports(self._onto, self._versions.at(list(self._read)))

    def end(self) -> None:
        """Count no read that is made from now on."""
        self._calls.leave(self._note)

    def raise_breaking(self) -> None:
        """Raise if a model that was loaded breaks on the runtime, or cannot be judged.

        Raises:
            LibraryDriftError: names each, with the error that is to be expected.
        """
        reports = self.reports
        wrong = [str(one) for one in reports.breaking]
        wrong += [f"{model} cannot be checked: {reason}" for model, reason in reports.unusable.items()]
        if wrong:
            raise LibraryDriftError("\n".join(wrong))

    def _note(self, call: CallRecord) -> None:
        place = place_read(call)
        if place is not None:
            self._read[place] = None


def drift_of(services: Services, calls: Calls) -> LibraryDrift:
    """The checks of the models in some services' registries."""
    versions = RegisteredVersions(services[ModelRegistry], services[WorkspaceModelRegistry], services[Files])
    return LibraryDrift(versions, calls)


def _require() -> None:
    if find_spec("yaml") is None or find_spec("packaging") is None:
        message = (
            "fakebricks reads what models were logged with by PyYAML and packaging, which are not installed here. "
            "Install them with: pip install 'fakebricks[drift]'"
        )
        raise NotImplementedByFakebricks(message)
