"""Queries to external models: guardrails, the provider, its fallbacks, the answer.

Real: where a served entity fails with 429 or 5xx and fallbacks are enabled, the next ones are asked, in the order of
the list, and the last error is the answer (documented), after two of them (inferred); what is masked does not reach the
provider.
An error of the provider's is passed on in the platform's wrapping (observed), with its own status (inferred).
Inferred: that a query to one served entity does not fall back, that the last attempt alone is logged, and that a stream
is refused where an output guardrail would have to see all of it before its beginning is sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec

from fakebricks.services.model_serving.ai_gateway import guardrails, pii
from fakebricks.services.model_serving.ai_gateway.records import Guardrail
from fakebricks.services.model_serving.external_models.completions import (
    Counts,
    completed,
    counted,
    estimated_tokens,
    head,
    output_texts,
    unfit,
)
from fakebricks.services.model_serving.external_models.configs import EMBEDDINGS
from fakebricks.services.model_serving.external_models.providers import Providers
from fakebricks.services.model_serving.external_models.records import ExternalModel
from fakebricks.services.model_serving.external_models.requests import Asked, texts
from fakebricks.services.model_serving.external_models.streams import Chunks, collected
from fakebricks.services.model_serving.records import Config, Endpoint, ServedEntity
from fakebricks.services.model_serving.runtimes import Scored
from fakebricks.services.model_serving.streaming import CONTENT_TYPE
from fakebricks.wire.errors import BadRequest, NotImplementedByFakebricks

_JSON = "application/json"
_MOST_FALLBACKS = 2
_ESTIMATED = "The provider tells no usage: token counts are estimated as (text length + 1) / 4."
_TESTS_OWN = (AssertionError, NotImplementedByFakebricks)
"""What the test shall see as it is: its own failed assertion, and that its provider returns what is no answer."""


class Replied(NamedTuple):
    """What came of a query."""

    scored: Scored
    entity: ServedEntity
    notes: list[str]
    counts: Callable[[], Counts] = Counts
    """What has been used; of a stream, so far."""

    def remarks(self) -> list[str]:
        """What is to be said of the answer in the call log, once it has ended."""
        return [_ESTIMATED] if self.counts().estimated else []


class ExternalQueries:
    """Answers queries to external models. Never call it inside a transaction: a provider may do anything."""

    def __init__(self, providers: Providers) -> None:
        self._providers = providers

    def reply(
        self, endpoint: Endpoint, candidates: list[ServedEntity], asked: Asked, *, request_id: str, now: float
    ) -> Replied:
        """The answer of the first candidate that gives one.

        Raises:
            NotImplementedByFakebricks: the test gave no provider, or one whose answer cannot be understood.
            BadRequest: the answer is to be streamed past an output guardrail.
        """
        first = candidates[0]
        if asked.stream and guardrails.looks(endpoint.gateway.output_guardrail):
            raise BadRequest("Bad request: output guardrails are not supported for streaming. Leave out 'stream'.")
        guardrail = endpoint.gateway.input_guardrail
        given = texts(asked.task, asked.fields)
        categories = guardrails.blocked_by(guardrail, given)
        if categories:
            tokens = sum(map(estimated_tokens, given))
            return Replied(_blocked("input", categories, tokens), first, [], lambda: Counts(tokens))
        if guardrails.masks(guardrail):
            asked = asked._replace(fields=guardrails.rewritten(asked.fields, pii.masked))
        notes: list[str] = []
        for entity in candidates:
            replied = self._attempt(endpoint, entity, asked, request_id=request_id, now=now)
            if not _falls_back(replied.scored.status):
                break
            notes += [f"'{entity.name}' failed with {replied.scored.status}."]
        return replied._replace(notes=notes + replied.notes)

    def _attempt(
        self, endpoint: Endpoint, entity: ServedEntity, asked: Asked, *, request_id: str, now: float
    ) -> Replied:
        model = external(entity)
        provider = self._providers.find(endpoint.name, entity.name, model.name, model.provider)
        request = msgspec.json.decode(msgspec.json.encode({**asked.fields, "model": model.name}))
        told = head(asked.task, model=model.name, request_id=request_id, now=now)
        try:
            returned = provider(request)
            if asked.stream:
                return _streamed(entity, Chunks(asked, told), returned)
            if isinstance(returned, Iterator):
                returned = collected(returned, asked, told)
        except _TESTS_OWN:
            raise
        except Exception as error:  # noqa: BLE001 - a provider may raise anything
            return Replied(_failed(model, error), entity, [])
        answer, estimated = completed(returned, asked, told)
        return _guarded(endpoint.gateway.output_guardrail, entity, asked, answer, estimated=estimated)


def external(entity: ServedEntity) -> ExternalModel:
    """The external model of an entity that has one."""
    assert entity.external_model is not None
    return entity.external_model


def candidates(endpoint: Endpoint, config: Config, first: ServedEntity, *, direct: bool) -> list[ServedEntity]:
    """Who may answer a query that was routed to `first`, in the order in which they are asked."""
    if direct or not endpoint.gateway.fallback:
        return [first]
    others = [one for one in config.served_entities if one.name != first.name]
    return [first, *others[:_MOST_FALLBACKS]]


def _streamed(entity: ServedEntity, chunks: Chunks, returned: Any) -> Replied:
    """A stream that has begun: what fails before its first chunk is raised, and what fails later is its last event."""
    events = chunks.events(returned)
    sent = _sent(external(entity), next(events), events)
    return Replied(Scored(200, b"", CONTENT_TYPE, sent), entity, [], chunks.counts)


def _sent(model: ExternalModel, first: bytes, others: Generator[bytes, None, None]) -> Generator[bytes, None, None]:
    with closing(others):
        try:
            yield first
            yield from others
        except _TESTS_OWN:
            raise
        except Exception as error:  # noqa: BLE001 - a provider may raise anything
            yield _failed(model, error).body


def _guarded(
    guardrail: Guardrail | None, entity: ServedEntity, asked: Asked, answer: dict[str, Any], *, estimated: bool
) -> Replied:
    said = output_texts(answer)
    counts = counted(answer["usage"], said, estimated=estimated)
    categories = guardrails.blocked_by(guardrail, said) if asked.task != EMBEDDINGS else []
    if categories:
        refusal = _blocked("output", categories, counts.input_tokens, counts.output_tokens)
        return Replied(refusal, entity, [], lambda: counts._replace(output_characters=0))
    if guardrails.masks(guardrail):
        answer = guardrails.rewritten(answer, pii.masked)
    try:
        body = msgspec.json.encode(answer)
    except (TypeError, ValueError, RecursionError):
        raise unfit(answer, asked.task) from None
    return Replied(Scored(200, body, _JSON), entity, [], lambda: counts)


def _falls_back(status: int) -> bool:
    return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _failed(model: ExternalModel, error: Exception) -> Scored:
    """An error of a provider's, be it the fake's own class or that of the provider's library."""
    status = getattr(error, "status_code", getattr(error, "status", None))
    if isinstance(status, bool) or not isinstance(status, int) or not 400 <= status <= 599:  # noqa: PLR2004
        status = HTTPStatus.INTERNAL_SERVER_ERROR
    body = getattr(error, "body", None)
    message = body if isinstance(body, dict) else {"message": str(error) or type(error).__name__}
    wrapped = {"error": f"Received error from {model.provider}", "external_model_message": message}
    return Scored(int(status), json.dumps(wrapped, default=str).encode(), _JSON)


def _blocked(where: str, categories: list[str], spent: int, made: int | None = None) -> Scored:
    usage = {"prompt_tokens": spent, **({} if made is None else {"completion_tokens": made})}
    error = guardrails.Blocked(where, categories, usage | {"total_tokens": spent + (made or 0)})
    body = {"error_code": error.error_code, "message": error.message}
    return Scored(error.status, json.dumps(body).encode(), _JSON)
