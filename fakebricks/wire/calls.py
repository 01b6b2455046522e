"""The call log: what was asked and answered, by whom, and how long it took in simulated time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Any, overload

import msgspec

from fakebricks.wire.messages import Reply
from fakebricks.wire.redaction import struck_out_body

_KEPT_BODY = 64 * 1024
_LONGEST_CREDENTIAL = 1024


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call, with its credential left out.

    Attributes:
        method: of the request.
        path: of the request, percent-decoded, without its query.
        query: of the request; credentials and signatures are struck out.
        operation: the name of the operation, or None for an unknown route.
        caller: the user name of who asked, or None where nobody was authenticated.
        status: of the reply.
        error_code: of the reply, or None.
        time: seconds since the epoch when the request arrived, on the workspace's clock.
        duration: simulated seconds until the reply was with the caller.
        cost: real seconds that the fake spent on the call, loading and scoring a model included.
        request_body: as sent, but for credentials, which are struck out; cut at 64 KiB. Empty for operations that are
            about a credential, such as the making of a token.
        reply_body: as answered, in the same way.
        notes: what an operation had to say about the call, such as a deprecation.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    operation: str | None
    caller: str | None
    status: int
    error_code: str | int | None
    time: float
    duration: float
    cost: float
    request_body: bytes
    reply_body: bytes
    notes: tuple[str, ...] = ()

    @property
    def at(self) -> datetime:
        """When the request arrived, in UTC."""
        return datetime.fromtimestamp(self.time, UTC)

    def json(self) -> Any:
        """The request's body read as JSON."""
        return msgspec.json.decode(self.request_body)

    def __str__(self) -> str:
        refused = f" {self.error_code}" if self.error_code is not None else ""
        return f"{self.method} {self.path} -> {self.status}{refused}"


class Calls(Sequence[CallRecord]):
    """A list of calls, oldest first.

    Args:
        limit: how many are kept; None for all of them.
    """

    def __init__(self, limit: int | None = None) -> None:
        self._records: deque[CallRecord] = deque(maxlen=limit)
        self._listeners: tuple[Callable[[CallRecord], None], ...] = ()

    @overload
    def __getitem__(self, index: int) -> CallRecord: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[CallRecord]: ...
    def __getitem__(self, index: int | slice) -> CallRecord | Sequence[CallRecord]:
        return list(self._records)[index]

    def __iter__(self) -> Iterator[CallRecord]:
        return iter(list(self._records))

    def __len__(self) -> int:
        return len(self._records)

    def matching(self, pattern: str) -> list[CallRecord]:
        """The calls whose operation has that name, or whose `METHOD /path` fits the shell pattern.

        >>> from fakebricks import fake_workspace
        >>> from fakebricks.wire import Request
        >>> with fake_workspace() as workspace:
        ...     reply = workspace.handle(Request.of("GET", "/.well-known/databricks-config"))
        ...     [call.status for call in workspace.calls.matching("GET /.well-known/*")]
        [200]
        """
        return [one for one in self if fits(pattern, one.operation, one.method, one.path)]

    def clear(self) -> None:
        """Forget all calls."""
        self._records.clear()

    def add(self, record: CallRecord) -> None:
        """Note one more call."""
        self._records.append(record)
        for listener in self._listeners:
            listener(record)

    def listen(self, listener: Callable[[CallRecord], None]) -> None:
        """Have all calls from now on told to a function too, whatever is forgotten of the log."""
        self._listeners = (*self._listeners, listener)

    def leave(self, listener: Callable[[CallRecord], None]) -> None:
        """Tell a function of no more calls; nothing happens where it does not listen."""
        self._listeners = tuple(one for one in self._listeners if one != listener)


def fits(pattern: str, operation: str | None, method: str, path: str) -> bool:
    """Whether a call is of the operation of that name, or its `METHOD /path` fits the shell pattern."""
    return pattern == operation or fnmatchcase(f"{method} {path}", pattern)


def kept(body: bytes) -> bytes:
    """As much of a body as the log keeps, without the credentials in it."""
    return struck_out_body(body[: _KEPT_BODY + _LONGEST_CREDENTIAL])[:_KEPT_BODY]  # none is cut in half and kept


def error_code_of(reply: Reply) -> str | int | None:
    """The error_code in a reply, where it is an error of the platform's shape.

    OAuth calls it `error`, and SCIM has none but its status, which databricks-sdk makes one of (documented).
    """
    if reply.status < HTTPStatus.BAD_REQUEST:
        return None
    try:
        body = reply.json()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if not isinstance(body, dict):
        return None
    if "detail" in body and "schemas" in body:
        return f"SCIM_{reply.status}"
    code: str | int | None = body.get("error_code", body.get("error"))
    return code
