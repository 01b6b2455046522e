"""Who is calling: the credential of a request, and the person it stands for.

Real: bearer tokens, and basic authentication with the user name `token` (documented for Model Serving queries); a
missing credential and an unknown token get the gateway's two answers. A service principal that signs in names itself by
its client id and secret, as basic authentication or in the form. Refused: every other scheme.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from urllib.parse import parse_qsl

from fakebricks.wire.errors import PermissionDenied, Unauthenticated
from fakebricks.wire.messages import Request

SIGN_IN_PATH = "/oidc/v1/token"
"""Where a service principal signs in."""

ADMINS = "admins"
"""The group of a workspace's admins, which every workspace has."""

ACCOUNT_USERS = "account users"
"""The group of everybody, as Unity Catalog knows them; nobody is added to it."""

WORKSPACE_GROUPS = frozenset({ADMINS, "users"})
"""The groups of a workspace's own, which the account and so Unity Catalog does not know (documented)."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A person or service principal, as far as a call needs to know them."""

    id: str
    user_name: str
    display_name: str
    kind: str = "User"
    groups: frozenset[str] = frozenset()
    confined_to: frozenset[str] = frozenset()
    """The objects that the caller's token is good for alone, on the data plane; none where it is good for all."""

    @property
    def is_admin(self) -> bool:
        """Whether they are an admin of the workspace."""
        return ADMINS in self.groups

    @property
    def principals(self) -> frozenset[str]:
        """Whose grants in Unity Catalog are theirs too: their own, their groups' and everybody's."""
        return (self.groups - WORKSPACE_GROUPS) | {self.user_name, ACCOUNT_USERS}


def token_of(request: Request) -> str | None:
    """The token that the request carries, or None where it carries none of a kind that the platform takes."""
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    credential = credential.strip()
    if scheme.lower() == "bearer" and credential:
        return credential
    if scheme.lower() == "basic":
        return _basic_token(credential)
    return None


def no_credential(request_id: str) -> Unauthenticated:
    """The gateway's 401 (observed; since about 2024 the text ends with the request's id)."""
    text = "Credential was not sent or was of an unsupported type for this API."
    return Unauthenticated(f"{text} [ReqId: {request_id}]")


def invalid_token(request_id: str) -> PermissionDenied:
    """The gateway's 403 for a revoked or unknown token (observed)."""
    return PermissionDenied(f"Invalid access token. [ReqId: {request_id}]")


def invalid_scope() -> PermissionDenied:
    """The 403 for a token that is not good for what is asked (observed)."""
    return PermissionDenied("Invalid scope")


def form_of(request: Request) -> dict[str, str]:
    """The fields of an HTML form, as OAuth's requests are; of a field that is there twice, the last."""
    return dict(parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True))


def client_of(request: Request) -> tuple[str, str]:
    """The client id and secret of a service principal that signs in; empty where they are missing."""
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        return _basic(credential.strip())
    form = form_of(request)
    return form.get("client_id", ""), form.get("client_secret", "")


def _basic_token(credential: str) -> str | None:
    user, password = _basic(credential)
    return password if user == "token" and password else None


def _basic(credential: str) -> tuple[str, str]:
    try:
        user, _, password = base64.b64decode(credential, validate=True).decode().partition(":")
    except ValueError:  # not Base64, or not UTF-8
        return "", ""
    return user, password
