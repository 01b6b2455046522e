"""Traffic: the rows of a data frame as requests to a serving endpoint, spread over simulated time.

Real: each is a request like anyone's, with a person's token, and is answered, limited, refused and logged like one.
They arrive when they arrive: a request does not wait for the answer to the one before it.
Simulated: the time between them. Refused: a clock that cannot jump.

A row is encoded as MLflow's own client of its scoring server does it (`dataframe_split`; dates and times in ISO 8601,
bytes in base64, infinities as the words that Python's json has), with one difference: what is missing (None, NaN, NaT)
is `null`, which is JSON, and which the model gets as a missing value all the same.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from urllib.parse import quote

from fakebricks.clock import Clock, VirtualClock
from fakebricks.wire.messages import Reply, Request

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    Frame: TypeAlias = pd.DataFrame | pa.Table

_Columns: TypeAlias = dict[Any, list[Any]]
_WEEK = timedelta(days=7)


class ReplayError(AssertionError):
    """An answer that is an error, where none was expected."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One request of a replay, and what came back.

    Attributes:
        rows: the positions of its rows in the data frame.
        time: when it was sent.
        status: of HTTP.
        request_id: what an inference table calls it by.
        client_request_id: what the request itself said, if anything.
        seconds: how long its caller would have waited, in simulated time.
        body: as it came.
    """

    rows: range
    time: datetime
    status: int
    request_id: str
    client_request_id: str | None
    seconds: float
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether it is no error."""
        return self.status < 400  # noqa: PLR2004 - where HTTP's errors begin

    def json(self) -> Any:
        """The body read as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a replay: its answers, in the order of their requests."""

    answers: tuple[Answer, ...]

    @property
    def statuses(self) -> Counter[int]:
        """How many answers there were of each status."""
        return Counter(one.status for one in self.answers)

    @property
    def errors(self) -> tuple[Answer, ...]:
        """The answers that are errors."""
        return tuple(one for one in self.answers if not one.ok)

    @property
    def request_ids(self) -> list[str]:
        """For each row, the id of the request that it was in."""
        return [one.request_id for one in self.answers for _ in one.rows]

    @property
    def predictions(self) -> list[Any]:
        """For each row, what was predicted; None where its request failed, or where there is not one for each row."""
        return [prediction for one in self.answers for prediction in _predictions(one)]

    def __len__(self) -> int:
        return len(self.answers)


class Traffic(NamedTuple):
    """What is to be sent.

    Attributes:
        endpoint: whom to ask.
        frame: the rows.
        over: how long it takes, from the first request to when the next one would come.
        times: the column that says when each row is sent, if there is one.
        client_request_id: the column with each request's own id, if there is one.
        rows_per_request: how many rows each request has; the last one may have fewer.
        served_model: the one of the endpoint's models that is asked, where it is not the traffic split that says so.
    """

    endpoint: str
    frame: Frame
    over: timedelta | None = None
    times: str | None = None
    client_request_id: str | None = None
    rows_per_request: int = 1
    served_model: str | None = None


def replay(traffic: Traffic, handle: Callable[[Request], Reply], clock: Clock, token: str) -> Replayed:
    """Send traffic, and bring the clock to its end.

    Args:
        traffic: what is to be sent.
        handle: answers a request.
        clock: the time in which it is sent.
        token: of who sends it.

    Raises:
        ValueError: the clock cannot jump, or the traffic is not possible: a column is missing, a time is, or there is
            no row.
        TypeError: a value cannot be encoded.
    """
    if not isinstance(clock, VirtualClock):
        message = "replay spreads requests over simulated time, which needs a clock that jumps: clock='virtual'"
        raise ValueError(message)  # noqa: TRY004 - it is an option's value that is wrong
    requests = list(_requests(traffic))
    began = clock.time()
    path = f"/serving-endpoints/{quote(traffic.endpoint, safe='')}/"
    path += (
        f"served-models/{quote(traffic.served_model, safe='')}/invocations" if traffic.served_model else "invocations"
    )
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    answers = []
    for one in requests:
        clock.jump_to(began + one.after)
        at = clock.now()
        reply = handle(Request.of("POST", path, headers, one.body)).whole()
        answers.append(
            Answer(
                rows=one.rows,
                time=at,
                status=reply.status,
                request_id=reply.headers.get("x-databricks-request-id") or reply.headers["x-request-id"],
                client_request_id=one.client_request_id,
                seconds=reply.passed + reply.duration,
                body=reply.body,
            )
        )
    clock.jump_to(began + _length(traffic, requests))
    return Replayed(tuple(answers))


