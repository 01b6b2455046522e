"""What happens while an update is deployed, step by step.

Simulated: the steps before the models are loaded, and when each is reached; where models are loaded in this process, no
container image is built, and the build log says so. Real: how it ends, which is how building an environment for each
model and loading it ended; an image is said to be finished only once it is known to be. Observed: the message that a
served entity has at first, and those of a deployment that takes too long, of an image that cannot be made, and of a
model that does not load. Documented: the message and the type of the event of a finished image. Inferred: the other
messages and types, and the share of a deployment that each step takes.

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


_FINISHED = _Phase(0.7, "Model server is starting.", CONTAINER, "Container image creation finished successfully")
_PHASES = (
    _Phase(0.0, "Creating resources for served entity.", SERVICE, "Creating resources for served entity."),
    _Phase(0.1, "Container image creation in progress.", CONTAINER, "Container image creation started"),
    _FINISHED,
)

# Observed.
_TIMED_OUT = (
    "Served model creation aborted because the endpoint update timed out. Please see service logs for more information."
)


def message(update: Update, now: float) -> str:
    """`deployment_state_message` of the entities of an update that is in progress."""
    isolated = any(entity.runtime.isolated for entity in update.config.served_entities)
    phases = [phase for phase in _PHASES if not (isolated and phase is _FINISHED)]
    return [phase.message for phase in phases if _reached(update, phase) <= now or phase.share == 0][-1]


def load_failed(error: Exception) -> str:
    """What is said of a model that does not load (the beginning is documented; what follows is its own error)."""
    return f"An error occurred while loading the model. {error}"


def build_failed(error: Exception) -> str:
    """What is said of an environment that cannot be had (the beginning is observed; what follows is the reason)."""
    return f"Container image creation aborted - {error}"


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
            entities = _finished(update) if phase is _FINISHED else update.config.served_entities
            found += [Step(at, phase.event_type, phase.event, entity) for entity in entities]
    return [*found, *_ending(update)]


def _finished(update: Update) -> Iterator[ServedEntity]:
    """The entities that have an image, so far as is known; where none is built, they are said to."""
    failures = update.failures or (None,) * len(update.config.served_entities)
    ended = bool(update.failures or update.config.deployed_at) and not update.timed_out
    for entity, failure in zip(update.config.served_entities, failures, strict=True):
        if not entity.runtime.isolated or (ended and (failure is None or failure.built)):
            yield entity


def _ending(update: Update) -> Iterator[Step]:
    """The last steps, once it is known how the update ended."""
    at, config = update.ends_at, update.config
    if update.failures:
        for entity, failure in zip(config.served_entities, update.failures, strict=True):
            yield Step(at, SERVICE if failure.built else CONTAINER, failure.message, entity)
        yield Step(at, ENDPOINT, f"Update to config version {config.config_version} failed.")
    elif config.deployed_at:
        for entity in config.served_entities:
            yield Step(at, SERVICE, "Served entity is ready.", entity)
        yield Step(at, ENDPOINT, f"Update to config version {config.config_version} succeeded.")


def _reached(update: Update, phase: _Phase) -> float:
    return update.start_time + phase.share * update.takes
