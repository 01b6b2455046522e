"""In-memory state against a plain model of it: a dictionary, and copies of it."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fakebricks.state import MemoryState, Record

PARTS = st.sampled_from(["a", "b", "c", "ab"])
KEYS = st.lists(PARTS, min_size=1, max_size=3).map(tuple)


class Thing(Record, frozen=True):
    number: int


class Interrupted(Exception):
    pass


class AgainstDict(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.state = MemoryState()
        self.table = self.state.table("things", Thing)
        self.model: dict = {}
        self.saved = (self.state.snapshot(), {})

    @rule(key=KEYS, number=st.integers())
    def put(self, key, number) -> None:
        self.table.put(key, Thing(number=number))
        self.model[key] = number

    @rule(key=KEYS)
    def delete(self, key) -> None:
        self.table.delete(key)
        self.model.pop(key, None)

    @rule(changes=st.lists(st.tuples(KEYS, st.none() | st.integers())))
    def fail_half_way(self, changes) -> None:
        with pytest.raises(Interrupted), self.state.transaction():
            for key, number in changes:
                if number is None:
                    self.table.delete(key)
                else:
                    self.table.put(key, Thing(number=number))
            raise Interrupted

    @rule(key=KEYS, inner=KEYS)
    def fail_inside_a_transaction_that_goes_on(self, key, inner) -> None:
        with self.state.transaction():
            self.table.put(key, Thing(number=1))
            with pytest.raises(Interrupted), self.state.transaction():
                self.table.put(inner, Thing(number=2))
                raise Interrupted
        self.model[key] = 1

    @rule()
    def snapshot(self) -> None:
        self.saved = (self.state.snapshot(), dict(self.model))

    @rule()
    def restore(self) -> None:
        self.state.restore(self.saved[0])
        self.model = dict(self.saved[1])

    @rule(prefix=st.lists(PARTS, max_size=2).map(tuple), reverse=st.booleans())
    def scan(self, prefix, reverse) -> None:
        found = [(key, thing.number) for key, thing in self.table.scan(prefix, reverse=reverse)]
        wanted = sorted((k, v) for k, v in self.model.items() if k[: len(prefix)] == prefix)
        assert found == (wanted[::-1] if reverse else wanted)

    @invariant()
    def same(self) -> None:
        if hasattr(self, "table"):
            assert {key: thing.number for key, thing in self.table.scan()} == self.model
            assert len(self.table) == len(self.model)


TestAgainstDict = AgainstDict.TestCase


def test_scan_outlives_changes_made_while_it_is_read():
    state = MemoryState()
    table = state.table("things", Thing)
    for number in range(1000):
        table.put((number,), Thing(number=number))
    seen = []
    for key, thing in table.scan():
        seen.append(thing.number)
        table.delete(key)
    assert seen == list(range(1000))
    assert len(table) == 0


def test_a_table_made_after_a_snapshot_is_empty_again_when_it_is_restored():
    state = MemoryState()
    before = state.snapshot()
    table = state.table("things", Thing)
    table.put(("a",), Thing(number=1))
    state.restore(before)
    assert table.get(("a",)) is None
