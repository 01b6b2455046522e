"""Requests and replies: what crosses the wire, without any socket.

Real: everything a client sends reaches the core as one `Request`, and everything it gets back is one `Reply`, whichever
of the two ways in it took.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, decoded no further than HTTP itself.

    `path` is percent-decoded and has no query; `query` keeps the order and repetitions that the client sent; the names
    in `headers` are lower case. `base` is where the client reached the workspace, as `scheme://host[:port]`; the way in
    knows it, and it is empty where a request was made by hand from a path.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    base: str = ""

    @classmethod
    def of(cls, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Request:
        """A request from a URL (absolute or from the path on), as HTTP libraries hold it."""
        parts = urlsplit(url)
        query = tuple(parse_qsl(parts.query, keep_blank_values=True)) if parts.query else ()
        lowered = {name.lower(): value for name, value in (headers or {}).items()}
        base = f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
        return cls(method.upper(), unquote(parts.path) or "/", query, lowered, body, base)


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP reply.

    `duration` is the simulated time, in seconds, that the caller still has to wait for it (a cold start, for example).
    The way in that carries the reply spends it on the clock, after comparing it with the client's own timeout.

    `chunks`, where there is one, is the body in the pieces in which it comes into being, and `body` is empty. It is
    read once; a way in that does not read it to its end closes it.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    duration: float = 0.0
    chunks: Generator[bytes, None, None] | None = None

    @classmethod
    def of_json(
        cls, value: Any, status: int = 200, *, headers: Mapping[str, str] | None = None, duration: float = 0.0
    ) -> Reply:
        """A reply whose body is `value` (dicts, lists, `msgspec.Struct`s) as JSON."""
        return cls(
            status, msgspec.json.encode(value), {"content-type": "application/json", **(headers or {})}, duration
        )

    def json(self) -> Any:
        """The body read as JSON."""
        return msgspec.json.decode(self.body)

    def whole(self) -> Reply:
        """The reply with all of its body, once the last piece of it is there."""
        return self if self.chunks is None else replace(self, body=b"".join(self.chunks), chunks=None)
