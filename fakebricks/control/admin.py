"""The admin plane: a workspace's clock, call log, people, snapshots, tables and runs.

Real: all of it; each operation does what the method of the same name on `Workspace` does. A reader of the log or the
clock changes neither: calls of the admin plane are left out of the call log and take no simulated time.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from typing import Any, Generic, Protocol, TypeVar
from uuid import uuid4

from fakebricks.clock import Clock
from fakebricks.state import Snapshot
from fakebricks.wire.authentication import Caller
from fakebricks.wire.calls import CallRecord, Calls
from fakebricks.wire.errors import InvalidParameterValue, ResourceDoesNotExist
from fakebricks.wire.faults import Fault, Faults

T = TypeVar("T")

_KEPT = 100
_LONGEST_ADVANCE = timedelta(days=36_500)


class MadeRuns(Protocol):
    """What `Workspace.runs` is, to the admin plane."""

    @property
    def unfinished(self) -> MadeRuns: ...

    @property
    def active(self) -> MadeRuns: ...

    @property
    def deleted(self) -> MadeRuns: ...

    @property
    def nested(self) -> MadeRuns: ...

    def untagged(self, *keys: str) -> MadeRuns:
        """Those that lack one of the tags, or any tag of a person's own."""

    def __getitem__(self, index: slice, /) -> Sequence[Any]: ...


class Runs(Protocol):
    """Who knows some runs."""

    @property
    def made(self) -> MadeRuns: ...


class Watch(Runs, Protocol):
    """Who knows the runs made since some moment."""

    def end(self) -> None:
        """Count no run that is made from now on."""


class User(Protocol):
    """Somebody, as the workspace shows them to tests."""

    @property
    def user_name(self) -> str: ...

    @property
    def token(self) -> str: ...


class ServicePrincipal(User, Protocol):
    """A service principal, as the workspace shows it to tests."""

    @property
    def display_name(self) -> str: ...

    @property
    def id(self) -> str: ...

    @property
    def client_secret(self) -> str: ...


class Group(Protocol):
    """A group, as the workspace shows it to tests."""

    @property
    def display_name(self) -> str: ...

    @property
    def id(self) -> str: ...


class People(Protocol):
    """Who adds people and finds them."""

    def user(self, name: str, *, groups: Sequence[str], admin: bool, token: str | None) -> User: ...

    def service_principal(self, display_name: str, *, groups: Sequence[str]) -> ServicePrincipal: ...

    def group(self, display_name: str, *, members: Sequence[str]) -> Group: ...


class Loads(Protocol):
    """Who knows the models that were loaded since some moment."""

    @property
    def reports(self) -> Any: ...

    def end(self) -> None:
        """Count no load that comes from now on."""


class Drift(Protocol):
    """Who checks registered models against other libraries."""

    def check(self, onto: Any, model: str | None) -> Any: ...

    def loads(self, onto: Any) -> Loads: ...


