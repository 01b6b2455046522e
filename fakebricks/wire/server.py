"""The HTTP way in: real sockets before `Workspace.handle`, one server for any number of workspaces.

Real: HTTP/1.1 with kept-alive connections, chunked and measured bodies, streamed replies, HEAD. Refused,
each with an error of the platform's shape and a closed connection: malformed lengths and chunks, oversized headers and
bodies, other methods.

A token names a workspace: a request goes to the workspace that recognises it, and otherwise to the one added last,
whose own answer (401 or 403) it gets.
"""

from __future__ import annotations

import errno
import re
import socket
import threading
from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType
from typing import Any, Protocol, Self
from uuid import uuid4

from fakebricks.clock import Clock
from fakebricks.wire.errors import BadRequest, TemporarilyUnavailable, render
from fakebricks.wire.messages import Reply, Request

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"))
_HOST = re.compile(r"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")
_LONGEST_BODY = 5 * 1024**3  # what the Files API takes in one piece (documented)
_PIECE = 1024 * 1024
_LONGEST_LINE = 64 * 1024
_MOST_CONNECTIONS = 512
_BODILESS = frozenset((HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED))
_POLL = 0.05
_JOIN = 2.0


class Tenant(Protocol):
    """What the server needs of a workspace."""

    clock: Clock

    def handle(self, request: Request) -> Reply:
        """Answer one request."""

    def recognises(self, request: Request) -> bool:
        """Whether the request carries a credential of this workspace."""


class PortTakenError(OSError):
    """Another program listens at the address asked for."""


class Server:
    """An HTTP server for workspaces.

    >>> from fakebricks import Workspace
    >>> workspace = Workspace()
    >>> with Server() as server:
    ...     server.add(workspace)
    ...     server.url.startswith("http://127.0.0.1:")
    True

    Args:
        host: the address to bind; loopback by default.
        port: the port to bind; 0 for any free one.
        patience: seconds that a client may be silent, between requests or within one, before its connection is closed.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0, *, patience: float = 75.0) -> None:
        self._address = (host, port)
        self._patience = patience
        self._tenants: tuple[Tenant, ...] = ()
        self._lock = threading.Lock()
        self._listener: _Listener | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where clients reach it, without a trailing slash; known once it is started."""
        if self._listener is None:
            message = "the server has no address before it is started"
            raise RuntimeError(message)
        host, port = self._listener.server_address[:2]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(str(host), str(host))  # noqa: S104 - what was bound, for a URL
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def add(self, workspace: Tenant) -> None:
        """Serve this workspace too."""
        with self._lock:
            self._tenants = (*self._tenants, workspace)

    def remove(self, workspace: Tenant) -> None:
        """Serve this workspace no longer; nothing happens where it was not served."""
        with self._lock:
            self._tenants = tuple(one for one in self._tenants if one is not workspace)

    def tenant(self, request: Request) -> Tenant | None:
        """The workspace that a request is for, or None where none is served."""
        tenants = self._tenants
        recognising = (one for one in reversed(tenants) if one.recognises(request))
        return next(recognising, tenants[-1] if tenants else None)

    def start(self) -> Self:
        """Listen, and answer from threads of the server's own.

        Raises:
            PortTakenError: another program listens there.
            OSError: the address cannot be bound for another reason.
        """
        if self._listener is not None:
            message = "the server is started already"
            raise RuntimeError(message)
        self._listener = _Listener(self._address, self, self._patience)
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(_POLL,), name="fakebricks-server", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening, and close every connection; nothing happens where it is stopped already."""
        listener, thread = self._listener, self._thread
        if listener is None or thread is None:
            return
        self._listener = self._thread = None
        listener.shutdown()
        listener.server_close()
        listener.hang_up()
        thread.join(_JOIN)

    close = stop
    """So that `contextlib.closing` takes it."""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Listener(ThreadingHTTPServer):
    """The listening socket, and the connections that came of it, each with a thread."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], server: Server, patience: float) -> None:
        self.server = server
        self.patience = patience
        self.stopping = threading.Event()
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._guard = threading.Lock()
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        try:
            super().__init__(address, _Connection)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            message = f"port {address[1]} on {address[0]} is taken by another program"
            raise PortTakenError(error.errno, message) from None

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # HTTPServer's own would ask the network for this machine's name

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name="fakebricks-connection",
            daemon=True,
        )
        with self._guard:
            crowded = len(self._connections) >= _MOST_CONNECTIONS
            if not crowded:
                self._connections[request] = thread
        if crowded:
            self._turn_away(request)
        else:
            thread.start()

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._connections.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is the client's affair; `Workspace.handle` never raises."""

    def hang_up(self) -> None:
        """Close every connection, and wait for their threads."""
        self.stopping.set()
        with self._guard:
            connections = dict(self._connections)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # the client was faster
                continue
        for thread in connections.values():
            if thread is not threading.current_thread():
                thread.join(_JOIN)

    def _turn_away(self, request: socket.socket) -> None:
        reply = render(TemporarilyUnavailable(f"fakebricks serves {_MOST_CONNECTIONS} connections at once."), _new_id())
        try:
            request.setblocking(False)
            request.send(_head(reply, close=True) + reply.body)
        except OSError:  # nobody is waiting for it
            pass
        finally:
            super().shutdown_request(request)


