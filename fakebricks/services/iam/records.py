"""Stored shapes of identity: people, their tokens, and who may do what with an object."""

from __future__ import annotations

from fakebricks.state import Record


class Person(Record, frozen=True):
    """A user of the workspace."""

    id: str
    user_name: str
    display_name: str
    groups: frozenset[str] = frozenset()


class Token(Record, frozen=True):
    """A personal access token, stored under itself."""

    user_name: str


class Permission(Record, frozen=True):
    """What a person or a group may do with an object.

    `kind` is `user_name`, `group_name` or `service_principal_name`.
    """

    kind: str
    principal: str
    level: str


class Permissions(Record, frozen=True):
    """The permissions that were set on one object, by principal."""

    of: tuple[Permission, ...]
