"""Deployments: what an endpoint has become by now.

Real: an update arrives only if each of its models loads; if one does not, the update fails with the load error, and
what was served before is still served. Simulated: the time it takes. Nothing runs in the background: the first call
that looks at an endpoint after its deployment's end loads the models.
"""

from __future__ import annotations

from collections.abc import Iterator

from fakebricks.clock import Clock
from fakebricks.services.model_serving import lifecycle, progress
from fakebricks.services.model_serving.foundation_models import FoundationModels
from fakebricks.services.model_serving.history import History
from fakebricks.services.model_serving.models import Models
from fakebricks.services.model_serving.records import Endpoint, Failure, ServedEntity, Update
from fakebricks.services.model_serving.runtimes import ModelLoadError
from fakebricks.state import State

# What the platform calls it where another entity of the same update has failed (documented; the text is inferred).
_ABORTED = Failure(
    deployment="DEPLOYMENT_ABORTED",
    message="Served entity creation aborted because another served entity of the same update failed to deploy.",
)


class Deployments:
    """Brings endpoints up to date. Never call it inside a transaction: it may load models."""

    def __init__(
        self, state: State, clock: Clock, models: Models, history: History, foundation_models: FoundationModels
    ) -> None:
        self._state = state
        self._endpoints = state.table("serving_endpoints", Endpoint)
        self._clock = clock
        self._models = models
        self._history = history
        self._foundation_models = foundation_models

    def now(self) -> float:
        """Simulated seconds since the epoch."""
        return self._clock.time()

    def get(self, name: str) -> Endpoint | None:
        """The endpoint as it is now, or None."""
        endpoint = self._endpoints.get((name,))
        return self._settled(endpoint) if endpoint else self._foundation_models.get(name)

    def all(self) -> Iterator[Endpoint]:
        """All endpoints as they are now, by name, those of the platform's own before others."""
        yield from self._foundation_models.all()
        for _, endpoint in self._endpoints.scan():
            settled = self._settled(endpoint)
            if settled:
                yield settled

    def _settled(self, endpoint: Endpoint) -> Endpoint | None:
        update = lifecycle.due(endpoint, self.now())
        if update is None:
            return endpoint
        outcomes = self._outcomes(endpoint, update)
        with self._state.transaction():
            # Another call may have settled, replaced or deleted it while the models were loading.
            current = self._endpoints.get((endpoint.name,))
            if current is None or current.id != endpoint.id or current.pending != update:
                return current
            settled = _outcome(current, update, outcomes)
            self._endpoints.put((endpoint.name,), settled)
            self._history.put(settled, lifecycle.ended(settled, update))
            return settled

    def _outcomes(self, endpoint: Endpoint, update: Update) -> list[str | Failure]:
        """For each entity, the key of its loaded model, or why there is none."""
        if update.timed_out:
            return list(progress.timed_out(update))
        return [self._loaded(entity, endpoint.creator) for entity in update.config.served_entities]

    def _loaded(self, entity: ServedEntity, creator: str) -> str | Failure:
        try:
            return self._models.load(entity, creator)
        except ModelLoadError as error:
            # The beginning is documented; what follows is the model's own error.
            message = f"An error occurred while loading the model. {error}"
            return Failure(deployment="DEPLOYMENT_FAILED", message=message, log=error.log or str(error))


def _outcome(endpoint: Endpoint, update: Update, outcomes: list[str | Failure]) -> Endpoint:
    if any(isinstance(one, Failure) for one in outcomes):
        return lifecycle.failed(
            endpoint, update, tuple(one if isinstance(one, Failure) else _ABORTED for one in outcomes)
        )
    return lifecycle.arrived(endpoint, update, tuple(one for one in outcomes if isinstance(one, str)))
