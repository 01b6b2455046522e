"""The seam in httpx: its transports, synchronous and asynchronous. The OpenAI client goes through it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import anyio.to_thread
import httpx

from fakebricks.patching import Patch
from fakebricks.wire.intercept import Line
from fakebricks.wire.messages import Reply, Request


def patches(line: Line) -> Iterable[Patch]:
    """What has to be replaced so that requests to the workspace's host lead to it."""

    def handle_request(
        original: Callable[[httpx.HTTPTransport, httpx.Request], httpx.Response],
    ) -> Callable[[httpx.HTTPTransport, httpx.Request], httpx.Response]:
        def handle_request(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
            if not line.leads_to(request.url.host):
                return original(self, request)
            request.read()
            return _answered(line, request)

        return handle_request

    def handle_async_request(
        original: Callable[[httpx.AsyncHTTPTransport, httpx.Request], Awaitable[httpx.Response]],
    ) -> Callable[[httpx.AsyncHTTPTransport, httpx.Request], Awaitable[httpx.Response]]:
        async def handle_async_request(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
            if not line.leads_to(request.url.host):
                return await original(self, request)
            await request.aread()
            # In a thread: on a real clock it waits, and the event loop must go on meanwhile.
            return await anyio.to_thread.run_sync(_answered, line, request)

        return handle_async_request

    yield Patch(httpx.HTTPTransport, "handle_request", handle_request)
    yield Patch(httpx.AsyncHTTPTransport, "handle_async_request", handle_async_request)


def _answered(line: Line, request: httpx.Request) -> httpx.Response:
    asked = Request.of(request.method, str(request.url), dict(request.headers), request.content)
    timeout = request.extensions.get("timeout", {}).get("read")
    try:
        return _response(request, line.ask(asked, timeout))
    except TimeoutError as error:
        message = "The read operation timed out"
        raise httpx.ReadTimeout(message, request=request) from error


def _response(request: httpx.Request, reply: Reply) -> httpx.Response:
    content = b"" if request.method == "HEAD" else reply.body
    return httpx.Response(
        reply.status, headers=list(reply.headers.items()), stream=httpx.ByteStream(content), request=request
    )
