"""A service principal signing in: its client id and secret for an access token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fakebricks.services.iam.access_tokens import LIFETIME, AccessTokens
from fakebricks.services.iam.authorization_details import objects
from fakebricks.services.iam.people import People
from fakebricks.wire.errors import DatabricksError, InvalidParameterValue, NotImplementedByFakebricks

GRANTS = (CLIENT_CREDENTIALS, JWT_BEARER) = ("client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer")

# What the platform also takes, and fakebricks does not.
_OTHER_GRANTS = frozenset({"authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:token-exchange"})
_NARROWING = ("assume_group",)
_SCOPE = "all-apis"


class InvalidClient(DatabricksError):
    """401: the client is unknown, or its secret is wrong or has expired (text observed)."""

    error_code, status = "invalid_client", 401


class InvalidGrant(DatabricksError):
    """400: the token that is to be exchanged is none, or has expired (RFC 6749, 5.2)."""

    error_code, status = "invalid_grant", 400


class UnsupportedGrantType(DatabricksError):
    """400: there is no such grant."""

    error_code, status = "unsupported_grant_type", 400


@dataclass(frozen=True, slots=True)
class Issued:
    """An access token, as it is answered."""

    value: str = field(repr=False)
    scope: str = _SCOPE
    lifetime: int = LIFETIME


class SignIn:
    """Lets the service principals of one workspace sign in."""

    def __init__(self, people: People, access_tokens: AccessTokens) -> None:
        self._people = people
        self._access_tokens = access_tokens

    def client(self, form: Mapping[str, str], client_id: str, secret: str, issuer: str) -> Issued:
        """An access token for a client, or for who has one already and wants one for fewer objects.

        Args:
            form: what is asked.
            client_id: the application id of a service principal; not looked at where a token is exchanged.
            secret: one of its secrets; likewise.
            issuer: the URL of who issues the token.

        Raises:
            InvalidClient: the client is unknown or not active, or the secret is wrong or has expired.
            InvalidGrant: the token that is to be exchanged is none.
            InvalidParameterValue: no grant is asked for.
            UnsupportedGrantType: there is no such grant.
            NotImplementedByFakebricks: the grant or the scope is one that fakebricks does not compute.
        """
        _require_computed(form)
        details = form.get("authorization_details", "")
        confined_to = objects(details) if details else []
        if form["grant_type"] == JWT_BEARER:
            client_id = self._bearer(form.get("assertion", ""), confined_to)
            return Issued(self._access_tokens.issue(client_id, _SCOPE, issuer, confined_to))
        person = self._people.get(client_id)
        known = person is not None and person.kind == "ServicePrincipal" and person.active
        if person is None or not known or not self._people.secrets.good(person.id, secret):
            raise InvalidClient("Client authentication failed")
        return Issued(self._access_tokens.issue(person.user_name, _SCOPE, issuer, confined_to))

    def _bearer(self, token: str, confined_to: list[str]) -> str:
        """Whom a token stands for that is exchanged for one which is good for some objects alone."""
        if not confined_to:
            raise InvalidParameterValue("Parameter 'authorization_details' is missing.")
        client_id = self._access_tokens.client(token)
        person = self._people.get(client_id) if client_id is not None else None
        if person is None or not person.active or self._access_tokens.objects(token):
            raise InvalidGrant("The assertion is not a valid access token of this workspace.")
        return person.user_name


def _require_computed(form: Mapping[str, str]) -> None:
    grant = form.get("grant_type", "")
    if not grant:
        raise InvalidParameterValue("Parameter 'grant_type' is missing.")
    if grant in _OTHER_GRANTS:
        raise NotImplementedByFakebricks(f"fakebricks does not compute the OAuth grant '{grant}'; use {GRANTS[0]}.")
    if grant not in GRANTS:
        raise UnsupportedGrantType(f"Grant type '{grant[:200]}' is not supported.")
    narrowing = [name for name in _NARROWING if form.get(name)]
    if narrowing or form.get("scope", _SCOPE) != _SCOPE:
        asked = narrowing[0] if narrowing else "scope"
        raise NotImplementedByFakebricks(
            f"fakebricks computes access tokens for all that their owner may, and not '{asked}': ask for {_SCOPE}."
        )
