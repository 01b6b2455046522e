"""Personal access tokens: made, told once, expired on the workspace's clock, revoked.

Real: all of it. A token is stored as a keyed digest, which is also its id, so that nothing that is stored or listed
tells a token. Documented: two years of life by default and at most, and 600 tokens of a person at most.
Refused: scopes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from fakebricks.clock import Clock
from fakebricks.ids import Ids
from fakebricks.services.iam.records import PersonalToken, TokenOfOwner
from fakebricks.state import State
from fakebricks.wire.errors import InvalidParameterValue, QuotaExceeded, ResourceDoesNotExist

LONGEST_LIFE = 730 * 24 * 3600
"""Seconds (documented)."""

_MOST = 600


class Tokens:
    """The personal access tokens of one workspace.

    Args:
        key: what digests are keyed with.
    """

    def __init__(self, state: State, ids: Ids, clock: Clock, key: str) -> None:
        self._tokens = state.table("tokens", PersonalToken)
        self._owned = state.table("tokens_of", TokenOfOwner)
        self._ids = ids
        self._clock = clock
        self._key = hashlib.sha256(key.encode()).digest()

    def create(
        self, owner_id: str, creator_id: str, comment: str = "", lifetime_seconds: int | None = None
    ) -> tuple[str, PersonalToken]:
        """A new token, which is told here and never again.

        Args:
            owner_id: whom it stands for.
            creator_id: who asks for it.
            comment: what it is for.
            lifetime_seconds: until it expires; two years by default.

        Raises:
            InvalidParameterValue: the lifetime is none, or longer than two years.
            QuotaExceeded: the owner has 600 tokens already.
        """
        lifetime = LONGEST_LIFE if lifetime_seconds is None else lifetime_seconds
        if not 0 < lifetime <= LONGEST_LIFE:
            raise InvalidParameterValue(
                f"lifetime_seconds must be between 1 and {LONGEST_LIFE}, not {lifetime_seconds}."
            )
        if sum(1 for _ in self.of(owner_id)) >= _MOST:
            raise QuotaExceeded(f"The quota of {_MOST} tokens of a person has been reached.")
        value = self._ids.token()
        return value, self._put(value, owner_id, creator_id, comment, lifetime)

    def keep(self, value: str, owner_id: str) -> None:
        """A token that a test chose or was given; it does not expire.

        Raises:
            ValueError: it is the token of somebody else.
        """
        held = self._tokens.get((self._id(value),))
        if held is not None and held.owner_id != owner_id:
            message = "the token is that of somebody else"
            raise ValueError(message)
        self._put(value, owner_id, owner_id, "kept by a test", None)

    def find(self, value: str) -> PersonalToken | None:
        """The token of that value, expired or not, or None."""
        return self._tokens.get((self._id(value),))

    def owner(self, value: str) -> str | None:
        """The id of whom a token stands for, or None where it is unknown, revoked or expired."""
        held = self.find(value)
        return held.owner_id if held is not None and self._valid(held) else None

    def of(self, owner_id: str) -> Iterator[PersonalToken]:
        """The tokens of somebody that have not expired."""
        for (_, token_id), _owned in self._owned.scan((owner_id,)):
            token = self._tokens.get((token_id,))
            if token is not None and self._valid(token):
                yield token

    def all(self) -> Iterator[PersonalToken]:
        """All tokens that have not expired."""
        return (token for _, token in self._tokens.scan() if self._valid(token))

    def get(self, token_id: str) -> PersonalToken:
        """The token of that id.

        Raises:
            ResourceDoesNotExist: there is none, or it has expired (text inferred).
        """
        token = self._tokens.get((token_id,))
        if token is None or not self._valid(token):
            raise ResourceDoesNotExist(f"Token with ID {token_id} does not exist.")
        return token

    def delete(self, token_id: str, owner_id: str | None = None) -> None:
        """Revoke a token.

        Args:
            token_id: of the token.
            owner_id: whose it must be, if that matters.

        Raises:
            ResourceDoesNotExist: there is none, or it is not theirs.
        """
        token = self.get(token_id)
        if owner_id not in (None, token.owner_id):
            raise ResourceDoesNotExist(f"Token with ID {token_id} does not exist.")
        self._tokens.delete((token_id,))
        self._owned.delete((token.owner_id, token_id))

    def delete_of(self, owner_id: str) -> None:
        """Revoke all tokens of somebody."""
        for (_, token_id), _owned in list(self._owned.scan((owner_id,))):
            self._tokens.delete((token_id,))
            self._owned.delete((owner_id, token_id))

    def _put(self, value: str, owner_id: str, creator_id: str, comment: str, lifetime: int | None) -> PersonalToken:
        created = self._clock.millis()
        token = PersonalToken(
            id=self._id(value),
            owner_id=owner_id,
            creator_id=creator_id,
            comment=comment,
            created=created,
            expires=None if lifetime is None else created + lifetime * 1000,
        )
        self._tokens.put((token.id,), token)
        self._owned.put((owner_id, token.id), TokenOfOwner())
        return token

    def _valid(self, token: PersonalToken) -> bool:
        return token.expires is None or self._clock.time() * 1000 < token.expires

    def _id(self, value: str) -> str:
        """Sixty-four hexadecimal digits, as the platform's ids of tokens are."""
        return hashlib.blake2b(value.encode(errors="replace"), digest_size=32, key=self._key).hexdigest()
