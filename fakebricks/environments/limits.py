"""How long things may take, in seconds of real time; simulated time has no part in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Limits:
    """Of each build, each model and each script.

    Attributes:
        build: building an environment, or waiting for another process that builds it.
        load: starting an environment's Python, and loading a model.
        request: answering one request.
        run: running one script.
    """

    build: float = 600.0
    load: float = 300.0
    request: float = 300.0
    run: float = 600.0

    @classmethod
    def of_environment(cls) -> Self:
        """The usual ones, or what `FAKEBRICKS_BUILD_SECONDS`, `FAKEBRICKS_LOAD_SECONDS` and so on say.

        Raises:
            ValueError: one of them is no number.
        """
        usual = cls()
        names = cls.__dataclass_fields__
        return cls(**{name: number_of(f"FAKEBRICKS_{name.upper()}_SECONDS", getattr(usual, name)) for name in names})


def number_of(variable: str, usual: float) -> float:
    """What a variable of this process's environment says, or else the usual number.

    Raises:
        ValueError: it says something else than a number, or one below 0.
    """
    told = os.environ.get(variable)
    if not told:
        return usual
    message = f"{variable}={told!r} is no number of {variable.rpartition('_')[2].lower()}, from 0 on"
    try:
        number = float(told)
    except ValueError:
        raise ValueError(message) from None
    if not number >= 0:  # nor is it, if it is none at all
        raise ValueError(message)
    return number
