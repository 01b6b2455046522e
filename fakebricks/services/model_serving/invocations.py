"""Queries: from a request to a served entity's prediction.

Real: the traffic split, and the scoring itself, in one piece or as a stream. Simulated: what the caller waits, which
`in_flight.py` says; a stream is in flight until it begins. What in a body is for the endpoint: `envelopes.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from fakebricks.ids import Ids
from fakebricks.services.model_serving import agents, lifecycle, progress, streaming
from fakebricks.services.model_serving.ai_gateway.gateway import Gateway, Used
from fakebricks.services.model_serving.capture import Capture
from fakebricks.services.model_serving.deployments import Deployments
from fakebricks.services.model_serving.envelopes import Envelope, opened
from fakebricks.services.model_serving.external_models.queries import ExternalQueries, candidates, external
from fakebricks.services.model_serving.external_models.requests import asked, texts
from fakebricks.services.model_serving.foundation_models import refuse_missing
from fakebricks.services.model_serving.in_flight import InFlight, Place
from fakebricks.services.model_serving.models import Models
from fakebricks.services.model_serving.records import Config, Endpoint, ServedEntity, Traffic
from fakebricks.services.model_serving.runtimes import LoadedModel, ModelLoadError, Scored
from fakebricks.state import State
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import BadRequest, EndpointNotFound, PayloadTooLarge

_LARGEST = 16 * 1024 * 1024  # documented
_NOT_TRACKED = "usage_context is not recorded: usage tracking is not enabled."

# Observed for an endpoint that does not exist; that an unknown served model gets the same is inferred.
_NOT_FOUND = (
    "The given endpoint does not exist, please retry after checking the specified model and version deployment exists."
)


class NotReady(BadRequest):
    """The endpoint has nothing to answer with (documented: 400 where it is stopped; inferred: before it is deployed).

    Attributes:
        until: when the deployment ends that is in progress, if one is.
    """

    def __init__(self, message: str, until: float | None) -> None:
        super().__init__(message)
        self.until = until


class Query(NamedTuple):
    """A request to an endpoint, as it arrived."""

    endpoint: str
    served_model: str | None
    body: bytes
    content_type: str
    received: float
    request_id: str
    caller: Caller


class Answered(NamedTuple):
    """A served entity's answer."""

    scored: Scored
    served_model: str
    passed: float
    """Simulated seconds that the caller has waited already."""
    remaining: float
    """Simulated seconds that the caller still has to wait."""
    notes: list[str]
    """Remarks for the call log; the end of a stream may add to them."""


