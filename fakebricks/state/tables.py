"""State: named tables of frozen records.

A record is an immutable `msgspec.Struct`; a key is a tuple of strings and integers. Changing something means putting a
new record under its key, so that a snapshot can share every record with the live state. All that a call changes
happens inside one transaction: it stands as a whole, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

import msgspec

Key = tuple[str | int, ...]
R = TypeVar("R", bound="Record")


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What tables hold."""


class Table(Protocol[R]):
    """One named table. Parts of the keys of one table are of the same type at the same place."""

    def get(self, key: Key) -> R | None:
        """The record under `key`, or None."""

    def put(self, key: Key, record: R) -> None:
        """Store `record` under `key`, in place of what was there."""

    def put_all(self, records: Iterable[tuple[Key, R]]) -> None:
        """Store many records, which costs less than one at a time."""

    def delete(self, key: Key) -> None:
        """Remove the record under `key`; nothing happens where there is none."""

    def scan(self, prefix: Key = (), *, reverse: bool = False, after: Key | None = None) -> Iterator[tuple[Key, R]]:
        """The keys that start with `prefix`, in order, with their records; safe against changes while it is read.

        `after` skips to what follows that key, in the scan's own order, at no cost for what is skipped.
        """

    def __len__(self) -> int: ...


class Snapshot(Protocol):
    """A state as it was; opaque to everyone but the state that made it.

    Two snapshots of one state are equal where it held the same both times.
    """


class State(Protocol):
    """All the tables of one workspace."""

    def table(self, name: str, record: type[R]) -> Table[R]:
        """The table of that name, made when first asked for."""

    def transaction(self) -> AbstractContextManager[None]:
        """One at a time; an exception that leaves it undoes every change made in it. Nested ones join the outer one."""

    def snapshot(self) -> Snapshot:
        """The state as it is now."""

    def restore(self, snapshot: Snapshot) -> None:
        """Bring the state back to `snapshot`, which can be used again."""


def delete_all(table: Table[Any], prefix: Key) -> None:
    """Remove every record whose key starts with `prefix`."""
    for key, _ in list(table.scan(prefix)):
        table.delete(key)


def move_all(table: Table[Any], prefix: Key, target: Key) -> None:
    """Store every record whose key starts with `prefix` under a key that starts with `target` instead."""
    for key, record in list(table.scan(prefix)):
        table.delete(key)
        table.put((*target, *key[len(prefix) :]), record)
