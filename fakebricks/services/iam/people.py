"""Who there is in a workspace: its users and service principals.

Real: each call is made as one of them; who is deactivated or deleted cannot make one from then on. The first person is
an admin of the workspace, the others are ordinary people until they are in `admins`. A service principal goes by its
application id, as on the platform.
Simulated: entitlements and roles are stored and told; of them, a workspace of fakebricks only asks after
`allow-cluster-create`, which lets people make SQL warehouses.
Inferred: the texts, but for that of a user name that is taken (observed).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol
from uuid import UUID

from msgspec.structs import replace

from fakebricks.clock import Clock
from fakebricks.ids import Ids
from fakebricks.services.iam.client_secrets import ClientSecrets
from fakebricks.services.iam.groups import USERS, Groups
from fakebricks.services.iam.names import checked_display_name, is_user_name
from fakebricks.services.iam.records import Handed, Kind, Named, Person, Profile
from fakebricks.services.iam.tokens import Tokens
from fakebricks.state import State
from fakebricks.wire.authentication import ACCOUNT_USERS, WORKSPACE_GROUPS, Caller
from fakebricks.wire.errors import InvalidParameterValue, NotFound, ResourceConflict

__all__ = ["CALLED", "USERS", "Homes", "People"]

CALLED: dict[Kind, str] = {"User": "User", "ServicePrincipal": "Service principal"}
"""How the platform's texts call them."""


class Homes(Protocol):
    """Where people have their folders."""

    def add_home(self, user_name: str, millis: int) -> object:
        """The home folder of a person, made if need be."""


