"""Serving endpoints: create, look at, update, tag and delete them.

Real: names, configurations and their versions, the states of an endpoint's life, one update at a time. Inferred: that
stopping takes no time, that what cannot be stopped or started is said to be in the wrong state, and that an update of
a stopped endpoint starts it. Refused: what `refused.py` names. Who may do it: `endpoint_permissions.py`.
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
from fakebricks.services.model_serving.foundation_models import refuse_missing
from fakebricks.services.model_serving.history import History
from fakebricks.services.model_serving.in_flight import InFlight, Place
from fakebricks.services.model_serving.models import Models
from fakebricks.services.model_serving.records import (
    AutoCapture,
    Config,
    Endpoint,
    EndpointName,
    ServedEntity,
    Tag,
    Traffic,
    Update,
)
from fakebricks.services.model_serving.refused import refuse_endpoint
from fakebricks.services.model_serving.serving_runtimes import ServingRuntimes
from fakebricks.services.model_serving.shapes import AiGatewayShape, ConfigShape, CreateEndpoint, TelemetryShape
from fakebricks.services.model_serving.stored import StoredModels
from fakebricks.services.model_serving.timings import Timings, drawn
from fakebricks.services.secrets.references import SecretReferences
from fakebricks.state import State
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import (
    EndpointAlreadyExists,
    InvalidParameterValue,
    InvalidState,
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
        in_flight: InFlight,
        history: History,
        timings: Timings,
        gateway: Gateway,
        secrets: SecretReferences,
        data_plane: DataPlane,
        runtimes: ServingRuntimes,
    ) -> None:
        self.permissions = permissions
        self.data_plane = data_plane
        self._state = state
        self._endpoints = state.table("serving_endpoints", Endpoint)
        self._names = state.table("serving_endpoint_names", EndpointName)
        self._traffic = state.table("serving_traffic", Traffic)
        self._ids = ids
        self._stored = stored
        self._models = models
        self._deployments = deployments
        self._capture = capture
        self._in_flight = in_flight
        self._history = history
        self._timings = timings
        self._gateway = gateway
        self._secrets = secrets
        self._runtimes = runtimes

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
        self._history.note(endpoint, now, f"Endpoint '{endpoint.name}' created.")
        if body.config:
            endpoint = self._updating(endpoint, body.config, caller, now)
        if body.ai_gateway:
            endpoint = self._capture.with_gateway(endpoint, body.ai_gateway, caller)
            endpoint = self._gateway.with_settings(endpoint, body.ai_gateway)
        if body.telemetry_config:
            endpoint = self._capture.with_telemetry(endpoint, body.telemetry_config, caller)
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
            NotImplementedByFakebricks: the platform would have one of its own, for which the test does not answer.
        """
        endpoint = self._deployments.get(name)
        if endpoint is None:
            refuse_missing(name)
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
            endpoint = self._require_settled(name, "updating it again")
            endpoint = self._updating(endpoint, body, caller, now)
            endpoint = replace(endpoint, last_updated_timestamp=_millis(now))
            self._endpoints.put((name,), endpoint)
            return endpoint

    def stop(self, name: str, now: float) -> Endpoint:
        """Stop an endpoint, which keeps its configuration and answers no queries.

        Raises:
            ResourceDoesNotExist: there is no such endpoint.
            ResourceConflict: an update is in progress.
            InvalidState: it is stopped already, or has never been deployed.
        """
        self.get(name)
        with self._state.transaction():
            endpoint = self._require_settled(name, "stopping it")
            if endpoint.config is None or endpoint.suspended:
                held = "is stopped already" if endpoint.suspended else "has never been deployed"
                raise InvalidState(f"Endpoint '{name}' {held}; it cannot be stopped.")
            if endpoint.config.external:  # the rule is documented
                raise InvalidState(f"Endpoint '{name}' serves external models; it cannot be stopped.")
            self._history.note(endpoint, now, f"Endpoint '{name}' stopped.")
            stopped = self._put(replace(endpoint, suspended=True, pending=None, last_updated_timestamp=_millis(now)))
        self._deployments.free_unused()
        return stopped

    def start(self, name: str, now: float) -> Endpoint:
        """Begin to deploy a stopped endpoint's configuration again, as a new version (documented).

        Raises:
            ResourceDoesNotExist: there is no such endpoint.
            ResourceConflict: an update is in progress.
            InvalidState: it is not stopped.
        """
        self.get(name)
        with self._state.transaction():
            endpoint = self._require_settled(name, "starting it")
            if endpoint.config is None or not endpoint.suspended:
                raise InvalidState(f"Endpoint '{name}' is not stopped; it cannot be started.")
            self._models.require(self._runtimes.of(name))
            self._history.note(endpoint, now, f"Endpoint '{name}' started.")
            endpoint = self._deploying(endpoint, replace(endpoint.config, deployed_at=0.0), now)
            return self._put(replace(endpoint, last_updated_timestamp=_millis(now)))

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

    def patch_telemetry(self, name: str, telemetry: TelemetryShape | None, caller: Caller) -> Endpoint:
        """Replace the telemetry, or remove it (documented).

        Raises:
            ResourceDoesNotExist: there is no such endpoint; or as for `create`.
        """
        return self._put(self._capture.with_telemetry(self._require(name), telemetry, caller))

    def delete(self, name: str) -> None:
        """Remove an endpoint, in whatever state; its inference table stays.

        Raises:
            ResourceDoesNotExist: there is none.
        """
        with self._state.transaction():
            endpoint = self._require(name)
            self._endpoints.delete((name,))
            self._names.delete((endpoint.id,))
            self._in_flight.forget(endpoint)
            self._history.forget(endpoint)
            self._gateway.forget(endpoint)
            for key, _ in list(self._traffic.scan((endpoint.id,))):
                self._traffic.delete(key)
        self._deployments.free_unused()

    def asleep(self, endpoint: Endpoint, config: Config, entity: ServedEntity, now: float) -> bool:
        """Whether a deployed entity is scaled to zero."""
        return self._in_flight.asleep(Place(endpoint, config, entity), now)

    def lost(self, endpoint: Endpoint, capture: AutoCapture) -> bool:
        """Whether an inference table that was made is no longer there, or its creator may not write it any more."""
        return self._capture.lost(endpoint, capture)

    def build_log(self, endpoint: Endpoint, update: Update, entity: ServedEntity) -> str:
        """What building the environment of an entity has said, where one was built."""
        return self._history.build_log(endpoint, update, entity)

    def printed(self, entity: ServedEntity) -> str:
        """The last of what the model of an entity has printed, where it is loaded outside this process."""
        return self._models.printed(entity)

    def served_entity(self, name: str, entity_name: str, version: int | None) -> tuple[Endpoint, Update, ServedEntity]:
        """A served entity, and the update to the config of that version; to the newest that has it by default.

        Raises:
            ResourceDoesNotExist: there is no such endpoint, config or entity.
        """
        endpoint = self.get(name)
        for update in self._history.updates(endpoint):
            entity = update.config.entity(entity_name)
            if entity and version in (None, update.config.config_version):
                return endpoint, update, entity
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
        entities = tuple(entity if entity.external_model else self._declared(entity) for entity in entities)
        endpoint, auto_capture = self._capture.with_auto_capture(endpoint, before, body.auto_capture_config, caller)
        config = Config(config_version=0, served_entities=entities, routes=shares, auto_capture_config=auto_capture)
        if config.external and auto_capture is not None:
            message = "auto_capture_config is for custom models. Please use AI Gateway inference tables instead."
            raise InvalidParameterValue(message)
        deploying = self._deploying(endpoint, config, now)
        self._gateway.check(deploying)
        return deploying

    def _declared(self, entity: ServedEntity) -> ServedEntity:
        return replace(entity, declared=self._stored.declared(entity.entity_name, entity.entity_version))

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
            self._models.require(self._runtimes.of(endpoint.name))
        for entity in entities:
            if entity.external_model is None:
                self._stored.require_servable(entity.entity_name, entity.entity_version, caller, endpoint.creator)
                environment_vars.resolved(entity, self._secrets, endpoint.creator)
                continue
            for field, text in references(entity.external_model):
                self._secrets.require(text, field, endpoint.creator)

    def _deploying(self, endpoint: Endpoint, config: Config, now: float) -> Endpoint:
        """The endpoint with a deployment of `config`, as its next version, that begins at `now`.

        Nothing is built or loaded for external models: they are there at once (inferred).
        """
        version = endpoint.last_config_version + 1
        takes, longest = 0.0, 0.0
        if not config.external:
            config = self._runtimes.given(endpoint.name, config)
            takes = drawn(self._timings.deployment, self._ids.chance("deployment", endpoint.name, version))
            longest = max(self._timings.deployment_timeout_of(one.workload_type) for one in config.served_entities)
        update = Update(
            config=replace(config, config_version=version),
            start_time=now,
            ends_at=now + min(takes, longest),
            takes=takes,
        )
        deploying = replace(endpoint, pending=update, last_config_version=version)
        if not config.external:
            self._history.put(endpoint, update)
            return deploying
        arrived = lifecycle.arrived(deploying, update, ("",) * len(config.served_entities))
        self._history.put(endpoint, lifecycle.ended(arrived, update))
        return arrived

    def _require_settled(self, name: str, before: str) -> Endpoint:
        endpoint = self._require(name)
        if lifecycle.in_progress(endpoint):
            # The beginning is observed; how it goes on is inferred.
            message = (
                "Endpoint served entities are currently being updated. "
                f"Wait for the update of endpoint '{name}' to finish before {before}."
            )
            raise ResourceConflict(message)
        return endpoint

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
