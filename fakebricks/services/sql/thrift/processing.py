"""A call in Thrift, from bytes to bytes, through the connector's own generated `Processor`.

It is imported with the first such call, once it is known that the connector is installed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from databricks.sql.thrift_api.TCLIService import TCLIService
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TTransport import TMemoryBuffer, TTransportException

from fakebricks.services.sql.metadata import Metadata
from fakebricks.services.sql.statements import Statements
from fakebricks.services.sql.thrift.handler import Handler
from fakebricks.wire.errors import NotImplementedByFakebricks
from fakebricks.wire.operations import Call

_VERSION_1 = b"\x80\x01"
_SHOWN = 100


class NotThriftError(Exception):
    """The bytes are no call."""


class _Stopped(TTransportException):  # type: ignore[misc]
    """Carries an error past the processor, which keeps all others to itself."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class _Stopping:
    """A handler whose errors reach the caller."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    def __getattr__(self, name: str) -> Callable[[Any], Any]:
        method = getattr(self._handler, name, None)

        def answer(request: Any) -> Any:
            if method is None:
                raise _Stopped(NotImplementedByFakebricks(f"fakebricks does not implement '{name}' in Thrift."))
            try:
                return method(request)
            except Exception as error:
                raise _Stopped(error) from error

        return answer


def handler_for(statements: Statements, metadata: Metadata, call: Call, warehouse_id: str) -> _Stopping:
    """What answers one call."""
    return _Stopping(Handler(statements, metadata, call, warehouse_id))


def process(handler: _Stopping, asked: bytes) -> bytes:
    """The reply to a call.

    Raises:
        NotThriftError: it is none.
        DatabricksError: what the handler raises.
    """
    if not asked.startswith(_VERSION_1):
        message = "it does not begin as one"
        raise NotThriftError(message)
    out = TMemoryBuffer()
    reader = TBinaryProtocol(
        TMemoryBuffer(asked), string_length_limit=len(asked), container_length_limit=len(asked), strictRead=True
    )
    try:
        TCLIService.Processor(handler).process(reader, TBinaryProtocol(out))
    except _Stopped as stopped:
        raise stopped.error from None
    except Exception as error:  # noqa: BLE001 - the generated code's, of any kind, about bytes that it cannot read
        raise NotThriftError(str(error)[:_SHOWN] or type(error).__name__) from None
    answered: bytes = out.getvalue()
    return answered