class Invocations:
    """Answers queries. Never call it inside a transaction: it loads and scores models."""

    def __init__(
        self,
        state: State,
        ids: Ids,
        *,
        deployments: Deployments,
        models: Models,
        capture: Capture,
        in_flight: InFlight,
        gateway: Gateway,
        external: ExternalQueries,
    ) -> None:
        self._state = state
        self._traffic = state.table("serving_traffic", Traffic)
        self._ids = ids
        self._deployments = deployments
        self._models = models
        self._capture = capture
        self._in_flight = in_flight
        self._gateway = gateway
        self._external = external

    def query(self, query: Query) -> Answered:
        """The answer of one served entity; what is wrong with the input is an answer too.

        Raises:
            EndpointNotFound: there is no such endpoint or served model.
            NotReady: the endpoint has never been deployed, or is stopped.
            PayloadTooLarge: the body is larger than 16 MB, or than 4 MB where it is for an agent.
            BadRequest: it is for another kind of agent.
            NotImplementedByFakebricks: it asks for a trace that there is not.
            ResourceExhausted: too much is in flight.
            PermissionDenied, RequestLimitExceeded: a rate limit of the endpoint is reached, or is 0.
        """
        _check_size(query.body, _LARGEST)
        endpoint = self._deployments.get(query.endpoint)
        if endpoint is None:
            refuse_missing(query.endpoint)
            raise EndpointNotFound(_NOT_FOUND)
        if endpoint.config is None or endpoint.suspended:
            raise NotReady(_not_ready(endpoint), lifecycle.awaits(endpoint))
        self._gateway.admit(endpoint, query.caller, query.received, query.request_id)
        if endpoint.config.external:
            return self._of_external(endpoint, endpoint.config, query)
        return self._of_custom(endpoint, endpoint.config, query)

    def require_control_plane(self, name: str) -> None:
        """Refuse what is asked of a route-optimised endpoint under the workspace's own URL (since September 2025).

        Raises:
            BadRequest: it is one (the rule is documented; status and text are inferred).
        """
        endpoint = self._deployments.get(name)
        if endpoint is not None and endpoint.route_optimized:
            message = (
                f"Endpoint '{name}' is route-optimized, and cannot be queried under the workspace's URL. Query its "
                "endpoint_url, with an OAuth token for its authorization_details."
            )
            raise BadRequest(message)

    def _of_custom(self, endpoint: Endpoint, config: Config, query: Query) -> Answered:
        envelope = opened(query.body, query.content_type)
        entity = self._routed(endpoint, config, query)
        _check_agent(entity.declared.task, query.body, envelope)
        place = Place(endpoint, config, entity)
        served = self._in_flight.served(
            place,
            query.request_id,
            query.received,
            lambda: self._score(endpoint, entity, envelope, query),
        )
        scored, answered = served.scored, self._deployments.now()
        notes = _untracked(endpoint, envelope.usage_context) + served.notes
        used = Used(
            query.request_id,
            envelope.client_request_id,
            query.received,
            scored.status,
            entity.id,
            request_streaming=scored.events is not None,
            usage_context=envelope.usage_context,
        )

        def at_end(body: bytes) -> None:
            seconds = served.seconds + self._deployments.now() - answered  # the model of a stream goes on
            notes.extend(self._log(place, scored._replace(body=body), query, used, seconds=seconds))
            self._gateway.settle(endpoint, query.caller, used)

        return Answered(_ending(scored, at_end), entity.name, served.passed, served.remaining, notes)

    def _of_external(self, endpoint: Endpoint, config: Config, query: Query) -> Answered:
        first = self._routed(endpoint, config, query)
        question = asked(query.body, external(first).task)
        began = self._deployments.now()
        replied = self._external.reply(
            endpoint,
            candidates(endpoint, config, first, direct=query.served_model is not None),
            question,
            request_id=query.request_id,
            now=query.received,
        )
        passed = self._deployments.now() - began  # a provider that sleeps takes simulated time
        scored, place = replied.scored, Place(endpoint, config, replied.entity)
        notes = _untracked(endpoint, question.usage_context) + replied.notes
        used = Used(
            query.request_id,
            question.client_request_id,
            query.received,
            scored.status,
            replied.entity.id,
            input_characters=sum(map(len, texts(question.task, question.fields))),
            request_streaming=question.stream,
            usage_context=question.usage_context,
        )

        def at_end(body: bytes) -> None:
            seconds = self._deployments.now() - began
            lost = self._log(place, scored._replace(body=body), query, used, seconds=seconds)
            notes.extend(replied.remarks() + lost)
            counts = replied.counts()
            settled = used._replace(
                input_tokens=counts.input_tokens,
                output_tokens=counts.output_tokens,
                output_characters=counts.output_characters,
            )
            self._gateway.settle(endpoint, query.caller, settled)

        return Answered(_ending(scored, at_end), replied.entity.name, passed, 0.0, notes)

    def _log(self, place: Place, scored: Scored, query: Query, used: Used, *, seconds: float) -> list[str]:
        """Write the query and its answer to the endpoint's inference tables; remarks for the call log."""
        return self._capture.log(
            place.endpoint,
            place.config,
            place.entity,
            scored,
            request_id=query.request_id,
            client_request_id=used.client_request_id,
            body=query.body,
            received=query.received,
            seconds=seconds,
            requester=query.caller,
        )

    def _routed(self, endpoint: Endpoint, config: Config, query: Query) -> ServedEntity:
        name = query.served_model if query.served_model is not None else self._share(endpoint, config)
        entity = config.entity(name)
        if entity is None:
            raise EndpointNotFound(_NOT_FOUND)
        return entity

    def _share(self, endpoint: Endpoint, config: Config) -> str:
        """The entity that gets the next request."""
        if len(config.routes) == 1:
            return config.routes[0].served_entity_name
        key = (endpoint.id, config.config_version)
        with self._state.transaction():
            traffic = self._traffic.get(key)
            number = traffic.requests if traffic else 0
            self._traffic.put(key, Traffic(requests=number + 1))
        return lifecycle.chosen(
            config.routes, number, self._ids.chance("traffic", endpoint.name, config.config_version)
        )

    def _score(self, endpoint: Endpoint, entity: ServedEntity, envelope: Envelope, query: Query) -> Scored:
        def answer(model: LoadedModel) -> Scored:
            if envelope.stream:
                return model.stream(envelope.for_model, query.content_type)
            if envelope.return_trace:
                scored, trace = model.traced(envelope.for_model, query.content_type)
                return agents.with_trace(scored, trace, query.request_id)
            return model.score(envelope.for_model, query.content_type)

        try:
            return self._models.asked(entity, endpoint.creator, answer)
        except ModelLoadError as error:
            message = progress.load_failed(error)
            raise BadRequest(message) from error


def _untracked(endpoint: Endpoint, usage_context: Mapping[str, str]) -> list[str]:
    return [_NOT_TRACKED] if usage_context and not endpoint.gateway.usage_tracking else []


def _ending(scored: Scored, at_end: Callable[[bytes], None]) -> Scored:
    """The answer, of whose end `at_end` is told: now, or where it is a stream, then."""
    if scored.events is None:
        at_end(scored.body)
        return scored
    return scored._replace(events=streaming.sent(scored.events, at_end))


def _not_ready(endpoint: Endpoint) -> str:
    if lifecycle.suspend(endpoint) == "STOPPED":
        return f"Endpoint with name '{endpoint.name}' is stopped. Start it before you query it."  # inferred
    update = lifecycle.config_update(endpoint)
    return f"Endpoint with name '{endpoint.name}' is not ready to be queried: NOT_READY, {update}."


def _check_size(body: bytes, largest: int) -> None:
    if len(body) > largest:
        limit = f"{largest >> 20} MB"
        message = f"The request body has {len(body)} bytes; a request must not be larger than {limit}."
        raise PayloadTooLarge(message)


def _check_agent(task: str | None, body: bytes, envelope: Envelope) -> None:
    """What the platform asks of a request to an agent before the agent sees it."""
    if agents.is_agent(task):
        _check_size(body, agents.LARGEST_REQUEST)
        agents.check_fields(task, envelope.fields)
