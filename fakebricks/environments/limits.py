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
        """The usual ones, or what `FAKEBRICKS_BUILD_SECONDS`, `FAKEBRICKS_LOAD_SECONDS` and so on say."""
        names = cls.__dataclass_fields__
        chosen = {name: os.environ.get(f"FAKEBRICKS_{name.upper()}_SECONDS") for name in names}
        return cls(**{name: float(seconds) for name, seconds in chosen.items() if seconds})
