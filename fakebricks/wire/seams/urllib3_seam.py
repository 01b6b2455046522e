"""The seam in urllib3: the connection. requests, databricks-sdk, mlflow and the SQL connector all go through it.

The public methods of `urllib3.connection.HTTPConnection` are replaced, and act for the workspace's host only. What is
above them (pools, retries, timeouts, redirects, decoding) is urllib3's own. urllib3 2 only.
"""

from __future__ import annotations

import http.client
import io
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import IO, Any

from urllib3 import HTTPHeaderDict, HTTPResponse
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import SKIP_HEADER, Timeout

from fakebricks.patching import Patch
from fakebricks.wire.intercept import Line
from fakebricks.wire.messages import Reply, Request

_HTTP_1_1 = 11


def patches(line: Line) -> Iterable[Patch]:
    """What has to be replaced so that connections to the workspace's host lead to it."""
    yield Patch(HTTPConnection, "connect", lambda original: _connect(line, original))
    yield Patch(HTTPSConnection, "connect", lambda original: _connect(line, original))
    yield Patch(HTTPConnection, "request", lambda original: _request(line, original))
    yield Patch(HTTPConnection, "getresponse", _getresponse)


class _Socket:
    """Stands where a connection has its socket: the near end of the line, with the request that is on its way."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.request: Request | None = None
        self.url = ""
        self.options: dict[str, Any] = {}

    def settimeout(self, seconds: float | None) -> None:
        """Nothing: the timeout is read from the connection when the reply is asked for."""

    def close(self) -> None:
        """Nothing is open."""


class _Body(io.BytesIO):
    """A reply's body, which counts as closed when it is read to its end, as that of `http.client` does.

    urllib3 gives the connection back to its pool then.
    """

    def __init__(self, content: bytes, headers: Mapping[str, str]) -> None:
        super().__init__(content)
        self._headers = headers

    def isclosed(self) -> bool:
        return self.closed or self.tell() == len(self.getbuffer())

    @property
    def msg(self) -> http.client.HTTPMessage:
        """The headers, in the form in which cookie jars read them."""
        message = http.client.HTTPMessage()
        for name, value in self._headers.items():
            message[name] = value
        return message


def _connect(line: Line, original: Callable[[Any], None]) -> Callable[[Any], None]:
    def connect(self: Any) -> None:
        if not line.leads_to(self.host):
            original(self)
            return
        self.sock = _Socket(line)
        self.is_verified = True

    return connect


def _request(line: Line, original: Callable[..., None]) -> Callable[..., None]:
    def request(
        self: Any,
        method: str,
        url: str,
        body: Any = None,
        headers: Mapping[str, Any] | None = None,
        *,
        chunked: bool = False,
        **options: Any,
    ) -> None:
        if not line.leads_to(self.host):
            original(self, method, url, body, headers, chunked=chunked, **options)
            return
        if self.sock is None:
            self.connect()
        if not isinstance(self.sock, _Socket):
            original(self, method, url, body, headers, chunked=chunked, **options)
            return
        sent = {"host": self.host} | {
            _text(name): _text(value) for name, value in (headers or {}).items() if value is not SKIP_HEADER
        }
        self.sock.request = Request.of(method, f"{_base(self)}{url}", sent, collected(body))
        self.sock.url = url
        self.sock.options = options

    return request


def _getresponse(original: Callable[[Any], HTTPResponse]) -> Callable[[Any], HTTPResponse]:
    def getresponse(self: Any) -> HTTPResponse:
        socket = self.sock
        if not isinstance(socket, _Socket):
            return original(self)
        self.sock = None  # as after "Connection: close"; to connect again costs nothing
        if socket.request is None:
            raise http.client.ResponseNotReady
        timeout = Timeout.resolve_default_timeout(self.timeout)
        reply = socket.line.ask(socket.request, timeout)
        return response(socket.request, reply, request_url=socket.url, **socket.options)

    return getresponse


def response(request: Request, reply: Reply, **options: Any) -> HTTPResponse:
    """A reply as urllib3 gives it to its callers; the options are those of `urllib3.HTTPResponse`."""
    body = _Body(b"" if request.method == "HEAD" else reply.body, reply.headers)
    return HTTPResponse(
        body=body,
        headers=HTTPHeaderDict(reply.headers),
        status=reply.status,
        version=_HTTP_1_1,
        version_string="HTTP/1.1",
        reason=HTTPStatus(reply.status).phrase,
        original_response=body,  # type: ignore[arg-type]
        request_method=request.method,
        **options,
    )


def collected(body: Any) -> bytes:
    """All of a request's body: bytes, text, a file, or an iterable of the first two."""
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    if hasattr(body, "read"):
        return _read(body)
    return b"".join(piece.encode() if isinstance(piece, str) else bytes(piece) for piece in body)


def _read(file: IO[Any]) -> bytes:
    content = file.read()
    return content.encode() if isinstance(content, str) else bytes(content)


def _base(connection: HTTPConnection) -> str:
    """Where the client reached the workspace."""
    scheme = "https" if isinstance(connection, HTTPSConnection) else "http"
    port = "" if connection.port == connection.default_port else f":{connection.port}"
    return f"{scheme}://{connection.host}{port}"


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
