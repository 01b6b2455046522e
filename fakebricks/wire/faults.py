"""Faults: what a test has the platform do wrong, as data.

Simulated: the error and the time that it takes. Real: that a fault before the effect leaves everything as it was, and
one after it does not, as with a reply that is lost on its way; what the clients make of it.
"""

from __future__ import annotations

import difflib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPMethod, HTTPStatus
from typing import overload

from fakebricks.wire.calls import fits
from fakebricks.wire.errors import DatabricksError, render
from fakebricks.wire.messages import Reply, Request
from fakebricks.wire.operations import Operation

_CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "REQUEST_TIMEOUT",
    409: "RESOURCE_CONFLICT",
    429: "REQUEST_LIMIT_EXCEEDED",
    499: "CANCELLED",
    500: "INTERNAL_ERROR",
    501: "NOT_IMPLEMENTED",
    502: "BAD_GATEWAY",
    503: "TEMPORARILY_UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
"""The code of a status, where a fault names none; documented in databricks-sdk's and MLflow's own tables."""

_STATUSES = {code: status for status, code in _CODES.items()} | {
    "INVALID_PARAMETER_VALUE": 400,
    "MALFORMED_REQUEST": 400,
    "INVALID_STATE": 400,
    "RESOURCE_DOES_NOT_EXIST": 404,
    "ENDPOINT_NOT_FOUND": 404,
    "RESOURCE_ALREADY_EXISTS": 400,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "UNKNOWN": 500,
    "DATA_LOSS": 500,
}
"""The status of a code, where a fault names none."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong.

    Attributes:
        pattern: the operations that it is about, as of `Calls.matching`.
        status: of the reply, or None where the call succeeds, only later.
        error_code: of the reply.
        message: of the reply.
        times: how many calls it meets; None for all of them.
        skip: how many calls go well before.
        latency: simulated seconds that the reply takes, in addition.
        after_effect: whether the operation has been performed all the same.
        retry_after: seconds, for the header of that name.
        met: how many calls it has met so far.
    """

    pattern: str
    status: int | None = None
    error_code: str | None = None
    message: str = ""
    times: int | None = 1
    skip: int = 0
    latency: float = 0.0
    after_effect: bool = False
    retry_after: int | None = None
    met: int = 0

    @property
    def before_effect(self) -> bool:
        """Whether the operation is not performed."""
        return self.status is not None and not self.after_effect

    def over(self, reply: Reply | None, request_id: str) -> Reply:
        """What the caller gets in place of a reply, or of none."""
        if self.status is None:
            assert reply is not None
            return replace(reply, duration=reply.duration + self.latency)
        error = _Injected(self.message)
        error.error_code, error.status = self.error_code or _CODES[500], self.status  # type: ignore[misc]
        if self.retry_after is not None:
            error.headers = {"retry-after": str(self.retry_after)}
        waited = reply.duration if reply else 0.0
        return replace(render(error, request_id), duration=waited + self.latency)

    def __str__(self) -> str:
        said = f"{self.status} {self.error_code}" if self.status is not None else f"{self.latency:g} s later"
        return f"Injected fault: {said}{' after the effect' if self.after_effect else ''}."


class _Injected(DatabricksError):
    """An error of a fault's own status and code."""


@dataclass(slots=True)
class _Armed:
    fault: Fault
    passed: int = 0


