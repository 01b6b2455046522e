"""Scenarios: how they are declared, and where they are found.

A scenario is one file in `scenarios/`, whose docstring tells the story: what goes wrong on the platform, why, and the
source. It has one function of the file's own name, declared with `@scenario`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import signature
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
        meanings: one line on each parameter.
    """

    name: str
    title: str
    rules: Mapping[str, str]
    source: str
    parameters: Mapping[str, Any]
    tell: Told
    meanings: Mapping[str, str] = field(default_factory=dict)


def scenario(
    *, title: str, rules: Mapping[str, str], source: str, meanings: Mapping[str, str] | None = None
) -> Callable[[Told], Scenario]:
    """Declare the function as a scenario; its keyword-only parameters are the scenario's, and all have defaults.

    Args:
        title: of the scenario.
        rules: that it may find broken.
        source: of what it tells.
        meanings: of its parameters.

    Raises:
        TypeError: it takes something else than a deployment and such parameters.
    """

    def declared(tell: Told) -> Scenario:
        for one in list(signature(tell).parameters.values())[1:]:
            if one.kind is not one.KEYWORD_ONLY or one.default is one.empty:
                message = f"the parameter {one.name!r} of {tell.__name__} must stand after a * and have a default"
                raise TypeError(message)
        return Scenario(tell.__name__, title, rules, source, dict(tell.__kwdefaults__ or {}), tell, meanings or {})

    return declared
