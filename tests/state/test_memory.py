"""In-memory state against a plain model of it: a dictionary, and copies of it."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

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
        self.saved = [(self.state.snapshot(), {})]

    @rule(key=KEYS, number=st.integers())
    def put(self, key, number) -> None:
        self.table.put(key, Thing(number=number))
        self.model[key] = number

    @rule(given=st.dictionaries(KEYS, st.integers()))
    def put_all(self, given) -> None:
        self.table.put_all((key, Thing(number=number)) for key, number in given.items())
        self.model |= given

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
        self.saved.append((self.state.snapshot(), dict(self.model)))

    @rule(key=KEYS)
    def snapshot_in_a_transaction_that_fails(self, key) -> None:
        with pytest.raises(Interrupted), self.state.transaction():
            self.table.put(key, Thing(number=3))
            self.saved.append((self.state.snapshot(), {**self.model, key: 3}))
            raise Interrupted

    @precondition(lambda self: self.saved)
    @rule(chance=st.randoms(use_true_random=False))
    def restore(self, chance) -> None:
        snapshot, model = chance.choice(self.saved)
        self.state.restore(snapshot)
        self.model = dict(model)

    @invariant()
    def snapshots_are_equal_where_they_held_the_same(self) -> None:
        for one, of_one in getattr(self, "saved", []):
            for other, of_other in self.saved:
                assert (one == other) == (of_one == of_other)

    @precondition(lambda self: self.saved)
    @rule(chance=st.randoms(use_true_random=False))
    def drop_a_snapshot(self, chance) -> None:
        self.saved.pop(chance.randrange(len(self.saved)))

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


@pytest.mark.parametrize("reverse", [False, True])
def test_scan_outlives_changes_made_while_it_is_read(reverse):
    state = MemoryState()
    table = state.table("things", Thing)
    for number in range(1000):
        table.put((number,), Thing(number=number))
    seen = []
    for key, thing in table.scan(reverse=reverse):
        seen.append(thing.number)
        table.delete(key)
    assert seen == sorted(range(1000), reverse=reverse)
    assert len(table) == 0


def test_a_table_made_after_a_snapshot_is_empty_again_when_it_is_restored():
    state = MemoryState()
    before = state.snapshot()
    table = state.table("things", Thing)
    table.put(("a",), Thing(number=1))
    state.restore(before)
    assert table.get(("a",)) is None


def test_a_snapshot_costs_nothing_where_nothing_changes_and_nothing_when_it_is_dropped():
    state = MemoryState()
    table = state.table("things", Thing)
    for number in range(10_000):
        table.put((number,), Thing(number=number))
    tracemalloc.start()
    try:
        snapshot = state.snapshot()
        table.put((0,), Thing(number=1))
        assert tracemalloc.get_traced_memory()[0] < 10_000
        del snapshot
        for number in range(10_000):
            with state.transaction():
                table.put((number,), table.get((number,)))
        assert tracemalloc.get_traced_memory()[0] < 10_000
    finally:
        tracemalloc.stop()


def test_a_snapshot_of_another_state_is_refused():
    with pytest.raises(ValueError, match="another state"):
        MemoryState().restore(MemoryState().snapshot())
