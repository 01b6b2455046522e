"""The build log and the service log of a served entity.

Simulated: no container image is built here, and the build log says so. The service log has what really happened when
the model was loaded, with the traceback where it failed. Inferred: how the lines look.
"""

from __future__ import annotations

from datetime import UTC, datetime

from fakebricks.services.model_serving import progress
from fakebricks.services.model_serving.progress import Step
from fakebricks.services.model_serving.records import Endpoint, ServedEntity, Update


def build(endpoint: Endpoint, update: Update, entity: ServedEntity, now: float) -> str:
    """The build log."""
    head = [
        f"{entity.entity_name} version {entity.entity_version}, for '{entity.name}' of '{endpoint.name}'",
        "fakebricks builds no container image: the model is loaded with the libraries that are installed here.",
    ]
    return "\n".join(head + [_line(step) for step in _steps(update, entity, progress.CONTAINER, now)])


def server(update: Update, entity: ServedEntity, now: float) -> str:
    """The service log; empty before the model server starts."""
    position = update.config.served_entities.index(entity)
    if update.failures:
        *_, last = _steps(update, entity, progress.SERVICE, now)
        return f"{_line(last)}\n{update.failures[position].log}"
    if not update.config.deployed_at:
        return ""
    loaded = f"Loaded {entity.entity_name} version {entity.entity_version}."
    return _line(Step(update.config.deployed_at, progress.SERVICE, loaded))


def _steps(update: Update, entity: ServedEntity, kind: str, now: float) -> list[Step]:
    return [step for step in progress.steps(update, now) if step.entity == entity and step.type == kind]


def _line(step: Step) -> str:
    at = datetime.fromtimestamp(step.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"[{at} +0000] {step.message}"
