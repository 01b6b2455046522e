"""Deployments: what an endpoint has become by now.

Real: an update arrives only if each of its models loads, in an environment of its own where the runtime builds one; if
one does not, the update fails with the error, and what was served before is still served. Simulated: the time it takes,
to which a real build adds nothing. Nothing runs in the background: the first call that looks at an endpoint after its
deployment's end loads the models.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

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


class _Outcome(NamedTuple):
    """What came of one entity: the key of its loaded model, or why there is none."""

    model: str
    build_log: str = ""
    failure: Failure | None = None


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

    def free_unused(self) -> None:
        """Free what is loaded outside this process and serves no endpoint any more."""
        if not self._models.isolated:
            return
        serving = (endpoint for _, endpoint in self._endpoints.scan() if not endpoint.suspended)
        configs = (endpoint.config for endpoint in serving if endpoint.config)
        self._models.keep_only(
            {entity.model for config in configs for entity in config.served_entities if entity.model}
        )

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
            settled = _after(current, update, outcomes)
            self._endpoints.put((endpoint.name,), settled)
            self._history.put(settled, lifecycle.ended(settled, update))
            for entity, outcome in zip(update.config.served_entities, outcomes, strict=True):
                self._history.put_build_log(settled, update, entity, outcome.build_log)
        self.free_unused()
        return settled

    def _outcomes(self, endpoint: Endpoint, update: Update) -> list[_Outcome]:
        if update.timed_out:
            return [_Outcome("", failure=failure) for failure in progress.timed_out(update)]
        return [self._loaded(entity, endpoint.creator) for entity in update.config.served_entities]

    def _loaded(self, entity: ServedEntity, creator: str) -> _Outcome:
        try:
            return _Outcome(*self._models.load(entity, creator))
        except ModelLoadError as error:
            failure = Failure(
                deployment="DEPLOYMENT_FAILED",
                message=progress.load_failed(error) if error.built else progress.build_failed(error),
                log=error.log or str(error) if error.built else "",
                built=error.built,
            )
            return _Outcome("", error.build_log, failure)


def _after(endpoint: Endpoint, update: Update, outcomes: list[_Outcome]) -> Endpoint:
    """The endpoint, once it is known how its update ended."""
    if any(one.failure for one in outcomes):
        return lifecycle.failed(endpoint, update, tuple(one.failure or _ABORTED for one in outcomes))
    return lifecycle.arrived(endpoint, update, tuple(one.model for one in outcomes))
