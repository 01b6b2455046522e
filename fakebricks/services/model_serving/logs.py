"""The build log and the service log of a served entity.

Real: what building the environment of a model has said, where its runtime builds one; what really happened when the
model was loaded, with the traceback where it failed; what the model has printed, if not in this process. Simulated: in
the runtime `process` no container image is built, and the build log says so. Inferred: how the lines look.
"""

from __future__ import annotations

from datetime import UTC, datetime

from fakebricks.services.model_serving import progress
from fakebricks.services.model_serving.progress import Step
from fakebricks.services.model_serving.records import Endpoint, ServedEntity, Update

_NOT_BUILT = "fakebricks builds no container image: the model is loaded with the libraries that are installed here."


def build(endpoint: Endpoint, update: Update, entity: ServedEntity, built: str, now: float) -> str:
    """The build log.

    Args:
        endpoint: whose it is.
        update: of which deployment.
        entity: of which model.
        built: what building its environment has said.
        now: when it is looked at.
    """
    head = f"{entity.entity_name} version {entity.entity_version}, for '{entity.name}' of '{endpoint.name}'"
    lines = [_line(step) for step in _steps(update, entity, progress.CONTAINER, now)]
    if not entity.runtime.isolated:
        return "\n".join([head, _NOT_BUILT, *lines])
    said = [built.rstrip("\n")] if built else []
    return "\n".join([head, *lines[:1], *said, *lines[1:]])


def server(update: Update, entity: ServedEntity, printed: str, now: float) -> str:
    """The service log; empty before the model server starts. The model has printed the last of it, where it is told."""
    position = update.config.served_entities.index(entity)
    if update.failures and not update.failures[position].built:
        return ""
    if update.failures:
        *_, last = _steps(update, entity, progress.SERVICE, now)
        return f"{_line(last)}\n{update.failures[position].log}"
    if not update.config.deployed_at:
        return ""
    loaded = f"Loaded {entity.entity_name} version {entity.entity_version}."
    return "\n".join([_line(Step(update.config.deployed_at, progress.SERVICE, loaded)), *printed.splitlines()])


def _steps(update: Update, entity: ServedEntity, kind: str, now: float) -> list[Step]:
    return [step for step in progress.steps(update, now) if step.entity == entity and step.type == kind]


def _line(step: Step) -> str:
    at = datetime.fromtimestamp(step.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"[{at} +0000] {step.message}"
