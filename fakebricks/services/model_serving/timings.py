"""How long things take in Model Serving, in simulated seconds: the documented durations, or those that a test sets.

Simulated. Where a duration has two bounds, each occasion draws its own between them, evenly, under the workspace's
seed: the same endpoint, version and occasion take equally long in every run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

Seconds: TypeAlias = float | tuple[float, float]
"""A number, or the two bounds between which one is drawn."""

_DRAWN = frozenset({"deployment", "cold_start", "model"})
_MAY_BE_NOTHING = frozenset({"deployment", "cold_start", "model", "scale_up"})

_TIMES_LONGER = {
    "GPU_SMALL": 2,
    "GPU_MEDIUM": 2,
    "MULTIGPU_MEDIUM": 4,
    "GPU_LARGE": 4,
    "GPU_XLARGE": 4,
    "GPU_XLARGE_8": 4,
}
"""Documented: 30 minutes for CPUs, 60 for small and medium GPUs, 120 for large ones. Inferred: which are large."""


@dataclass(frozen=True, slots=True)
class Timings:
    """The durations of one workspace.

    >>> Timings.of({"deployment": 420, "cold_start": (10, 20)})
    Timings(deployment=(420, 420), deployment_timeout=1800.0, cold_start=(10, 20), idle=1800.0, ...)
    >>> Timings.of({"cold_strat": 5})
    Traceback (most recent call last):
    ValueError: serving has no duration 'cold_strat'; there are cold_start, deployment, ...

    Attributes:
        deployment: from a create, update or start until the models are loaded. Documented: about ten minutes, with an
            image build that may be cached; inferred: not under five.
        deployment_timeout: after which a deployment is aborted. Documented: 30 minutes; small and medium GPUs get
            twice, large ones four times as long.
        cold_start: from a request to an entity that is scaled to zero until it is warm. Documented: usually 10 to 20
            seconds, possibly longer.
        idle: without requests, until an entity scales to zero. Documented: 30 minutes.
        request_timeout: after which a query is answered with 504. Documented: 297 seconds, in newer editions 597; the
            lower number stands here.
        model: how long the model takes for a request, at least; None for as long as it takes here.
        scale_up: from more load than is provisioned until more is provisioned. Inferred: documented is only that it
            happens.
        scale_down: between two looks at whether less would do. Documented: five minutes.
    """

    deployment: tuple[float, float] = (300.0, 600.0)
    deployment_timeout: float = 1800.0
    cold_start: tuple[float, float] = (10.0, 30.0)
    idle: float = 1800.0
    request_timeout: float = 297.0
    model: tuple[float, float] | None = None
    scale_up: float = 60.0
    scale_down: float = 300.0

    @classmethod
    def of(cls, chosen: Mapping[str, Seconds] | None) -> Timings:
        """The documented durations, but for those that are chosen.

        Raises:
            ValueError: a name is not that of a duration, or a value is no duration.
            TypeError: it is no mapping.
        """
        if chosen is not None and not hasattr(chosen, "keys"):
            message = f"serving={chosen!r} is no mapping; say serving={{'deployment': 60}}"
            raise TypeError(message)
        known = {field.name for field in fields(cls)}
        unknown = (chosen or {}).keys() - known
        if unknown:
            message = f"serving has no duration {min(unknown)!r}; there are {', '.join(sorted(known))}"
            raise ValueError(message)
        durations: dict[str, Any] = {name: _checked(name, value) for name, value in (chosen or {}).items()}
        return cls(**durations)

    def deployment_timeout_of(self, workload_type: str) -> float:
        """After how many seconds the deployment of an entity of that kind is aborted."""
        return self.deployment_timeout * _TIMES_LONGER.get(workload_type, 1)


def drawn(bounds: tuple[float, float], chance: float) -> float:
    """The number of seconds between two bounds that a chance in [0, 1) stands for."""
    low, high = bounds
    return low + chance * (high - low)


def _checked(name: str, value: Seconds) -> Seconds:
    bounds = value if isinstance(value, tuple) else (value, value)
    if isinstance(value, tuple) and name not in _DRAWN:
        message = (
            f"serving[{name!r}]={value!r}: it is one number of seconds; only {', '.join(sorted(_DRAWN))} are drawn"
        )
        raise ValueError(message)
    if (
        len(bounds) != len(("low", "high"))
        or not all(_is_duration(name, one) for one in bounds)
        or bounds[0] > bounds[1]
    ):
        message = f"serving[{name!r}]={value!r} is neither a number of seconds nor a lower and an upper bound"
        raise ValueError(message)
    return bounds if name in _DRAWN else value


def _is_duration(name: str, seconds: object) -> bool:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not math.isfinite(seconds):
        return False
    return seconds > 0 or (seconds == 0 and name in _MAY_BE_NOTHING)
