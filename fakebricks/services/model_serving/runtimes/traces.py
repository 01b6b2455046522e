"""The traces of models that work in this process.

Real: the trace that an agent's own code makes with MLflow goes where this process sends its traces, which is the
workspace where code under test has entered one, and is read back from there. Where the process sends them elsewhere (in
`fakebricks serve`, to a database beside it), none is made, if MLflow can be told so (from 3.10 on, or thereabouts), and
there is none to return.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from fakebricks.wire.errors import NotImplementedByFakebricks

_NO_TRACE = (
    "fakebricks does not return a trace with this answer: MLflow has made none, or sends traces of this process "
    "elsewhere than to the workspace. Leave out databricks_options.return_trace, or query from a process that has "
    "entered the workspace."
)


def kept_here() -> AbstractContextManager[Any]:
    """Meanwhile, traces go to a workspace or nowhere."""
    import mlflow

    context = getattr(mlflow.tracing, "context", None)
    if _sent_to_a_workspace() or not callable(context):
        return nullcontext()
    traced_nowhere: AbstractContextManager[Any] = context(enabled=False)
    return traced_nowhere


@contextmanager
def watched() -> Iterator[Callable[[], Any]]:
    """Meanwhile, what is traced in this thread is noted; afterwards, the function gives the last trace.

    Raises:
        NotImplementedByFakebricks: by the function, where there is none.
    """
    import mlflow

    if not _sent_to_a_workspace():
        raise NotImplementedByFakebricks(_NO_TRACE)
    before = mlflow.get_last_active_trace_id(thread_local=True)

    def trace() -> Any:
        last = mlflow.get_last_active_trace_id(thread_local=True)
        if last is None or last == before:
            raise NotImplementedByFakebricks(_NO_TRACE)
        mlflow.flush_trace_async_logging()
        found = mlflow.get_trace(last)
        if found is None:
            raise NotImplementedByFakebricks(_NO_TRACE)
        return found.to_dict()

    yield trace


def _sent_to_a_workspace() -> bool:
    import mlflow

    return str(mlflow.get_tracking_uri()).startswith("databricks")
