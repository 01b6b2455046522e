"""The parameters of scenarios, as users write them: `1s`, `250ms`, `5%`, `true`, `20`.

A parameter's default says of which kind it is; None is that of a function of the user's own, or its `module:function`.
Such a function is imported where the scenario is run, never before: its module may make clients, which are to find the
workspace and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from fakebricks.contracts.scenarios import Scenario

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*(%)?")
_WHOLE = 100
_LONGEST = 366 * 86_400
_MOST = 1_000_000
_FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


class ParameterError(ValueError):
    """A parameter that a scenario does not have, or a value that it cannot have."""


class Duration(float):
    """Seconds, which a reader is told with their unit.

    >>> str(Duration(0.25)), str(Duration(1)), str(Duration(600))
    ('250ms', '1s', '600s')
    """

    def __str__(self) -> str:
        return f"{float(self) * 1000:g}ms" if 0 < self < 1 else f"{float(self):g}s"

    @classmethod
    def read(cls, text: str) -> Duration:
        """One as users write it.

        Raises:
            ValueError: it is none.
        """
        found = _DURATION.fullmatch(text.strip())
        seconds = float(found[1]) * _SECONDS[found[2] or ""] if found else -1.0
        if not 0 <= seconds <= _LONGEST:
            message = "a duration such as '1s', '250ms', '10m' or '1h', of a year at most"
            raise ValueError(message)
        return cls(seconds)


class Share(float):
    """A part of a whole, which a reader is told in per cent.

    >>> str(Share(0.05))
    '5%'
    """

    def __str__(self) -> str:
        return f"{float(self) * _WHOLE:g}%"

    @classmethod
    def read(cls, text: str) -> Share:
        """One as users write it, from `0%` to `100%`, or as a number from 0 to 1.

        Raises:
            ValueError: it is none.
        """
        found = _SHARE.fullmatch(text.strip())
        share = float(found[1]) / (_WHOLE if found[2] else 1) if found else -1.0
        if not 0 <= share <= 1:
            message = "a share such as '5%' or '0.05'"
            raise ValueError(message)
        return cls(share)


class Count(int):
    """How many of something, of which there is at least one.

    >>> Count.read("20")
    20
    """

    @classmethod
    def read(cls, text: str) -> Count:
        """One as users write it.

        Raises:
            ValueError: it is none.
        """
        number = _whole_number(text)
        if not 1 <= number <= _MOST:
            message = f"a whole number from 1 to {_MOST:,}"
            raise ValueError(message)
        return cls(number)


def parse(scenario: Scenario, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a scenario with what a user says of them, each of the kind that its default is.

    Functions are not imported yet; see `imported`.

    Raises:
        ParameterError: the scenario has no such parameter, or it cannot have such a value.
    """
    for name in given:
        if name not in scenario.parameters:
            raise ParameterError(f"{scenario.name} has no parameter {name!r}{_instead(name, scenario)}")
    told = {name: _value(scenario, name, value) for name, value in given.items()}
    return {**scenario.parameters, **told}


def imported(scenario: Scenario, parsed: Mapping[str, Any]) -> dict[str, Any]:
    """The same, with the functions that are told by their places.

    Raises:
        ParameterError: there is no such function, or its module cannot be imported.
    """
    places = {
        name for name, default in scenario.parameters.items() if default is None and isinstance(parsed[name], str)
    }
    return {name: _function(scenario, name, value) if name in places else value for name, value in parsed.items()}


def _instead(name: str, scenario: Scenario) -> str:
    known = sorted(scenario.parameters)
    if close := get_close_matches(name, known, 1):
        return f"; did you mean {close[0]!r}?"
    return f"; it has {', '.join(known)}" if known else "; it has none"


def _value(scenario: Scenario, name: str, value: Any) -> Any:
    default = scenario.parameters[name]
    try:
        if default is None:
            return value if callable(value) else _place(str(value))
        read = _READ.get(type(default))
        return value if read is None else read(_text(value))
    except ValueError as error:
        message = f"{name}={value!r} makes no sense to {scenario.name}: it is to be {error}"
        raise ParameterError(message) from None


def _text(value: Any) -> str:
    """As a user would write it."""
    return f"{value:f}" if isinstance(value, float) else str(value)


def _place(text: str) -> str:
    if not _FUNCTION.fullmatch(text):
        message = "a function without arguments, or the place of one such as 'module:function'"
        raise ValueError(message)
    return text


def _function(scenario: Scenario, name: str, place: str) -> Callable[[], object]:
    """The user's own code: a default of None stands for it."""
    module, _, function = place.partition(":")
    try:
        found = getattr(import_module(module), function)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a user's module may raise anything
        message = f"{name}={place!r} of {scenario.name} cannot be imported: {type(error).__name__}: {error}"
        raise ParameterError(message) from None
    if not callable(found):
        raise ParameterError(f"{name}={place!r} of {scenario.name} is no function, but a {type(found).__name__}")
    told: Callable[[], object] = found
    return told


def _whole_number(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text.strip()):
        message = "a whole number such as '20'"
        raise ValueError(message)
    return int(text)


def _truth(text: str) -> bool:
    truths = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.strip().lower() not in truths:
        message = "'true' or 'false'"
        raise ValueError(message)
    return truths[text.strip().lower()]


_READ: dict[type, Callable[[str], Any]] = {
    Count: Count.read,
    Duration: Duration.read,
    Share: Share.read,
    bool: _truth,
    int: _whole_number,
    str: str,
}
