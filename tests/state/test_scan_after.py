from __future__ import annotations

import pytest

from fakebricks.state import MemoryState, Record


class Number(Record, frozen=True):
    value: int


@pytest.mark.parametrize(
    ("after", "reverse", "expected"),
    [
        (("a", 1), False, [2, 3]),
        (("a", 0), False, [1, 2, 3]),
        (("a", 9), False, []),
        (("a", 3), True, [2, 1]),
        (("a", 0), True, []),
        (None, True, [3, 2, 1]),
    ],
)
def test_a_scan_starts_after_a_key_whether_or_not_it_is_there(after, reverse, expected):
    table = MemoryState().table("numbers", Number)
    for letter in "ab":
        for value in (1, 2, 3):
            table.put((letter, value), Number(value=value))

    found = [record.value for _, record in table.scan(("a",), reverse=reverse, after=after)]

    assert found == expected
