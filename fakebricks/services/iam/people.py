"""Who there is in a workspace, and whose token is whose.

Real: tokens stand for people, and each call is made as one of them. The first person is an admin of the workspace, the
others are ordinary users; everybody is in the group `users`, and the admins in `admins`, as on the platform.
Refused for now: other groups, service principals, and SCIM beyond `Me`.
"""

from __future__ import annotations

from fakebricks.ids import Ids
from fakebricks.services.iam.records import Person, Token
from fakebricks.state import State
from fakebricks.wire.authentication import ACCOUNT_USERS, ADMINS, WORKSPACE_GROUPS, Caller

USERS = "users"
"""The group of everybody in a workspace, which every workspace has."""


class People:
    """The users of one workspace and their personal access tokens."""

    def __init__(self, state: State, ids: Ids) -> None:
        self._state = state
        self._people = state.table("people", Person)
        self._tokens = state.table("tokens", Token)
        self._ids = ids

    def add(self, user_name: str, token: str) -> Person:
        """A new person with that token; the first one is an admin."""
        name = user_name.partition("@")[0].replace(".", " ").title()
        groups = frozenset((USERS,) if len(self._people) else (USERS, ADMINS))
        person = Person(id=self._ids.number(), user_name=user_name, display_name=name, groups=groups)
        with self._state.transaction():
            self._people.put((user_name,), person)
            self.add_token(user_name, token)
        return person

    def add_token(self, user_name: str, token: str) -> None:
        """One more token of a person.

        Raises:
            ValueError: it is the token of somebody else.
        """
        held = self._tokens.get((token,))
        if held is not None and held.user_name != user_name:
            message = f"the token that {user_name} was to have is that of {held.user_name}"
            raise ValueError(message)
        self._tokens.put((token,), Token(user_name=user_name))

    def get(self, user_name: str) -> Person | None:
        """The person of that name, or None."""
        return self._people.get((user_name,))

    def names(self) -> list[str]:
        """The names of all people."""
        return [person.user_name for _, person in self._people.scan()]

    def has_group(self, name: str) -> bool:
        """Whether there is such a group."""
        return name in (USERS, ADMINS)

    def is_principal(self, name: str) -> bool:
        """Whether Unity Catalog knows somebody of that name, to whom it can grant and who can own."""
        if name in WORKSPACE_GROUPS:
            return False
        return name == ACCOUNT_USERS or self.get(name) is not None or self.has_group(name)

    def token_of(self, user_name: str) -> str:
        """A token of a person.

        Raises:
            LookupError: there is no such person.
        """
        for key, token in self._tokens.scan():
            if token.user_name == user_name:
                return str(key[0])
        message = f"there is no {user_name!r} in the workspace; there are {', '.join(self.names())}"
        raise LookupError(message)

    def caller(self, token: str) -> Caller | None:
        """Whom a token stands for, or None."""
        held = self._tokens.get((token,))
        return self.caller_named(held.user_name) if held else None

    def caller_named(self, user_name: str) -> Caller | None:
        """Somebody as a call would see them, or None where there is no such person."""
        person = self.get(user_name)
        return Caller(person.id, person.user_name, person.display_name, groups=person.groups) if person else None
