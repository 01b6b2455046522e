"""Rate limits: how many calls of a group of operations a workspace takes per second.

Simulated, and off unless asked for: a bucket per group, which holds one second's worth of calls (inferred) and fills
with the workspace's time, so that a client's own back-off finds it filled again. The limits themselves are data of the
services. The status and the error code of a refusal are documented; its words and the value of Retry-After, which
clients do not show, are inferred.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from threading import Lock

from fakebricks.wire.errors import RequestLimitExceeded


class RateLimits:
    """The limits of one workspace, and what is left of them.

    >>> limits = RateLimits({"search_runs": 2.0})
    >>> [limits.take("search_runs", now=0.0), limits.take("search_runs", now=0.1), limits.take("log_batch", now=0.1)]
    [None, None, None]
    >>> limits.take("search_runs", now=0.2)
    Traceback (most recent call last):
    fakebricks.wire.errors.RequestLimitExceeded: ...
    >>> limits.take("search_runs", now=1.2)

    Args:
        per_second: calls per second by group; other groups have no limit.

    Raises:
        ValueError: a limit is not a positive number.
    """

    def __init__(self, per_second: Mapping[str, float]) -> None:
        for group, limit in per_second.items():
            if not isinstance(limit, int | float) or not 0 < limit < math.inf:
                message = f"the rate limit of {group!r} must be a positive number of calls per second, not {limit!r}"
                raise ValueError(message)
        self._per_second = dict(per_second)
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = Lock()

    def take(self, group: str | None, now: float) -> None:
        """Count one call.

        Args:
            group: of its operation, or None.
            now: seconds since the epoch, on the workspace's clock.

        Raises:
            RequestLimitExceeded: there were too many; it says when to come back.
        """
        limit = self._per_second.get(group) if group else None
        if group is None or limit is None:
            return
        most = max(1.0, limit)
        with self._lock:
            left, since = self._left.get(group, (most, now))
            left = min(most, left + max(0.0, now - since) * limit)
            enough = left >= 1
            self._left[group] = (left - 1 if enough else left, now)
        if not enough:
            message = f"The request rate limit of the workspace was exceeded: {limit:g} per second for '{group}'."
            raise RequestLimitExceeded(message, retry_after=max(1, math.ceil((1 - left) / limit)))
