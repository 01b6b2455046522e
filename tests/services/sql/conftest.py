"""A workspace for SQL. The engine starts with the first statement of the process, and then stays."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fakebricks import Workspace, fake_workspace

pytest.importorskip("pysail")


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with fake_workspace() as entered:
        yield entered


@pytest.fixture(scope="module")
def reading() -> Iterator[Workspace]:
    """A workspace that tests only read."""
    with fake_workspace() as entered:
        yield entered
