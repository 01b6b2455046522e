"""All records below one key, at once."""

from __future__ import annotations

from fakebricks.state import MemoryState, Record, delete_all, move_all


class Note(Record, frozen=True):
    text: str


def test_records_move_to_another_key_and_their_neighbours_stay():
    table = MemoryState().table("notes", Note)
    for key in (("a", "x", 1), ("a", "x", 2), ("a", "xy", 1), ("b", "x", 1)):
        table.put(key, Note(text="/".join(map(str, key))))
    move_all(table, ("a", "x"), ("c",))
    assert [(key, one.text) for key, one in table.scan()] == [
        (("a", "xy", 1), "a/xy/1"),
        (("b", "x", 1), "b/x/1"),
        (("c", 1), "a/x/1"),
        (("c", 2), "a/x/2"),
    ]


def test_records_move_below_themselves():
    table = MemoryState().table("notes", Note)
    table.put(("a", "1"), Note(text="one"))
    move_all(table, ("a",), ("a", "a"))
    assert [key for key, _ in table.scan()] == [("a", "a", "1")]


def test_only_what_is_below_a_key_is_deleted():
    table = MemoryState().table("notes", Note)
    for key in (("a", "x"), ("a", "y"), ("ab", "x")):
        table.put(key, Note(text=""))
    delete_all(table, ("a",))
    assert [key for key, _ in table.scan()] == [("ab", "x")]
