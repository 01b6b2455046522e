"""The platform's own endpoints, `databricks-...`, of models that it hosts and bills by the token.

Real: each is there without having been created, may be queried by everybody, and is shown without a creator (observed);
its prefix is reserved (documented). Simulated: the model. An endpoint is there if the test has given a provider of its
name, and is queried as one of an external model is, errors included.
Inferred: that names tell which models are for embeddings, and that everybody has CAN_QUERY. What is shown has no
display name, description, documentation, id or timestamps, which are not known.
Refused: those for which there is no provider, and to change the AI Gateway of any.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fakebricks.services.model_serving.external_models.configs import CHAT, EMBEDDINGS, PROVIDERS
from fakebricks.services.model_serving.external_models.providers import Providers
from fakebricks.services.model_serving.external_models.records import ExternalModel
from fakebricks.services.model_serving.records import Config, Endpoint, Route, ServedEntity
from fakebricks.wire.errors import NotImplementedByFakebricks, PermissionDenied

RESERVED = "databricks-"
"""What the names of the platform's own endpoints begin with, and those of no others."""

_OF_EMBEDDINGS = ("embedding", "bge-", "gte-")
_HOST = "databricks"
_EVERYTHING = 100


class FoundationModels:
    """The platform's own endpoints in one workspace: those that the test answers for."""

    def __init__(self, providers: Providers) -> None:
        self._providers = providers

    def get(self, name: str) -> Endpoint | None:
        """The endpoint of that name, or None."""
        return _endpoint(name) if is_provided(name) and self._providers.has(name) else None

    def all(self) -> Iterator[Endpoint]:
        """All of them, by name."""
        return (_endpoint(name) for name in sorted(filter(is_provided, self._providers.names())))


def is_provided(name: str) -> bool:
    """Whether an endpoint of that name is the platform's own, if there is one."""
    return name.lower().startswith(RESERVED) and name not in PROVIDERS


def shown(endpoint: Endpoint, level: str | None) -> dict[str, Any]:
    """An endpoint of the platform's own as answers have it, with the permission that the caller has on it."""
    model = f"system.ai.{endpoint.name}"
    entity = {
        "name": endpoint.name,
        "entity_name": model,
        "type": "FOUNDATION_MODEL",
        "foundation_model": {"name": model},
    }
    return {
        "name": endpoint.name,
        "state": {"ready": "READY", "config_update": "NOT_UPDATING"},
        "config": {"served_entities": [entity]},
        "task": _task(endpoint.name),
        "endpoint_type": "FOUNDATION_MODEL_API",
        "permission_level": level,
    }


def refuse_missing(endpoint: str) -> None:
    """Refuse an endpoint that is not here, and may be one of those that the platform itself provides."""
    if is_provided(endpoint):
        raise NotImplementedByFakebricks(
            f"fakebricks does not implement the platform's own endpoints, of which '{endpoint[:255]}' may be one: "
            "their models are not here. Let the test answer for it, and it is there: "
            "workspace.model_provider(name, callable), where the name is the endpoint's."
        )


def refuse_change(endpoint: str) -> None:
    """Refuse to manage one of the platform's own endpoints; nobody does that (text and status are inferred)."""
    if is_provided(endpoint):
        raise PermissionDenied(
            f"Endpoint '{endpoint[:255]}' is provided by the platform: nobody can update or delete it, or see logs."
        )


def refuse_gateway(endpoint: str) -> None:
    """Refuse an AI Gateway for one of the platform's own endpoints, which there can have one (documented)."""
    if is_provided(endpoint):
        raise NotImplementedByFakebricks(
            "fakebricks does not implement the AI Gateway of the platform's own endpoints, of which "
            f"'{endpoint[:255]}' is one. Give one to an endpoint of an external model instead."
        )


def _endpoint(name: str) -> Endpoint:
    model = ExternalModel(name=name, provider=_HOST, task=_task(name), config={})
    entity = ServedEntity(
        name=name,
        entity_name=name,
        entity_version="",
        workload_size=None,
        workload_type="",
        min_provisioned_concurrency=None,
        max_provisioned_concurrency=None,
        scale_to_zero_enabled=False,
        creator="",
        creation_timestamp=0,
        id=name,
        external_model=model,
    )
    routes = (Route(served_entity_name=name, traffic_percentage=_EVERYTHING),)
    return Endpoint(
        name=name,
        id=name,
        creator="",
        creator_display_name="",
        creator_kind="",
        creation_timestamp=0,
        last_updated_timestamp=0,
        config=Config(config_version=1, served_entities=(entity,), routes=routes),
    )


def _task(name: str) -> str:
    return EMBEDDINGS if any(part in name for part in _OF_EMBEDDINGS) else CHAT
