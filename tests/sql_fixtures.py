"""A workspace for SQL. The engine starts with the first statement of the process, and then stays."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fakebricks import Workspace, fake_workspace


@pytest.fixture(scope="module")
def reading() -> Iterator[Workspace]:
    """A workspace that tests only read."""
    pytest.importorskip("pysail")
    with fake_workspace() as entered:
        yield entered
