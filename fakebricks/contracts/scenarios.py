"""Scenarios: how they are declared, and where they are found.

A scenario is one file in `scenarios/`, whose docstring tells the story: what goes wrong on the platform, why, and the
source. It has one function of the file's own name, declared with `@scenario`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Told = Callable[..., None]


class NotApplicable(Exception):
    """Raised by a scenario that has nothing to test in this deployment; its message says why."""


@dataclass(frozen=True)
class Scenario:
    """One way in which models break.

    Attributes:
        name: as its file is called.
        title: one line, for tables.
        rules: the ids of the findings that it may have, with one line on each.
        source: where the platform's behaviour is documented or was observed.
        parameters: the names of its parameters with their defaults; a user sets them as texts such as `1s` or `250ms`.
        tell: runs it: `tell(deployment, **parameters)`. It reports through the deployment (`deployment.found(...)`,
            `deployment.show(...)`) and raises `NotApplicable` where there is nothing to test.
    """

    name: str
    title: str
    rules: Mapping[str, str]
    source: str
    parameters: Mapping[str, Any]
    tell: Told


def scenario(*, title: str, rules: Mapping[str, str], source: str) -> Callable[[Told], Scenario]:
    """Declare the function as a scenario; its keyword-only parameters are the scenario's, and all have defaults."""

    def declared(tell: Told) -> Scenario:
        return Scenario(tell.__name__, title, rules, source, dict(tell.__kwdefaults__ or {}), tell)

    return declared
