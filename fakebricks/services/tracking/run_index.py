"""Indexes of an experiment's runs: by the values of one metric, param, tag or attribute.

An index is made when a search first needs it; from then on it changes in the transaction in which a value changes. So
what nobody searches by costs nothing. A run without the value is not in it; a deleted run is.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

from fakebricks.services.search import Condition
from fakebricks.services.search.matching import Found
from fakebricks.services.tracking.points import rank
from fakebricks.services.tracking.records import ENTRY, Indexed, IndexEntry, Run
from fakebricks.state import Key, State, Table

Rank: TypeAlias = str | int
"""What a value is in an index: a text or a time as it is, a metric's value as an integer of the same order."""

_INFINITE = rank(math.inf)
_NOT_A_NUMBER = rank(math.nan)
_TIMES = frozenset({"start_time", "end_time"})
_LOWER = frozenset({"=", ">", ">="})
_UPPER = frozenset({"=", "<", "<="})
_GROUP = 64


Place: TypeAlias = tuple[int, str]
"""Where a run comes in the natural order: its negated start time, and its id."""

Entry: TypeAlias = tuple[Any, int, str]
"""A run in an index: its rank and its place."""


class Bounds(NamedTuple):
    """Both are included; None is no bound."""

    low: Any = None
    high: Any = None

    def __bool__(self) -> bool:
        return self.low is not None or self.high is not None


class Name(NamedTuple):
    """What an index is by."""

    kind: str
    key: str

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers."""
        return self.kind == "metric" or (self.kind == "attribute" and self.key in _TIMES)

    def rank(self, value: Any) -> Rank:
        """What a value is in the index."""
        ranked: Rank = rank(value) if self.kind == "metric" else value
        return ranked

    def bounds(self, conditions: Iterable[Condition]) -> Bounds:
        """What a rank must be between for all conditions of this name to hold; it may not be enough."""
        lows: list[Any] = []
        highs: list[Any] = []
        for one in conditions:
            if (one.kind, one.key) != self or not isinstance(one.value, str | int | float):
                continue
            if isinstance(one.value, float) and math.isinf(one.value) and self.kind != "metric":
                continue  # no time is infinite, and the comparison itself knows
            if one.comparator in _LOWER:
                lows.append(self._limit(one.value, math.floor))
            if one.comparator in _UPPER:
                highs.append(self._limit(one.value, math.ceil))
            if self.kind == "metric" and one.comparator in _LOWER:
                highs.append(_INFINITE)  # what is not a number satisfies none of these
        return Bounds(max(lows, default=None), min(highs, default=None))

    def _limit(self, value: float | str, whole: Any) -> Rank:
        if isinstance(value, str):
            return value
        limit: int = rank(float(value)) if self.kind == "metric" else whole(value)
        return limit


class RunIndex:
    """The indexes of one workspace."""

    def __init__(self, state: State) -> None:
        self._indexed = state.table("indexed_runs", Indexed)
        self._numbers = state.table("runs_by_number", IndexEntry)
        self._texts = state.table("runs_by_text", IndexEntry)

    def indexed(self, experiment_id: str, kind: str) -> Collection[str]:
        """The keys of that kind by which there are indexes."""
        indexed = self._indexed.get((experiment_id,))
        return [key for of, key in indexed.names if of == kind] if indexed else ()

    def has(self, experiment_id: str, name: Name) -> bool:
        """Whether there is an index by that name."""
        indexed = self._indexed.get((experiment_id,))
        return indexed is not None and name in indexed.names

    def add(self, experiment_id: str, name: Name, values: Iterable[tuple[Place, Found]]) -> None:
        """Make an index of an experiment's runs, given the value of each; None is no value."""
        indexed = self._indexed.get((experiment_id,))
        names = indexed.names if indexed else ()
        self._indexed.put((experiment_id,), Indexed(names=(*names, name)))
        prefix = (experiment_id, *name)
        keys = [(*prefix, name.rank(value), *place) for place, value in values if value is not None]
        self._table(name).put_all((key, ENTRY) for key in sorted(keys))

    def changed(self, run: Run, kind: str, key: str, before: Found, after: Found) -> None:
        """Note that a run's value is another; None is no value."""
        name = Name(kind, key)
        if not self.has(run.experiment_id, name):
            return
        if before is not None:
            self._table(name).delete(_key(run, name, before))
        if after is not None:
            self._table(name).put(_key(run, name, after), ENTRY)

    def replaced(self, before: Run | None, after: Run) -> None:
        """Note that a run's attributes may be others, or that it is new."""
        for key in self.indexed(after.experiment_id, "attribute"):
            old, new = getattr(before, key, None), getattr(after, key)
            if old != new:
                self.changed(after, "attribute", key, old, new)

    def entries(
        self, experiment_ids: Iterable[str], name: Name, bounds: Bounds, *, ascending: bool = True
    ) -> Iterator[Entry]:
        """The runs of indexed experiments by rank; those of one rank in their natural order, whichever the direction.

        What is not a number comes last in both directions.
        """
        ordered = self._ascending if ascending else self._descending
        entries = [ordered(experiment_id, name, bounds) for experiment_id in experiment_ids]
        if len(entries) == 1:
            return entries[0]
        if ascending:
            return heapq.merge(*entries)
        return heapq.merge(*entries, key=lambda entry: (_not_a_number(name, entry[0]), _Down(entry[0]), entry[1:]))

    def of_rank(self, experiment_ids: Iterable[str], name: Name, ranked: Rank, after: Place | None) -> Iterator[Place]:
        """The places of the runs of one rank, in the natural order, from what follows a place."""
        prefixes = [(experiment_id, *name, ranked) for experiment_id in experiment_ids]
        scans = (self._table(name).scan(one, after=(*one, *after) if after else None) for one in prefixes)
        places: Iterator[Any] = heapq.merge(*((key[4:] for key, _ in scan) for scan in scans))
        return places

    def _ascending(self, experiment_id: str, name: Name, bounds: Bounds) -> Iterator[Entry]:
        prefix = (experiment_id, *name)
        low, high = bounds
        for key, _ in self._table(name).scan(prefix, after=None if low is None else (*prefix, low)):
            entry: Any = key[3:]
            if high is not None and entry[0] > high:
                return
            yield entry

    def _descending(self, experiment_id: str, name: Name, bounds: Bounds) -> Iterator[Entry]:
        prefix = (experiment_id, *name)
        table = self._table(name)
        low, high = bounds
        if name.kind == "metric":
            high = _INFINITE if high is None else min(high, _INFINITE)
        for group in _groups(table, prefix, high):
            for key in group:
                entry: Any = key[3:]
                if low is not None and entry[0] < low:
                    return
                yield entry
        if name.kind == "metric" and bounds.high is None:
            yield from self._ascending(experiment_id, name, Bounds(_NOT_A_NUMBER))

    def _table(self, name: Name) -> Table[IndexEntry]:
        return self._numbers if name.numeric else self._texts


