"""A workspace's people as tests make and find them, by the names that tests use.

Real: whoever is made here is a user, a service principal or a group of the workspace as any other, which SCIM knows.
Refused: a name that several of them have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from fakebricks.services.iam.people import People
from fakebricks.services.iam.records import Group as GroupRecord
from fakebricks.services.iam.records import Person as PersonRecord
from fakebricks.services.iam.records import Profile
from fakebricks.surroundings.persons import Group, Person, ServicePrincipal, checked_token, checked_user_name
from fakebricks.wire.authentication import ADMINS
from fakebricks.wire.errors import DatabricksError

P = TypeVar("P")
Principal = str | Person | Group
"""Somebody, or a group: by name, or as a method of the workspace returned them."""


class Roster:
    """The people and groups of one workspace, by name."""

    def __init__(self, people: People) -> None:
        self._people = people

    def user(self, name: str, token: str | None, groups: Iterable[str], *, admin: bool) -> Person:
        """A user, who is added if need be, in those groups beside those that they are in.

        Raises:
            ValueError: the name cannot be that of a user, the token is none or somebody else's, or a group cannot be.
        """
        with _refused_as_value_errors():
            token = checked_token(token) if token is not None else None
            person = self._people.get(name) or self._people.create_user(checked_user_name(name))
            self._join(person, (*several(groups, "groups"), *([ADMINS] if admin else [])))
            return Person(name, self._people.token_of(name) if token is None else self._people.hand(person, token))

    def service_principal(self, display_name: str, groups: Iterable[str]) -> ServicePrincipal:
        """A service principal, which is added if need be, in those groups beside those that it is in.

        Raises:
            ValueError: it cannot be called so, or a group cannot be.
            LookupError: several are called so.
        """
        found = self._people.service_principals_named(display_name)
        if len(found) > 1:
            raise _ambiguous(display_name, found)
        with _refused_as_value_errors():
            person = found[0] if found else self._people.create_service_principal(Profile(display_name=display_name))
            self._join(person, several(groups, "groups"))
            return self._service_principal(person)

    def group(self, display_name: str, members: Iterable[Principal]) -> Group:
        """A group, which is added if need be, with those members beside those that it has.

        Raises:
            ValueError: it cannot be called so, or would come to be in itself.
            LookupError: there is no such member, or there are several of that name.
        """
        ids = [self._id_of(one) for one in several(members, "members")]
        with _refused_as_value_errors():
            group = self._group(display_name)
            for member_id in ids:
                self._people.groups.join(group.id, member_id)
            return Group(group.display_name, group.id)

    def person(self, name: str) -> Person:
        """A user by name, or a service principal by its display name or application id.

        Raises:
            LookupError: there is no such person, or there are several of that name.
        """
        person = self._found(name)
        if person is None:
            message = f"there is no {name!r} in the workspace; there are {', '.join(self._people.names())}"
            raise LookupError(message)
        if person.kind == "User":
            return Person(person.user_name, self._people.token_of(person.user_name))
        with _refused_as_value_errors():
            return self._service_principal(person)

    def _found(self, name: str) -> PersonRecord | None:
        named = self._people.get(name)
        found = [*([named] if named else []), *self._people.service_principals_named(name)]
        if len({one.id for one in found}) > 1:
            raise _ambiguous(name, found)
        return found[0] if found else None

    def _id_of(self, principal: Principal) -> str:
        if isinstance(principal, (Group, ServicePrincipal)):
            return principal.id
        if isinstance(principal, Person):
            principal = principal.user_name
        person, group = self._found(principal), self._people.groups.named(principal)
        if person is not None and group is not None:
            message = f"{principal!r} is a person and a group; give what user(...) or group(...) returned"
            raise LookupError(message)
        if person is None and group is None:
            message = f"there is no person and no group {principal!r} in the workspace"
            raise LookupError(message)
        return person.id if person is not None else group.id if group is not None else ""

    def _group(self, display_name: str) -> GroupRecord:
        groups = self._people.groups
        return groups.named(display_name) or groups.create(GroupRecord(id="", display_name=display_name))

    def _join(self, person: PersonRecord, names: Iterable[str]) -> None:
        for name in names:
            self._people.groups.join(self._group(name).id, person.id)

    def _service_principal(self, person: PersonRecord) -> ServicePrincipal:
        token, secret = self._people.token_of(person.user_name), self._people.client_secret_of(person)
        return ServicePrincipal(person.user_name, token, person.display_name, person.id, secret)


def several(names: Iterable[P], noun: str) -> tuple[P, ...]:
    """Names, and not the letters of one name.

    Raises:
        TypeError: it is one name.
    """
    if isinstance(names, (str, Person, Group)):
        message = f"{noun} are a list: {noun}=[{names!r}]"
        raise TypeError(message)
    return tuple(names)


def _ambiguous(name: str, found: Iterable[PersonRecord]) -> LookupError:
    ids = ", ".join(sorted({one.user_name for one in found}))
    return LookupError(f"there are several called {name!r} in the workspace; name one by its application id: {ids}")


@contextmanager
def _refused_as_value_errors() -> Iterator[None]:
    """What a client would be refused, a test did wrong in calling."""
    try:
        yield
    except DatabricksError as error:
        raise ValueError(error.message) from None
