"""Endpoints as the platform shows them.

Real: the shape of a captured reply (observed): both `served_entities` and `served_models`, no `config` before the first
deployment, routes with both names, timestamps in milliseconds with the granularity of a second.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from fakebricks.services.model_serving import foundation_models, lifecycle, progress, telemetry
from fakebricks.services.model_serving.ai_gateway import settings
from fakebricks.services.model_serving.external_models.configs import shown
from fakebricks.services.model_serving.records import (
    AutoCapture,
    Config,
    Endpoint,
    ServedEntity,
    Tag,
    Update,
)

_ZERO = "Scaled to zero"
_STOPPED = "Stopped"  # inferred

# Documented; the message is inferred.
_LOST = {
    "status": "FAILED",
    "status_message": "The table has been dropped, replaced or changed by hand; nothing is logged to it.",
}


class Seen(NamedTuple):
    """What of an endpoint its record does not say."""

    now: float
    asleep: Callable[[Config, ServedEntity], bool]
    """Whether a deployed entity is scaled to zero."""
    lost: Callable[[AutoCapture], bool]
    """Whether an inference table that was made is no longer there."""
    level: str | None
    """The permission that the caller has on it."""
    data_plane: dict[str, Any]
    """Where its data plane is, if it has one."""


def detailed(endpoint: Endpoint, seen: Seen) -> dict[str, Any]:
    """An endpoint as create, get and update answer it."""
    if foundation_models.is_provided(endpoint.name):
        return foundation_models.shown(endpoint, seen.level)
    answer: dict[str, Any] = _head(endpoint)
    if endpoint.config:
        answer["config"] = _stopped(endpoint.config, seen) if endpoint.suspended else _deployed(endpoint.config, seen)
    if endpoint.pending:
        answer["pending_config"] = _pending(endpoint.pending, seen)
    if endpoint.telemetry_table:
        answer["telemetry_config"] = telemetry.shown(endpoint.telemetry_table)
    if endpoint.email_notifications:
        answer["email_notifications"] = notifications(endpoint)
    return answer | {
        "id": endpoint.id,
        "permission_level": seen.level,
        "route_optimized": endpoint.route_optimized,
        **seen.data_plane,
        "creator_display_name": endpoint.creator_display_name,
        "creator_kind": endpoint.creator_kind,
        "resource_credential_strategy": "EMBEDDED_CREDENTIALS",
        "description": endpoint.description,
    }


def summary(endpoint: Endpoint, level: str | None) -> dict[str, Any]:
    """An endpoint as a list has it, with the permission that the caller has on it (observed)."""
    if foundation_models.is_provided(endpoint.name):
        return foundation_models.shown(endpoint, level)
    answer = _head(endpoint) | {"id": endpoint.id, "permission_level": level}
    if endpoint.config:
        entities = endpoint.config.served_entities
        answer["config"] = {
            "served_entities": [_names(one, "entity") for one in entities],
            **_models(endpoint.config, [_names(one, "model") for one in entities]),
        }
    if endpoint.description:
        answer["description"] = endpoint.description
    return answer


def tags(of: tuple[Tag, ...]) -> list[dict[str, str]]:
    """Tags; one without a value has its key only."""
    return [{"key": tag.key} | ({"value": tag.value} if tag.value is not None else {}) for tag in of]


def gateway(endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint's AI Gateway, as far as there is one."""
    table = endpoint.inference_table_config
    return settings.shown(endpoint.gateway) | ({"inference_table_config": _capture(table)} if table else {})


def notifications(endpoint: Endpoint) -> dict[str, list[str]]:
    """Whom an endpoint's updates are told."""
    told = endpoint.email_notifications
    given = {"on_update_success": told.on_update_success, "on_update_failure": told.on_update_failure} if told else {}
    return {name: list(addresses) for name, addresses in given.items() if addresses}


def _head(endpoint: Endpoint) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "name": endpoint.name,
        "creator": endpoint.creator,
        "creation_timestamp": endpoint.creation_timestamp,
        "last_updated_timestamp": endpoint.last_updated_timestamp,
        "state": {
            "ready": lifecycle.ready(endpoint),
            "config_update": lifecycle.config_update(endpoint),
            "suspend": lifecycle.suspend(endpoint),
        },
    }
    task = _task(endpoint)
    if task:
        answer["task"] = task
    if endpoint.tags:
        answer["tags"] = tags(endpoint.tags)
    of_gateway = gateway(endpoint)
    if of_gateway:
        answer["ai_gateway"] = of_gateway
    return answer | _external(endpoint)