class ServingRuntime(Protocol):
    """Chooses where an endpoint's models are loaded."""

    def __call__(self, endpoint: str, *, runtime: Any, runtime_image: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class Controlled:
    """The parts of a workspace that the admin plane reaches."""

    clock: Clock
    calls: Calls
    faults: Faults
    snapshot: Callable[[], Snapshot]
    restore: Callable[[Snapshot], None]
    table: Callable[[str, Caller | None], Any]
    """The `pyarrow.Table` of a full name, as somebody may read it, or as the test sees it."""
    lineage: Callable[[str, str], Any]
    """The lineage of a model version, by the model's full name and the version's number."""
    runs: Callable[[], MadeRuns]
    watch_runs: Callable[[], Watch]
    people: People
    drift: Callable[[], Drift]
    serving_runtime: ServingRuntime


class _Kept(Generic[T]):
    """The last few of what clients asked to be kept, by the ids that they were told."""

    def __init__(self, noun: str, dropped: Callable[[T], None] = lambda _: None) -> None:
        self._noun = noun
        self._dropped = dropped
        self._kept: OrderedDict[str, T] = OrderedDict()
        self._lock = Lock()

    def keep(self, value: T) -> str:
        name = str(uuid4())
        with self._lock:
            self._kept[name] = value
            if len(self._kept) > _KEPT:
                self._dropped(self._kept.popitem(last=False)[1])
        return name

    def get(self, name: str) -> T:
        with self._lock:
            value = self._kept.get(name)
        if value is None:
            message = f"There is no {self._noun} {name!r}; this workspace keeps its last {_KEPT}."
            raise ResourceDoesNotExist(message)
        return value


class Admin:
    """What may be done to one workspace from outside."""

    def __init__(self, controlled: Controlled) -> None:
        self._controlled = controlled
        self._snapshots = _Kept[Snapshot]("snapshot")
        self._watches = _Kept[Watch]("watch of runs")
        self._loads = _Kept[Loads]("watch of loads", dropped=lambda loads: loads.end())

    @property
    def clock(self) -> Clock:
        """The workspace's clock."""
        return self._controlled.clock

    def advance(self, *, seconds: float, minutes: float, hours: float, days: float) -> None:
        """Move simulated time forward.

        Raises:
            InvalidParameterValue: by nothing, backward, or by more than a century.
        """
        total = seconds + minutes * 60 + hours * 3600 + days * 86400
        if not (math.isfinite(total) and 0 < total <= _LONGEST_ADVANCE.total_seconds()):
            message = (
                f"The clock cannot be advanced by {total:g} seconds. Give a positive number of 'seconds', 'minutes', "
                f"'hours' or 'days', of {_LONGEST_ADVANCE.days} days at most; time does not move backward."
            )
            raise InvalidParameterValue(message)
        if min(seconds, minutes, hours, days) < 0:
            message = "None of 'seconds', 'minutes', 'hours' and 'days' may be negative."
            raise InvalidParameterValue(message)
        self.clock.jump(total)

    def calls(self, matching: str | None) -> list[CallRecord]:
        """The call log, or its calls of an operation's name or a shell pattern of `METHOD /path`."""
        return list(self._controlled.calls) if matching is None else self._controlled.calls.matching(matching)

    def forget_calls(self) -> None:
        """Empty the call log."""
        self._controlled.calls.clear()

    @property
    def faults(self) -> Faults:
        """What is to go wrong."""
        return self._controlled.faults

    def inject(self, pattern: str, **options: Any) -> Fault:
        """Let calls go wrong from now on; see `Faults.inject`.

        Raises:
            InvalidParameterValue: an option is out of range, or no operation can fit the pattern.
        """
        with _refused():
            return self.faults.inject(pattern, **options)

    def user(self, name: str, *, groups: Sequence[str], admin: bool, token: str | None) -> User:
        """Add a user, or find them.

        Raises:
            InvalidParameterValue: there can be no such user or group, or the token is somebody else's.
        """
        with _refused():
            return self._controlled.people.user(name, groups=groups, admin=admin, token=token)

    def service_principal(self, display_name: str, *, groups: Sequence[str]) -> ServicePrincipal:
        """Add a service principal, or find it.

        Raises:
            InvalidParameterValue: it cannot be called so, several are, or a group cannot be.
        """
        with _refused():
            return self._controlled.people.service_principal(display_name, groups=groups)

    def group(self, display_name: str, *, members: Sequence[str]) -> Group:
        """Add a group, or find it, and add members to it.

        Raises:
            InvalidParameterValue: it cannot be called so, or there is no such member, or there are several.
        """
        with _refused():
            return self._controlled.people.group(display_name, members=members)

    def serving_runtime(self, endpoint: str, *, runtime: str, runtime_image: str | dict[str, str] | None) -> None:
        """Let an endpoint's models be loaded elsewhere than the workspace's, from its next deployment on.

        Raises:
            InvalidParameterValue: there is no such runtime or image, or no endpoint can be called so.
        """
        with _refused():
            self._controlled.serving_runtime(endpoint, runtime=runtime, runtime_image=runtime_image)

    def snapshot(self) -> str:
        """Keep everything the workspace holds as it is now; the id to restore it by. The last hundred are kept."""
        return self._snapshots.keep(self._controlled.snapshot())

    def restore(self, name: str) -> None:
        """Bring the workspace back to a snapshot.

        Raises:
            ResourceDoesNotExist: there is no such snapshot, or no longer.
        """
        self._controlled.restore(self._snapshots.get(name))

    def watch_runs(self) -> str:
        """Begin to watch which runs are made; the id to ask for them by. The last hundred are kept."""
        return self._watches.keep(self._controlled.watch_runs())

    def stop_watching_runs(self, name: str) -> None:
        """Count no run for it that is made from now on.

        Raises:
            ResourceDoesNotExist: there is no such watch, or no longer.
        """
        self._watches.get(name).end()

    def runs(self, watch: str | None) -> MadeRuns:
        """All runs, or those made since a watch began.

        Raises:
            ResourceDoesNotExist: there is no such watch, or no longer.
        """
        return self._controlled.runs() if watch is None else self._watches.get(watch).made

    def lineage(self, full_name: str, version: str) -> Any:
        """What clients told about where a model version comes from, what uses it and what it needs."""
        return self._controlled.lineage(full_name, version)

    def drift(self, onto: Any, model: str | None) -> Any:
        """What becomes of registered models on a runtime or under pins, as JSON.

        Raises:
            InvalidParameterValue: there is no such runtime, a version is none, or the model is not named like one.
        """
        with _refused():
            return self._controlled.drift().check(onto, model).to_json()

    def watch_loads(self, onto: Any) -> str:
        """Begin to note which models are loaded; the name to ask by.

        Raises:
            InvalidParameterValue: there is no such runtime, or a version is none.
        """
        with _refused():
            return self._loads.keep(self._controlled.drift().loads(onto))

    def loads(self, watch: str) -> Any:
        """What becomes of the models that were loaded since a watch began, as JSON.

        Raises:
            ResourceDoesNotExist: there is no such watch, or no longer.
        """
        return self._loads.get(watch).reports.to_json()

    def stop_watching_loads(self, name: str) -> None:
        """Note no load for it that comes from now on.

        Raises:
            ResourceDoesNotExist: there is no such watch, or no longer.
        """
        self._loads.get(name).end()

    def table(self, full_name: str, caller: Caller) -> bytes:
        """A table, as an Arrow IPC stream.

        Raises:
            PermissionDenied: the caller may not read it, and is no admin of the workspace.
        """
        table = self._controlled.table(full_name, None if caller.is_admin else caller)
        import pyarrow as pa

        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return bytes(sink.getvalue())


@contextmanager
def _refused() -> Iterator[None]:
    """What a caller in Python is told by an exception of Python's, a client is told as of a bad parameter."""
    try:
        yield
    except (ValueError, LookupError) as error:
        raise InvalidParameterValue(str(error)) from None
