"""Requests in flight: which wait, which are turned away, how long each takes, and what is measured of them.

Simulated: the concurrency that is provisioned (`scaling.py`), cold starts, waiting, and the platform's request timeout.
A request is in flight from when it was received until its caller has the answer: time that a test does not spend, as
with `workspace.handle`, does not pass, and such requests are in flight at once. Documented: the texts of 429 and 504.
Inferred: the error codes of both, that the request timeout is over waiting and scoring together, and that the model is
not asked where waiting alone takes that long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from fakebricks.clock import Clock
from fakebricks.ids import Ids
from fakebricks.services.model_serving import lifecycle, measures, scaling
from fakebricks.services.model_serving.measures import Load
from fakebricks.services.model_serving.records import (
    Activity,
    Config,
    Endpoint,
    Handled,
    Measured,
    Scale,
    ServedEntity,
)
from fakebricks.services.model_serving.runtimes import Scored
from fakebricks.services.model_serving.timings import Timings, drawn
from fakebricks.state import Key, State
from fakebricks.wire.errors import DatabricksError, DeadlineExceeded, ResourceExhausted, render

_TOO_MANY = "Too many concurrent requests. Consider increasing the provisioned concurrency of the served entity."
_TIMED_OUT = "Timed out while evaluating the model. Verify that the model evaluates within the timeout."

_MINUTE = 60.0
_NEVER = 2**62
"""The microsecond in which a request ends that is still being answered."""


class Place(NamedTuple):
    """A deployed entity of an endpoint."""

    endpoint: Endpoint
    config: Config
    entity: ServedEntity

    @property
    def key(self) -> Key:
        """What is stored about it is stored under this."""
        return self.endpoint.id, self.config.config_version, self.entity.name

    @property
    def about(self) -> tuple[str, int, str]:
        """What its chances depend on: not the endpoint's id, which depends on what else there is."""
        return self.endpoint.name, self.config.config_version, self.entity.name


class Served(NamedTuple):
    """How a request went."""

    scored: Scored
    seconds: float
    """What the model took."""
    remaining: float
    """Simulated seconds that have not passed yet and that the caller has to wait."""
    notes: list[str]


class _Admitted(NamedTuple):
    """A request that was let in."""

    key: Key
    received: float
    waits: float
    number: int
    notes: list[str]


