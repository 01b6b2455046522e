"""The rate limits of MLflow tracking and of the workspace model registry, per workspace.

Documented, and changed between editions of the page "Resource limits": an older one has 7 for the management of
experiments, 7 for the search of runs, 47 for batches and 127 for everything else; a newer one 7 for search, 50 for the
creation of traces and 120 for most else. Where they differ, the lower number stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

EXPERIMENTS = "experiments"
SEARCH_RUNS = "search_runs"
LOG_BATCH = "log_batch"
CREATE_TRACES = "create_traces"
MLFLOW = "mlflow"

DOCUMENTED: Mapping[str, float] = MappingProxyType(
    {EXPERIMENTS: 7.0, SEARCH_RUNS: 7.0, LOG_BATCH: 47.0, CREATE_TRACES: 50.0, MLFLOW: 120.0}
)
"""Calls per second by group of operations."""


def rate_limits(chosen: str | Mapping[str, float] | None) -> dict[str, float]:
    """The limits that an option chooses: none, all that are documented, or some groups with numbers of one's own.

    Raises:
        ValueError: there is no such choice or group.
    """
    if chosen is None:
        return {}
    if chosen == "documented":
        return dict(DOCUMENTED)
    if not isinstance(chosen, Mapping):
        message = f"rate_limits={chosen!r} is not a choice; there are None, 'documented' and a number per group"
        raise ValueError(message)  # noqa: TRY004 - it is an option that is no choice
    unknown = chosen.keys() - DOCUMENTED.keys()
    if unknown:
        message = f"there is no group of rate limits called {min(unknown)!r}; there are {', '.join(DOCUMENTED)}"
        raise ValueError(message)
    return dict(chosen)
