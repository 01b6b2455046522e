"""The seam in requests: the session's adapter, so that mocks of `HTTPAdapter.send` let the workspace's calls through.

`responses`, and moto with it, replace `HTTPAdapter.send` while they are active, and refuse every address they do not
know. A call to the workspace's host is sent by the session's own adapter (its pool, its retries, its own `send`), but
with the `HTTPAdapter.send` that requests came with. It ignores proxies, which could not reach the host either.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

from requests import Session
from requests.adapters import BaseAdapter, HTTPAdapter

from fakebricks.patching import Patch
from fakebricks.wire.intercept import Line


def patches(line: Line) -> Iterable[Patch]:
    """What has to be replaced so that a session's calls to the workspace's host reach urllib3."""
    own_send = _own_send()

    class Straight(HTTPAdapter):
        def send(self, request: Any, *args: Any, **options: Any) -> Any:
            return own_send(self, request, *args, **{**options, "proxies": None})

    kinds: dict[type[HTTPAdapter], type[HTTPAdapter]] = {HTTPAdapter: Straight}

    def straightened(kind: type[HTTPAdapter]) -> type[HTTPAdapter]:
        if kind not in kinds:
            # `Straight` comes after the adapter's own class and before HTTPAdapter: its super().send() finds it there.
            kinds[kind] = type(kind.__name__, (kind, Straight), {"__module__": kind.__module__})
        return kinds[kind]

    def get_adapter(original: Callable[..., BaseAdapter]) -> Callable[..., BaseAdapter]:
        def get_adapter(self: Session, url: str) -> BaseAdapter:
            adapter = original(self, url)
            if not isinstance(adapter, HTTPAdapter) or not line.serves(url):
                return adapter
            kind = straightened(type(adapter))
            straight = kind.__new__(kind)
            straight.__dict__ = adapter.__dict__
            return straight

        return get_adapter

    yield Patch(Session, "get_adapter", get_adapter)


def _own_send() -> Callable[..., Any]:
    """The `send` that requests came with.

    Where a mock is in its place already, `responses` is who knows it: it keeps the one that it found at its import.
    """
    send: Callable[..., Any] = HTTPAdapter.send
    if send.__module__ == HTTPAdapter.__module__:
        return send
    responses = sys.modules.get("responses")
    return getattr(responses, "_real_send", send)
