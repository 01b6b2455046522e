"""Who there is in a workspace, and whose token is whose.

Real: tokens stand for people, and each call is made as one of them. Refused for now: groups, service principals, SCIM
beyond `Me`, and privileges; every person may do everything.
"""

from __future__ import annotations

from fakebricks.ids import Ids
from fakebricks.services.iam.records import Person, Token
from fakebricks.state import State
from fakebricks.wire.authentication import Caller


class People:
    """The users of one workspace and their personal access tokens."""

    def __init__(self, state: State, ids: Ids) -> None:
        self._state = state
        self._people = state.table("people", Person)
        self._tokens = state.table("tokens", Token)
        self._ids = ids

    def add(self, user_name: str, token: str) -> Person:
        """A new person with that token."""
        name = user_name.partition("@")[0].replace(".", " ").title()
        person = Person(id=self._ids.number(), user_name=user_name, display_name=name)
        with self._state.transaction():
            self._people.put((user_name,), person)
            self._tokens.put((token,), Token(user_name=user_name))
        return person

    def get(self, user_name: str) -> Person | None:
        """The person of that name, or None."""
        return self._people.get((user_name,))

    def caller(self, token: str) -> Caller | None:
        """Whom a token stands for, or None."""
        held = self._tokens.get((token,))
        person = held and self.get(held.user_name)
        return Caller(person.id, person.user_name, person.display_name) if person else None
