"""The command line: one function per command, each of which imports what it needs when it runs."""

from __future__ import annotations

import os
import secrets
import shlex
import signal
import sys
import time
from contextlib import closing
from typing import Any, get_args

import click

from fakebricks import Workspace, __version__
from fakebricks.check_command import check
from fakebricks.clock import Clock, clock_named
from fakebricks.drift_command import drift
from fakebricks.durations_option import durations
from fakebricks.services.model_serving.runtimes.choice import ImageOption, RuntimeOption, chosen
from fakebricks.services.model_serving.timings import Seconds
from fakebricks.surroundings.environment import no_spark
from fakebricks.wire.errors import DatabricksError
from fakebricks.wire.server import Server
from fakebricks.wiring import StorageOption
from fakebricks.workspace import DEFAULT_USER

_KEPT_CALLS = 1_000  # at most 128 KiB each
_POLL = 0.1
_INTERRUPTED = 130


class _Commands(click.Group):
    """Ends with 130 on Ctrl-C, as other programs do; click's own 1 would be an answer of `drift` or `check`."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(_INTERRUPTED)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="fakebricks")
def main() -> None:
    """A fake Databricks workspace, for testing MLflow code."""
    os.environ.update(no_spark())


def _clock(_: click.Context, __: click.Parameter, name: str) -> Clock:
    try:
        return clock_named(name)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _token(_: click.Context, __: click.Parameter, token: str | None) -> str:
    if token is None:
        return f"dapi{secrets.token_hex(16)}"
    if not token.isascii() or not token.isprintable() or not token or " " in token:
        message = "a token is made of printable ASCII characters without spaces"
        raise click.BadParameter(message)
    return token


def _image(context: click.Context, _: click.Parameter, given: tuple[str, ...]) -> ImageOption | None:
    """The name of an image, or pins."""
    if not given:
        return None
    pins = {name: version for name, _, version in (one.partition("==") for one in given)}
    image = given[0] if given == tuple(pins) and len(given) == 1 else pins
    try:
        chosen(context.params["runtime"], image)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return image


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 for a free one.")
@click.option(
    "--clock",
    default="auto",
    show_default=True,
    metavar="auto|real|xN",
    callback=_clock,
    help="auto: waiting costs nothing. real: as on the platform. xN: N times as fast, for example x60.",
)
@click.option("--token", callback=_token, help="The user's access token.  [default: a random one]")
@click.option("--user", default=DEFAULT_USER, show_default=True, help="The user that the token stands for.")
@click.option("--catalog", "catalogs", multiple=True, default=("main",), show_default=True, help="May be repeated.")
@click.option(
    "--storage",
    default="presigned",
    show_default=True,
    type=click.Choice(get_args(StorageOption)),
    help="How clients move the files of model versions.",
)
@click.option(
    "--serving",
    multiple=True,
    metavar="NAME=SECONDS",
    callback=durations,
    help="How long something takes in Model Serving, for example deployment=60 or cold_start=10:30. May be repeated.",
)
@click.option(
    "--runtime",
    default="process",
    show_default=True,
    is_eager=True,
    type=click.Choice(get_args(RuntimeOption)),
    help="Where registered models are loaded and scored.",
)
@click.option(
    "--runtime-image",
    multiple=True,
    metavar="NAME|PACKAGE==VERSION",
    callback=_image,
    help="What they are loaded with: a Databricks Runtime, for example '15.4 LTS ML', or pins, one at a time.",
)
@click.option("--rate-limits", is_flag=True, help="Answer 429 beyond the calls per second that the platform documents.")
def serve(
    *,
    host: str,
    port: int,
    clock: Clock,
    token: str,
    user: str,
    catalogs: tuple[str, ...],
    storage: StorageOption,
    serving: dict[str, Seconds],
    runtime: RuntimeOption,
    runtime_image: ImageOption | None,
    rate_limits: bool,
) -> None:
    """Serve a workspace over HTTP until SIGTERM or Ctrl-C."""
    # Only noted: an exception out of a signal's handler could end up where it is swallowed.
    asked_to_leave: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: asked_to_leave.append(number))
    server = Server(host, port)
    try:
        server.start()
    except OSError as error:
        raise click.ClickException(f"cannot listen at {host}:{port}: {error.strerror or error}") from None
    limits = "documented" if rate_limits else None
    with (
        closing(server),
        closing(
            _workspace(
                server.url,
                clock=clock,
                token=token,
                user=user,
                catalogs=catalogs,
                storage=storage,
                rate_limits=limits,
                serving=serving,
                runtime=runtime,
                runtime_image=runtime_image,
            )
        ) as workspace,
    ):
        server.add(workspace)
        _tell(workspace)
        while not asked_to_leave:
            time.sleep(_POLL)


@main.command(short_help="Tell the whole path, from training to a scored request.")
@click.option("--host", help="URL of a `fakebricks serve`.  [default: a workspace of its own, in process]")
@click.option("--token", help="The token that it printed.")
def demo(*, host: str | None, token: str | None) -> None:
    """Tell the whole path, from a training run to a scored and logged request."""
    if (host is None) != (token is None):
        message = "--host and --token go together"
        raise click.UsageError(message)
    from fakebricks.demo import StoryError, tell_in_process, tell_to

    try:
        if host and token:
            tell_to(host, token)
        else:
            tell_in_process()
    except ModuleNotFoundError as error:
        message = f"the story needs the package {error.name}: pip install 'fakebricks[demo]'"
        raise click.ClickException(message) from None
    except StoryError as error:
        message = f"not as told: {error}"
        raise click.ClickException(message) from None


main.add_command(drift)
main.add_command(check)


def _workspace(url: str, **options: Any) -> Workspace:
    try:
        return Workspace(host=url, strict=False, keep_calls=_KEPT_CALLS, **options)
    except (DatabricksError, ModuleNotFoundError, ValueError) as error:
        raise click.UsageError(str(error)) from None


def _tell(workspace: Workspace) -> None:
    """Say where it is, in lines that can be pasted into a shell as they are."""
    lines = [f"# fakebricks {__version__} is serving a workspace at {workspace.host}"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in workspace.env().items()]
    click.echo("\n".join(lines))
    sys.stdout.flush()
