"""The runtimes of a workspace: one for each that was chosen, made when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock

from fakebricks.services.model_serving.records import ServingRuntime
from fakebricks.services.model_serving.runtimes import Runtime


class Runtimes:
    """Knows how runtimes are made.

    Args:
        makers: by their kinds; each is given the whole choice.
    """

    def __init__(self, makers: Mapping[str, Callable[[ServingRuntime], Runtime]]) -> None:
        self._makers = makers
        self._made: dict[str, Runtime] = {}
        self._lock = Lock()

    def of(self, chosen: ServingRuntime) -> Runtime:
        """The runtime that was chosen."""
        with self._lock:
            if chosen.key not in self._made:
                self._made[chosen.key] = self._makers[chosen.kind](chosen)
            return self._made[chosen.key]
