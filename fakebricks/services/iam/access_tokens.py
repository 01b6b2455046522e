"""OAuth access tokens: what a service principal gets for its client id and secret.

Real: the signature, which covers all that a token says, and the expiry after an hour on the workspace's clock; a
changed token is refused. As on the platform, a token outlives the secret that it was made with, but not the service
principal. Simulated: the workspace signs with a secret of its own, where the platform signs with a key that it
publishes; clients take the token as it is.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

import msgspec

from fakebricks.clock import Clock
from fakebricks.ids import Ids

LIFETIME = 3600
"""Seconds (documented)."""

_HEADER = {"alg": "HS256", "typ": "at+jwt"}
_PARTS = 3


class AccessTokens:
    """Makes and reads the access tokens of one workspace.

    Args:
        key: what they are signed with.
    """

    def __init__(self, ids: Ids, clock: Clock, key: str) -> None:
        self._ids = ids
        self._clock = clock
        self._key = hashlib.sha256(f"access tokens {key}".encode()).digest()
        self._header = _encoded(_HEADER)

    def issue(self, client_id: str, scope: str, issuer: str, objects: Sequence[str] = ()) -> str:
        """A token that stands for a service principal for an hour.

        Args:
            client_id: its application id.
            scope: what it is for.
            issuer: the URL of who says so.
            objects: that it is good for alone; all, where there are none.
        """
        now = int(self._clock.time())
        claims: dict[str, Any] = {"iss": issuer, "sub": client_id, "client_id": client_id, "scope": scope}
        claims |= {"objects": list(objects)} if objects else {}
        said = f"{self._header}.{_encoded({**claims, 'iat': now, 'exp': now + LIFETIME, 'jti': self._ids.uuid()})}"
        return f"{said}.{self._signature(said)}"

    def client(self, token: str) -> str | None:
        """The application id that a token stands for, or None where it was not issued here or has expired."""
        claims = self._claims(token)
        return str(claims["client_id"]) if claims and self._clock.time() < claims["exp"] else None

    def objects(self, token: str) -> frozenset[str]:
        """The objects that a token is good for alone; none where it is good for all."""
        return frozenset((self._claims(token) or {}).get("objects", ()))

    def issued(self, token: str) -> bool:
        """Whether a token was issued here, expired or not."""
        return self._claims(token) is not None

    def _claims(self, token: str) -> dict[str, Any] | None:
        parts = token.split(".")
        if len(parts) != _PARTS or not token.isascii():
            return None
        said = f"{parts[0]}.{parts[1]}"
        if not hmac.compare_digest(self._signature(said), parts[2]):
            return None
        claims: dict[str, Any] = msgspec.json.decode(_decoded(parts[1]))
        return claims

    def _signature(self, said: str) -> str:
        return _text(hmac.digest(self._key, said.encode(), "sha256"))


def looks_like_one(token: str) -> bool:
    """Whether something could be an access token, rather than a personal one."""
    return token.startswith("eyJ") and token.count(".") == _PARTS - 1


def _encoded(value: dict[str, Any]) -> str:
    return _text(msgspec.json.encode(value))


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
