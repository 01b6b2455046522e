"""`fakebricks check`: a model or a bundle against the ways in which models break in production, before it is deployed.

Real: a model is registered, served and queried in a fake workspace of this process, which runs the model's code. A URI
is downloaded by MLflow first, with the tracking and registry URIs of the caller's environment.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fakebricks.answers import Unusable, rendered, say
from fakebricks.drift_command import URI, local_model
from fakebricks.durations_option import durations

if TYPE_CHECKING:
    from fakebricks.contracts.agreements import Agreement
    from fakebricks.contracts.bundles import Bundle, BundleError
    from fakebricks.contracts.findings import Verdict
    from fakebricks.contracts.gate import Gate
    from fakebricks.contracts.parameters import Duration
    from fakebricks.contracts.scenarios import Scenario

_BUNDLES = ("databricks.yml", "databricks.yaml", "bundle.yml", "bundle.yaml")
_REGISTERED = re.compile(r"models:/+([^/@]+)")
_FILE = click.Path(dir_okay=False, resolve_path=True, path_type=Path)  # a model may go to another directory
_PIPED = 120  # columns, where nobody says how wide it is
Parameters = dict[str, dict[str, str]]


def _parameters(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> Parameters:
    told: Parameters = {}
    for one in given:
        name, is_one, value = one.partition("=")
        scenario, _dot, parameter = name.partition(".")
        if not is_one or not scenario or not parameter:
            message = f"{one!r} is not of the form scenario.name=value, such as cold_start.sla=1s"
            raise click.BadParameter(message)
        told.setdefault(scenario, {})[parameter] = value
    return told


def _variables(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    for one in given:
        if not one.partition("=")[1]:
            message = f"{one!r} is not of the form name=value"
            raise click.BadParameter(message)
    return {name: value for name, _, value in (one.partition("=") for one in given)}


def _patience(_: click.Context, __: click.Parameter, told: str) -> Duration:
    from fakebricks.contracts.parameters import Duration

    try:
        return Duration.read(told)
    except ValueError as error:
        message = f"{told!r} is not {error}"
        raise click.BadParameter(message) from None


@dataclass(frozen=True)
class _Reports:
    """Where reports go, besides the terminal."""

    junit: Path | None
    json: Path | None
    html: Path | None
    github: bool


@click.command(short_help="Check a model or a bundle before it is deployed.")
@click.argument("path_or_uri", default=".")
@click.option("--model", metavar="DIR|URI", help="The model that the bundle's endpoints serve.")
@click.option("--target", metavar="NAME", help="The target of the bundle.  [default: its default one]")
@click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", callback=_variables, help="Of the bundle.")
@click.option("--scenario", "names", multiple=True, metavar="NAME|FILE", help="May be repeated.  [default: all]")
@click.option("--param", "parameters", multiple=True, metavar="SCENARIO.NAME=VALUE", callback=_parameters)
@click.option(
    "--policy", "policies", multiple=True, metavar="ID", help="A pattern, too; 'none' for none. [default: all]"
)
@click.option(
    "--serving",
    multiple=True,
    metavar="NAME=SECONDS",
    callback=durations,
    help="How long something takes, for example model=0.2: what one request takes the model in production.",
)
@click.option(
    "--load-timeout",
    metavar="DURATION",
    default="5m",
    show_default=True,
    callback=_patience,
    help="How long the model may take to be loaded.",
)
@click.option("--against", metavar="FILE|URI", help="A contract file, or the model that consumers have now.")
@click.option("--write-contract", type=_FILE, help="Write a contract file, if all is well.")
@click.option("--junit", type=_FILE, help="Write JUnit's XML.")
@click.option("--json", "as_json", type=_FILE, help="Write JSON.")
@click.option("--html", type=_FILE, help="Write a page.")
@click.option("--github", is_flag=True, help="Print annotations for GitHub's workflows.")
@click.pass_context
def check(context: click.Context, /, **given: Any) -> None:
    """Check a model, or a bundle that deploys one, against the known ways to break in production.

    PATH_OR_URI is a model's directory, a URI that MLflow understands, or a Databricks Asset Bundle: its databricks.yml,
    or the directory that has it.

    Exits with 0 where the contract is kept, with 1 where it is broken, with 2 where it cannot be told. The table
    [tool.fakebricks] of a pyproject.toml in the working directory chooses scenarios and policies, and weighs findings.
    """
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # bars of a second would fill the report
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)  # the team's own code, which a parameter may name
    reports = _Reports(given["junit"], given["as_json"], given["html"], given["github"])
    try:
        verdicts = _verdicts(given)
    except ModuleNotFoundError as error:
        message = f"this needs the package {error.name}: pip install 'fakebricks[contracts]'"
        raise Unusable(message) from None
    from fakebricks.contracts.weighing import broken

    _print(verdicts, github=reports.github)
    _write(verdicts, reports)
    context.exit(int(broken(verdicts)))


def _verdicts(given: Mapping[str, Any]) -> tuple[Verdict, ...]:
    from fakebricks.contracts.agreements import AgreementError
    from fakebricks.contracts.bundles import BundleError
    from fakebricks.contracts.loading import UnloadableModelError
    from fakebricks.contracts.making import NotAModelError
    from fakebricks.contracts.parameters import ParameterError
    from fakebricks.contracts.policies import PoliciesBlindError
    from fakebricks.contracts.project import SettingsError
    from fakebricks.contracts.running import ScenarioError

    try:
        with ExitStack() as stack:
            return _checked(given, stack)
    except (
        AgreementError,
        BundleError,
        NotAModelError,
        ParameterError,
        PoliciesBlindError,
        ScenarioError,
        SettingsError,
        UnloadableModelError,
    ) as error:
        if given["github"] and isinstance(error, BundleError):
            _annotate_unusable(error)
        raise Unusable(str(error)) from None


def _annotate_unusable(error: BundleError) -> None:
    from fakebricks.contracts.findings import Finding
    from fakebricks.contracts.reports.github import annotation

    click.echo(annotation(Finding("bundle/unreadable", error.message, place=error.place), Path.cwd()))


def _checked(given: Mapping[str, Any], stack: ExitStack) -> tuple[Verdict, ...]:
    from fakebricks.contracts.weighing import broken

    path, bundle = _input(given)
    directory = stack.enter_context(_model(path if bundle is None else given["model"]))
    against = given["against"]
    agreement = None if against is None else stack.enter_context(_agreement(against))
    gate = _gate(given, agreement)
    with _quiet_mlflow():
        verdicts = gate.model(directory or Path(path)) if bundle is None else gate.bundle(bundle, directory)
    if given["write_contract"] is not None and directory is not None and not broken(verdicts):
        _write_contract(given, directory, bundle)
    return verdicts


def _input(given: Mapping[str, Any]) -> tuple[str, Bundle | None]:
    """What is to be checked: a model's place, or a bundle."""
    told: str = given["path_or_uri"]
    path = Path(told)
    a_file = path if path.suffix in (".yml", ".yaml") else None
    found = a_file or next((path / name for name in _BUNDLES if (path / name).is_file()), None)
    if found is None or URI.match(told) or (path / "MLmodel").is_file():
        _check_is_model(told, given)
        return told, None
    if given["write_contract"] is not None and given["model"] is None:
        message = "--write-contract needs --model: a contract is about a model"
        raise click.UsageError(message)
    from fakebricks.contracts.bundles import load_bundle

    return told, load_bundle(found, given["target"], given["variables"])