def _external(endpoint: Endpoint) -> dict[str, str]:
    """What only endpoints of external models have (documented)."""
    model = endpoint.config.served_entities[0].external_model if endpoint.config else None
    return {"task": model.task, "endpoint_type": "EXTERNAL_MODEL"} if model else {}


def _task(endpoint: Endpoint) -> str | None:
    """What the endpoint's models are for, where MLflow has given them a task (documented)."""
    config = endpoint.config or (endpoint.pending and endpoint.pending.config)
    return config.served_entities[0].declared.task if config else None


def _deployed(config: Config, seen: Seen) -> dict[str, Any]:
    states = [_state("DEPLOYMENT_READY", _ZERO if seen.asleep(config, one) else "") for one in config.served_entities]
    return _config(config, states, seen)


def _stopped(config: Config, seen: Seen) -> dict[str, Any]:
    return _config(config, [_state("DEPLOYMENT_READY", _STOPPED) for _ in config.served_entities], seen)


def _pending(update: Update, seen: Seen) -> dict[str, Any]:
    if update.failures:
        states = [_state(failure.deployment, failure.message) for failure in update.failures]
    else:
        state = _state("DEPLOYMENT_CREATING", progress.message(update, seen.now))
        states = [state for _ in update.config.served_entities]
    return _config(update.config, states, seen) | {"start_time": int(update.start_time) * 1000}


def _config(config: Config, states: list[dict[str, str]], seen: Seen) -> dict[str, Any]:
    entities = list(zip(config.served_entities, states, strict=True))
    answer: dict[str, Any] = {
        "served_entities": [_entity(entity, "entity", state) for entity, state in entities],
        **_models(config, [_entity(entity, "model", state) for entity, state in entities]),
        "traffic_config": {
            "routes": [
                {
                    "served_model_name": route.served_entity_name,
                    "traffic_percentage": route.traffic_percentage,
                    "served_entity_name": route.served_entity_name,
                }
                for route in config.routes
            ]
        },
        "config_version": config.config_version,
    }
    if config.auto_capture_config:
        answer["auto_capture_config"] = _auto_capture(config.auto_capture_config, seen)
    return answer


def _models(config: Config, models: list[dict[str, Any]]) -> dict[str, Any]:
    """External models are no served models (documented)."""
    return {} if config.external else {"served_models": models}


def _state(deployment: str, message: str) -> dict[str, str]:
    return {"deployment": deployment, "deployment_state_message": message}


def _names(entity: ServedEntity, kind: str) -> dict[str, Any]:
    if entity.external_model:
        return {"name": entity.name, "external_model": shown(entity.external_model)}
    return {
        "name": entity.name,
        f"{kind}_name": entity.entity_name,
        f"{kind}_version": entity.entity_version,
    }


def _entity(entity: ServedEntity, kind: str, state: dict[str, str]) -> dict[str, Any]:
    answer = _names(entity, kind)
    history = {"state": state, "creator": entity.creator, "creation_timestamp": entity.creation_timestamp}
    if entity.external_model:
        return answer | history
    for field in ("workload_size", "min_provisioned_concurrency", "max_provisioned_concurrency"):
        value = getattr(entity, field)
        if value is not None:
            answer[field] = value
    if entity.environment_vars:
        answer["environment_vars"] = entity.environment_vars
    return answer | {
        "scale_to_zero_enabled": entity.scale_to_zero_enabled,
        "workload_type": entity.workload_type,
        **history,
    }


def _auto_capture(capture: AutoCapture, seen: Seen) -> dict[str, Any]:
    answer = _capture(capture)
    if capture.enabled:
        lost = _LOST if seen.lost(capture) else {}
        answer["state"] = {"payload_table": {"name": capture.table_name} | lost}
    return answer


def _capture(capture: AutoCapture) -> dict[str, Any]:
    return {
        "catalog_name": capture.catalog_name,
        "schema_name": capture.schema_name,
        "table_name_prefix": capture.table_name_prefix,
        "enabled": capture.enabled,
    }
