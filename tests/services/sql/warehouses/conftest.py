"""A workspace that nobody has entered: what executes statements here is a stub."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fakebricks import Workspace


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    workspace = Workspace()
    yield workspace
    workspace.close()
