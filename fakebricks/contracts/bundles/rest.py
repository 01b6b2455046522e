"""Calls to the workspace that a bundle is deployed into, as anyone makes them: requests with its token."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from fakebricks.wire import Request
from fakebricks.workspace import Workspace


class RefusedError(Exception):
    """The workspace has refused a request.

    Attributes:
        request: its method and path.
        status: the status of the reply.
        code: its `error_code`.
        message: its `message`.
    """

    def __init__(self, request: str, status: int, code: str, message: str) -> None:
        super().__init__(f"{request}: {status} {code}: {message}")
        self.request = request
        self.status = status
        self.code = code
        self.message = message


class Rest:
    """Requests to a workspace, in the name of its own user."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._headers = {"authorization": f"Bearer {workspace.token}"}

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """What the workspace answers.

        Raises:
            RefusedError: it refuses.
        """
        return self.send(method, path, b"" if body is None else json.dumps(body).encode())

    def send(self, method: str, path: str, content: bytes) -> Any:
        """What the workspace answers to a request with this very body.

        Raises:
            RefusedError: it refuses.
        """
        reply = self.workspace.handle(Request.of(method, path, self._headers, content)).whole()
        if reply.status >= 400:  # noqa: PLR2004 - statuses of HTTP
            told = {"error_code": reply.status, "message": "", **_in_one_form(reply.json())}
            raise RefusedError(f"{method} {path}", reply.status, str(told["error_code"]), str(told["message"]))
        return reply.json() if reply.body else {}

    def has(self, path: str) -> bool:
        """Whether there is something to GET."""
        try:
            self.call("GET", path)
        except RefusedError as refused:
            if refused.status == 404:  # noqa: PLR2004 - statuses of HTTP
                return False
            raise
        return True


def _in_one_form(told: dict[str, Any]) -> dict[str, Any]:
    """An error as most of the platform tells it; SCIM has a form of its own."""
    return {"message": told["detail"]} if "detail" in told else told


def part(name: str) -> str:
    """A name as one part of a path."""
    return quote(name, safe="")