def check_answers(replayed: Replayed) -> None:
    """Raise where an answer is an error.

    Raises:
        ReplayError: names how many there are, and shows the first of them.
    """
    if not replayed.errors:
        return
    first = replayed.errors[0]
    message = (
        f"{len(replayed.errors)} of {len(replayed)} requests failed; the first one, of row {first.rows.start}, with "
        f"{first.status}: {first.body.decode(errors='replace')}"
    )
    raise ReplayError(message)


class _Request(NamedTuple):
    rows: range
    after: float
    """Seconds since the first one."""
    client_request_id: str | None
    body: bytes


def _requests(traffic: Traffic) -> Iterator[_Request]:
    columns = _columns(traffic.frame)
    offsets = _offsets(traffic, columns)
    ids = _taken(columns, traffic.client_request_id)
    if ids is not None and traffic.rows_per_request > 1:
        message = "a request has one client_request_id: leave the column out, or send one row in each request"
        raise ValueError(message)
    names, count, size = list(columns), len(offsets), traffic.rows_per_request
    rows: Sequence[Any] = list(zip(*columns.values(), strict=True)) if columns else [()] * count
    for first in range(0, count, size):
        some = range(first, min(first + size, count))
        fields: dict[str, Any] = {"dataframe_split": {"columns": names, "data": [rows[one] for one in some]}}
        own = None if ids is None or ids[first] is None else str(ids[first])
        if own is not None:
            fields["client_request_id"] = own
        yield _Request(some, offsets[first], own, json.dumps(fields, default=_encoded).encode())


def _offsets(traffic: Traffic, columns: _Columns) -> list[float]:
    """For each row, how many seconds after the first one it is sent; takes the column of times out."""
    count = len(next(iter(columns.values()), ()))
    if count == 0 or traffic.rows_per_request < 1:
        message = "there is nothing to send: the data frame has no rows, or a request is to have none"
        raise ValueError(message)
    over = (traffic.over if traffic.over is not None else _WEEK).total_seconds()
    if over < 0:
        message = f"traffic cannot take a negative time ({traffic.over})"
        raise ValueError(message)
    times = _taken(columns, traffic.times)
    if times is None:
        return [over * row / count for row in range(count)]
    seconds = [_seconds(one) for one in times]
    if seconds != sorted(seconds):
        message = f"the column {traffic.times!r} goes back in time: sort the data frame by it"
        raise ValueError(message)
    offsets = [one - seconds[0] for one in seconds]
    if traffic.over is None or not offsets[-1]:
        return offsets
    return [one * over / offsets[-1] for one in offsets]


def _length(traffic: Traffic, requests: list[_Request]) -> float:
    if traffic.over is None and traffic.times is not None:
        return requests[-1].after
    return (traffic.over if traffic.over is not None else _WEEK).total_seconds()


def _columns(frame: Frame) -> _Columns:
    """The columns of a data frame of pandas, or of a table of Arrow, with Python's own values."""
    names = list(getattr(frame, "column_names", getattr(frame, "columns", ())))
    if len(set(names)) < len(names):
        message = f"the data frame has several columns of one name: {', '.join(map(str, names))}"
        raise ValueError(message)
    if hasattr(frame, "to_pylist"):
        return {name: [_known(one) for one in frame[name].to_pylist()] for name in names}
    if hasattr(frame, "iloc"):
        return {name: [_known(one) for one in frame.iloc[:, place].tolist()] for place, name in enumerate(names)}
    message = f"replay sends the rows of a pandas.DataFrame or a pyarrow.Table, not of a {type(frame).__name__}"
    raise TypeError(message)


def _taken(columns: _Columns, name: str | None) -> list[Any] | None:
    """A column that is not for the model."""
    if name is None:
        return None
    if name not in columns:
        message = f"the data frame has no column {name!r}; it has {', '.join(map(str, columns))}"
        raise ValueError(message)
    return columns.pop(name)


def _known(value: Any) -> Any:
    """A value, or None where it is missing: NaN, NaT and pandas.NA are not equal to themselves."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return value if value == value else None  # noqa: PLR0124 - NaN alone is not
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:  # a scalar of numpy
        return _known(value.item())
    return None if type(value).__name__ in ("NaTType", "NAType") else value


def _seconds(value: Any) -> float:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    message = f"{value!r} is no time: the column must have timestamps, or seconds"
    raise ValueError(message)


def _encoded(value: Any) -> Any:
    """What JSON has for a value that it does not know, as MLflow's client says it."""
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return base64.encodebytes(value).decode("ascii")
    if hasattr(value, "tolist"):  # of numpy
        return value.tolist()
    message = f"{value!r} of type {type(value).__name__} cannot be sent as JSON"
    raise TypeError(message)


def _predictions(answer: Answer) -> list[Any]:
    missing: list[Any] = [None] * len(answer.rows)
    if not answer.ok:
        return missing
    answered = answer.json()
    found = answered.get("predictions") if isinstance(answered, dict) else None
    return found if isinstance(found, list) and len(found) == len(missing) else missing
