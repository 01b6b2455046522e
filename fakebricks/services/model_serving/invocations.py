"""Queries: from a request to a served entity's prediction.

Real: the traffic split, and the scoring itself, in one piece or as a stream; what is for the endpoint in a body does
not reach the model. Simulated: what the caller waits, which `in_flight.py` says; a stream is in flight until it begins.
Refused: the trace of a streamed answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from fakebricks.ids import Ids
from fakebricks.services.model_serving import agents, lifecycle, progress, streaming
from fakebricks.services.model_serving.ai_gateway.gateway import Gateway, Used
from fakebricks.services.model_serving.capture import Capture
from fakebricks.services.model_serving.deployments import Deployments
from fakebricks.services.model_serving.external_models.queries import ExternalQueries, candidates, external
from fakebricks.services.model_serving.external_models.requests import asked, texts
from fakebricks.services.model_serving.foundation_models import refuse_missing
from fakebricks.services.model_serving.in_flight import InFlight, Place
from fakebricks.services.model_serving.models import Models
from fakebricks.services.model_serving.records import Config, Endpoint, ServedEntity, Traffic
from fakebricks.services.model_serving.runtimes import LoadedModel, ModelLoadError, Scored
from fakebricks.state import State
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import BadRequest, EndpointNotFound, NotImplementedByFakebricks, PayloadTooLarge

_LARGEST = 16 * 1024 * 1024  # documented
_INPUTS = frozenset({"dataframe_split", "dataframe_records", "inputs", "instances"})
_FOR_ENDPOINT = frozenset({"client_request_id", "usage_context", "databricks_options"})

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


class _Envelope(NamedTuple):
    """What in a body is for the endpoint and not for the model."""

    client_request_id: str | None
    body: bytes
    notes: list[str]
    fields: frozenset[str] = frozenset()
    """What is in the body, as far as an agent would look at it."""
    stream: bool = False
    return_trace: bool = False


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
        envelope = _opened(query)
        entity = self._routed(endpoint, endpoint.config, query)
        _check_agent(entity.declared.task, query.body, envelope)
        served = self._in_flight.served(
            Place(endpoint, endpoint.config, entity),
            query.request_id,
            query.received,
            lambda: self._score(endpoint, entity, envelope, query),
        )
        scored, answered = served.scored, self._deployments.now()
        log = partial(
            self._capture.log,
            endpoint,
            endpoint.config,
            entity,
            request_id=query.request_id,
            client_request_id=envelope.client_request_id,
            body=query.body,
            received=query.received,
            requester=query.caller,
        )
        notes = envelope.notes + served.notes
        used = Used(query.request_id, envelope.client_request_id, query.received, scored.status, entity.id)

        def at_end(body: bytes) -> None:
            seconds = served.seconds + self._deployments.now() - answered  # the model of a stream goes on
            notes.extend(log(scored._replace(body=body), seconds=seconds))
            self._gateway.settle(endpoint, query.caller, used._replace(request_streaming=scored.events is not None))

        return Answered(_ending(scored, at_end), entity.name, served.passed, served.remaining, notes)

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
        scored, answered = replied.scored, self._deployments.now()
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
        notes = replied.notes

        def at_end(body: bytes) -> None:
            lost = self._capture.log(
                endpoint,
                config,
                replied.entity,
                scored._replace(body=body),
                request_id=query.request_id,
                client_request_id=question.client_request_id,
                body=query.body,
                received=query.received,
                seconds=self._deployments.now() - began,
                requester=query.caller,
            )
            notes.extend(replied.remarks() + lost)
            counts = replied.counts()
            settled = used._replace(
                input_tokens=counts.input_tokens,
                output_tokens=counts.output_tokens,
                output_characters=counts.output_characters,
            )
            self._gateway.settle(endpoint, query.caller, settled)

        passed = answered - began  # a provider that sleeps takes simulated time
        return Answered(_ending(scored, at_end), replied.entity.name, passed, 0.0, notes)

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

    def _score(self, endpoint: Endpoint, entity: ServedEntity, envelope: _Envelope, query: Query) -> Scored:
        def answer(model: LoadedModel) -> Scored:
            if envelope.stream:
                return model.stream(envelope.body, query.content_type)
            if envelope.return_trace:
                scored, trace = model.traced(envelope.body, query.content_type)
                return agents.with_trace(scored, trace, query.request_id)
            return model.score(envelope.body, query.content_type)

        try:
            return self._models.asked(entity, endpoint.creator, answer)
        except ModelLoadError as error:
            message = progress.load_failed(error)
            raise BadRequest(message) from error


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


def _check_agent(task: str | None, body: bytes, envelope: _Envelope) -> None:
    """What the platform asks of a request to an agent before the agent sees it."""
    if agents.is_agent(task):
        _check_size(body, agents.LARGEST_REQUEST)
        agents.check_fields(task, envelope.fields)


def _opened(query: Query) -> _Envelope:
    """Take out of a JSON body what is not for the model; a body that is no JSON object is left to the model server."""
    nothing = _Envelope(None, query.body, [])
    if not query.content_type.startswith("application/json") or not _may_have_more(query.body):
        return nothing
    try:
        fields = json.loads(query.body)
        for_model = _for_model(query.body, fields) if isinstance(fields, dict) else b""
    except (ValueError, RecursionError):
        return nothing
    if not isinstance(fields, dict):
        return nothing
    notes = ["usage_context is not recorded: usage tracking is not enabled."] if "usage_context" in fields else []
    stream, return_trace = fields.get("stream") is True, _return_trace(fields)
    if stream and return_trace:
        message = (
            "fakebricks does not implement databricks_options.return_trace for streamed answers. Ask for the answer in "
            "one piece, or look for the trace with mlflow.search_traces()."
        )
        raise NotImplementedByFakebricks(message)
    return _Envelope(_client_request_id(fields), for_model, notes, frozenset(fields), stream, return_trace)


def _may_have_more(body: bytes) -> bool:
    return any(b'"%b"' % name.encode() in body for name in (*_FOR_ENDPOINT, "stream", "messages", "input"))


def _return_trace(fields: dict[str, Any]) -> bool:
    """Whether the answer is to have the model's trace with it; other Databricks options are not known."""
    options = fields.get("databricks_options")
    if not isinstance(options, dict):
        return False
    unknown = options.keys() - {"return_trace"}
    if unknown:
        name = min(unknown)
        message = f"fakebricks does not implement 'databricks_options.{name}'. Leave it out of the request."
        raise NotImplementedByFakebricks(message)
    return options.get("return_trace") is True


def _client_request_id(fields: dict[str, Any]) -> str | None:
    value = fields.get("client_request_id")
    if value is not None and not isinstance(value, str):
        message = "client_request_id must be a string."
        raise BadRequest(message)
    return value and value.encode(errors="replace").decode()  # half a surrogate pair is no text


def _for_model(body: bytes, fields: dict[str, Any]) -> bytes:
    """MLflow ignores other keys beside its four input formats; other inputs it takes as a whole."""
    if _INPUTS & fields.keys() or not _FOR_ENDPOINT & fields.keys():
        return body
    return json.dumps({name: value for name, value in fields.items() if name not in _FOR_ENDPOINT}).encode()