class InFlight:
    """Lets requests in to served entities. Never call it inside a transaction: models are scored in it."""

    def __init__(self, state: State, ids: Ids, clock: Clock, timings: Timings) -> None:
        self._state = state
        self._activity = state.table("serving_activity", Activity)
        self._scales = state.table("serving_scales", Scale)
        self._handled = state.table("serving_handled", Handled)
        self._measured = state.table("serving_measured", Measured)
        self._ids = ids
        self._clock = clock
        self._timings = timings

    def served(self, place: Place, request_id: str, received: float, score: Callable[[], Scored]) -> Served:
        """Let a request in and score it.

        Args:
            place: where it goes.
            request_id: its own.
            received: when it arrived.
            score: asks the model.

        Raises:
            ResourceExhausted: as much is in flight as can be provisioned.
            DatabricksError: `score` raised it.
        """
        admitted = self._admitted(place, request_id, received)
        if admitted is None:
            raise ResourceExhausted(_TOO_MANY)
        status, took = DatabricksError.status, 0.0
        began = self._clock.time()
        try:
            scored = score() if admitted.waits < self._timings.request_timeout else _timed_out(request_id)
            passed = self._clock.time() - began  # a model that sleeps takes simulated time
            took = max(passed, self._model_seconds(place, admitted.number))
            if admitted.waits + took > self._timings.request_timeout:
                scored, took = _timed_out(request_id), max(0.0, self._timings.request_timeout - admitted.waits)
            status = scored.status
        except DatabricksError as error:
            status = error.status
            raise
        finally:
            self._answered(place, admitted, status, took)
        waited = min(admitted.waits, self._timings.request_timeout)
        return Served(scored, took, waited + max(0.0, took - passed), admitted.notes)

    def asleep(self, place: Place, now: float) -> bool:
        """Whether a deployed entity is scaled to zero."""
        _, config, entity = place
        return lifecycle.scaled_to_zero(entity, config, self._activity.get(place.key), now, self._timings.idle)

    def load(self, place: Place, now: float) -> Load:
        """What there is of a deployed entity."""
        provisioned = 0 if self.asleep(place, now) else self._scale(place, now).provisioned
        ends = self._handled.scan(place.key, after=(*place.key, _micros(now - _MINUTE)))
        recent = [one for key, one in ends if int(key[3]) <= _micros(now)]
        return Load(provisioned, recent, self._measured.get(place.key) or Measured())

    def forget(self, endpoint: Endpoint) -> None:
        """Of a deleted endpoint nothing is left."""
        for table in (self._activity, self._scales, self._handled, self._measured):
            for key, _ in list(table.scan((endpoint.id,))):
                table.delete(key)

    def _admitted(self, place: Place, request_id: str, received: float) -> _Admitted | None:
        """Count a request in, or note that it is turned away."""
        key = (*place.key, _NEVER, request_id)
        with self._state.transaction():
            self._forget_before(place, received - _MINUTE)
            busy = [int(key[3]) for key, _ in self._handled.scan(place.key, after=(*place.key, _micros(received), "~"))]
            _, most = scaling.bounds(place.entity)
            if len(busy) >= most:
                rejected = Handled(received=received, status=ResourceExhausted.status)
                self._handled.put((*place.key, _micros(received), request_id), rejected)
                return None
            activity = self._woken(place, received)
            queued = self._queued(place, busy, received)
            self._handled.put(key, Handled(received=received))
        cold = lifecycle.waiting(activity, received)
        return _Admitted(key, received, max(cold, queued), activity.requests, _notes(place, cold, queued))

    def _woken(self, place: Place, now: float) -> Activity:
        """Note that the entity is used, and begin a cold start where it sleeps."""
        before = self._activity.get(place.key)
        if self.asleep(place, now):
            chance = self._ids.chance("cold start", *place.about, before.cold_starts if before else 0)
            activity = lifecycle.woken(before, now, drawn(self._timings.cold_start, chance))
            self._scales.delete(place.key)
        else:
            activity = lifecycle.used(before, now)
        self._activity.put(place.key, activity)
        return activity

    def _queued(self, place: Place, busy: list[int], now: float) -> float:
        """How long a request waits for capacity, where those before it end in the microseconds `busy`."""
        _, _, entity = place
        scale = self._scale(place, now)
        free = scale.provisioned
        scale = scaling.loaded(scale, entity, len(busy) + 1, now, self._timings)
        self._scales.put(place.key, scale)
        if len(busy) < free:
            return 0.0
        one_is_done = busy[len(busy) - free] / 1e6
        return min(one_is_done, scale.grows_at) - now

    def _scale(self, place: Place, now: float) -> Scale:
        _, config, entity = place
        scale = self._scales.get(place.key) or scaling.at_first(entity, config, now, self._timings)
        return scaling.evolved(scale, entity, config, now, self._timings)

    def _model_seconds(self, place: Place, number: int) -> float:
        """How long the model is to take for the request of that number, at least."""
        if self._timings.model is None:
            return 0.0
        return drawn(self._timings.model, self._ids.chance("model", *place.about, number))

    def _answered(self, place: Place, admitted: _Admitted, status: int, seconds: float) -> None:
        """Note how a request ended, unless its endpoint is gone meanwhile."""
        waited = min(admitted.waits, self._timings.request_timeout)
        ends_at = admitted.received + waited + seconds
        *_, request_id = admitted.key
        with self._state.transaction():
            activity = self._activity.get(place.key)
            if activity is None or self._handled.get(admitted.key) is None:
                return
            handled = Handled(received=admitted.received, status=status, waited=waited, seconds=seconds)
            self._handled.delete(admitted.key)
            self._handled.put((*place.key, _micros(ends_at), request_id), handled)
            self._activity.put(place.key, replace(activity, last_used=max(activity.last_used, ends_at)))
            self._measured.put(place.key, measures.after(self._measured.get(place.key) or Measured(), handled))

    def _forget_before(self, place: Place, time: float) -> None:
        for key, _ in self._handled.scan(place.key):
            if int(key[3]) >= _micros(time):
                return
            self._handled.delete(key)


def _timed_out(request_id: str) -> Scored:
    reply = render(DeadlineExceeded(_TIMED_OUT), request_id)
    return Scored(reply.status, reply.body, reply.headers["content-type"])


def _notes(place: Place, cold: float, queued: float) -> list[str]:
    name = place.entity.name
    notes = [f"'{name}' was scaled to zero: {cold:.1f} s until it was warm."] if cold else []
    if queued > cold:
        notes.append(f"'{name}' had no concurrency left: {queued:.1f} s until it had.")
    return notes


def _micros(seconds: float) -> int:
    return int(seconds * 1e6)
