"""The in-memory implementation of state: sorted dictionaries and an undo journal."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Generic, cast

from sortedcontainers import SortedDict

from fakebricks.state.tables import Key, R, Record, Snapshot, Table


class _After:
    """Sorts after every part of a key, so that (prefix, _After) bounds all keys with that prefix."""

    def __lt__(self, other: object) -> bool:
        return False

    def __gt__(self, other: object) -> bool:
        return True


_AFTER = _After()
_SCAN_CHUNK = 256


class MemoryTable(Generic[R]):
    """A `Table` on a sorted dictionary; every change is noted in the state's journal while a transaction is open."""

    def __init__(self, state: MemoryState) -> None:
        self._state = state
        self._records: SortedDict[Key, R] = SortedDict()

    def get(self, key: Key) -> R | None:
        return cast("R | None", self._records.get(key))

    def put(self, key: Key, record: R) -> None:
        with self._state.transaction():
            self._note(key)
            self._records[key] = record

    def delete(self, key: Key) -> None:
        with self._state.transaction():
            if key in self._records:
                self._note(key)
                del self._records[key]

    def scan(self, prefix: Key = (), *, reverse: bool = False, after: Key | None = None) -> Iterator[tuple[Key, R]]:
        low: Any = prefix
        high: Any = (*prefix, _AFTER)
        inclusive = (True, False)
        if after is not None and reverse:
            high = after
        elif after is not None:
            low, inclusive = after, (False, False)
        while chunk := self._chunk(low, high, inclusive, reverse):
            yield from chunk
            if reverse:
                high, inclusive = chunk[-1][0], (True, False)
            else:
                low, inclusive = chunk[-1][0], (False, False)

    def __len__(self) -> int:
        return len(self._records)

    def _chunk(self, low: Any, high: Any, inclusive: tuple[bool, bool], reverse: bool) -> list[tuple[Key, R]]:
        """The next few entries, taken at once under the lock, so that a scan outlives changes made between them."""
        with self._state.lock:
            keys = self._records.irange(low, high, inclusive, reverse)
            return [(key, self._records[key]) for key, _ in zip(keys, range(_SCAN_CHUNK), strict=False)]

    def _note(self, key: Key) -> None:
        self._state.journal.append((self, key, self._records.get(key)))

    def rewind(self, key: Key, record: R | None) -> None:
        """Put back what a transaction changed; not noted."""
        if record is None:
            self._records.pop(key, None)
        else:
            self._records[key] = record

    def copy(self) -> dict[Key, R]:
        return dict(self._records)

    def replace(self, records: dict[Key, R]) -> None:
        self._records = SortedDict(records)


class MemoryState:
    """All the tables of one workspace, in this process's memory."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.journal: list[tuple[MemoryTable[Any], Key, Any]] = []
        self._tables: dict[str, MemoryTable[Any]] = {}
        self._depth = 0

    def table(self, name: str, record: type[R]) -> Table[R]:  # noqa: ARG002 - the type is for the caller's type checker
        with self.lock:
            if name not in self._tables:
                self._tables[name] = MemoryTable[R](self)
            return self._tables[name]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self.lock:
            self._depth += 1
            mark = len(self.journal)
            try:
                yield
            except BaseException:
                self._undo(mark)
                raise
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self.journal.clear()

    def snapshot(self) -> Snapshot:
        with self.lock:
            return {name: table.copy() for name, table in self._tables.items()}

    def restore(self, snapshot: Snapshot) -> None:
        saved = cast("dict[str, dict[Key, Record]]", snapshot)
        with self.lock:
            for name, table in self._tables.items():
                table.replace(saved.get(name, {}))

    def _undo(self, mark: int) -> None:
        while len(self.journal) > mark:
            table, key, record = self.journal.pop()
            table.rewind(key, record)
