"""What the tests of identity share: calls as somebody else, and replies in SCIM's shape."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Rest

SCIM = "/api/2.0/preview/scim/v2"


class Scim:
    """SCIM calls over one way in, as the workspace's admin or as whoever has a token."""

    def __init__(self, rest: Rest) -> None:
        self.rest = rest
        self.workspace = rest.workspace

    def call(self, method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {token}"} if token else None
        content = b"" if body is None else json.dumps(body).encode()
        reply = self.rest.call(method, f"{SCIM}/{path}", content, headers)
        return reply.status, reply.json() if reply.body else None

    def user(self, user_name: str, /, **more: Any) -> dict[str, Any]:
        return self.made("Users", {"userName": user_name, **more})

    def group(self, name: str, *members: dict[str, Any], **more: Any) -> dict[str, Any]:
        return self.made("Groups", {"displayName": name, "members": [{"value": one["id"]} for one in members], **more})

    def made(self, kind: str, body: Any) -> dict[str, Any]:
        status, made = self.call("POST", kind, body)
        assert status == 201, made
        return made

    def get(self, path: str) -> Any:
        status, found = self.call("GET", path)
        assert status == 200, found
        return found

    def patch(self, path: str, *operations: dict[str, Any]) -> tuple[int, Any]:
        return self.call("PATCH", path, {"Operations": list(operations)})

    def refused(self, method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, str]:
        """The status and text of a refusal, which left everything as it was."""
        before = self.workspace.snapshot()
        status, error = self.call(method, path, body, token)
        assert error["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
        assert error["status"] == str(status)
        assert self.workspace.snapshot() == before
        return status, error["detail"]


@pytest.fixture
def scim(rest: Rest) -> Scim:
    return Scim(rest)
