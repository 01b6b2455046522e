"""What every test of ours may use: a workspace, and REST calls to it over both ways in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from fakebricks import Workspace
from fakebricks.wire import Reply, Request


class Rest:
    """Plain REST calls to a workspace, with the token of one of its people."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.headers = {"authorization": f"Bearer {workspace.token}"}

    def call(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Reply:
        return self.workspace.handle(Request.of(method, path, {**self.headers, **(headers or {})}, body))

    def get(self, path: str, **query: Any) -> Any:
        return self.json("GET", path, query=query)

    def post(self, path: str, **body: Any) -> Any:
        return self.json("POST", path, body=body)

    def put(self, path: str, **body: Any) -> Any:
        return self.json("PUT", path, body=body)

    def patch(self, path: str, **body: Any) -> Any:
        return self.json("PATCH", path, body=body)

    def delete(self, path: str, **body: Any) -> Any:
        return self.json("DELETE", path, body=body)

    def json(self, method: str, path: str, *, query: dict[str, Any] | None = None, body: Any = None) -> Any:
        """The reply's JSON; `RefusedError` where the reply is an error."""

        url = f"{path}?{urlencode(query, doseq=True)}" if query else path
        reply = self.call(method, url, b"" if body is None else json.dumps(body).encode())
        if reply.status >= 400:
            raise RefusedError(reply)
        return reply.json()


class RefusedError(Exception):
    """An error of the platform's shape."""

    def __init__(self, reply: Reply) -> None:
        self.status = reply.status
        body = reply.json()
        self.error_code = body["error_code"]
        self.message = body["message"]
        super().__init__(f"{self.status} {self.error_code}: {self.message}")


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """A workspace, in process, on a virtual clock."""
    workspace = Workspace()
    yield workspace
    workspace.close()


@pytest.fixture
def rest(workspace: Workspace) -> Rest:
    """REST calls to `workspace`."""
    return Rest(workspace)
