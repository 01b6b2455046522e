"""The in-memory implementation of state: sorted dictionaries, an undo journal, and snapshots that note what changes.

A snapshot costs nothing when it is taken: from then on, the first change of each key notes what the snapshot had there.
Restoring costs what has changed since, however much is stored.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeAlias

from sortedcontainers import SortedDict

from fakebricks.state.tables import Key, R, Snapshot, Table


class _After:
    """Sorts after every part of a key, so that (prefix, _After) bounds all keys with that prefix."""

    def __lt__(self, other: object) -> bool:
        return False

    def __gt__(self, other: object) -> bool:
        return True


_AFTER = _After()
_FIRST_CHUNK = 16
_LATER_CHUNKS = 256


class MemoryTable(Generic[R]):
    """A `Table` on a sorted dictionary; every change is noted in the state's journal while a transaction is open."""

    def __init__(self, state: MemoryState) -> None:
        self._state = state
        self._made: SortedDict[Key, R] | None = None

    @property
    def _records(self) -> SortedDict[Key, R]:
        """Made when it is first looked at: most of a workspace's tables never are."""
        return self._make() if self._made is None else self._made

    def _make(self) -> SortedDict[Key, R]:
        with self._state.lock:
            if self._made is None:
                self._made = SortedDict()
            return self._made

    def get(self, key: Key) -> R | None:
        record: R | None = self._records.get(key)
        return record

    def put(self, key: Key, record: R) -> None:
        with self._state.lock:
            self._state.note(self, key, self._records.get(key))
            self._records[key] = record

    def put_all(self, records: Iterable[tuple[Key, R]]) -> None:
        with self._state.lock:
            given = dict(records)
            for key in given:
                self._state.note(self, key, self._records.get(key))
            self._records.update(given)

    def delete(self, key: Key) -> None:
        with self._state.lock:
            if key in self._records:
                self._state.note(self, key, self._records[key])
                del self._records[key]

    def scan(self, prefix: Key = (), *, reverse: bool = False, after: Key | None = None) -> Iterator[tuple[Key, R]]:
        size = _FIRST_CHUNK
        bound: Any = after if after is not None else (*prefix, _AFTER) if reverse else prefix
        inclusive = after is None
        while True:
            chunk = self._chunk(prefix, bound, size, inclusive=inclusive, reverse=reverse)
            yield from chunk
            if len(chunk) < size:
                return
            bound, inclusive, size = chunk[-1][0], False, _LATER_CHUNKS

    def __len__(self) -> int:
        return len(self._records)

    def _chunk(self, prefix: Key, bound: Any, size: int, *, inclusive: bool, reverse: bool) -> list[tuple[Key, R]]:
        """The next few entries, taken at once under the lock, so that a scan outlives changes made between them."""
        records = self._records
        chunk: list[tuple[Key, R]] = []
        length = len(prefix)
        with self._state.lock:
            # Bounded on one side only: to see that a key has another prefix costs less than to look for the other end.
            low, high = (None, bound) if reverse else (bound, None)
            for key in records.irange(low, high, (inclusive, inclusive), reverse):
                if key[:length] != prefix:
                    break
                chunk.append((key, records[key]))
                if len(chunk) == size:
                    break
        return chunk

    def rewind(self, key: Key, record: R | None) -> None:
        """Put back what was there."""
        if record is None:
            self._records.pop(key, None)
        else:
            self._records[key] = record


_Change: TypeAlias = tuple[MemoryTable[Any], Key]


class MemorySnapshot:
    """A state as it was; equal to another of the same state where both times it held the same."""

    __slots__ = ("__weakref__", "_state")

    def __init__(self, state: MemoryState) -> None:
        self._state = state

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MemorySnapshot) or other._state is not self._state:
            return NotImplemented
        return self._state.alike(self, other)

    __hash__ = object.__hash__


class _Layer:
    """What changed while one snapshot was the newest one: what there was before, None where there was nothing."""

    def __init__(self, snapshot: MemorySnapshot, dropped: Callable[[object], None]) -> None:
        self.snapshot = weakref.ref(snapshot, dropped)
        self.before: dict[_Change, Any] = {}


class MemoryState:
    """All the tables of one workspace, in this process's memory."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._journal: list[tuple[MemoryTable[Any], Key, Any]] = []
        self._tables: dict[str, MemoryTable[Any]] = {}
        self._layers: list[_Layer] = []
        self._dropped = False
        self._depth = 0

    def table(self, name: str, record: type[R]) -> Table[R]:  # noqa: ARG002 - the type is for the caller's type checker
        with self.lock:
            if name not in self._tables:
                self._tables[name] = MemoryTable(self)
            return self._tables[name]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self.lock:
            self._depth += 1
            mark = len(self._journal)
            try:
                yield
            except BaseException:
                self._undo(mark)
                raise
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self._journal.clear()
                    if self._dropped:
                        self._forget_dropped()

    def note(self, table: MemoryTable[Any], key: Key, record: Any) -> None:
        """Remember what is about to change: for the open transaction, and for the newest snapshot."""
        if self._depth:
            self._journal.append((table, key, record))
        if self._layers:
            self._layers[-1].before.setdefault((table, key), record)

    def snapshot(self) -> Snapshot:
        with self.lock:
            self._forget_dropped()
            snapshot = MemorySnapshot(self)
            self._layers.append(_Layer(snapshot, self._drop))
            return snapshot

    def restore(self, snapshot: Snapshot) -> None:
        with self.lock:
            self._forget_dropped()
            place = self._place(snapshot)
            for (table, key), record in self._before(place).items():
                self._put_back(table, key, record)
            if place == len(self._layers) - 1:
                self._layers[place].before.clear()

    def alike(self, one: MemorySnapshot, other: MemorySnapshot) -> bool:
        """Whether the state held the same at both times."""
        with self.lock:
            first, second = sorted((self._place(one), self._place(other)))
            later = self._before(second)
            return all(
                record == (later[table, key] if (table, key) in later else table.get(key))
                for (table, key), record in self._before(first).items()
            )

    def _place(self, snapshot: Snapshot) -> int:
        place = next((i for i, layer in enumerate(self._layers) if layer.snapshot() is snapshot), None)
        if place is None:
            message = "the snapshot is of another state"
            raise ValueError(message)
        return place

    def _before(self, place: int) -> dict[_Change, Any]:
        """What the snapshot at that place had where something has changed since."""
        changed: dict[_Change, Any] = {}
        for layer in reversed(self._layers[place:]):
            changed |= layer.before  # the older one knows better
        return changed

    def _drop(self, _: object) -> None:
        self._dropped = True  # called at any moment, by the garbage collector

    def _forget_dropped(self) -> None:
        """What only dropped snapshots need is let go; what older ones need of it goes over to them."""
        self._dropped = False
        kept: list[_Layer] = []
        for layer in self._layers:
            if layer.snapshot() is not None:
                kept.append(layer)
            elif kept:
                kept[-1].before = layer.before | kept[-1].before
        self._layers = kept

    def _undo(self, mark: int) -> None:
        while len(self._journal) > mark:
            table, key, record = self._journal.pop()
            self._put_back(table, key, record)

    def _put_back(self, table: MemoryTable[Any], key: Key, record: Any) -> None:
        if self._layers:
            self._layers[-1].before.setdefault((table, key), table.get(key))
        table.rewind(key, record)
