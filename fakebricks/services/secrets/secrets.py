"""Secrets: put them, list them, and get them by who may read them.

Real: values come back as they were put, byte for byte. A value stands in the state alone: in no answer but that of
`get`, no log, no error and no `repr`. Documented: values of up to 128 KB, and a thousand secrets in a scope. Simulated:
values are kept as they are; nothing is encrypted. Inferred: that keys which differ by case only are the same; the text
about a missing secret, which is that of `dbutils.secrets` (observed there).
"""

from __future__ import annotations

from collections.abc import Iterator

from fakebricks.services.iam.people import People
from fakebricks.services.secrets.errors import ResourceLimitExceeded
from fakebricks.services.secrets.records import Scope, Secret
from fakebricks.services.secrets.scopes import READ, Scopes, check_name
from fakebricks.state import State
from fakebricks.wire.errors import InvalidParameterValue, PermissionDenied, ResourceDoesNotExist

_LARGEST = 128 * 1024
_MOST = 1000


class Secrets:
    """The secrets of one workspace.

    Attributes:
        scopes: which they are in.
    """

    def __init__(self, state: State, people: People, scopes: Scopes) -> None:
        self.scopes = scopes
        self._secrets = state.table("secrets", Secret)
        self._people = people

    def put(self, scope: Scope, key: str, value: bytes, millis: int) -> None:
        """Add a secret, or change its value.

        Raises:
            InvalidParameterValue: the key cannot be one, or the value is too large.
            ResourceLimitExceeded: the scope is full.
        """
        check_name(key, "key")
        if len(value) > _LARGEST:
            message = f"The value of secret {key} has {len(value)} bytes; it must not have more than {_LARGEST}."
            raise InvalidParameterValue(message)
        known = self._secrets.get(_place(scope, key))
        if known is None and sum(1 for _ in self.list(scope)) >= _MOST:
            raise ResourceLimitExceeded(f"Secret scope {scope.name} has {_MOST} secrets, and cannot have more.")
        secret = Secret(key=known.key if known else key, value=value, last_updated_timestamp=millis)
        self._secrets.put(_place(scope, key), secret)

    def get(self, scope: Scope, key: str) -> Secret:
        """A secret.

        Raises:
            ResourceDoesNotExist: there is none of that key.
        """
        secret = self._secrets.get(_place(scope, key))
        if secret is None:
            raise ResourceDoesNotExist(f"Secret does not exist with scope: {scope.name} and key: {key[:255]}")
        return secret

    def list(self, scope: Scope) -> Iterator[Secret]:
        """The secrets of a scope, by key."""
        return (secret for _, secret in self._secrets.scan((scope.name.lower(),)))

    def delete(self, scope: Scope, key: str) -> None:
        """Remove a secret.

        Raises:
            ResourceDoesNotExist: there is none of that key.
        """
        self.get(scope, key)
        self._secrets.delete(_place(scope, key))

    def delete_scope(self, scope: Scope) -> None:
        """Remove a scope with all that is in it."""
        for secret in list(self.list(scope)):
            self._secrets.delete(_place(scope, secret.key))
        self.scopes.delete(scope)

    def read_as(self, scope: str, key: str, user_name: str) -> bytes:
        """The value of a secret, for somebody who need not be calling.

        Raises:
            ResourceDoesNotExist: there is no such scope or secret.
            PermissionDenied: they may not read the scope, or are gone.
        """
        found = self.scopes.get(scope)
        person = self._people.caller_named(user_name)
        if person is None:
            raise PermissionDenied(f"User {user_name} does not exist any more.")
        self.scopes.require(scope, READ, person)
        return self.get(found, key).value


def _place(scope: Scope, key: str) -> tuple[str, str]:
    return scope.name.lower(), key.lower()
