"""How much one run or one experiment may hold (documented: resource limits, in force since 2024).

Real: what is one too many is refused with RESOURCE_EXHAUSTED. What an owner has is counted by looking as long as it is
little, and by a counter from then on, so that no call costs more because much is stored, and little costs no counter.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from fakebricks.services.tracking.records import Count
from fakebricks.state import State, Table
from fakebricks.wire.errors import ResourceExhausted

PARAMS_OF_A_RUN = 1600
TAGS_OF_A_RUN = 1600
TAGS_OF_AN_EXPERIMENT = 1000
RUNS_OF_AN_EXPERIMENT = 500_000

_LITTLE = 64


class Quota:
    """How many things of one kind an owner may have.

    Args:
        state: of the workspace.
        things: the table that holds them, under their owner's id and a key.
        name: of that table.
        most: how many an owner may have.
        what: for the message: `params of a run`.
    """

    def __init__(self, state: State, things: Table[Any], name: str, most: int, what: str) -> None:
        self._counts = state.table(f"{name}_counts", Count)
        self._things = things
        self._most = most
        self._what = what

    def take(self, owner_id: str) -> None:
        """An owner is about to have one more.

        Raises:
            ResourceExhausted: it has as many as it may have.
        """
        counted = self._counts.get((owner_id,))
        number = counted.number if counted else sum(1 for _ in islice(self._things.scan((owner_id,)), _LITTLE))
        if number >= self._most:
            raise ResourceExhausted(
                f"The limit of {self._most} {self._what} is reached: '{owner_id}' cannot have one more."
            )
        if number >= _LITTLE:
            self._counts.put((owner_id,), Count(number=number + 1))

    def give_back(self, owner_id: str) -> None:
        """An owner has one less."""
        counted = self._counts.get((owner_id,))
        if counted:
            self._counts.put((owner_id,), Count(number=counted.number - 1))
