"""The WSGI way in: a workspace as a callable, for gunicorn, granian and other servers.

Real: what `wire.server` does, except that the serving program reads the bytes of HTTP and chooses the threads.
A workspace lives in one process: a program that forks workers needs one worker with many threads.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from fakebricks.wire.messages import Request
from fakebricks.wire.server import Tenant

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_BODILESS = frozenset((HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED))


def wsgi_application(workspace: Tenant) -> WSGIApplication:
    """The workspace as a WSGI application.

    >>> from fakebricks import Workspace
    >>> application = wsgi_application(Workspace())
    """

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        reply = workspace.handle(_request(environ))
        if reply.duration:
            workspace.clock.spend(reply.duration)
        bodiless = reply.status in _BODILESS
        phrase = HTTPStatus(reply.status).phrase
        headers = [pair for pair in reply.headers.items() if not (bodiless and pair[0].startswith("content-"))]
        start_response(f"{reply.status} {phrase}", headers)
        if bodiless or environ["REQUEST_METHOD"] == "HEAD":
            return []
        return [reply.body] if reply.chunks is None else reply.chunks

    return application


def _request(environ: WSGIEnvironment) -> Request:
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or (name in ("CONTENT_TYPE", "CONTENT_LENGTH") and value)
    }
    host = headers.get("host") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    # PEP 3333: the path is UTF-8 bytes held as Latin-1 text, percent-decoded already.
    path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}".encode("latin-1").decode(errors="replace")
    query = tuple(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    base = f"{environ['wsgi.url_scheme']}://{host}"
    return Request(environ["REQUEST_METHOD"].upper(), path or "/", query, headers, _body(environ), base)


def _body(environ: WSGIEnvironment) -> bytes:
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isascii() and length.isdigit():
        return bytes(environ["wsgi.input"].read(int(length)))
    if environ.get("wsgi.input_terminated"):  # a chunked body, which the server unpacks
        return bytes(environ["wsgi.input"].read())
    return b""
