"""What a test asks of a workspace's models on other libraries: a part of `Workspace`.

What judges them loads when it is first asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from fakebricks.wire.calls import Calls
from fakebricks.wiring import Services

if TYPE_CHECKING:
    from fakebricks.drift.reports import DriftReports
    from fakebricks.drift.targets import Onto
    from fakebricks.library_drift import LibraryDrift, Loads


class WorkspaceDrift:
    """What a test asks of a workspace's models; never there but in a `Workspace`, which has the attributes."""

    calls: Calls
    strict: bool
    _services: Services

    def drift(self, onto: Onto | None = None, model: str | None = None) -> DriftReports:
        """What becomes of registered models that are loaded with other libraries than they were trained with.

        >>> from fakebricks import Workspace
        >>> Workspace().drift("16.4 LTS ML").breaking
        ()

        Args:
            onto: a runtime, such as `16.4 LTS ML`; or versions by library, which go before a model's own; by
                default the environment that a model's own requirements make.
            model: `main.default.fraud/3` or `main.default.fraud@champion`; by default all models of both registries,
                of each the newest version and those that aliases or stages stand for.

        Raises:
            ValueError: there is no such runtime, a version is none, or the model is not named like one.
            DatabricksError: there is no such model or version.
        """
        return self._library_drift.check(onto, model)

    @contextmanager
    def running_on(self, onto: Onto) -> Iterator[Loads]:
        """Meanwhile, code under test is a job or a notebook on a runtime, and the models that it loads are checked.

        In strict mode, a registered model that breaks there fails the test on a clean exit. The code itself goes on
        running with the libraries that are installed here.

        >>> from fakebricks import fake_workspace
        >>> with fake_workspace() as workspace:
        ...     with workspace.running_on("16.4 LTS ML") as loads:
        ...         pass  # a job that calls mlflow.pyfunc.load_model("models:/main.default.fraud@champion")
        >>> assert not loads.reports

        Raises:
            ValueError: there is no such runtime, or a version is none.
            LibraryDriftError: on a clean exit, in strict mode; it names the models, with the errors to be expected.
        """
        with self._library_drift.watched(onto, strict=self.strict) as loads:
            yield loads

    @cached_property
    def _library_drift(self) -> LibraryDrift:
        from fakebricks.library_drift import drift_of

        return drift_of(self._services, self.calls)
