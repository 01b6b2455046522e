"""The pytest plugin: a fresh fake Databricks workspace per test.

    def test_promotion(fakebricks): ...

`fakebricks` is in process; `fakebricks_server` is the same kind of workspace over a real port, for what runs in other
processes or other languages. `@pytest.mark.fakebricks(...)` takes the options of `fakebricks.fake_workspace`. In strict
mode, the default, a test fails that asked for what fakebricks does not compute.

Nothing heavy is imported before a fixture is used. Each worker of pytest-xdist has workspaces and a server of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fakebricks import Workspace, fake_workspace
    from fakebricks.wire.server import Server

_WORKSPACES = pytest.StashKey[list["Workspace"]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("fakebricks", "a fake Databricks workspace")
    group.addoption(
        "--fakebricks-transport",
        choices=("process", "server"),
        default="process",
        help="how calls reach the workspace of the fixture 'fakebricks': without sockets, or over a loopback port",
    )
    group.addoption("--fakebricks-live", action="store_true", help="run against a real workspace (not available yet)")


def pytest_configure(config: pytest.Config) -> None:
    _be_a_program()
    config.addinivalue_line("markers", "fakebricks(**options): options of the workspace, as of fake_workspace()")
    if config.getoption("fakebricks_live"):
        message = "--fakebricks-live is not available yet: fakebricks cannot run tests against a real workspace so far"
        raise pytest.UsageError(message)


def _be_a_program() -> None:
    """Let pyspark be imported in a worker of pytest-xdist.

    Such a process has no program of its own. pyspark takes that for the running of its own doctests, and ends the
    process where it cannot; MLflow imports it wherever it is installed, as it is for SQL.
    """
    program = sys.modules["__main__"]
    if program.__spec__ is None and not hasattr(program, "__file__"):
        program.__spec__ = ModuleSpec("__main__", None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """A test that passed, but asked for what is not computed, fails; one that failed says so in a note."""
    try:
        result = yield
    except Exception as error:
        if unsupported := _unsupported(item):
            error.add_note(unsupported)
        raise
    if unsupported := _unsupported(item):
        pytest.fail(unsupported, pytrace=False)
    return result


def _unsupported(item: pytest.Item) -> str:
    """What strict workspaces of the test were asked and do not compute; said once."""
    said: dict[str, None] = {}
    for workspace in item.stash.get(_WORKSPACES, []):
        if workspace.strict:
            said |= dict.fromkeys(workspace.unsupported)
            workspace.unsupported.clear()
    return "\n".join(said)


@pytest.fixture
def fakebricks(request: pytest.FixtureRequest) -> Iterator[Workspace]:
    """A fresh fake Databricks workspace, on a virtual clock; clients find it by the environment."""
    if request.config.getoption("fakebricks_transport") == "server":
        yield request.getfixturevalue("fakebricks_server")
        return
    with _faked(request) as workspace:
        _watch(request, workspace)
        yield workspace


@pytest.fixture
def fakebricks_server(request: pytest.FixtureRequest, _fakebricks_port: Server) -> Iterator[Workspace]:
    """A fresh fake Databricks workspace over a loopback port; `DATABRICKS_HOST` is its URL."""
    from fakebricks.fake import surroundings

    workspace = _faked(request).workspace()
    _watch(request, workspace)
    with ExitStack() as stack:
        stack.callback(workspace.close)
        _fakebricks_port.add(workspace)
        stack.callback(_fakebricks_port.remove, workspace)
        stack.enter_context(surroundings(workspace, _fakebricks_port.url))
        yield workspace


@pytest.fixture(scope="session")
def _fakebricks_port() -> Iterator[Server]:
    from fakebricks.wire.server import Server

    with Server() as server:
        yield server


def _faked(request: pytest.FixtureRequest) -> fake_workspace:
    from fakebricks import fake_workspace

    options: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("fakebricks"))):
        options |= marker.kwargs
    return fake_workspace(**options)


def _watch(request: pytest.FixtureRequest, workspace: Workspace) -> None:
    request.node.stash.setdefault(_WORKSPACES, []).append(workspace)
