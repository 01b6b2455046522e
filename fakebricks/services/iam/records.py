"""Stored shapes of identity: people, groups, their credentials, and who may do what with an object."""

from __future__ import annotations

from typing import Literal

from fakebricks.state import Record

Kind = Literal["User", "ServicePrincipal"]


class Profile(Record, frozen=True):
    """What can be changed of a person."""

    display_name: str
    active: bool = True
    external_id: str = ""
    given_name: str = ""
    family_name: str = ""
    entitlements: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


class Person(Record, frozen=True):
    """A user or a service principal, stored under their id; a service principal's name is its application id."""

    id: str
    user_name: str
    kind: Kind
    profile: Profile

    @property
    def display_name(self) -> str:
        return self.profile.display_name

    @property
    def active(self) -> bool:
        return self.profile.active


class Group(Record, frozen=True):
    """A group, stored under its id."""

    id: str
    display_name: str
    external_id: str = ""
    entitlements: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


class Named(Record, frozen=True):
    """Whose a name is."""

    id: str


class Parents(Record, frozen=True):
    """The groups that somebody is in directly, or another group is."""

    of: tuple[str, ...] = ()


class Member(Record, frozen=True):
    """That somebody is in a group, stored under both ids."""

    kind: Literal["User", "ServicePrincipal", "Group"]


class PersonalToken(Record, frozen=True):
    """A personal access token, stored under its id, which is made of it and does not tell it. Times are in ms."""

    id: str
    owner_id: str
    creator_id: str
    comment: str
    created: int
    expires: int | None


class TokenOfOwner(Record, frozen=True):
    """That a token is somebody's, stored under both ids."""


class ClientSecret(Record, frozen=True):
    """A secret of a service principal, stored under both ids; the digest does not tell it. Times are in ms."""

    id: str
    digest: str
    created: int
    expires: int


class Handed(Record, frozen=True):
    """What a test was handed of somebody to sign in with, and may ask for again. No REST operation reads it."""

    tokens: tuple[str, ...] = ()
    client_secret: str = ""


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