def _check_is_model(told: str, given: Mapping[str, Any]) -> None:
    for option in ("model", "target", "variables"):
        if given[option]:
            message = f"--{'var' if option == 'variables' else option} is for bundles, and {told} is none"
            raise click.UsageError(message)
    if URI.match(told):
        return
    if not Path(told).exists():
        message = f"{told}: there is no such directory"
        raise Unusable(message)
    if not (Path(told) / "MLmodel").is_file():
        message = (
            f"{told} is neither a model's directory, which has a file MLmodel, nor a bundle's, with databricks.yml"
        )
        raise Unusable(message)


@contextmanager
def _model(told: str | None) -> Iterator[Path | None]:
    if told is None:
        yield None
        return
    with local_model(told) as directory:
        yield directory


@contextmanager
def _quiet_mlflow() -> Iterator[None]:
    """Without what MLflow tells those who run a server: requests that are wrong on purpose would fill the report."""
    import mlflow  # noqa: F401 - it sets the level of its loggers when it is imported

    logger = logging.getLogger("mlflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


@contextmanager
def _agreement(told: str) -> Iterator[Agreement]:
    from fakebricks.contracts.agreements import Agreement

    if not URI.match(told) and not (Path(told) / "MLmodel").is_file():
        yield Agreement.read(Path(told))
        return
    with local_model(told) as directory:
        yield Agreement.of_model(directory, told)


def _gate(given: Mapping[str, Any], agreement: Agreement | None) -> Gate:
    from fakebricks.contracts.gate import Gate
    from fakebricks.contracts.policies import Policies
    from fakebricks.contracts.project import settings_of
    from fakebricks.contracts.rules import check_known
    from fakebricks.contracts.weighing import Weights

    settings = settings_of(Path.cwd())
    scenarios = _scenarios(given["names"] or settings.get("scenarios", ()), given["parameters"])
    weighed: dict[str, Any] = {name: settings[name] for name in ("severity", "waive") if name in settings}
    rules = tuple(given["policies"] or settings.get("policies", ("*",)))
    try:
        policies = None if rules == ("none",) else Policies.of(rules)
    except ValueError as error:
        raise Unusable(str(error)) from None
    weights = Weights.of(weighed)
    check_known(weights, scenarios, Path.cwd() / "pyproject.toml")
    return Gate(
        scenarios,
        given["parameters"],
        policies,
        weights,
        agreement,
        given["serving"],
        given["load_timeout"],
        _progress(),
    )


def _scenarios(names: tuple[str, ...], parameters: Parameters) -> tuple[Scenario, ...]:
    from fakebricks.contracts.catalogue import ScenarioFileError, UnknownScenarioError, catalogue, chosen
    from fakebricks.contracts.parameters import ParameterError, parse

    try:
        scenarios = chosen(names) if names else tuple(catalogue().values())
        by_name = {one.name: one for one in scenarios}
        for name, told in parameters.items():
            if name not in by_name:
                chosen([name])
                message = f"--param {name}...: the scenario {name!r} is not run; add --scenario {name}"
                raise Unusable(message)
            parse(by_name[name], told)
    except (ParameterError, ScenarioFileError, UnknownScenarioError) as error:
        raise Unusable(str(error)) from None
    return scenarios


def _progress() -> Callable[[str], None]:
    """On a terminal, a line for each step; without a thread, whose waiting would let simulated time pass."""

    def tell(step: str) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r\x1b[K{step}", err=True, nl=False)

    return tell


def _write_contract(given: Mapping[str, Any], directory: Path, bundle: Bundle | None) -> None:
    from fakebricks.contracts.agreements import Agreement
    from fakebricks.contracts.parameters import Duration

    told = given["model"] or given["path_or_uri"]
    registered = _REGISTERED.match(told)
    sla = given["parameters"].get("cold_start", {}).get("sla")
    endpoints = () if bundle is None else bundle.endpoints
    Agreement.of_model(
        directory,
        registered[1] if registered else Path(told).resolve().name,
        endpoint=endpoints[0] if len(endpoints) == 1 else None,
        sla=None if sla is None else float(Duration.read(sla)),
    ).write(given["write_contract"])
    click.echo(f"wrote {given['write_contract']}", err=True)


def _print(verdicts: tuple[Verdict, ...], *, github: bool) -> None:
    from fakebricks.contracts.reports import print_verdicts, to_github

    if sys.stderr.isatty():
        click.echo("\r\x1b[K", err=True, nl=False)
    table = rendered(lambda console: print_verdicts(verdicts, console), piped_width=_PIPED)
    annotations = to_github(verdicts, Path.cwd()) if github else ""
    say(f"{table}\n{annotations}".rstrip("\n"))


def _write(verdicts: tuple[Verdict, ...], reports: _Reports) -> None:
    from fakebricks.contracts.reports import to_html, to_json, to_junit

    for file, render in ((reports.junit, to_junit), (reports.json, to_json), (reports.html, to_html)):
        if file is None:
            continue
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(render(verdicts), encoding="utf-8")
        except OSError as error:
            message = f"{file} cannot be written: {error.strerror or error}"
            raise Unusable(message) from None
