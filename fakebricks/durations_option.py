"""The option `--serving NAME=SECONDS` of commands: how long things take in Model Serving."""

from __future__ import annotations

import click

from fakebricks.services.model_serving.timings import Seconds, Timings


def durations(_: click.Context, __: click.Parameter, chosen: tuple[str, ...]) -> dict[str, Seconds]:
    """What was chosen, by name: seconds, or two bounds.

    Raises:
        BadParameter: there is no such duration, or it cannot be so long.
    """
    try:
        told = {name: _seconds(value) for name, _, value in (one.partition("=") for one in chosen)}
        Timings.of(told)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return told


def _seconds(value: str) -> Seconds:
    low, between, high = value.partition(":")
    return (float(low), float(high)) if between else float(low)
