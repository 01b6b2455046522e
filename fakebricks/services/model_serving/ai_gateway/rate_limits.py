"""Rate limits of endpoints: calls and tokens per minute, on the workspace's clock.

Real: calls and tokens in a minute, of the endpoint and of principals (documented). A limit of 0 disables (status and
text documented). The tokens of a request are known only afterwards, so that the request after the one that went over is
refused. Inferred: somebody's own limit comes before those of their groups, and these before the limit for users in
general; of several groups it is enough that one has something left; a minute begins with the first request after the
last one ended; a group's limit is shared by its members; what is refused is not counted; the words of the 429, whose
code is documented.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from fakebricks.services.model_serving.ai_gateway.records import RateLimit, Window
from fakebricks.services.model_serving.ai_gateway.settings import ENDPOINT, SERVICE_PRINCIPAL, USER, USER_GROUP
from fakebricks.state import State
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import PermissionDenied, RequestLimitExceeded

_MINUTE = 60.0
_OWN = (USER, SERVICE_PRINCIPAL)


class EndpointRateLimits:
    """Counts what is asked of the endpoints of one workspace."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._windows = state.table("serving_rate_windows", Window)

    def take(self, endpoint_id: str, name: str, limits: Iterable[RateLimit], caller: Caller, now: float) -> None:
        """Count one call.

        Args:
            endpoint_id: of the endpoint.
            name: of the endpoint.
            limits: all that it has.
            caller: who asks.
            now: seconds since the epoch.

        Raises:
            PermissionDenied: a limit is 0.
            RequestLimitExceeded: a limit is reached; it says when to come back.
        """
        counted = []
        with self._state.transaction():
            for alternatives in _concerned(list(limits), caller):
                open_ones = [one for one in alternatives if self._wait(endpoint_id, one, caller, now) == 0]
                if not open_ones:
                    raise self._refusal(endpoint_id, name, alternatives, caller, now)
                counted += open_ones
            for whose in {_whose(one, caller) for one in counted}:
                window = self._window(endpoint_id, whose, now)
                self._windows.put((endpoint_id, whose), replace(window, calls=window.calls + 1))

    def spend(self, endpoint_id: str, limits: Iterable[RateLimit], caller: Caller, now: float, tokens: int) -> None:
        """Count the tokens of an answered call."""
        with self._state.transaction():
            for whose in {_whose(one, caller) for of in _concerned(list(limits), caller) for one in of}:
                window = self._window(endpoint_id, whose, now)
                self._windows.put((endpoint_id, whose), replace(window, tokens=window.tokens + tokens))

    def forget(self, endpoint_id: str) -> None:
        """Remove what was counted for an endpoint."""
        for key, _ in list(self._windows.scan((endpoint_id,))):
            self._windows.delete(key)

    def _window(self, endpoint_id: str, whose: str, now: float) -> Window:
        window = self._windows.get((endpoint_id, whose))
        return window if window and now < window.started + _MINUTE else Window(started=now)

    def _wait(self, endpoint_id: str, limit: RateLimit, caller: Caller, now: float) -> float:
        """How many seconds until a limit lets the next call through."""
        window = self._window(endpoint_id, _whose(limit, caller), now)
        reached = (limit.calls is not None and window.calls >= limit.calls) or (
            limit.tokens is not None and window.tokens >= limit.tokens
        )
        return window.started + _MINUTE - now if reached else 0

    def _refusal(
        self, endpoint_id: str, name: str, limits: list[RateLimit], caller: Caller, now: float
    ) -> PermissionDenied | RequestLimitExceeded:
        limit = limits[0]
        if 0 in (limit.calls, limit.tokens):
            return PermissionDenied("PERMISSION_DENIED: The endpoint is disabled due to a rate limit set to 0.")
        wait = min(self._wait(endpoint_id, one, caller, now) for one in limits)
        said = " and ".join(
            f"{count} {unit} per minute"
            for count, unit in ((limit.calls, "calls"), (limit.tokens, "tokens"))
            if count is not None
        )
        message = f"REQUEST_LIMIT_EXCEEDED: Exceeded {limit.key} rate limit for {name}: {said}."
        return RequestLimitExceeded(message, retry_after=max(1, math.ceil(wait)))


def _concerned(limits: list[RateLimit], caller: Caller) -> Iterator[list[RateLimit]]:
    """The limits that hold for a caller: of each list, one must have something left."""
    yield from ([one] for one in limits if one.key == ENDPOINT)
    own = [one for one in limits if one.key in _OWN and one.principal == caller.user_name]
    if own:
        yield from ([one] for one in own)
        return
    of_groups = [one for one in limits if one.key == USER_GROUP and one.principal in caller.groups]
    if of_groups:
        yield of_groups
        return
    yield from ([one] for one in limits if one.key == USER and one.principal is None)


def _whose(limit: RateLimit, caller: Caller) -> str:
    """What a limit's window is kept under."""
    if limit.key == ENDPOINT:
        return ENDPOINT
    return f"{USER_GROUP} {limit.principal}" if limit.key == USER_GROUP else f"{USER} {caller.user_name}"
