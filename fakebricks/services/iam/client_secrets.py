"""The secrets that service principals sign in with: made, told once, expired on the workspace's clock, deleted.

Real: all of it; a secret is stored as a keyed digest. Documented: two years of life by default and at most, and five
secrets of a service principal. Refused: scopes. Inferred: the texts.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator

from fakebricks.clock import Clock
from fakebricks.ids import Ids
from fakebricks.services.iam.records import ClientSecret
from fakebricks.services.iam.tokens import LONGEST_LIFE
from fakebricks.state import State
from fakebricks.wire.errors import InvalidParameterValue, NotFound, ResourceExhausted

_MOST = 5


class ClientSecrets:
    """The secrets of the service principals of one workspace.

    Args:
        key: what digests are keyed with.
    """

    def __init__(self, state: State, ids: Ids, clock: Clock, key: str) -> None:
        self._secrets = state.table("client_secrets", ClientSecret)
        self._ids = ids
        self._clock = clock
        self._key = hashlib.sha256(f"client secrets {key}".encode()).digest()

    def create(self, owner_id: str, lifetime_seconds: int = LONGEST_LIFE) -> tuple[str, ClientSecret]:
        """A new secret of a service principal, which is told here and never again.

        Raises:
            InvalidParameterValue: the lifetime is none, or longer than two years.
            ResourceExhausted: it has five secrets already.
        """
        if not 0 < lifetime_seconds <= LONGEST_LIFE:
            raise InvalidParameterValue(f"lifetime must be between 1s and {LONGEST_LIFE}s, not {lifetime_seconds}s.")
        if sum(1 for _ in self.of(owner_id)) >= _MOST:
            raise ResourceExhausted(f"A service principal can have {_MOST} secrets at most; delete one first.")
        value, now = f"dose{self._ids.hex32()}", self._clock.millis()
        secret = ClientSecret(
            id=self._ids.uuid(), digest=self._digest(value), created=now, expires=now + lifetime_seconds * 1000
        )
        self._secrets.put((owner_id, secret.id), secret)
        return value, secret

    def of(self, owner_id: str) -> Iterator[ClientSecret]:
        """The secrets of a service principal, expired ones too."""
        return (secret for _, secret in self._secrets.scan((owner_id,)))

    def active(self, secret: ClientSecret) -> bool:
        """Whether a secret has not expired."""
        return self._clock.time() * 1000 < secret.expires

    def good(self, owner_id: str, value: str) -> bool:
        """Whether a service principal can sign in with that."""
        digest = self._digest(value)
        return any(hmac.compare_digest(one.digest, digest) and self.active(one) for one in self.of(owner_id))

    def delete(self, owner_id: str, secret_id: str) -> None:
        """Take a secret from a service principal.

        Raises:
            NotFound: it has no such secret.
        """
        if self._secrets.get((owner_id, secret_id)) is None:
            raise NotFound(f"Secret {secret_id} does not exist.")
        self._secrets.delete((owner_id, secret_id))

    def delete_of(self, owner_id: str) -> None:
        """Take all secrets from a service principal."""
        for key, _ in list(self._secrets.scan((owner_id,))):
            self._secrets.delete(key)

    def _digest(self, value: str) -> str:
        return hashlib.blake2b(value.encode(errors="replace"), digest_size=32, key=self._key).hexdigest()