def _not_a_number(name: Name, ranked: Rank) -> bool:
    return name.kind == "metric" and ranked == _NOT_A_NUMBER


class _Down:
    """Orders the other way round."""

    __slots__ = ("of",)

    def __init__(self, of: Any) -> None:
        self.of = of

    def __lt__(self, other: _Down) -> bool:
        return bool(other.of < self.of)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Down) and bool(other.of == self.of)

    __hash__ = None  # type: ignore[assignment]


def _groups(table: Table[IndexEntry], prefix: Key, high: Any) -> Iterator[Iterable[Key]]:
    """The keys with that prefix, by descending rank; those of one rank together, ascending."""
    after: Key | None = None if high is None else (*prefix, _next(high))
    while True:
        group: list[Key] = []
        for key, _ in table.scan(prefix, reverse=True, after=after):
            if group and key[3] != group[-1][3]:
                yield group[::-1]
                group = []
            group.append(key)
            if len(group) == _GROUP:
                break
        else:
            yield group[::-1]
            return
        # A large group is read forwards, as far as it is wanted; then comes what is before it.
        after = group[0][:4]
        yield (key for key, _ in table.scan(after))


def _next(rank: Any) -> Rank:
    """What no rank is between of it and that one."""
    following: Rank = rank + 1 if isinstance(rank, int) else f"{rank}\0"
    return following


def _key(run: Run, name: Name, value: Found) -> Key:
    return (run.experiment_id, *name, name.rank(value), -run.start_time, run.run_id)
