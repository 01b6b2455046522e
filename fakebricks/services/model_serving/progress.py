"""What happens while an update is deployed, step by step.

Simulated: the steps before the models are loaded, and when each is reached; no container image is built here, and the
build log says so. Real: how it ends, which is how loading the models ended. Observed: the message that a served entity
has at first, and those of a deployment that takes too long and of a model that does not load. Documented: the message
and the type of the event of a finished image. Inferred: the other messages and types, and the share of a deployment
that each step takes.

Everything here is a pure function of records and a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from fakebricks.services.model_serving.records import Failure, ServedEntity, Update

ENDPOINT = "ENDPOINT_EVENT"
CONTAINER = "SERVED_ENTITY_CONTAINER_EVENT"
SERVICE = "SERVED_ENTITY_SERVICE_EVENT"


class Step(NamedTuple):
    """Something that happened: to a served entity, or to the endpoint."""

    at: float
    type: str
    message: str
    entity: ServedEntity | None = None


class _Phase(NamedTuple):
    """What a served entity goes through, from a share of the deployment's time on."""

    share: float
    message: str
    event_type: str
    event: str


_PHASES = (
    _Phase(0.0, "Creating resources for served entity.", SERVICE, "Creating resources for served entity."),
    _Phase(0.1, "Container image creation in progress.", CONTAINER, "Container image creation started"),
    _Phase(0.7, "Model server is starting.", CONTAINER, "Container image creation finished successfully"),
)

# Observed.
_TIMED_OUT = (
    "Served model creation aborted because the endpoint update timed out. Please see service logs for more information."
)


def message(update: Update, now: float) -> str:
    """`deployment_state_message` of the entities of an update that is in progress."""
    return [phase.message for phase in _PHASES if _reached(update, phase) <= now or phase.share == 0][-1]


def timed_out(update: Update) -> tuple[Failure, ...]:
    """How the deployment of each entity ended, where the update took too long."""
    log = f"The deployment was aborted after {update.ends_at - update.start_time:.0f} seconds."
    failure = Failure(deployment="DEPLOYMENT_ABORTED", message=_TIMED_OUT, log=log)
    return (failure,) * len(update.config.served_entities)


def steps(update: Update, now: float) -> list[Step]:
    """All that has happened by `now`, in order."""
    version = update.config.config_version
    found = [Step(update.start_time, ENDPOINT, f"Update to config version {version} started.")]
    for phase in _PHASES:
        at = _reached(update, phase)
        if at <= min(now, update.ends_at):
            found += [Step(at, phase.event_type, phase.event, entity) for entity in update.config.served_entities]
    return [*found, *_ending(update)]


def _ending(update: Update) -> Iterator[Step]:
    """The last steps, once it is known how the update ended."""
    at, config = update.ends_at, update.config
    if update.failures:
        for entity, failure in zip(config.served_entities, update.failures, strict=True):
            yield Step(at, SERVICE, failure.message, entity)
        yield Step(at, ENDPOINT, f"Update to config version {config.config_version} failed.")
    elif config.deployed_at:
        for entity in config.served_entities:
            yield Step(at, SERVICE, "Served entity is ready.", entity)
        yield Step(at, ENDPOINT, f"Update to config version {config.config_version} succeeded.")


def _reached(update: Update, phase: _Phase) -> float:
    return update.start_time + phase.share * update.takes
