"""Which inference tables an endpoint writes: that of its configuration (legacy), of its AI Gateway, of its telemetry.

Real: the ways of asking for a table, and the rules about changing, disabling and enabling them (documented). The
platform of 2026 refuses to enable legacy tables (observed); code that is older than that still asks for them, so they
work here, and the call log says so, unless the workspace is to refuse them too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeVar

from msgspec.structs import replace

from fakebricks.services.inference_tables.inference_tables import InferenceTables, logged, logging_errors
from fakebricks.services.inference_tables.records import Payload
from fakebricks.services.model_serving import telemetry
from fakebricks.services.model_serving.records import (
    AutoCapture,
    Config,
    Endpoint,
    InferenceTableConfig,
    ServedEntity,
)
from fakebricks.services.model_serving.rights import Rights
from fakebricks.services.model_serving.runtimes import Scored
from fakebricks.services.model_serving.shapes import AiGatewayShape, AutoCaptureShape, TelemetryShape
from fakebricks.services.unity_catalog.names import object_levels
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import InvalidParameterValue

C = TypeVar("C", bound=AutoCapture)

LegacyTables = Literal["accept", "refuse"]
"""What becomes of a request for a legacy inference table."""

_REFUSED = (  # observed
    "Legacy inference tables have been deprecated. The 'auto_capture_config' field can only be used with "
    "'enabled=false'. Please use AI Gateway inference tables instead."
)
DEPRECATED = f"The platform of 2026 refuses this: {_REFUSED}"


class Capture:
    """Keeps track of endpoints' inference tables, and writes to them."""

    def __init__(self, tables: InferenceTables, rights: Rights, legacy: LegacyTables) -> None:
        self._tables = tables
        self._rights = rights
        self._legacy = legacy

    def with_gateway(self, endpoint: Endpoint, gateway: AiGatewayShape, caller: Caller) -> Endpoint:
        """The endpoint with another AI Gateway.

        Raises:
            InvalidParameterValue: an enabled table would move, or its place is not said.
            CatalogDoesNotExist, SchemaDoesNotExist: its place does not exist.
            TableAlreadyExists: there is a table there which is not this endpoint's.
            PermissionDenied: the caller or the endpoint's creator may not create it.
        """
        before, asked = endpoint.inference_table_config, gateway.inference_table_config
        if asked is None:
            return replace(endpoint, inference_table_config=None)
        wanted = _wanted(InferenceTableConfig, endpoint, before, asked)
        if before and before.enabled and wanted.enabled and wanted != before:
            # "Inference tables is already enabled" is observed; the rule is documented.
            message = (
                f"Inference tables is already enabled for endpoint '{endpoint.name}'. Disable it before you change its "
                "catalog, schema or prefix."
            )
            raise InvalidParameterValue(message)
        self._create(endpoint, wanted, caller, legacy=False)
        return replace(endpoint, inference_table_config=wanted)

    def with_auto_capture(
        self, endpoint: Endpoint, before: Config | None, asked: AutoCaptureShape | None, caller: Caller
    ) -> tuple[Endpoint, AutoCapture | None]:
        """The endpoint, and the legacy table of its next configuration; what is not asked for stays as it was.

        Raises:
            InvalidParameterValue: an enabled table would move, a disabled one would be enabled again, or the workspace
                refuses legacy tables.
            CatalogDoesNotExist, SchemaDoesNotExist, TableAlreadyExists, PermissionDenied: as for `with_gateway`.
        """
        held = before.auto_capture_config if before else None
        if asked is None:
            return endpoint, held
        if asked.enabled is False and held is None:
            return endpoint, None
        wanted = _wanted(AutoCapture, endpoint, held, asked)
        if not wanted.enabled:
            return replace(endpoint, auto_capture_disabled=True), wanted
        if self._legacy == "refuse":
            raise InvalidParameterValue(_REFUSED)
        if endpoint.auto_capture_disabled:
            message = (
                f"The inference table of endpoint '{endpoint.name}' has been disabled; it cannot be enabled again."
            )
            raise InvalidParameterValue(message)
        if held and held.enabled and wanted != held:
            message = "Inference tables is already enabled: its catalog, schema and prefix cannot be changed."
            raise InvalidParameterValue(message)
        self._create(endpoint, wanted, caller, legacy=True)
        return endpoint, wanted

    def with_telemetry(self, endpoint: Endpoint, asked: TelemetryShape | None, caller: Caller) -> Endpoint:
        """The endpoint with other telemetry, or with none.

        Raises:
            InvalidParameterValue: the endpoint cannot have it, or what is asked for cannot be.
            NotImplementedByFakebricks: more is asked for than an inference table.
            CatalogDoesNotExist, SchemaDoesNotExist, TableAlreadyExists, PermissionDenied: as for `with_gateway`.
        """
        if asked is None:
            return replace(endpoint, telemetry_table=None)
        table = telemetry.wanted(asked, endpoint)
        catalog, schema, _ = object_levels(table.full_name)
        self._rights.require_capture(f"{catalog}.{schema}", caller, endpoint.creator)
        self._tables.create_named(table.full_name, endpoint_id=endpoint.id, owner=endpoint.creator, legacy=False)
        return replace(endpoint, telemetry_table=table)

    def log(
        self,
        endpoint: Endpoint,
        config: Config,
        entity: ServedEntity,
        scored: Scored,
        *,
        request_id: str,
        client_request_id: str | None,
        body: bytes,
        received: float,
        seconds: float,
        requester: Caller,
    ) -> list[str]:
        """Write one request and its response to the endpoint's tables; remarks for the call log."""
        payload = Payload(
            databricks_request_id=request_id,
            client_request_id=client_request_id,
            time=received,
            status_code=scored.status,
            execution_ms=round(seconds * 1000),
            request=logged(body),
            response=logged(scored.body),
            logging_error_codes=logging_errors(body, scored.body),
            requester=None if endpoint.route_optimized and not config.external else _id_of(requester),
            endpoint_name=endpoint.name,
            served_entity_id=entity.id,
            model_name=entity.entity_name,
            model_version=entity.entity_version,
        )
        remarks = []
        for name, fraction in _written(endpoint, config):
            if self._tables.exists(name) and not self._rights.may_write(name, endpoint.creator):
                remarks.append(f"{endpoint.creator} may not write to {name} any more; nothing is logged to it.")
                continue
            self._tables.log(name, replace(payload, sampling_fraction=fraction) if fraction < 1 else payload)
            trouble = self._tables.trouble(name)
            remarks += [trouble] if trouble else []
        return remarks

    def lost(self, endpoint: Endpoint, capture: AutoCapture) -> bool:
        """Whether nothing more arrives at a table that was made.

        It is no longer there, somebody has changed its columns, or the endpoint's creator may not write it any more.
        """
        name = _full_name(capture)
        return self._tables.trouble(name) is not None or not self._rights.may_write(name, endpoint.creator)

    def _create(self, endpoint: Endpoint, wanted: AutoCapture, caller: Caller, *, legacy: bool) -> None:
        if wanted.enabled:
            self._rights.require_capture(f"{wanted.catalog_name}.{wanted.schema_name}", caller, endpoint.creator)
            self._tables.create(
                wanted.catalog_name,
                wanted.schema_name,
                wanted.table_name_prefix,
                endpoint_id=endpoint.id,
                owner=endpoint.creator,
                legacy=legacy,
            )


