"""Records that follow a model to another name, or go away with it."""

from __future__ import annotations

from typing import Any

from fakebricks.state import Key, Table


def move(table: Table[Any], prefix: Key, target: Key) -> None:
    """Put what is stored under one prefix under another one."""
    for key, record in list(table.scan(prefix)):
        table.delete(key)
        table.put((*target, *key[len(prefix) :]), record)


def forget(table: Table[Any], prefix: Key) -> None:
    """Remove what is stored under a prefix."""
    for key, _ in list(table.scan(prefix)):
        table.delete(key)
