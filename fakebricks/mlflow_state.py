"""What MLflow keeps for the whole process: begun afresh for a workspace, and put back after it.

Real: the tracking and registry addresses set in code, the active experiment, runs left open in any thread, and MLflow's
caches of stores, clients and artifact repositories, of 2.22 up to 3.17. What was logged asynchronously arrives before
the workspace goes. A run that was open before is open again afterwards; one that the workspace's user left open is
forgotten with the workspace.
Real as ever: autologging switched on, and the tracing configuration, which are choices of the test's own.

MLflow has no public way to do this: the names below are its own, and those that a version does not have are passed
over. It is never imported from here. Where code under test imports it meanwhile, it is left as if newly imported.
"""

from __future__ import annotations

import sys
from operator import attrgetter
from types import TracebackType
from typing import Any, Self

_STORES = "mlflow.tracking._tracking_service.utils"
_REGISTRIES = "mlflow.tracking._model_registry.utils"
_FLUENT = "mlflow.tracking.fluent"

_TRACKING_STORES = "_tracking_store_registry._get_store_with_resolved_uri"

_VALUES = ((_STORES, "_tracking_uri"), (_REGISTRIES, "_registry_uri"), (_FLUENT, "_active_experiment_id"))

_MAPPINGS = ((_STORES, "_artifact_repos_cache"), (_FLUENT, "run_id_to_system_metrics_monitor"))

_THREAD_LOCALS = (
    (_FLUENT, "_active_run_stack"),
    (_FLUENT, "_last_active_run_id"),
    (_FLUENT, "_last_logged_model_id"),
    (_FLUENT, "_ACTIVE_MODEL_CONTEXT"),
)

_CACHES = (
    (_STORES, _TRACKING_STORES),
    (_REGISTRIES, "_model_registry_store_registry._get_store_with_resolved_uri"),
    ("mlflow.utils.rest_utils", "get_workspace_client"),
    ("mlflow.store.tracking.rest_store", "RestStore._get_server_version"),
    ("mlflow.store.artifact.s3_artifact_repo", "_cached_get_s3_client"),
)


class MlflowState:
    """While entered, MLflow's process-wide state is that of a program that has just begun."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], Any] = {}

    def __enter__(self) -> Self:
        for place in _VALUES:
            if _exists(*place):
                self._values[place] = getattr(sys.modules[place[0]], place[1])
        for place in (*_MAPPINGS, *_THREAD_LOCALS):
            if _exists(*place):
                self._values[place] = _contents(*place)
        _begin_afresh()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _finish_logging()
        _begin_afresh()
        for (module, name), value in self._values.items():
            if (module, name) in _VALUES:
                setattr(sys.modules[module], name, value)
            elif (module, name) in _MAPPINGS:
                _found(module, name).update(value)
            else:
                vars(_found(module, name)).update(value)


def _finish_logging() -> None:
    """Let what was logged asynchronously arrive, and its threads end: later, no workspace would answer them."""
    if not (_exists(_STORES, _TRACKING_STORES) and _exists(_FLUENT, "_shut_down_async_logging")):
        return
    if _found(_STORES, _TRACKING_STORES).cache_info().currsize:
        _found(_FLUENT, "_shut_down_async_logging")()


def _begin_afresh() -> None:
    for module, name in _VALUES:
        if _exists(module, name):
            setattr(sys.modules[module], name, None)
    for module, name in _MAPPINGS:
        if _exists(module, name):
            _found(module, name).clear()
    for module, name in _THREAD_LOCALS:
        if _exists(module, name):
            # In place, because other modules of MLflow hold the variable by name.
            variable = _found(module, name)
            variable.__init__(variable.default_factory, variable.reset_in_subprocess)
    for module, name in _CACHES:
        if _exists(module, name):
            _found(module, name).cache_clear()


def _contents(module: str, name: str) -> dict[Any, Any]:
    """A copy of a mapping, or of a thread-local variable's own state for all threads."""
    held = _found(module, name)
    return dict(held if (module, name) in _MAPPINGS else vars(held))


def _exists(module: str, name: str) -> bool:
    first, _, rest = name.partition(".")
    value = vars(sys.modules[module]).get(first, _NOTHING) if module in sys.modules else _NOTHING
    return value is not _NOTHING and (not rest or hasattr(value, rest))


def _found(module: str, name: str) -> Any:
    return attrgetter(name)(sys.modules[module])


_NOTHING = object()
