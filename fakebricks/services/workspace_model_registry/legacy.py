"""What the call log says of every use of the workspace model registry, which Databricks calls legacy (documented)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, Unpack

from fakebricks.wire.operations import Call, Options, Routes

F = TypeVar("F", bound=Callable[..., Any])

NOTE = (
    "The workspace model registry is legacy. Use models in Unity Catalog instead: "
    "mlflow.set_registry_uri('databricks-uc') and a name of three levels."
)


class LegacyRoutes(Routes):
    """Operations that leave a note in the call log."""

    def route(self, method: str, *paths: str, **options: Unpack[Options]) -> Callable[[F], F]:
        """Declare an operation; see `Routes.route`."""
        declare = super().route(method, *paths, **options)

        def declare_noted(function: F) -> F:
            @wraps(function)
            def noted(service: Any, call: Call, *body: Any) -> Any:
                call.notes.append(NOTE)
                return function(service, call, *body)

            declare(noted)
            return function

        return declare_noted
