"""The operation behind which a warehouse speaks Thrift, to databricks-sql-connector as it is.

Real: the connector's own generated code reads requests and writes replies; where it is not installed beside fakebricks,
that is said. Refused: bytes that are no Thrift, by 400. An error of HTTP has its text in the headers where the
connector looks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fakebricks.services.sql.metadata import Metadata
from fakebricks.services.sql.privileges import of_warehouse
from fakebricks.services.sql.statements import Statements
from fakebricks.services.sql.warehouse_permissions import USE
from fakebricks.wire.errors import DatabricksError, MalformedRequest, NotImplementedByFakebricks, render
from fakebricks.wire.messages import Reply
from fakebricks.wire.operations import Call, Routes, Shape

_ERROR_HEADER = "x-thriftserver-error-message"


class ThriftService:
    """What warehouses need to speak Thrift: the statements, and what there is in Unity Catalog."""

    def __init__(self, statements: Statements, metadata: Metadata) -> None:
        self.statements = statements
        self.metadata = metadata


def _rendered(error: DatabricksError, request_id: str) -> Reply:
    error.headers[_ERROR_HEADER] = " ".join(error.message.split()).encode("ascii", "replace").decode()
    return render(error, request_id)


routes = Routes(renders=_rendered)


class OfWarehouse(Shape):
    warehouse_id: str
    o: str = ""


@routes.post(
    "/sql/1.0/warehouses/<warehouse_id>",
    "/sql/1.0/endpoints/<warehouse_id>",
    atomic=False,
    raw=True,
    privilege=of_warehouse(USE, "warehouse_id"),
)
def call_thrift(service: ThriftService, call: Call, body: OfWarehouse) -> Reply:
    answered = _processor(service, call, body.warehouse_id)(call.request.body)
    return Reply(200, answered, {"content-type": "application/x-thrift"}, duration=call.duration)


def _processor(service: ThriftService, call: Call, warehouse_id: str) -> Callable[[bytes], bytes]:
    try:
        from fakebricks.services.sql.thrift import processing
    except ModuleNotFoundError:
        raise NotImplementedByFakebricks(
            "fakebricks speaks Thrift by databricks-sql-connector's own code: install it where the workspace is, or "
            "connect with use_sea=True."
        ) from None
    handler: Any = processing.handler_for(service.statements, service.metadata, call, warehouse_id)

    def process(asked: bytes) -> bytes:
        try:
            return processing.process(handler, asked)
        except processing.NotThriftError as error:
            raise MalformedRequest(f"The body of the request is not a call in Thrift: {error}") from None

    return process
