"""How much concurrency a served entity has provisioned: a function of its size, of time, and of the load it had.

Real: the bounds of each size (documented). Simulated: scaling between them. A request that finds more in flight than
is provisioned makes the entity grow, `scale_up` seconds later, to the next multiple of four that holds the load, and
waits until then, or until an earlier one is done. Every `scale_down` seconds after the deployment (documented: the
platform looks every five minutes) it shrinks to what the busiest moment since the last look needs. Down to zero is
another matter: see `lifecycle.scaled_to_zero`. Inferred: the delay of growing, how far, and that requests wait for it;
the platform says no more than that it adds concurrency up to the upper bound. What scaling follows are the loads that
arriving requests found.

Everything here is a pure function of records and a time.
"""

from __future__ import annotations

import math

from msgspec.structs import replace

from fakebricks.services.model_serving.records import Config, Scale, ServedEntity
from fakebricks.services.model_serving.timings import Timings

STEP = 4

_SIZES = {"Small": (4, 4), "Medium": (8, 16), "Large": (16, 64)}


def bounds(entity: ServedEntity) -> tuple[int, int]:
    """The least and the most concurrency of an entity that is warm."""
    low, high = entity.min_provisioned_concurrency, entity.max_provisioned_concurrency
    if low is None or high is None:
        return _SIZES[entity.workload_size or "Small"]
    return max(STEP, low), high


def at_first(entity: ServedEntity, config: Config, now: float, timings: Timings) -> Scale:
    """What is provisioned once the entity is deployed, or has come back from zero."""
    least, _ = bounds(entity)
    return Scale(provisioned=least, window=_window(config, now, timings))


def evolved(scale: Scale, entity: ServedEntity, config: Config, now: float, timings: Timings) -> Scale:
    """What has become of it by `now`, without another request."""
    if scale.growing and now >= scale.grows_at:
        scale = replace(scale, provisioned=scale.grows_to, grows_to=0)
    window = _window(config, now, timings)
    if window <= scale.window:
        return scale
    needed = _steps(scale.peak) if window == scale.window + 1 else 0
    least, _ = bounds(entity)
    return replace(scale, provisioned=max(least, min(scale.provisioned, needed)), window=window, peak=0)


def loaded(scale: Scale, entity: ServedEntity, load: int, now: float, timings: Timings) -> Scale:
    """What has become of it after a request at `now`, with which there are `load`."""
    _, most = bounds(entity)
    scale = replace(scale, peak=max(scale.peak, load))
    if load <= scale.provisioned:
        return scale
    wanted = min(most, _steps(load))
    if scale.growing:
        return replace(scale, grows_to=max(scale.grows_to, wanted))
    return replace(scale, grows_to=wanted, grows_at=now + timings.scale_up)


def _window(config: Config, now: float, timings: Timings) -> int:
    """The number of the stretch between two looks that `now` is in."""
    return int(max(0.0, now - config.deployed_at) // timings.scale_down)


def _steps(load: int) -> int:
    return math.ceil(load / STEP) * STEP
