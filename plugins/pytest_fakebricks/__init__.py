"""The pytest plugin: a fresh fake Databricks workspace per test.

    def test_promotion(fakebricks): ...

`fakebricks` is in process; `fakebricks_server` is the same kind of workspace over a real port, for what runs in other
processes or other languages. `@pytest.mark.fakebricks(...)` takes the options of `fakebricks.fake_workspace`. In strict
mode, the default, a test fails that asked for what fakebricks does not compute.

    def test_contract(fakebricks, fakebricks_scenario): ...

is run once for each scenario in which models break in production; see `fakebricks_scenario`.

Nothing heavy is imported before a fixture is used. Each worker of pytest-xdist has workspaces and a server of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fakebricks import Workspace, fake_workspace
    from fakebricks.contracts.findings import Verdict
    from fakebricks.contracts.scenarios import Scenario
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
    parser.addini(
        "fakebricks_scenarios",
        "the scenarios that 'fakebricks_scenario' stands for: names, and paths of files of your own; all by default",
        type="args",
        default=[],
    )
    parser.addini(
        "fakebricks_policies",
        "policies that hold for every workspace, by id or shell pattern; pyproject.toml may weigh them",
        type="args",
        default=[],
    )
    group.addoption("--fakebricks-live", action="store_true", help="run against a real workspace (not available yet)")


def pytest_configure(config: pytest.Config) -> None:
    _be_a_program()
    config.addinivalue_line("markers", "fakebricks(**options): options of the workspace, as of fake_workspace()")
    config.addinivalue_line(
        "markers", "fakebricks_scenarios(*names): the scenarios, or files of them, that the test is run for"
    )
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
    if broken := _broken_policies(item):
        pytest.fail(broken, pytrace=False)
    return result


def _unsupported(item: pytest.Item) -> str:
    """What strict workspaces of the test were asked and do not compute; said once."""
    said: dict[str, None] = {}
    for workspace in item.stash.get(_WORKSPACES, []):
        if workspace.strict:
            said |= dict.fromkeys(workspace.unsupported)
            workspace.unsupported.clear()
    return "\n".join(said)


def _broken_policies(item: pytest.Item) -> str:
    """How the test broke the policies of its workspaces; said once."""
    said = []
    for workspace in item.stash.get(_WORKSPACES, []):
        policies, workspace.policies = workspace.policies, None
        if policies is None:
            continue
        from fakebricks.contracts.policies import BrokenPolicyError

        try:
            policies.hold(workspace)
        except BrokenPolicyError as error:
            said.append(str(error))
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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test of `fakebricks_scenario` is one for each scenario that is asked for."""
    if "fakebricks_scenario" not in metafunc.fixturenames:
        return
    scenarios = _scenarios(metafunc.definition)
    metafunc.parametrize("fakebricks_scenario", scenarios, indirect=True, ids=[one.name for one in scenarios])


def _scenarios(item: pytest.Item) -> tuple[Scenario, ...]:
    """Those that the marker names, or else the ini option, or else all; files go by the project's directory."""
    from fakebricks.contracts.catalogue import ScenarioFileError, UnknownScenarioError, catalogue, chosen

    marker = item.get_closest_marker("fakebricks_scenarios")
    if marker and marker.kwargs:
        where = "parameters stand in the call of the fixture: fakebricks_scenario(endpoint, cold_start={'sla': '1s'})"
        pytest.fail(f"{item.nodeid}: fakebricks_scenarios takes names of scenarios alone; {where}", pytrace=False)
    names = marker.args if marker else item.config.getini("fakebricks_scenarios")
    root = item.config.rootpath
    try:
        told = [str(root / name) if str(name).endswith(".py") else str(name) for name in names]
        return chosen(told) if told else tuple(catalogue().values())
    except (ScenarioFileError, UnknownScenarioError) as error:
        pytest.fail(f"{item.nodeid}: {error}", pytrace=False)


@pytest.fixture
def fakebricks_scenario(request: pytest.FixtureRequest, fakebricks: Workspace) -> Callable[..., Verdict]:
    """One of the scenarios: called with an endpoint, it returns its verdict, fails the test or skips it.

    `fakebricks_scenario("fraud", cold_start={"sla": "1s"})`: parameters stand under the name of their scenario,
    whichever of them the test is run for.
    """
    own = {one.name for one in _scenarios(request.node)}

    def check(endpoint: str, **parameters: Mapping[str, Any]) -> Verdict:
        from fakebricks.contracts.catalogue import chosen
        from fakebricks.contracts.checking import checked
        from fakebricks.contracts.findings import Outcome

        __tracebackhide__ = True
        chosen(parameters.keys() - own)
        verdict = checked(fakebricks, request.param, endpoint, parameters.get(request.param.name, {}))
        if verdict.outcome is Outcome.NOT_APPLICABLE:
            pytest.skip(verdict.summary)
        return verdict

    return check


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
    options["policies"] = _weighed(
        options.get("policies", request.config.getini("fakebricks_policies")), request.config
    )
    return fake_workspace(**options)


def _weighed(policies: Any, config: pytest.Config) -> Any:
    """The policies that a marker or the ini option names, with what the project says of them."""
    if not policies or isinstance(policies, Mapping):
        return policies
    from fakebricks.contracts.project import SettingsError, settings_of

    try:
        told = settings_of(config.rootpath)
    except SettingsError as error:
        raise pytest.UsageError(str(error)) from None
    rules = (policies,) if isinstance(policies, str) else tuple(policies)
    return {"rules": rules, "severity": told.get("severity", {}), "waive": told.get("waive", {})}


def _watch(request: pytest.FixtureRequest, workspace: Workspace) -> None:
    request.node.stash.setdefault(_WORKSPACES, []).append(workspace)
