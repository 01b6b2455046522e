"""Stored shapes of identity: people and their tokens."""

from __future__ import annotations

from fakebricks.state import Record


class Person(Record, frozen=True):
    """A user of the workspace."""

    id: str
    user_name: str
    display_name: str


class Token(Record, frozen=True):
    """A personal access token, stored under itself."""

    user_name: str
