"""The seam in httpx and httpx2, which are of one make: their transports, synchronous and asynchronous."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import anyio.to_thread

from fakebricks.patching import Patch
from fakebricks.wire.intercept import Line
from fakebricks.wire.messages import Reply, Request

Send = Callable[[Any, Any], Any]
AsyncSend = Callable[[Any, Any], Awaitable[Any]]


def patches_of(library: Any, line: Line) -> Iterable[Patch]:
    """What has to be replaced in a library so that requests to the workspace's host lead to it."""

    def handle_request(original: Send) -> Send:
        def handle_request(self: Any, request: Any) -> Any:
            if not line.leads_to(request.url.host):
                return original(self, request)
            request.read()
            return _answered(library, line, request)

        return handle_request

    def handle_async_request(original: AsyncSend) -> AsyncSend:
        async def handle_async_request(self: Any, request: Any) -> Any:
            if not line.leads_to(request.url.host):
                return await original(self, request)
            await request.aread()
            # In a thread: on a real clock it waits, and the event loop must go on meanwhile.
            return await anyio.to_thread.run_sync(_answered, library, line, request)

        return handle_async_request

    yield Patch(library.HTTPTransport, "handle_request", handle_request)
    yield Patch(library.AsyncHTTPTransport, "handle_async_request", handle_async_request)


def _answered(library: Any, line: Line, request: Any) -> Any:
    asked = Request.of(request.method, str(request.url), dict(request.headers), request.content)
    timeout = request.extensions.get("timeout", {}).get("read")
    try:
        return _response(library, request, line.ask(asked, timeout))
    except TimeoutError as error:
        message = "The read operation timed out"
        raise library.ReadTimeout(message, request=request) from error


def _response(library: Any, request: Any, reply: Reply) -> Any:
    content = b"" if request.method == "HEAD" else reply.body
    return library.Response(
        reply.status, headers=list(reply.headers.items()), stream=library.ByteStream(content), request=request
    )