class People:
    """The users and service principals of one workspace.

    Args:
        state: where they are kept.
        ids: makes their ids.
        clock: the workspace's time.
        groups: what they are in.
        tokens: what they call the workspace with.
        secrets: what service principals sign in with.
        homes: where each of them gets a folder.
    """

    def __init__(
        self,
        state: State,
        ids: Ids,
        clock: Clock,
        *,
        groups: Groups,
        tokens: Tokens,
        secrets: ClientSecrets,
        homes: Homes,
    ) -> None:
        self.groups = groups
        self.tokens = tokens
        self.secrets = secrets
        self._ids = ids
        self._clock = clock
        self._homes = homes
        self._people = state.table("people", Person)
        self._names = state.table("people_names", Named)
        self._display_names = state.table("service_principal_names", Named)
        self._handed = state.table("handed", Handed)

    # Who there is

    def create_user(self, user_name: str, profile: Profile | None = None) -> Person:
        """A new user, with a home folder.

        Raises:
            InvalidParameterValue: the name cannot be that of a user.
            ResourceConflict: it is taken, by a user or by a group; user names that differ in case only are the same
                (documented).
        """
        if not is_user_name(user_name):
            raise InvalidParameterValue(f"{user_name[:255]!r} cannot be the name of a user.")
        if self._named(user_name) is not None:
            raise ResourceConflict(f"User with username {user_name} already exists.")
        if user_name in (*WORKSPACE_GROUPS, ACCOUNT_USERS) or self.has_group(user_name):
            raise ResourceConflict(f"{user_name} is the name of a group, which grants could not tell apart.")
        shown = user_name.partition("@")[0].replace(".", " ").title() or user_name
        return self._add(user_name, "User", profile or Profile(display_name=shown))

    def create_service_principal(self, profile: Profile, application_id: str | None = None) -> Person:
        """A new service principal, with a home folder.

        Args:
            profile: what it is called, among others.
            application_id: a UUID; one is made up by default.

        Raises:
            InvalidParameterValue: the application id is no UUID, or the display name cannot be one.
            ResourceConflict: there is one of that application id.
        """
        application_id = self._ids.uuid() if application_id is None else _uuid(application_id)
        if self._named(application_id) is not None:
            raise ResourceConflict(f"Service principal with application ID {application_id} already exists.")
        return self._add(application_id, "ServicePrincipal", profile)

    def get(self, user_name: str) -> Person | None:
        """The user of that name or service principal of that application id, or None."""
        person = self._named(user_name)
        return person if person is not None and person.user_name == user_name else None

    def by_id(self, person_id: str, kind: Kind) -> Person:
        """The user, or the service principal, of that id.

        Raises:
            NotFound: there is none (text inferred from that of a missing group).
        """
        person = self._people.get((person_id,))
        if person is None or person.kind != kind:
            raise NotFound(f"{CALLED[kind]} with id {person_id} not found.")
        return person

    def shown(self, person_id: str) -> str:
        """What the person of that id is shown as, or nothing where there is none."""
        person = self._people.get((person_id,))
        return person.display_name if person else ""

    def name_of(self, person_id: str) -> str:
        """The user name or application id of the person of that id, or nothing where there is none."""
        person = self._people.get((person_id,))
        return person.user_name if person else ""

    def all(self, kind: Kind) -> Iterator[Person]:
        """All users, or all service principals, in no order that means anything."""
        return (person for _, person in self._people.scan() if person.kind == kind)

    def service_principals_named(self, display_name: str) -> list[Person]:
        """The service principals that are shown by that name; there may be several."""
        found = (self._people.get((str(key[1]),)) for key, _ in self._display_names.scan((display_name,)))
        return [person for person in found if person is not None]

    def names(self) -> list[str]:
        """The names of all users, and the application ids of all service principals."""
        return sorted(person.user_name for _, person in self._people.scan())

    def update(self, person: Person, profile: Profile) -> Person:
        """Change what can be changed of a person; who is not active any more cannot call the workspace.

        Raises:
            BadRequest: no active admin would be left.
            InvalidParameterValue: the display name cannot be one.
        """
        checked_display_name(profile.display_name, CALLED[person.kind].lower())
        self._forget_name(person)
        changed = replace(person, profile=profile)
        self._put(changed)
        self.groups.require_admin()
        return changed

    def join_only(self, person: Person, group_ids: tuple[str, ...]) -> None:
        """Let a person be in those groups directly, and in no others.

        Raises:
            InvalidParameterValue: there is no such group.
            BadRequest: no active admin would be left.
        """
        there = {group.id for group in self.groups.parents(person.id)}
        for group_id in there - {*group_ids}:
            self.groups.leave(group_id, person.id)
        for group_id in dict.fromkeys(group_ids):
            if group_id not in there:
                self.groups.join(group_id, person.id)
        self.groups.require_admin()

    def delete(self, person: Person) -> None:
        """Remove a person with their tokens and secrets. Their home folder stays, and what they own.

        Raises:
            BadRequest: no active admin would be left.
        """
        self.groups.forget(person.id)
        self._forget_name(person)
        self._names.delete((person.user_name.casefold(),))
        self._people.delete((person.id,))
        self._handed.delete((person.id,))
        self.tokens.delete_of(person.id)
        self.secrets.delete_of(person.id)
        self.groups.require_admin()

    # Who is meant, and who is calling

    def has_group(self, name: str) -> bool:
        """Whether there is such a group."""
        return self.groups.named(name) is not None

    def is_principal(self, name: str) -> bool:
        """Whether Unity Catalog knows somebody of that name, to whom it can grant and who can own."""
        if name in WORKSPACE_GROUPS:
            return False
        return name == ACCOUNT_USERS or self.get(name) is not None or self.has_group(name)

    def caller_named(self, user_name: str) -> Caller | None:
        """Somebody as a call would see them, or None where there is no such person."""
        person = self.get(user_name)
        return self._caller(person) if person else None

    def caller_of(self, person_id: str) -> Caller | None:
        """The person of that id as a call sees them, or None where there is none or they are not active."""
        person = self._people.get((person_id,))
        return self._caller(person) if person is not None and person.active else None

    # What a test is handed

    def token_of(self, user_name: str) -> str:
        """A token of a person, for tests: one that they were handed and that stands, or else a new one.

        Raises:
            LookupError: there is no such person.
        """
        person = self.get(user_name)
        if person is None:
            message = f"there is no {user_name!r} in the workspace; there are {', '.join(self.names())}"
            raise LookupError(message)
        handed = self._handed.get((person.id,)) or Handed()
        standing = (token for token in handed.tokens if self.tokens.owner(token) is not None)
        return next(standing, None) or self.hand(person, self._ids.token())

    def hand(self, person: Person, token: str) -> str:
        """Let a person have a token that tests may ask for again.

        Raises:
            ValueError: it is the token of somebody else.
        """
        self.tokens.keep(token, person.id)
        handed = self._handed.get((person.id,)) or Handed()
        self._handed.put((person.id,), replace(handed, tokens=tuple(dict.fromkeys((*handed.tokens, token)))))
        return token

    def client_secret_of(self, person: Person) -> str:
        """A secret of a service principal, for tests: the one that they were handed if it is good, or else a new one.

        Raises:
            ResourceExhausted: it has as many secrets as it can have.
        """
        handed = self._handed.get((person.id,)) or Handed()
        if handed.client_secret and self.secrets.good(person.id, handed.client_secret):
            return handed.client_secret
        value, _ = self.secrets.create(person.id)
        self._handed.put((person.id,), replace(handed, client_secret=value))
        return value

    def _add(self, user_name: str, kind: Kind, profile: Profile) -> Person:
        checked_display_name(profile.display_name, CALLED[kind].lower())
        first = not len(self._people)
        person = Person(id=self._ids.number(), user_name=user_name, kind=kind, profile=profile)
        self._names.put((user_name.casefold(),), Named(id=person.id))
        self._put(person)
        if first:
            self.groups.found(person.id)
        self._homes.add_home(user_name, self._clock.millis())
        return person

    def _put(self, person: Person) -> None:
        self._people.put((person.id,), person)
        if person.kind == "ServicePrincipal":
            self._display_names.put((person.display_name, person.id), Named(id=person.id))

    def _forget_name(self, person: Person) -> None:
        self._display_names.delete((person.display_name, person.id))

    def _named(self, user_name: str) -> Person | None:
        found = self._names.get((user_name.casefold(),))
        return self._people.get((found.id,)) if found else None

    def _caller(self, person: Person) -> Caller:
        return Caller(person.id, person.user_name, person.display_name, person.kind, self.groups.names_of(person.id))


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise InvalidParameterValue(f"{text[:255]!r} is not a valid application ID: it must be a UUID.") from None
