"""How long things take in SQL warehouses, in simulated seconds: documented durations, or those that a test sets.

Simulated. What a statement really costs here is not counted; it takes as long as it is said to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class WarehouseTimings:
    """The durations of one workspace.

    >>> WarehouseTimings.of({"statement": 20}).statement
    20
    >>> WarehouseTimings.of({"statment": 20})
    Traceback (most recent call last):
    ValueError: warehouses has no duration 'statment'; there are classic_start, serverless_start, statement, stop

    Attributes:
        statement: from when a warehouse takes a statement until it is done. Inferred.
        serverless_start: from the start of a serverless warehouse until it runs. Documented: two to six seconds.
        classic_start: the same of all others. Documented: about four minutes.
        stop: until a warehouse that is stopped is off. Inferred.
    """

    statement: float = 0.1
    serverless_start: float = 4.0
    classic_start: float = 240.0
    stop: float = 5.0

    @classmethod
    def of(cls, chosen: Mapping[str, float] | None) -> WarehouseTimings:
        """The usual durations, but for those that are chosen.

        Raises:
            ValueError: a name is not that of a duration, or a value is no duration.
            TypeError: it is no mapping.
        """
        if chosen is not None and not hasattr(chosen, "keys"):
            message = f"warehouses={chosen!r} is no mapping; say warehouses={{'statement': 20}}"
            raise TypeError(message)
        known = sorted(field.name for field in fields(cls))
        for name, seconds in (chosen or {}).items():
            if name not in known:
                message = f"warehouses has no duration {name!r}; there are {', '.join(known)}"
                raise ValueError(message)
            if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < math.inf:
                message = f"warehouses[{name!r}]={seconds!r} is not a number of seconds"
                raise ValueError(message)
        return cls(**(chosen or {}))
