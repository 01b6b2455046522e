"""The life of an endpoint as a function of time.

Simulated: how long deployments and cold starts take, and when an idle entity scales to zero (`timings.py` has the
durations); nothing runs in the background, all is computed when it is read. Inferred: the states while an endpoint is
stopped, where only `suspend` is observed, and that one whose start failed is stopped again. Never reached:
`UPDATE_CANCELED`, because no documented request cancels an update. Everything here is a pure function of records and
a time.
"""

from __future__ import annotations

from msgspec.structs import replace

from fakebricks.services.model_serving.records import Activity, Config, Endpoint, Failure, Route, ServedEntity, Update

_SLOTS = 100
_STRIDE = 61  # has no factor in common with 100, and visits the hundred slots far from in order


def in_progress(endpoint: Endpoint) -> bool:
    """Whether an update has neither arrived nor failed yet."""
    return endpoint.pending is not None and not endpoint.pending.failures


def due(endpoint: Endpoint, now: float) -> Update | None:
    """The update whose deployment has ended by `now` and has not been settled."""
    update = endpoint.pending
    return update if update and not update.failures and now >= update.ends_at else None


def awaits(endpoint: Endpoint) -> float | None:
    """When the endpoint's state will change, if it is in transition."""
    return endpoint.pending.ends_at if endpoint.pending and in_progress(endpoint) else None


def ready(endpoint: Endpoint) -> str:
    """`state.ready`."""
    return "READY" if endpoint.config and not endpoint.suspended else "NOT_READY"


def suspend(endpoint: Endpoint) -> str:
    """`state.suspend`, which is in real replies and not in the SDK (observed)."""
    return "STOPPED" if endpoint.suspended and not in_progress(endpoint) else "NOT_SUSPENDED"


def config_update(endpoint: Endpoint) -> str:
    """`state.config_update`."""
    if endpoint.pending is None:
        return "NOT_UPDATING"
    return "UPDATE_FAILED" if endpoint.pending.failures else "IN_PROGRESS"


def arrived(endpoint: Endpoint, update: Update, models: tuple[str, ...]) -> Endpoint:
    """The endpoint once `update` is deployed, with its served entities' loaded models."""
    entities = zip(update.config.served_entities, models, strict=True)
    config = replace(
        update.config,
        served_entities=tuple(replace(entity, model=model) for entity, model in entities),
        deployed_at=update.ends_at,
    )
    return replace(endpoint, config=config, pending=None, suspended=False)


def failed(endpoint: Endpoint, update: Update, failures: tuple[Failure, ...]) -> Endpoint:
    """The endpoint once `update` has failed; what it served before it still serves."""
    return replace(endpoint, pending=replace(update, failures=failures))


def ended(endpoint: Endpoint, update: Update) -> Update:
    """An update as it ended, where `endpoint` is what came of it."""
    if endpoint.pending:
        return endpoint.pending
    return replace(update, config=endpoint.config) if endpoint.config else update


def scaled_to_zero(entity: ServedEntity, config: Config, activity: Activity | None, now: float, idle: float) -> bool:
    """Whether a deployed entity has been idle for so long, `idle` seconds, that it sleeps."""
    last_used = activity.last_used if activity else config.deployed_at
    return entity.scale_to_zero_enabled and now - last_used >= idle


def used(activity: Activity | None, now: float) -> Activity:
    """The entity's activity after a request at `now` that finds it awake, or waking up."""
    if activity is None:
        return Activity(last_used=now, warm_at=now, requests=1)
    last_used = max(now, activity.warm_at, activity.last_used)
    return replace(activity, last_used=last_used, requests=activity.requests + 1)


def woken(activity: Activity | None, now: float, seconds: float) -> Activity:
    """The entity's activity after a request at `now` that finds it asleep."""
    before = activity or Activity(last_used=now, warm_at=now)
    return Activity(
        last_used=now + seconds,
        warm_at=now + seconds,
        cold_starts=before.cold_starts + 1,
        requests=before.requests + 1,
    )


def waiting(activity: Activity, now: float) -> float:
    """How many seconds a request at `now` waits for the entity to be warm."""
    return max(0.0, activity.warm_at - now)


def chosen(routes: tuple[Route, ...], request: int, chance: float) -> str:
    """The served entity that the request of that number goes to.

    Each hundred requests in a row are shared out exactly by percentage, in an order that is spread evenly and depends
    on `chance`, which is in [0, 1).
    """
    slot = (request * _STRIDE + int(chance * _SLOTS)) % _SLOTS
    for route in routes:
        if slot < route.traffic_percentage:
            return route.served_entity_name
        slot -= route.traffic_percentage
    raise AssertionError(routes)
