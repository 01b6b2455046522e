"""What every test of ours may use: a workspace, and REST calls to it over both ways in."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
from clocks import standing_at
from hypothesis import HealthCheck, settings

from fakebricks import Workspace, fake_workspace
from fakebricks.clock import Clock
from fakebricks.fake import surroundings
from fakebricks.wire import Reply, Request
from fakebricks.wire.server import Server

Entered = Callable[..., AbstractContextManager[Workspace]]

# MLflow 2 asks Spark for a registry, and Spark's client alone ends the process where it finds no Spark.
os.environ.setdefault("SPARK_HOME", os.devnull)

_SAFE = "/%?&=+:;,@!$'()*~#[]"

pytest_plugins = [
    "pytester",
    "scim_fixtures",
    "serving_fixtures",
    "agent_fixtures",
    "docker_fixtures",
    "environment_fixtures",
    "sql_fixtures",
    "scenario_fixtures",
]

# How long an example takes says something of the machine, not of the code; and one fixture is meant to serve them all.
_AT_ANY_SPEED: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
}

# `--hypothesis-profile=nightly` asks more of the tests that do not say themselves how many examples they want.
# Where CI judges a change, it tries the same examples each time; at a desk, new ones.
settings.register_profile("ci", max_examples=100, derandomize=bool(os.environ.get("CI")), **_AT_ANY_SPEED)
settings.register_profile("nightly", max_examples=2000, **_AT_ANY_SPEED)
settings.load_profile("ci")


class Rest:
    """Plain REST calls to a workspace, with the token of one of its people."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.headers = {"authorization": f"Bearer {workspace.token}"}

    def call(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Reply:
        return self.workspace.handle(Request.of(method, path, {**self.headers, **(headers or {})}, body)).whole()

    def get(self, path: str, /, **query: Any) -> Any:
        return self.json("GET", path, query=query)

    def post(self, path: str, /, **body: Any) -> Any:
        return self.json("POST", path, body=body)

    def put(self, path: str, /, **body: Any) -> Any:
        return self.json("PUT", path, body=body)

    def patch(self, path: str, /, **body: Any) -> Any:
        return self.json("PATCH", path, body=body)

    def delete(self, path: str, /, **body: Any) -> Any:
        return self.json("DELETE", path, body=body)

    def json(self, method: str, path: str, /, *, query: dict[str, Any] | None = None, body: Any = None) -> Any:
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
def clock() -> Clock:
    """The clock of `workspace`: it begins alike each time, and moves by its jumps only; others are in clocks.py."""
    return standing_at()


@pytest.fixture
def workspace(clock: Clock) -> Iterator[Workspace]:
    """A workspace, in process, on a virtual clock."""
    workspace = Workspace(clock=clock)
    yield workspace
    workspace.close()


class RestOverHttp(Rest):
    """The same calls, as bytes over loopback."""

    def __init__(self, workspace: Workspace, server: Server) -> None:
        super().__init__(workspace)
        self._connection = HTTPConnection(server.url.removeprefix("http://"), timeout=600)

    def call(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Reply:
        parts = urlsplit(path)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        # http.client refuses what would not be one request line; other clients quote it, as here.
        self._connection.request(method, quote(target, safe=_SAFE), body or None, {**self.headers, **(headers or {})})
        response = self._connection.getresponse()
        content = response.read()
        received = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, content, received, float(received.get("x-fakebricks-duration-ms", 0)) / 1000)

    def close(self) -> None:
        self._connection.close()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One server for the session, to which each test adds its workspace."""
    with Server() as server:
        yield server


@pytest.fixture(params=["process", "server"])
def rest(request: pytest.FixtureRequest, workspace: Workspace) -> Iterator[Rest]:
    """REST calls to `workspace`, over each way in."""
    if request.param == "process":
        yield Rest(workspace)
        return
    server: Server = request.getfixturevalue("server")
    server.add(workspace)
    rest = RestOverHttp(workspace, server)
    yield rest
    rest.close()
    server.remove(workspace)


@pytest.fixture(params=["process", "server"])
def entered(request: pytest.FixtureRequest) -> Entered:
    """`fake_workspace`, by the way in under test: unmodified clients reach a workspace in process and over a port."""
    if request.param == "process":
        return fake_workspace
    server: Server = request.getfixturevalue("server")

    @contextmanager
    def served(**options: Any) -> Iterator[Workspace]:
        with closing(fake_workspace(**options).workspace()) as workspace:
            server.add(workspace)
            try:
                with surroundings(workspace, server.url):
                    yield workspace
            finally:
                server.remove(workspace)

    return served