def _written(endpoint: Endpoint, config: Config) -> Iterator[tuple[str, float]]:
    """The tables that an endpoint writes, with the share of the requests that each has."""
    for one in (config.auto_capture_config, endpoint.inference_table_config):
        if one and one.enabled:
            yield _full_name(one), 1.0
    if endpoint.telemetry_table:
        yield endpoint.telemetry_table.full_name, endpoint.telemetry_table.sampling_fraction


def _wanted(kind: type[C], endpoint: Endpoint, before: C | None, asked: AutoCaptureShape) -> C:
    """What is asked for, completed by what was, and by the defaults (documented)."""
    enabled = asked.enabled is not False
    catalog = asked.catalog_name or (before.catalog_name if before else "")
    schema = asked.schema_name or (before.schema_name if before else "")
    if enabled and not (catalog and schema):
        message = "An inference table needs a catalog_name and a schema_name."
        raise InvalidParameterValue(message)
    prefix = asked.table_name_prefix or (before.table_name_prefix if before else endpoint.name)
    return kind(catalog_name=catalog, schema_name=schema, table_name_prefix=prefix, enabled=enabled)


def _id_of(requester: Caller) -> str:
    """What a table calls who asked: a user's id, or a service principal's application id (observed).

    It is NULL for a route-optimised endpoint of custom models, as the column's own comment says.
    """
    return requester.user_name if requester.kind == "ServicePrincipal" else requester.id


def _full_name(capture: AutoCapture) -> str:
    return f"{capture.catalog_name}.{capture.schema_name}.{capture.table_name}"
