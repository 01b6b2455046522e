"""What a test does with a workspace's data beside reading it: a part of `Workspace`.

Real: the traffic that `replay` sends is that of a client.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from fakebricks.clock import Clock
from fakebricks.replay import Replayed, Traffic, check_answers, replay
from fakebricks.roster import Roster
from fakebricks.state import MemoryState
from fakebricks.wire.messages import Reply, Request
from fakebricks.wiring import Services

if TYPE_CHECKING:
    from fakebricks.replay import Frame


class WorkspaceData:
    """Traffic, and what becomes of it; never there but in a `Workspace`, which has the attributes."""

    clock: Clock
    user_name: str
    _acting: list[str]
    _roster: Roster
    _services: Services
    _state: MemoryState

    def handle(self, request: Request) -> Reply:
        """Answer one request."""
        raise NotImplementedError

    def replay(
        self,
        endpoint: str,
        frame: Frame,
        *,
        over: timedelta | None = None,
        times: str | None = None,
        client_request_id: str | None = None,
        rows_per_request: int = 1,
        served_model: str | None = None,
        check: bool = False,
    ) -> Replayed:
        """Send the rows of a data frame to a serving endpoint, spread over simulated time.

        The workspace's user sends them, or within `acting_as` that person. Afterwards it is later: the clock is at the
        end of the traffic. An answer that is an error is in the result, as one of its `errors`.

        Args:
            endpoint: whom to ask.
            frame: a `pandas.DataFrame` or a `pyarrow.Table`, each row of which is one of the model's input.
            over: how long it takes; a week by default. With `times`, these are stretched to it.
            times: the column that says when each row is sent (timestamps, or seconds; in order). Only the distances
                count: the first row is sent now. It is no input of the model.
            client_request_id: the column with each request's own id, by which labels can be joined later. It is no
                input of the model either.
            rows_per_request: how many rows each request has; they are sent when the first of them is.
            served_model: the one of the endpoint's models that is asked, whatever its traffic split.
            check: raise where an answer is an error.

        Raises:
            ValueError: the clock is not virtual, or the traffic is not possible: a column is missing, or there is no
                row.
            TypeError: it is no such data frame, or a value has no JSON.
            ReplayError: `check` is set, and an answer is an error.
        """
        name = self._acting[-1] if self._acting else self.user_name
        with self._state.transaction():
            token = self._roster.person(name).token
        traffic = Traffic(endpoint, frame, over, times, client_request_id, rows_per_request, served_model)
        replayed = replay(traffic, self.handle, self.clock, token)
        if check:
            check_answers(replayed)
        return replayed
