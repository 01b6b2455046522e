"""Unmodified clients reach a workspace in process and over a real port; each test of theirs does both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any

import pytest

from fakebricks import Workspace, fake_workspace
from fakebricks.fake import surroundings
from fakebricks.wire.server import Server

Entered = Callable[..., AbstractContextManager[Workspace]]


@pytest.fixture(params=["process", "server"])
def entered(request: pytest.FixtureRequest) -> Entered:
    """`fake_workspace`, by the way in under test."""
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
