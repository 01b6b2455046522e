"""Calls to a workspace, as anyone makes them, each with what a reader of a report wants to see of it.

Real: a call is a request with a person's token. Simulated: who waits for the answer, waits on the workspace's clock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fakebricks.contracts.findings import Evidence, Series
from fakebricks.wire import Request
from fakebricks.workspace import Workspace

_SHOWN = 2_000


@dataclass(frozen=True)
class Exchange:
    """One request and its answer.

    Attributes:
        request: its method and path, and its body.
        status: of the answer.
        body: of the answer.
        seconds: how long its caller has waited, in simulated time.
        headers: of the answer.
    """

    request: str
    status: int
    body: bytes
    seconds: float
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the answer is no error."""
        return self.status < HTTPStatus.BAD_REQUEST

    @property
    def refused(self) -> bool:
        """Whether the caller is told to have made a mistake."""
        return HTTPStatus.BAD_REQUEST <= self.status < HTTPStatus.INTERNAL_SERVER_ERROR

    @property
    def code(self) -> str:
        """The `error_code` of an error; its status, where it has none."""
        return str(self._error().get("error_code", self.status))

    @property
    def message(self) -> str:
        """What an error says. SCIM has a word of its own for it."""
        told = self._error()
        return str(told.get("message", told.get("detail", "")))

    def json(self) -> Any:
        """The answer's body; None where it is no JSON."""
        try:
            return json.loads(self.body or b"{}")
        except ValueError:
            return None

    def _error(self) -> Mapping[str, Any]:
        told = self.json()
        return told if isinstance(told, dict) else {}

    def evidence(self, title: str, expected: str = "", *series: Series) -> Evidence:
        """It, for a report."""
        answer = f"{self.status} after {self.seconds:.2f}s: {self.body.decode(errors='replace')}"
        return Evidence(title, _cut(self.request), _cut(answer), expected, series)


class Client:
    """Somebody who calls a workspace.

    Args:
        workspace: whom.
        token: theirs; the workspace's own user's by default.
    """

    def __init__(self, workspace: Workspace, token: str | None = None) -> None:
        self._workspace = workspace
        self._token = token or workspace.token

    def call(self, method: str, path: str, body: Any = None, *, wait: bool = True) -> Exchange:
        """Ask, and wait for the answer.

        Args:
            method: of the request.
            path: of the request.
            body: bytes, or what is to be said as JSON.
            wait: let the time pass that the answer takes; otherwise more can be asked meanwhile.
        """
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {self._token}", "content-type": "application/json"}
        reply = self._workspace.handle(Request.of(method, path, headers, content)).whole()
        if wait:
            self._workspace.clock.advance(seconds=reply.duration)
        asked = f"{method} {path}\n{content[: _SHOWN * 2].decode(errors='replace')}".strip()
        return Exchange(asked, reply.status, reply.body, reply.passed + reply.duration, reply.headers)

    def told(self, method: str, path: str, body: Any = None) -> Any:
        """What is answered, where an error would make no sense.

        Raises:
            RefusedError: it is an error.
        """
        exchange = self.call(method, path, body)
        if not exchange.ok:
            raise RefusedError(exchange)
        return exchange.json()

    def has(self, path: str) -> bool:
        """Whether there is something to GET.

        Raises:
            RefusedError: that cannot be told.
        """
        exchange = self.call("GET", path)
        if not exchange.ok and exchange.status != HTTPStatus.NOT_FOUND:
            raise RefusedError(exchange)
        return exchange.ok

    def wait(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0) -> None:
        """Let time pass."""
        self._workspace.clock.advance(seconds=seconds, minutes=minutes, hours=hours)


class RefusedError(Exception):
    """The workspace refuses what must be told or done.

    Attributes:
        exchange: what was asked, and the error that was answered.
    """

    def __init__(self, exchange: Exchange) -> None:
        first = exchange.request.partition("\n")[0]
        super().__init__(f"{first}: {exchange.status} {exchange.code}: {exchange.message}")
        self.exchange = exchange


def part(name: str) -> str:
    """A name as one part of a path."""
    return quote(name, safe="")


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} … ({len(text)} characters)"