class _Refused(Exception):
    """A request that is no HTTP, or more of it than the server takes."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class _Connection(BaseHTTPRequestHandler):
    """One connection, and the requests that come over it one after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def setup(self) -> None:
        super().setup()
        self.connection.settimeout(self.server.patience)

    def handle_one_request(self) -> None:
        self.command = ""
        try:
            self.raw_requestline = self.rfile.readline(_LONGEST_LINE + 1)
        except OSError:  # silent for too long, or gone
            self.close_connection = True
            return
        if not self.raw_requestline or self.server.stopping.is_set():
            self.close_connection = True
            return
        try:
            self._one_request()
        except _Refused as refused:
            self._refuse(refused.status, refused.message)
        except TimeoutError:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "The request did not arrive in time.")
        except ConnectionError:
            self.close_connection = True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library's parser says of a malformed request, in the platform's shape."""
        self._refuse(HTTPStatus(code), explain or message or HTTPStatus(code).phrase)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the standard library's
        """Quiet: the call log says what was asked."""

    def _one_request(self) -> None:
        if len(self.raw_requestline) > _LONGEST_LINE:
            raise _Refused(HTTPStatus.REQUEST_URI_TOO_LONG, "The request's first line is too long.")
        if not self.parse_request():
            return
        if self.request_version == "HTTP/0.9":
            raise _Refused(HTTPStatus.BAD_REQUEST, "The request's first line names no version of HTTP.")
        if self.command not in _METHODS:
            raise _Refused(HTTPStatus.METHOD_NOT_ALLOWED, f"The method {self.command!r} is not served.")
        request = self._request()
        tenant = self.server.server.tenant(request)
        if tenant is None:
            message = "This fakebricks server has no workspace at the moment."
            self._send(render(TemporarilyUnavailable(message), _new_id()))
            return
        reply = tenant.handle(request)
        if reply.duration:
            tenant.clock.spend(reply.duration, self.server.stopping)
        self._send(reply)

    def _request(self) -> Request:
        headers = {name.lower(): value for name, value in self.headers.items()}
        base = self._base(headers.get("host"))
        body = self._body()
        try:
            request = Request.of(self.command, self.path, headers, body)
        except ValueError as error:
            raise _Refused(HTTPStatus.BAD_REQUEST, f"The request's target is malformed: {error}.") from None
        return replace(request, base=base)

    def _base(self, host: str | None) -> str:
        if host is None:
            return self.server.server.url
        if not _HOST.fullmatch(host):
            raise _Refused(HTTPStatus.BAD_REQUEST, "The Host header is malformed.")
        return f"http://{host}"

    def _body(self) -> bytes:
        codings = self.headers.get_all("transfer-encoding", [])
        lengths = {one.strip() for one in self.headers.get_all("content-length", [])}
        if codings:
            if lengths or [one.strip().lower() for one in codings] != ["chunked"]:
                raise _Refused(HTTPStatus.BAD_REQUEST, "The body's length is not told, or told in two ways.")
            return b"".join(self._chunks())
        if not lengths:
            return b""
        length = lengths.pop()
        if lengths or not (length.isascii() and length.isdigit()):
            raise _Refused(HTTPStatus.BAD_REQUEST, "The Content-Length header is malformed.")
        return self._read(self._bounded(int(length[:20])))

    def _chunks(self) -> Iterable[bytes]:
        total = 0
        while size := self._chunk_size():
            total = self._bounded(total + size)
            yield self._read(size)
            if self._line() != b"":
                raise _Refused(HTTPStatus.BAD_REQUEST, "A chunk of the body is longer than it says.")
        while self._line():
            """Trailers say nothing that the fake needs."""

    def _chunk_size(self) -> int:
        told = self._line().partition(b";")[0].strip()
        if not _CHUNK_SIZE.fullmatch(told):
            raise _Refused(HTTPStatus.BAD_REQUEST, "The size of a chunk of the body is malformed.")
        return int(told, 16)

    def _line(self) -> bytes:
        line = self.rfile.readline(_LONGEST_LINE + 1)
        if not line.endswith(b"\n"):
            raise _Refused(HTTPStatus.BAD_REQUEST, "The body ends within a chunk.")
        return line.rstrip(b"\r\n")

    def _read(self, length: int) -> bytes:
        pieces = []
        while length:
            piece = self.rfile.read(min(length, _PIECE))
            if not piece:
                raise _Refused(HTTPStatus.BAD_REQUEST, "The body is shorter than its headers say.")
            pieces.append(piece)
            length -= len(piece)
        return b"".join(pieces)

    @staticmethod
    def _bounded(length: int) -> int:
        if length > _LONGEST_BODY:
            raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body may have {_LONGEST_BODY} bytes at most.")
        return length

    def _send(self, reply: Reply) -> None:
        if reply.chunks is not None:
            self._stream(reply, reply.chunks)
            return
        head = _head(reply, close=self.close_connection)
        if self.command == "HEAD" or reply.status in _BODILESS:
            self.connection.sendall(head)
        else:
            self.connection.sendall(head + reply.body)

    def _stream(self, reply: Reply, chunks: Generator[bytes, None, None]) -> None:
        """Send each piece when it is there; a client of HTTP/1.0, which knows no chunks, sees the end in the close."""
        chunked = self.request_version != "HTTP/1.0"
        self.close_connection = self.close_connection or not chunked
        with closing(chunks):
            self.connection.sendall(_head(reply, close=self.close_connection, chunked=chunked))
            for piece in filter(None, chunks):
                self.connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            self.connection.sendall(b"0\r\n\r\n")

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        """Answer, and close: where the next request would begin is not known."""
        self.close_connection = True
        try:
            self._send(replace(render(BadRequest(message), _new_id()), status=int(status)))
            self._drain()
        except OSError:  # the client is gone
            return

    def _drain(self) -> None:
        """Read what is still coming: closing before would make the client's system throw the reply away."""
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(0.2)
        for _ in range(64):
            if not self.connection.recv(_LONGEST_LINE):
                return


def _head(reply: Reply, *, close: bool, chunked: bool = False) -> bytes:
    """The status line and headers of a reply, with the blank line after them."""
    length = {} if reply.chunks else {"content-length": str(len(reply.body))}
    headers = {**length, **reply.headers}
    if chunked:
        headers["transfer-encoding"] = "chunked"
    if reply.status in _BODILESS:
        del headers["content-length"]
    if close:
        headers["connection"] = "close"
    try:
        phrase = HTTPStatus(reply.status).phrase
    except ValueError:
        phrase = ""
    lines = [f"HTTP/1.1 {reply.status} {phrase}", *(f"{name}: {_one_line(value)}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _one_line(value: str) -> str:
    """A header's value, in which nothing can begin another header."""
    return value.replace("\r", " ").replace("\n", " ")


def _new_id() -> str:
    return str(uuid4())
