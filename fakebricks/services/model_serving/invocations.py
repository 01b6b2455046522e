"""Queries: from a request to a served entity's prediction.

Real: the traffic split, and the scoring itself. Simulated: cold starts, whose seconds the caller waits. Refused:
streaming.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from fakebricks.ids import Ids
from fakebricks.services.model_serving import lifecycle
from fakebricks.services.model_serving.ai_gateway.gateway import Gateway, Used
from fakebricks.services.model_serving.capture import Capture
from fakebricks.services.model_serving.deployments import Deployments
from fakebricks.services.model_serving.external_models.queries import ExternalQueries, candidates, external
from fakebricks.services.model_serving.external_models.requests import asked, texts
from fakebricks.services.model_serving.models import Models
from fakebricks.services.model_serving.records import Activity, Config, Endpoint, ServedEntity, Traffic
from fakebricks.services.model_serving.refused import refuse_foundation_model
from fakebricks.services.model_serving.runtimes import ModelLoadError, Scored
from fakebricks.state import State
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import BadRequest, EndpointNotFound, NotImplementedByFakebricks, PayloadTooLarge

_LARGEST = 16 * 1024 * 1024  # documented
_INPUTS = frozenset({"dataframe_split", "dataframe_records", "inputs", "instances"})

# Observed for an endpoint that does not exist; that an unknown served model gets the same is inferred.
_NOT_FOUND = (
    "The given endpoint does not exist, please retry after checking the specified model and version deployment exists."
)


class NotReady(BadRequest):
    """The endpoint has nothing to answer with (inferred: the platform answers 400 where an endpoint is stopped).

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
    waited: float
    """Simulated seconds of a cold start that the caller waits."""
    notes: list[str]


class _Envelope(NamedTuple):
    """What in a body is for the endpoint and not for the model."""

    client_request_id: str | None
    body: bytes
    notes: list[str]


