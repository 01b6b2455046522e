"""Serving endpoints: create, look at, update, tag and delete them.

Real: names, configurations and their versions, the states of an endpoint's life, one update at a time. Refused: what
`refused.py` names, stopping and starting. Who may do it: `endpoint_permissions.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from fakebricks.ids import Ids
from fakebricks.services.model_serving import environment_vars, lifecycle
from fakebricks.services.model_serving.ai_gateway.gateway import Gateway
from fakebricks.services.model_serving.capture import Capture
from fakebricks.services.model_serving.configuration import check_endpoint_name, routes, served_entities
from fakebricks.services.model_serving.data_plane import DataPlane
from fakebricks.services.model_serving.deployments import Deployments
from fakebricks.services.model_serving.endpoint_permissions import VIEW, EndpointPermissions
from fakebricks.services.model_serving.endpoint_settings import check_notifications
from fakebricks.services.model_serving.external_models.configs import references
from fakebricks.services.model_serving.models import Models
from fakebricks.services.model_serving.records import (
    Activity,
    AutoCapture,
    Config,
    Endpoint,
    EndpointName,
    ServedEntity,
    Tag,
    Traffic,
    Update,
)
from fakebricks.services.model_serving.refused import refuse_endpoint, refuse_foundation_model
from fakebricks.services.model_serving.shapes import AiGatewayShape, ConfigShape, CreateEndpoint
from fakebricks.services.model_serving.stored import StoredModels
from fakebricks.services.secrets.references import SecretReferences
from fakebricks.state import State
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import (
    EndpointAlreadyExists,
    InvalidParameterValue,
    ResourceConflict,
    ResourceDoesNotExist,
)


class ServingEndpoints:
    """The serving endpoints of one workspace.

    Attributes:
        permissions: on them; asked before an operation is, but for a list.
        data_plane: where those are queried that are route-optimised.
    """

    def __init__(
        self,
        state: State,
        ids: Ids,
        *,
        stored: StoredModels,
        models: Models,
        deployments: Deployments,
        capture: Capture,
        permissions: EndpointPermissions,
        gateway: Gateway,
        secrets: SecretReferences,
        data_plane: DataPlane,
    ) -> None:
        self.permissions = permissions
        self.data_plane = data_plane
        self._state = state
        self._endpoints = state.table("serving_endpoints", Endpoint)
        self._names = state.table("serving_endpoint_names", EndpointName)
        self._activity = state.table("serving_activity", Activity)
        self._traffic = state.table("serving_traffic", Traffic)
        self._ids = ids
        self._stored = stored
        self._models = models
        self._deployments = deployments
        self._capture = capture
        self._gateway = gateway
        self._secrets = secrets

    def create(self, body: CreateEndpoint, caller: Caller, now: float) -> Endpoint:
        """A new endpoint, whose deployment begins at `now`; call it inside a transaction.

        Raises:
            EndpointAlreadyExists: there is one of that name.
            InvalidParameterValue, BadRequest: the request breaks a rule.
            ResourceDoesNotExist, CatalogDoesNotExist, SchemaDoesNotExist: a model, a version, or the place of an
                inference table is missing.
            InvalidState: a model version is not READY.
            PermissionDenied: the caller may not load a model, or create the inference table.
        """
        check_endpoint_name(body.name)
        refuse_endpoint(body)
        if body.config and body.config.name not in (None, body.name):
            message = f"The config is for an endpoint called {body.config.name!r}, not {body.name!r}."
            raise InvalidParameterValue(message)
        if self._endpoints.get((body.name,)):
            raise EndpointAlreadyExists(f"Serving endpoint with name {body.name} already exists")
        endpoint = Endpoint(
            name=body.name,
            id=self._ids.hex32(),
            creator=caller.user_name,
            creator_display_name=caller.display_name,
            creator_kind=caller.kind,
            creation_timestamp=_millis(now),
            last_updated_timestamp=_millis(now),
            description=body.description or "",
            tags=_with_tags((), [Tag(key=tag.key, value=tag.value) for tag in body.tags or ()]),
            route_optimized=bool(body.route_optimized),
        )
        if body.config:
            endpoint = self._updating(endpoint, body.config, caller, now)
        if body.ai_gateway:
            endpoint = self._capture.with_gateway(endpoint, body.ai_gateway, caller)
            endpoint = self._gateway.with_settings(endpoint, body.ai_gateway)
        if body.rate_limits:
            endpoint = self._gateway.with_rate_limits(endpoint, body.rate_limits)
        if body.email_notifications:
            endpoint = replace(endpoint, email_notifications=body.email_notifications.record())
            check_notifications(body.email_notifications.record())
        self._endpoints.put((endpoint.name,), endpoint)
        self._names.put((endpoint.id,), EndpointName(name=endpoint.name))
        return endpoint

    def get(self, name: str) -> Endpoint:
        """The endpoint as it is now.

        Raises:
            ResourceDoesNotExist: there is none.
            NotImplementedByFakebricks: the platform would have one of its own.
        """
        endpoint = self._deployments.get(name)
        if endpoint is None:
            refuse_foundation_model(name)
            raise _missing(name)
        return endpoint

    def list(self, caller: Caller) -> Iterator[Endpoint]:
        """All endpoints that the caller may see, as they are now, by name."""
        return (one for one in self._deployments.all() if self.permissions.allows(one, VIEW, caller))

    def update_config(self, name: str, body: ConfigShape, caller: Caller, now: float) -> Endpoint:
        """Begin an update at `now`; what the request leaves out stays as it is.

        Raises:
            ResourceDoesNotExist: there is no such endpoint; or as for `create`.
            ResourceConflict: another update is in progress.
        """
        self.get(name)
        with self._state.transaction():
            endpoint = self._require(name)
            if lifecycle.in_progress(endpoint):
                # The beginning is observed; how it goes on is inferred.
                message = (
                    "Endpoint served entities are currently being updated. "
                    f"Wait for the update of endpoint '{name}' to finish before updating it again."
                )
                raise ResourceConflict(message)
            endpoint = self._updating(endpoint, body, caller, now)
            endpoint = replace(endpoint, last_updated_timestamp=_millis(now))
            self._endpoints.put((name,), endpoint)
            return endpoint

    def patch_tags(self, name: str, add: Sequence[Tag], delete: Sequence[str]) -> Endpoint:
        """Add or change tags, and remove others.

        Raises:
            ResourceDoesNotExist: there is no such endpoint.
            InvalidParameterValue: a tag is both added and removed, or has no key.
        """
        both = {tag.key for tag in add} & set(delete)
        if both:
            message = f"The tags {', '.join(sorted(both))} are both added and deleted."
            raise InvalidParameterValue(message)
        endpoint = self._require(name)
        kept = tuple(tag for tag in endpoint.tags if tag.key not in delete)
        return self._put(replace(endpoint, tags=_with_tags(kept, add)))

    def put_ai_gateway(self, name: str, gateway: AiGatewayShape, caller: Caller) -> Endpoint:
        """Replace the AI Gateway; what the request leaves out is removed.

        Raises:
            ResourceDoesNotExist: there is no such endpoint; or the place of an inference table is missing.
            InvalidParameterValue: the inference table would move while it is enabled.
        """
        endpoint = self._capture.with_gateway(self._require(name), gateway, caller)
        return self._put(self._gateway.with_settings(endpoint, gateway))

    def delete(self, name: str) -> None:
        """Remove an endpoint, in whatever state; its inference table stays.

        Raises:
            ResourceDoesNotExist: there is none.
        """
        endpoint = self._require(name)
        self._endpoints.delete((name,))
        self._names.delete((endpoint.id,))
        self._gateway.forget(endpoint)
        for table in (self._activity, self._traffic):
            for key, _ in list(table.scan((endpoint.id,))):
                table.delete(key)

    def asleep(self, endpoint: Endpoint, config: Config, entity: ServedEntity, now: float) -> bool:
        """Whether a deployed entity is scaled to zero."""
        activity = self._activity.get((endpoint.id, config.config_version, entity.name))
        return lifecycle.scaled_to_zero(entity, config, activity, now)

    def lost(self, endpoint: Endpoint, capture: AutoCapture) -> bool:
        """Whether an inference table that was made is no longer there, or its creator may not write it any more."""
        return self._capture.lost(endpoint, capture)

    def served_entity(self, name: str, entity_name: str, version: int | None) -> tuple[Endpoint, Config, ServedEntity]:
        """A served entity of the config of that version; of the newest one by default.

        Raises:
            ResourceDoesNotExist: there is no such endpoint, config or entity.
        """
        endpoint = self.get(name)
        configs = [endpoint.pending and endpoint.pending.config, endpoint.config]
        for config in configs:
            entity = config and config.entity(entity_name)
            if config and entity and version in (None, config.config_version):
                return endpoint, config, entity
        raise ResourceDoesNotExist(f"Served model with name '{entity_name}' does not exist on endpoint '{name}'.")

    def _updating(self, endpoint: Endpoint, body: ConfigShape, caller: Caller, now: float) -> Endpoint:
        before = endpoint.config or (endpoint.pending.config if endpoint.pending else None)
        asked = served_entities(body, caller.user_name, _millis(now), self._ids.hex32)
        if asked is None and before is None:
            message = "The endpoint's config must have at least one served entity."
            raise InvalidParameterValue(message)
        entities = asked if asked is not None else before.served_entities if before else ()
        unchanged = asked is None and body.traffic_config is None and before is not None
        shares = before.routes if unchanged and before else routes(body.traffic_config, entities)
        self._require_servable(endpoint, before, entities, caller)
        endpoint, auto_capture = self._capture.with_auto_capture(endpoint, before, body.auto_capture_config, caller)
        version = endpoint.last_config_version + 1
        config = Config(
            config_version=version, served_entities=entities, routes=shares, auto_capture_config=auto_capture
        )
        if config.external and auto_capture is not None:
            message = "auto_capture_config is for custom models. Please use AI Gateway inference tables instead."
            raise InvalidParameterValue(message)
        seconds = (
            0.0
            if config.external
            else lifecycle.deployment_seconds(self._ids.chance("deployment", endpoint.name, version))
        )
        update = Update(config=config, start_time=now, ends_at=now + seconds)
        endpoint = replace(endpoint, pending=update, last_config_version=version)
        self._gateway.check(endpoint)
        # Nothing is built or loaded for external models: they are there at once (inferred).
        return lifecycle.arrived(endpoint, update, ("",) * len(entities)) if config.external else endpoint

    def _require_servable(
        self, endpoint: Endpoint, before: Config | None, entities: Sequence[ServedEntity], caller: Caller
    ) -> None:
        external = entities[0].external_model is not None
        if before is not None and before.external != external:
            message = (  # the rule is documented
                f"Endpoint '{endpoint.name}' serves {'external' if before.external else 'custom'} models, and cannot "
                "be updated to serve others."
            )
            raise InvalidParameterValue(message)
        if not external:
            self._models.require()
        for entity in entities:
            if entity.external_model is None:
                self._stored.require_servable(entity.entity_name, entity.entity_version, caller, endpoint.creator)
                environment_vars.resolved(entity, self._secrets, endpoint.creator)
                continue
            for field, text in references(entity.external_model):
                self._secrets.require(text, field, endpoint.creator)

    def _require(self, name: str) -> Endpoint:
        endpoint = self._endpoints.get((name,))
        if endpoint is None:
            raise _missing(name)
        return endpoint

    def _put(self, endpoint: Endpoint) -> Endpoint:
        self._endpoints.put((endpoint.name,), endpoint)
        return endpoint


def _missing(name: str) -> ResourceDoesNotExist:
    return ResourceDoesNotExist(f"Endpoint with name '{name}' does not exist.")


def _with_tags(tags: tuple[Tag, ...], add: Sequence[Tag]) -> tuple[Tag, ...]:
    if not all(tag.key for tag in add):
        message = "The key of a tag must not be empty."
        raise InvalidParameterValue(message)
    changed = {tag.key: tag for tag in tags} | {tag.key: tag for tag in add}
    return tuple(changed.values())


def _millis(now: float) -> int:
    """Milliseconds since the epoch, with the granularity of a second that the platform has here (observed)."""
    return int(now) * 1000