@dataclass(slots=True)
class Faults(Sequence[Fault]):
    """The faults of a workspace, in the order in which they were injected.

    >>> from fakebricks import fake_workspace
    >>> from databricks.sdk import WorkspaceClient
    >>> with fake_workspace() as workspace:
    ...     fault = workspace.faults.inject("me", status=429, times=3, retry_after=10)
    ...     WorkspaceClient().current_user.me().user_name
    ...     [call.status for call in workspace.calls.matching("me")]
    'jane@acme.test'
    [429, 429, 429, 200]
    """

    operations: Callable[[], Iterable[Operation]]
    _armed: list[_Armed] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def inject(
        self,
        pattern: str,
        *,
        status: int | None = None,
        error_code: str | None = None,
        message: str = "",
        times: int | None = 1,
        skip: int = 0,
        latency: float = 0.0,
        after_effect: bool = False,
        retry_after: int | None = None,
    ) -> Fault:
        """Let calls go wrong from now on; of several faults that fit a call, the first injected one meets it.

        Args:
            pattern: an operation's name, such as `create_run`, or a shell pattern of `METHOD /path`.
            status: the HTTP status of the reply, from 400 to 599; that of `error_code` by default.
            error_code: such as `RESOURCE_EXHAUSTED`; that of `status` by default. Without either the call succeeds.
            message: what the error says; made up by default.
            times: how many calls it meets, one by default; None for all.
            skip: how many calls go well before.
            latency: simulated seconds that the reply takes, in addition to its own.
            after_effect: perform the operation all the same, as where only the reply is lost.
            retry_after: whole seconds that clients are told to wait.

        Raises:
            ValueError: an argument is out of range, nothing would go wrong, or no operation can fit the pattern.
        """
        self._check_pattern(pattern)
        status, error_code = _checked(status, error_code)
        if status is None and not latency:
            message = "a fault needs a status, an error_code or a latency; it would change nothing"
            raise ValueError(message)
        if (times is not None and times < 1) or skip < 0 or not 0 <= latency < float("inf"):
            message = f"times={times}, skip={skip}, latency={latency}: they are at least 1, 0 and 0"
            raise ValueError(message)
        fault = Fault(
            pattern,
            status,
            error_code,
            message or f"fakebricks was told to answer {status} to '{pattern}'.",
            times,
            skip,
            latency,
            after_effect,
            retry_after,
        )
        with self._lock:
            self._armed.append(_Armed(fault))
        return fault

    def clear(self) -> None:
        """Let everything go well again."""
        with self._lock:
            self._armed.clear()

    def meeting(self, operation: Operation, request: Request) -> Fault | None:
        """The fault that meets a call, which counts."""
        if not self._armed:
            return None
        with self._lock:
            for armed in self._armed:
                fault = armed.fault
                if not fits(fault.pattern, operation.name, request.method, request.path):
                    continue
                armed.passed += 1
                if armed.passed <= fault.skip or (fault.times is not None and fault.met >= fault.times):
                    continue
                armed.fault = replace(fault, met=fault.met + 1)
                return armed.fault
        return None

    @overload
    def __getitem__(self, index: int) -> Fault: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Fault]: ...
    def __getitem__(self, index: int | slice) -> Fault | Sequence[Fault]:
        return [armed.fault for armed in self._armed][index]

    def __iter__(self) -> Iterator[Fault]:
        return iter([armed.fault for armed in self._armed])

    def __len__(self) -> int:
        return len(self._armed)

    def _check_pattern(self, pattern: str) -> None:
        method, space, path = pattern.partition(" ")
        if space and path.startswith(("/", "*")) and (method in HTTPMethod.__members__ or set(method) & set("*?[")):
            return
        names = {one.name for one in self.operations()}
        if pattern in names:
            return
        near = difflib.get_close_matches(pattern, names, n=3)
        hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
        message = f"{pattern!r} is neither an operation's name nor a pattern of 'METHOD /path'{hint}"
        raise ValueError(message)


def _checked(status: int | None, error_code: str | None) -> tuple[int | None, str | None]:
    """Both, each completed from the other."""
    if status is None and error_code is None:
        return None, None
    if status is None:
        status = _STATUSES.get(str(error_code))
        if status is None:
            message = f"the status of {error_code!r} is not known; give it too"
            raise ValueError(message)
    if not HTTPStatus.BAD_REQUEST <= status < 600:  # noqa: PLR2004 - the last of the errors
        message = f"status={status}: a fault is an error, with a status from 400 to 599"
        raise ValueError(message)
    return status, error_code or _CODES.get(status) or _CODES[400 if status < 500 else 500]  # noqa: PLR2004
