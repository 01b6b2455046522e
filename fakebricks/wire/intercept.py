"""The way in without sockets: what clients in this process send to a workspace's host is answered in the same call.

Real: the clients themselves, down to the connection. Connection pools, retries, back-off, redirects, decoding and the
errors of timeouts are urllib3's, requests' and httpx's own; only what would cross the network does not. It works from
any thread.
Simulated: the time that a reply takes. It is spent on the workspace's clock; a client whose read timeout is shorter
waits no longer than that, and fails as it would.
Refused: calls of a process that was forked from this one, whose effects would be lost with it. Rust and gRPC clients,
aiohttp and all other processes are not seen here; they need `Workspace.serve`.
"""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import urlsplit

from fakebricks.clock import Clock
from fakebricks.patching import OnImport
from fakebricks.wire.messages import Reply, Request

_SEAMS = ("urllib3", "requests", "httpx", "httpx2")


class Answering(Protocol):
    """What a workspace is, to the way in."""

    @property
    def clock(self) -> Clock: ...

    @property
    def host(self) -> str: ...

    def handle(self, request: Request) -> Reply:
        """Answer one request."""


class Line:
    """A workspace as a client reaches it: it answers, and time passes meanwhile."""

    def __init__(self, workspace: Answering) -> None:
        self._workspace = workspace
        self._host = urlsplit(workspace.host).hostname
        self._cut = False
        self._process = os.getpid()

    def leads_to(self, host: str | None) -> bool:
        """Whether a host is the workspace's."""
        return host is not None and not self._cut and host.lower() == self._host

    def cut(self) -> None:
        """Lead nowhere from now on."""
        self._cut = True

    def serves(self, url: str) -> bool:
        """Whether a URL is one of the workspace's."""
        return self.leads_to(urlsplit(url).hostname)

    def ask(self, request: Request, timeout: float | None) -> Reply:
        """The whole reply, after the simulated time that it takes; a streamed one is collected first.

        Raises:
            TimeoutError: it takes longer than `timeout` seconds; that many were waited for.
            ForkedError: this process was forked from the workspace's.
        """
        if os.getpid() != self._process:
            raise ForkedError(request)
        before = self._workspace.clock.jumped
        reply = self._workspace.handle(request).whole()
        passed = self._workspace.clock.jumped - before  # where what was asked slept itself, as a model may
        if timeout is not None and passed + reply.duration > timeout:
            self.wait(max(0.0, timeout - passed))
            message = "timed out"
            raise TimeoutError(message)
        self.wait(reply.duration)
        return reply

    def wait(self, seconds: float) -> None:
        """Let simulated time pass."""
        if seconds:
            self._workspace.clock.spend(seconds)


class ForkedError(RuntimeError):
    """A forked process has a mere copy of the workspace: what it did there, nobody else would ever see."""

    def __init__(self, request: Request) -> None:
        super().__init__(
            f"{request.method} {request.path} came from a process forked from the one with the workspace. "
            "Let other processes reach it over a port: the fixture fakebricks_server, or Workspace.serve()."
        )


class Interception:
    """While entered, requests to the workspace's host go to `Workspace.handle`; others go where they went before."""

    def __init__(self, workspace: Answering) -> None:
        self._line = Line(workspace)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._stack = stack
            for library in _SEAMS:
                self._open(library)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.cut()
        self._stack.close()

    def _open(self, library: str) -> None:
        """Patch a library, now or when it is imported: none is imported for its own sake."""
        if library in sys.modules:
            self._patch(library)
            return
        watch = OnImport(library, partial(self._patch, library))
        watch.start()
        self._stack.callback(watch.stop)

    def _patch(self, library: str) -> None:
        seam = importlib.import_module(f"fakebricks.wire.seams.{library}_seam")
        for patch in seam.patches(self._line):
            patch.start()
            self._stack.callback(patch.stop)
