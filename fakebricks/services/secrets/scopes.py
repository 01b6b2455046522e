"""Secret scopes, and who may read, write and manage which.

Real: READ < WRITE < MANAGE; a scope is managed by who created it, or by all `users` where that was asked for; names of
up to 128 characters (all documented); the text about a scope that exists or does not (observed). A group's permission
follows it when it is renamed, and goes with it. Refused: scopes that are kept in an Azure Key Vault. Inferred: that
admins manage every scope, that names which differ by case only are the same, that there can be a thousand scopes; the
texts of refusals, that a list has the scopes that the caller may read, and that admins are not listed among the
permissions that were set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fakebricks.services.iam.access_control import GROUP, AccessControl, concerns
from fakebricks.services.iam.people import People
from fakebricks.services.iam.records import Permission
from fakebricks.services.secrets.errors import ResourceLimitExceeded
from fakebricks.services.secrets.records import Scope
from fakebricks.state import State
from fakebricks.wire.authentication import ADMINS, Caller
from fakebricks.wire.errors import (
    InvalidParameterValue,
    PermissionDenied,
    ResourceAlreadyExists,
    ResourceDoesNotExist,
)

READ, WRITE, MANAGE = LEVELS = ("READ", "WRITE", "MANAGE")
"""Each is worth what the ones before it are."""

USERS = "users"

_NAME = re.compile(r"[A-Za-z0-9_.@-]{1,128}", re.ASCII)  # the SDK's documentation has no '@'; names of the UI may
_MOST = 1000


class Scopes:
    """The secret scopes of one workspace."""

    def __init__(self, state: State, people: People, access_control: AccessControl) -> None:
        self._scopes = state.table("secret_scopes", Scope)
        self._people = people
        self._access_control = access_control

    def create(self, name: str, caller: Caller, initial_manage_principal: str | None = None) -> Scope:
        """A new scope.

        Args:
            name: what it is called.
            caller: who creates it, and manages it by default.
            initial_manage_principal: `users`, for everybody to manage it.

        Raises:
            InvalidParameterValue: it cannot be called so, or be managed by that principal in the beginning.
            ResourceAlreadyExists: there is one of that name.
            ResourceLimitExceeded: there are a thousand scopes.
        """
        check_name(name, "scope")
        if initial_manage_principal not in (None, USERS):
            message = (
                f"initial_manage_principal must be '{USERS}' or be left out, not {initial_manage_principal[:255]!r}."
            )
            raise InvalidParameterValue(message)
        if self._scopes.get((name.lower(),)):
            raise ResourceAlreadyExists(f"Scope {name} already exists!")
        if len(self._scopes) >= _MOST:
            raise ResourceLimitExceeded(f"The workspace has {_MOST} secret scopes, and cannot have more.")
        scope = Scope(name=name)
        self._scopes.put((name.lower(),), scope)
        first = (
            Permission(kind=GROUP, principal=USERS, level=MANAGE)
            if initial_manage_principal
            else self._access_control.of_creator(caller.user_name, MANAGE)
        )
        self._set(scope, (first,))
        return scope

    def get(self, name: str) -> Scope:
        """The scope of that name.

        Raises:
            ResourceDoesNotExist: there is none.
        """
        scope = self._scopes.get((name.lower(),))
        if scope is None:
            raise ResourceDoesNotExist(f"Scope {name[:255]} does not exist!")
        return scope

    def readable(self, caller: Caller) -> Iterator[Scope]:
        """The scopes that the caller may read, by name."""
        return (scope for _, scope in self._scopes.scan() if self.allows(scope, READ, caller))

    def delete(self, scope: Scope) -> None:
        """Remove a scope with its permissions; its secrets are not this class's."""
        self._scopes.delete((scope.name.lower(),))
        self._set(scope, ())

    def allows(self, scope: Scope, level: str, caller: Caller) -> bool:
        """Whether the caller has that level on a scope, or a stronger one."""
        if caller.is_admin:
            return True
        enough = LEVELS[LEVELS.index(level) :]
        return any(one.level in enough and concerns(one, caller) for one in self.acls(scope))

    def require(self, name: str, level: str, caller: Caller) -> None:
        """The caller has that level on the scope of a name; one that does not exist is not refused here.

        Raises:
            PermissionDenied: they have not.
        """
        scope = self._scopes.get((name.lower(),))
        if scope is not None and not self.allows(scope, level, caller):
            raise PermissionDenied(
                f"User {caller.user_name} does not have {level} permission on secret scope {scope.name}."
            )

    def acls(self, scope: Scope) -> tuple[Permission, ...]:
        """The permissions that were set on a scope."""
        return self._access_control.of(_object_id(scope)) or ()

    def acl(self, scope: Scope, principal: str) -> Permission:
        """The permission that was set on a scope for a principal.

        Raises:
            ResourceDoesNotExist: none was.
        """
        found = next((one for one in self.acls(scope) if one.principal == principal), None)
        if found is None:
            message = f"There is no permission for {principal[:255]!r} on secret scope {scope.name}."
            raise ResourceDoesNotExist(message)
        return found

    def put_acl(self, scope: Scope, principal: str, level: str) -> None:
        """Set the permission of a principal on a scope, in place of the one that it has.

        Args:
            scope: on which it is.
            principal: the name of a user or a group, or the application id of a service principal.
            level: READ, WRITE or MANAGE.

        Raises:
            InvalidParameterValue: there is no such level, or no such principal.
        """
        if level not in LEVELS:
            message = f"The permission {level[:255]!r} is not valid. It must be one of {', '.join(LEVELS)}."
            raise InvalidParameterValue(message)
        others = [one for one in self.acls(scope) if one.principal != principal]
        self._set(scope, (*others, self._permission(principal, level)))

    def delete_acl(self, scope: Scope, principal: str) -> None:
        """Take the permission of a principal on a scope away.

        Raises:
            ResourceDoesNotExist: it has none.
        """
        gone = self.acl(scope, principal)
        self._set(scope, tuple(one for one in self.acls(scope) if one != gone))

    def _permission(self, principal: str, level: str) -> Permission:
        if self._people.get(principal) is not None:
            return self._access_control.of_creator(principal, level)
        if self._people.has_group(principal) and (principal != ADMINS or level == MANAGE):
            return Permission(kind=GROUP, principal=principal, level=level)
        message = f"{principal[:255]!r} is no user, group or service principal that can be given {level}."
        raise InvalidParameterValue(message)

    def _set(self, scope: Scope, permissions: tuple[Permission, ...]) -> None:
        self._access_control.set(_object_id(scope), permissions, MANAGE)


def check_name(name: str, kind: str) -> None:
    """Raise `InvalidParameterValue` where no scope, or key, can be called so."""
    if not _NAME.fullmatch(name):
        message = (
            f"The name of a secret {kind} must consist of 1 to 128 alphanumeric characters, dashes, underscores, "
            f"periods and @, which {name[:255]!r} does not."
        )
        raise InvalidParameterValue(message)


def _object_id(scope: Scope) -> str:
    return f"/secrets/scopes/{scope.name.lower()}"
