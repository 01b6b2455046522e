"""From a requested configuration to one that an endpoint can deploy.

Real: what the platform validates about names, versions, sizes and traffic (limits documented; texts observed where
quoted from the platform, the others inferred). Simulated: sizes decide how much is in flight at once (`scaling.py`),
workload types how long a deployment may take; neither changes how a model is scored.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from fakebricks.services.model_serving import environment_vars
from fakebricks.services.model_serving.external_models.configs import check_together, external_model
from fakebricks.services.model_serving.external_models.shapes import ExternalModelShape
from fakebricks.services.model_serving.foundation_models import RESERVED
from fakebricks.services.model_serving.records import Config, Route, ServedEntity
from fakebricks.services.model_serving.refused import refuse_entity
from fakebricks.services.model_serving.shapes import (
    ConfigShape,
    ServedEntityShape,
    ServedModelShape,
    ServedShape,
    TrafficConfigShape,
)
from fakebricks.wire.errors import BadRequest, InvalidParameterValue

_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}", re.ASCII)
_UNFIT = re.compile(r"[^A-Za-z0-9_-]", re.ASCII)
_MOST_ENTITIES = 15  # observed; the SDK's documentation says ten
_PERCENT = 100
_CONCURRENCY_STEP = 4
_CUSTOM_ONLY = (  # documented: not beside an external model
    "entity_name",
    "entity_version",
    "workload_size",
    "workload_type",
    "scale_to_zero_enabled",
    "min_provisioned_concurrency",
    "max_provisioned_concurrency",
    "environment_vars",
)
_WORKLOAD_SIZES = ("Small", "Medium", "Large")
_WORKLOAD_TYPES = (
    "CPU",
    "CPU_MEDIUM",
    "CPU_LARGE",
    "GPU_SMALL",
    "GPU_MEDIUM",
    "GPU_LARGE",
    "GPU_XLARGE",
    "GPU_XLARGE_8",
    "MULTIGPU_MEDIUM",
)


def check_endpoint_name(name: str) -> None:
    """Raise `InvalidParameterValue` where the platform takes no endpoint of that name."""
    if not _NAME.fullmatch(name):
        message = (
            f"Endpoint name {name!r} is not valid. It must consist of 1 to 63 alphanumeric characters, dashes and "
            "underscores."
        )
        raise InvalidParameterValue(message)
    if name.lower().startswith(RESERVED):
        message = f"Endpoint name {name!r} is not valid. The prefix '{RESERVED}' is reserved."
        raise InvalidParameterValue(message)


def served_entities(
    body: ConfigShape, creator: str, millis: int, new_id: Callable[[], str]
) -> tuple[ServedEntity, ...] | None:
    """The entities that `body` asks for, or None where it says nothing about them."""
    if body.served_entities is not None and body.served_models is not None:
        message = "Only one of served_entities and served_models can be specified."
        raise InvalidParameterValue(message)
    asked: list[ServedEntityShape] | list[ServedModelShape] | None = (
        body.served_entities if body.served_entities is not None else body.served_models
    )
    if asked is None:
        return None
    if not asked:
        message = "The endpoint's config must have at least one served entity."
        raise InvalidParameterValue(message)
    if len(asked) > _MOST_ENTITIES:
        message = f"served_models cannot contain more than {_MOST_ENTITIES} elements"
        raise InvalidParameterValue(message)
    entities = tuple(_served_entity(one, creator, millis, new_id()) for one in asked)
    check_together([one.external_model for one in entities])
    _check_distinct(entities)
    return entities


def routes(traffic: TrafficConfigShape | None, entities: tuple[ServedEntity, ...]) -> tuple[Route, ...]:
    """How the traffic is shared; a single entity gets all of it unless something else is said."""
    if traffic is None or not traffic.routes:
        if len(entities) == 1:
            return (Route(served_entity_name=entities[0].name, traffic_percentage=_PERCENT),)
        message = "A traffic_config is required for an endpoint with more than one served entity."
        raise InvalidParameterValue(message)
    shares = tuple(
        Route(
            served_entity_name=route.served_entity_name or route.served_model_name or "",
            traffic_percentage=route.traffic_percentage,
        )
        for route in traffic.routes
    )
    _check_routes(shares, {entity.name for entity in entities})
    return shares


def is_gpu(config: Config) -> bool:
    """Whether any entity asks for a GPU."""
    return any("GPU" in entity.workload_type for entity in config.served_entities)


def _served_entity(asked: ServedEntityShape | ServedModelShape, creator: str, millis: int, new_id: str) -> ServedEntity:
    refuse_entity(asked)
    external = asked.external_model if isinstance(asked, ServedEntityShape) else None
    if external is not None:
        return _external_entity(asked, external, creator, millis, new_id)
    model, version = _model_version(asked)
    name = _checked_name(asked.name or _UNFIT.sub("-", f"{model.rpartition('.')[2]}-{version}"))
    low, high, size = _sizes(asked)
    return ServedEntity(
        name=name,
        entity_name=model,
        entity_version=version,
        workload_size=size,
        workload_type=_workload_type(asked),
        min_provisioned_concurrency=low,
        max_provisioned_concurrency=high,
        scale_to_zero_enabled=bool(asked.scale_to_zero_enabled),
        creator=creator,
        creation_timestamp=millis,
        id=new_id,
        environment_vars=environment_vars.checked(asked.environment_vars),
    )


def _external_entity(
    asked: ServedShape, external: ExternalModelShape, creator: str, millis: int, new_id: str
) -> ServedEntity:
    strange = [name for name in _CUSTOM_ONLY if getattr(asked, name) not in (None, False)]
    if strange:
        message = f"Only one of external_model and {strange[0]} can be specified for a served entity."
        raise InvalidParameterValue(message)
    model = external_model(external)
    return ServedEntity(
        name=_checked_name(asked.name or _UNFIT.sub("-", model.name)),
        entity_name=model.name,
        entity_version="",
        workload_size=None,
        workload_type=_WORKLOAD_TYPES[0],
        min_provisioned_concurrency=None,
        max_provisioned_concurrency=None,
        scale_to_zero_enabled=False,
        creator=creator,
        creation_timestamp=millis,
        id=new_id,
        external_model=model,
    )


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        message = (
            f"Served entity name {name!r} is not valid. It must consist of 1 to 63 alphanumeric characters, dashes "
            "and underscores."
        )
        raise InvalidParameterValue(message)
    return name


def _model_version(asked: ServedEntityShape | ServedModelShape) -> tuple[str, str]:
    if isinstance(asked, ServedModelShape):
        model, version = asked.model_name, str(asked.model_version)
    else:
        model, version = asked.entity_name or "", "" if asked.entity_version is None else str(asked.entity_version)
    if not model or not version:
        message = "A served entity needs an entity_name and an entity_version."
        raise InvalidParameterValue(message)
    if not (version.isascii() and version.isdigit()):
        message = f"The entity_version {version!r} of {model!r} is not a version number."
        raise InvalidParameterValue(message)
    return model, version.lstrip("0") or "0"


def _sizes(asked: ServedShape) -> tuple[int | None, int | None, str | None]:
    low, high, size = asked.min_provisioned_concurrency, asked.max_provisioned_concurrency, asked.workload_size
    if low is None and high is None:
        size = size or _WORKLOAD_SIZES[0]
        if size not in _WORKLOAD_SIZES:
            message = f"The workload_size {size!r} is not valid. It must be one of {', '.join(_WORKLOAD_SIZES)}."
            raise InvalidParameterValue(message)
        return None, None, size
    if size is not None:
        message = "Only one of provisioned concurrency or workload size should be defined."
        raise InvalidParameterValue(message)
    if low is None or high is None or not 0 <= low <= high or high == 0 or low % _CONCURRENCY_STEP or high % 4:
        message = (
            f"min_provisioned_concurrency ({low}) and max_provisioned_concurrency ({high}) must both be given, as "
            f"multiples of {_CONCURRENCY_STEP}, the first not above the second."
        )
        raise InvalidParameterValue(message)
    return low, high, None


def _workload_type(asked: ServedShape) -> str:
    kind = asked.workload_type or _WORKLOAD_TYPES[0]
    if kind not in _WORKLOAD_TYPES:
        message = f"The workload_type {kind!r} is not valid. It must be one of {', '.join(_WORKLOAD_TYPES)}."
        raise InvalidParameterValue(message)
    return kind


def _check_distinct(entities: tuple[ServedEntity, ...]) -> None:
    names = [entity.name for entity in entities]
    # Of external models, the same one may be served twice, with other credentials.
    versions = [(entity.entity_name.lower(), entity.entity_version or entity.name) for entity in entities]
    for position, entity in enumerate(entities):
        if versions[position] in versions[:position]:
            # Observed as far as the comma.
            message = (
                f"Cannot create 2+ served entities with the same model and version, which {entity.entity_name} "
                f"version {entity.entity_version} is."
            )
            raise BadRequest(message)
        if names[position] in names[:position]:
            message = f"Served entity names must be unique across an endpoint; {entity.name!r} is there twice."
            raise InvalidParameterValue(message)


def _check_routes(shares: tuple[Route, ...], names: set[str]) -> None:
    told = [route.served_entity_name for route in shares]
    for route in shares:
        if route.served_entity_name not in names:
            known = ", ".join(sorted(names))
            message = (
                f"The traffic_config has a route to {route.served_entity_name!r}, which is no served entity of the "
                f"config. There are: {known}."
            )
            raise InvalidParameterValue(message)
        if not 0 <= route.traffic_percentage <= _PERCENT:
            message = (
                f"The traffic_percentage of {route.served_entity_name!r} is {route.traffic_percentage}; it must be an "
                "integer between 0 and 100."
            )
            raise InvalidParameterValue(message)
    if len(set(told)) != len(told):
        message = "The traffic_config has more than one route to the same served entity."
        raise InvalidParameterValue(message)
    total = sum(route.traffic_percentage for route in shares)
    if total != _PERCENT:
        message = f"The traffic percentages of the routes must sum to 100; they sum to {total}."
        raise InvalidParameterValue(message)
