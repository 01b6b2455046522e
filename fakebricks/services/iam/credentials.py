"""Whom a credential stands for: a personal access token, or an OAuth access token.

Real: of both kinds, one that is unknown, changed, revoked or expired stands for nobody, and so does that of a person
who was deactivated or deleted.
"""

from __future__ import annotations

from dataclasses import replace

from fakebricks.services.iam.access_tokens import AccessTokens, looks_like_one
from fakebricks.services.iam.people import People
from fakebricks.wire.authentication import SIGN_IN_PATH, Caller, client_of, form_of, token_of
from fakebricks.wire.messages import Request


class Credentials:
    """Knows the credentials of one workspace."""

    def __init__(self, people: People, access_tokens: AccessTokens) -> None:
        self._people = people
        self._access_tokens = access_tokens

    def caller(self, token: str) -> Caller | None:
        """Whom a token stands for, or None; it is asked for every call."""
        if looks_like_one(token):
            return self._signed_in(token)
        owner_id = self._people.tokens.owner(token)
        return self._people.caller_of(owner_id) if owner_id is not None else None

    def recognises(self, request: Request) -> bool | None:
        """Whether a request carries a credential of this workspace, be it expired; None where it carries none."""
        if request.path == SIGN_IN_PATH:
            assertion = form_of(request).get("assertion")
            if assertion:
                return self._access_tokens.issued(assertion)
            client_id, _ = client_of(request)
            return self._people.get(client_id) is not None if client_id else None
        token = token_of(request)
        if token is None:
            return None
        return self._access_tokens.issued(token) or self._people.tokens.find(token) is not None

    def _signed_in(self, token: str) -> Caller | None:
        client_id = self._access_tokens.client(token)
        person = self._people.get(client_id) if client_id is not None else None
        caller = self._people.caller_of(person.id) if person else None
        return replace(caller, confined_to=self._access_tokens.objects(token)) if caller else None