class Invocations:
    """Answers queries. Never call it inside a transaction: it loads and scores models."""

    def __init__(
        self,
        state: State,
        ids: Ids,
        deployments: Deployments,
        models: Models,
        capture: Capture,
        *,
        gateway: Gateway,
        external: ExternalQueries,
    ) -> None:
        self._state = state
        self._activity = state.table("serving_activity", Activity)
        self._traffic = state.table("serving_traffic", Traffic)
        self._ids = ids
        self._deployments = deployments
        self._models = models
        self._capture = capture
        self._gateway = gateway
        self._external = external

    def query(self, query: Query) -> Answered:
        """The answer of one served entity; what is wrong with the input is an answer too.

        Raises:
            EndpointNotFound: there is no such endpoint or served model.
            NotReady: the endpoint has never been deployed.
            PayloadTooLarge: the body is larger than 16 MB.
            PermissionDenied, RequestLimitExceeded: a rate limit of the endpoint is reached, or is 0.
        """
        if len(query.body) > _LARGEST:
            message = f"The request body has {len(query.body)} bytes; a request must not be larger than 16 MB."
            raise PayloadTooLarge(message)
        endpoint = self._deployments.get(query.endpoint)
        if endpoint is None:
            refuse_foundation_model(query.endpoint)
            raise EndpointNotFound(_NOT_FOUND)
        if endpoint.config is None:
            raise NotReady(_not_ready(endpoint), lifecycle.awaits(endpoint))
        self._gateway.admit(endpoint, query.caller, query.received, query.request_id)
        if endpoint.config.external:
            return self._of_external(endpoint, endpoint.config, query)
        envelope = _opened(query)
        entity = self._routed(endpoint, endpoint.config, query)
        waited = self._woken(endpoint, endpoint.config, entity, query.received)
        began = self._deployments.now()  # a model that sleeps takes simulated time
        scored = self._score(endpoint, entity, envelope.body, query.content_type)
        lost = self._capture.log(
            endpoint,
            endpoint.config,
            entity,
            scored,
            request_id=query.request_id,
            client_request_id=envelope.client_request_id,
            body=query.body,
            received=query.received,
            seconds=self._deployments.now() - began,
            requester=query.caller.id,
        )
        used = Used(query.request_id, envelope.client_request_id, query.received, scored.status, entity.id)
        self._gateway.settle(endpoint, query.caller, used)
        return Answered(scored, entity.name, waited, envelope.notes + lost)

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
        lost = self._capture.log(
            endpoint,
            config,
            replied.entity,
            replied.scored,
            request_id=query.request_id,
            client_request_id=question.client_request_id,
            body=query.body,
            received=query.received,
            seconds=self._deployments.now() - began,
            requester=query.caller.id,
        )
        used = Used(
            query.request_id,
            question.client_request_id,
            query.received,
            replied.scored.status,
            replied.entity.id,
            input_tokens=replied.input_tokens,
            output_tokens=replied.output_tokens,
            input_characters=sum(map(len, texts(question.task, question.fields))),
            output_characters=replied.output_characters,
            usage_context=question.usage_context,
        )
        self._gateway.settle(endpoint, query.caller, used)
        return Answered(replied.scored, replied.entity.name, 0.0, replied.notes + lost)

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

    def _woken(self, endpoint: Endpoint, config: Config, entity: ServedEntity, now: float) -> float:
        """Note that the entity is used; how long the request waits for it to be warm."""
        key = (endpoint.id, config.config_version, entity.name)
        with self._state.transaction():
            before = self._activity.get(key)
            if lifecycle.scaled_to_zero(entity, config, before, now):
                number = before.cold_starts if before else 0
                chance = self._ids.chance("cold start", endpoint.name, config.config_version, entity.name, number)
                activity = lifecycle.woken(before, now, lifecycle.cold_start_seconds(chance))
            else:
                activity = lifecycle.used(before, now)
            self._activity.put(key, activity)
        return lifecycle.waiting(activity, now)

    def _score(self, endpoint: Endpoint, entity: ServedEntity, body: bytes, content_type: str) -> Scored:
        try:
            model = self._models.of(entity, endpoint.creator)
        except ModelLoadError as error:
            message = f"An error occurred while loading the model. {error}"
            raise BadRequest(message) from error
        return model.score(body, content_type)


def _not_ready(endpoint: Endpoint) -> str:
    update = lifecycle.config_update(endpoint)
    return f"Endpoint with name '{endpoint.name}' is not ready to be queried: NOT_READY, {update}."


def _opened(query: Query) -> _Envelope:
    """Take out of a JSON body what is not for the model; a body that is no JSON object is left to the model server."""
    nothing = _Envelope(None, query.body, [])
    if not query.content_type.startswith("application/json") or not _may_have_more(query.body):
        return nothing
    try:
        fields = json.loads(query.body)
    except (ValueError, RecursionError):
        return nothing
    if not isinstance(fields, dict):
        return nothing
    if fields.get("stream"):
        message = "fakebricks does not implement streamed responses. Leave 'stream' out of the request."
        raise NotImplementedByFakebricks(message)
    notes = ["usage_context is not recorded: usage tracking is not enabled."] if "usage_context" in fields else []
    return _Envelope(_client_request_id(fields), _for_model(query.body, fields), notes)


def _may_have_more(body: bytes) -> bool:
    return any(name in body for name in (b'"client_request_id"', b'"usage_context"', b'"stream"'))


def _client_request_id(fields: dict[str, Any]) -> str | None:
    value = fields.get("client_request_id")
    if value is not None and not isinstance(value, str):
        message = "client_request_id must be a string."
        raise BadRequest(message)
    return value


def _for_model(body: bytes, fields: dict[str, Any]) -> bytes:
    """MLflow ignores other keys beside its four input formats; other inputs it takes as a whole."""
    if _INPUTS & fields.keys():
        return body
    rest = {name: value for name, value in fields.items() if name not in ("client_request_id", "usage_context")}
    return json.dumps(rest).encode()
