"""What MLflow keeps for the whole process: begun afresh for a workspace, and put back after it.

Real: the tracking and registry addresses set in code, the active experiment, runs left open in any thread, and MLflow's
caches of stores, clients and artifact repositories, of 2.22 up to 3.17, and the tracer, which sends traces to where it
was made. What was logged asynchronously, metrics and traces, arrives before the workspace goes. A run that was open
before is open again afterwards; one that the workspace's user left open is forgotten with the workspace.
Real as ever: autologging switched on, and tracing's configuration, or that it is disabled, which are choices of the
test's own.

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
_TRACING = "mlflow.tracing.provider"

_TRACKING_STORES = "_tracking_store_registry._get_store_with_resolved_uri"

_VALUES = ((_STORES, "_tracking_uri"), (_REGISTRIES, "_registry_uri"), (_FLUENT, "_active_experiment_id"))

_REPOSITORIES = (_STORES, "_artifact_repos_cache")

_MAPPINGS = (_REPOSITORIES, (_FLUENT, "run_id_to_system_metrics_monitor"))

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


# The tracer's provider, and the flag by which MLflow knows that it is made: of MLflow 3, and of MLflow 2.
_TRACERS = (
    (_TRACING, "provider._isolated_tracer_provider", "provider._isolated_tracer_provider_once._done"),
    (_TRACING, "_MLFLOW_TRACER_PROVIDER", "_MLFLOW_TRACER_PROVIDER_INITIALIZED.done"),
)


class MlflowState:
    """While entered, MLflow's process-wide state is that of a program that has just begun."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], Any] = {}
        self._tracer: Any = None

    def __enter__(self) -> Self:
        for place in _VALUES:
            if _exists(*place):
                self._values[place] = getattr(sys.modules[place[0]], place[1])
        for place in (*_MAPPINGS, *_THREAD_LOCALS):
            if _exists(*place):
                self._values[place] = _contents(*place)
        self._tracer = _tracer()
        _begin_afresh()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _finish_logging()
        _finish_tracing()
        _begin_afresh()
        _set_tracer(self._tracer)
        for (module, name), value in self._values.items():
            if (module, name) in _VALUES:
                setattr(sys.modules[module], name, value)
            elif (module, name) in _MAPPINGS:
                _found(module, name).update(value)
            else:
                vars(_found(module, name)).update(value)


def settle() -> None:
    """Let what was logged asynchronously arrive, as whoever MLflow acts for now; more can be logged afterwards."""
    if _exists(_STORES, _TRACKING_STORES) and _found(_STORES, _TRACKING_STORES).cache_info().currsize:
        _found(_FLUENT, "flush_async_logging")()
    provider = _tracer()
    if provider is None:
        return
    provider.force_flush()
    for processor in attrgetter("_active_span_processor._span_processors")(provider):
        queue = getattr(getattr(processor, "span_exporter", None), "_async_queue", None)
        if queue is not None and queue.is_active():
            queue.flush()


def _finish_logging() -> None:
    """Let what was logged asynchronously arrive, and its threads end: later, no workspace would answer them."""
    for repository in list(_found(*_REPOSITORIES).values()) if _exists(*_REPOSITORIES) else ():
        queue = getattr(repository, "_async_logging_queue", None)
        if queue is not None and queue.is_active():
            attrgetter("_at_exit_callback")(queue)()
    if not (_exists(_STORES, _TRACKING_STORES) and _exists(_FLUENT, "_shut_down_async_logging")):
        return
    if _found(_STORES, _TRACKING_STORES).cache_info().currsize:
        _found(_FLUENT, "_shut_down_async_logging")()


class _Nothing:
    """A task of MLflow's queue of traces that does nothing."""

    def handle(self) -> None:
        pass


def _finish_tracing() -> None:
    """Let traces that are on their way arrive, and the threads that carry them end."""
    provider = _tracer()
    if provider is None:
        return
    provider.force_flush()
    for processor in attrgetter("_active_span_processor._span_processors")(provider):
        queue = getattr(getattr(processor, "span_exporter", None), "_async_queue", None)
        if queue is not None and queue.is_active():
            attrgetter("_stop_event")(queue).set()
            attrgetter("_queue")(queue).put(_Nothing())  # or its thread looks for the end only after a second
            queue.flush(terminate=True)
    provider.shutdown()


def _tracer() -> Any:
    """The provider of MLflow's own tracer, where there is one that sends traces."""
    for module, name, flag in _TRACERS:
        if _exists(module, flag):
            provider = _found(module, name)
            sends = hasattr(provider, "_active_span_processor")
            return provider if sends and _found(module, flag) else None
    return None


def _set_tracer(provider: Any) -> None:
    """Put a tracer's provider back, or let MLflow make one when it needs it; a disabled tracer stays so."""
    for module, name, flag in _TRACERS:
        if _exists(module, flag) and (provider is not None or _tracer() is not None):
            _set(module, name, provider)
            _set(module, flag, provider is not None)


def _begin_afresh() -> None:
    _set_tracer(None)
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
    first, *rest = name.split(".")
    value = vars(sys.modules[module]).get(first, _NOTHING) if module in sys.modules else _NOTHING
    for part in rest:
        value = getattr(value, part, _NOTHING)
    return value is not _NOTHING


def _set(module: str, name: str, value: Any) -> None:
    path, _, last = name.rpartition(".")
    setattr(_found(module, path) if path else sys.modules[module], last, value)


def _found(module: str, name: str) -> Any:
    return attrgetter(name)(sys.modules[module])


_NOTHING = object()
