"""What databricks-sql-connector asks beside its statements: flags of features, and what it tells about itself.

Real: no flag is set, so that it sends no telemetry of its own accord. What it is told to send is taken, counted and
thrown away: nothing leaves the machine.
"""

from __future__ import annotations

from typing import Any

from fakebricks.ids import WorkspaceIdentity
from fakebricks.wire.operations import Call, Routes, Shape

routes = Routes()

_AN_HOUR = 3600


class OfConnector(Shape):
    language: str
    version: str


class Telemetry(Shape, forbid_unknown_fields=False):
    protoLogs: tuple[Any, ...] = ()  # noqa: N815 - as the connector says it
    items: tuple[Any, ...] = ()


@routes.get("/api/2.0/connector-service/feature-flags/<language>/<version>")
def get_connector_feature_flags(workspace: WorkspaceIdentity, call: Call, body: OfConnector) -> dict[str, Any]:
    return {"flags": [], "ttl_seconds": _AN_HOUR}


@routes.post("/telemetry-ext")
@routes.post("/telemetry-unauth", public=True)
def send_telemetry(workspace: WorkspaceIdentity, call: Call, body: Telemetry) -> dict[str, Any]:
    return {"errors": [], "numSuccess": len(body.items), "numProtoSuccess": len(body.protoLogs)}
