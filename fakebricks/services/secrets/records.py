"""Stored shapes of secrets: scopes, and the values in them."""

from __future__ import annotations

from fakebricks.state import Record


class Scope(Record, frozen=True):
    """A scope, stored under its name in lower case."""

    name: str


class Secret(Record, frozen=True):
    """A secret, stored under its scope and key in lower case. Its value is in nothing that shows it."""

    key: str
    value: bytes
    last_updated_timestamp: int

    def __repr__(self) -> str:
        return f"Secret(key={self.key!r}, last_updated_timestamp={self.last_updated_timestamp})"
