"""`fakebricks drift`: what becomes of a model that is loaded with other libraries than it was trained with.

Real: a model's directory is only read. A URI is downloaded by MLflow, with the tracking and registry URIs of the
caller's environment, into a directory that is removed afterwards.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from fakebricks.answers import Unusable, rendered, say

if TYPE_CHECKING:
    from fakebricks.drift.reports import DriftReport

URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*={2,3}\s*([^\s;#,]+)(?:\s*;.*)?")


def _pins(_: click.Context, __: click.Parameter, path: Path | None) -> dict[str, str] | None:
    if path is None:
        return None
    pins: dict[str, str] = {}
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        found = _PIN.fullmatch(text)
        if text and not found:
            message = f"line {number} is no pin such as 'scikit-learn==1.4.2': {text[:80]!r}"
            raise click.BadParameter(message)
        if found:
            pins[found[1]] = found[2]
    return pins


@click.command(short_help="Check a model against the libraries of a runtime.")
@click.argument("model")
@click.option("--onto", metavar="RUNTIME", help="Such as '16.4 LTS ML' or serverless-v5.  [default: all of them]")
@click.option(
    "--onto-pins",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=_pins,
    help="A file of pins, as of `pip freeze`, which go before the model's own; python==3.12 is one too.",
)
@click.option("--json", "as_json", is_flag=True, help="Tell it as JSON.")
@click.pass_context
def drift(
    context: click.Context, *, model: str, onto: str | None, onto_pins: dict[str, str] | None, as_json: bool
) -> None:
    """Tell what becomes of MODEL on other libraries than it was trained with.

    MODEL is a model's directory, or a URI that MLflow understands, such as models:/main.default.fraud/3. Nothing of it
    is run.

    Exits with 0 where it is safe, with 1 where it breaks or silently predicts something else, with 2 where it cannot be
    told. Without --onto and --onto-pins there is an answer for each runtime that is known, and for the environment that
    the model's own requirements make, which is the one that the exit is about.
    """
    if onto is not None and onto_pins is not None:
        message = "--onto and --onto-pins are two ways to say the same"
        raise click.UsageError(message)
    reports = _checked(model, onto if onto_pins is None else onto_pins)
    say(_told(reports, as_json=as_json))
    context.exit(int(reports[0].breaks))


def _checked(model: str, onto: str | dict[str, str] | None) -> tuple[DriftReport, ...]:
    """The report that is asked for; or all of them, the one on the model's own requirements first."""
    try:
        from fakebricks.drift.check import CheckedModel
        from fakebricks.environments.model_files import UnusableModelError

        with local_model(model) as directory:
            checked = CheckedModel(directory, model)
            return checked.row() if onto is None else (checked.onto(onto),)
    except ModuleNotFoundError as error:
        message = f"this needs the package {error.name}: pip install 'fakebricks[drift]'"
        raise Unusable(message) from None
    except (UnusableModelError, ValueError) as error:
        raise Unusable(str(error)) from None


@contextmanager
def local_model(model: str) -> Iterator[Path]:
    """The model's directory, which MLflow downloads first where it is somewhere else."""
    if not URI.match(model):
        yield Path(model)
        return
    with TemporaryDirectory(prefix="fakebricks-drift-") as directory:
        yield _downloaded(model, directory)


def _downloaded(uri: str, directory: str) -> Path:
    try:
        from mlflow.artifacts import download_artifacts
    except ModuleNotFoundError:
        message = f"{uri} is for MLflow to download: pip install 'fakebricks[serving]', or give a directory"
        raise Unusable(message) from None
    try:
        downloaded = Path(download_artifacts(artifact_uri=uri, dst_path=directory))
    except Exception as error:  # noqa: BLE001 - MLflow passes on whatever the client of a storage raises
        message = f"{uri} cannot be downloaded: {str(error) or type(error).__name__}"
        raise Unusable(message) from None
    if not (downloaded / "MLmodel").is_file():
        message = f"{uri} holds no model: there is no file MLmodel in it"
        raise Unusable(message)
    return downloaded


def _told(reports: tuple[DriftReport, ...], *, as_json: bool) -> str:
    """The answer as text."""
    if as_json:
        told: Any = reports[0].to_json() if len(reports) == 1 else {"reports": [one.to_json() for one in reports]}
        return json.dumps(told, indent=2)
    from fakebricks.drift.rendering import print_report, print_row

    if len(reports) == 1:
        return rendered(lambda console: print_report(reports[0], console))
    return rendered(lambda console: print_row(reports, console))
