"""Who may do what with an object: the permissions that were set on it, by person and group.

Real: what is set is stored and can be asked for; the services that own the objects enforce it, and say what the levels
are worth and what is inherited. Refused: principals that do not exist.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from fakebricks.services.iam.people import People
from fakebricks.services.iam.records import Permission, Permissions
from fakebricks.state import State
from fakebricks.wire.authentication import ADMINS, Caller
from fakebricks.wire.errors import BadRequest, ResourceDoesNotExist

USER = "user_name"
GROUP = "group_name"
SERVICE_PRINCIPAL = "service_principal_name"

# How the platform calls them when there is no such one (inferred).
_CALLED = {USER: "UserName", GROUP: "GroupName", SERVICE_PRINCIPAL: "ServicePrincipalName"}


class AccessControl:
    """The permissions on the objects of one workspace; an object is named as in `/experiments/<id>`."""

    def __init__(self, state: State, people: People) -> None:
        self._permissions = state.table("permissions", Permissions)
        self._people = people
        people.groups.also_named_by(self)

    def of(self, object_id: str) -> tuple[Permission, ...] | None:
        """What was set on an object, or None where nothing ever was.

        Of who was deleted nothing counts; a user who is added again has it back (inferred).
        """
        found = self._permissions.get((object_id,))
        return tuple(one for one in found.of if self._exists(one)) if found else None

    def set(self, object_id: str, permissions: Iterable[Permission], strongest: str) -> None:
        """Set the permissions on an object in place of those it has. Of one principal the last counts.

        Args:
            object_id: of the object.
            permissions: all that it is to have.
            strongest: the level that admins have anyway.

        Raises:
            ResourceDoesNotExist: a principal does not exist (text inferred).
            BadRequest: admins were to have less than they do (text inferred).
        """
        by_principal: dict[tuple[str, str], Permission] = {}
        for one in permissions:
            if not self._exists(one):
                raise ResourceDoesNotExist(f"Principal: {_CALLED[one.kind]}({one.principal}) does not exist")
            if (one.kind, one.principal) == (GROUP, ADMINS):
                if one.level != strongest:
                    raise BadRequest(f"Cannot change permissions for group '{ADMINS}' to {one.level}.")
                continue
            by_principal[one.kind, one.principal] = one
        self._permissions.put((object_id,), Permissions(of=tuple(by_principal.values())))

    def of_creator(self, creator: str, level: str) -> Permission:
        """The permission that somebody has who created an object."""
        person = self._people.get(creator)
        kind = SERVICE_PRINCIPAL if person and person.kind == "ServicePrincipal" else USER
        return Permission(kind=kind, principal=creator, level=level)

    def display_name(self, permission: Permission) -> str | None:
        """How a person is called; groups have no other name."""
        person = self._people.get(permission.principal) if permission.kind != GROUP else None
        return person.display_name if person else None

    def group_renamed(self, before: str, after: str) -> None:
        """The permissions of a group stay its own."""
        for key, held in list(self._permissions.scan()):
            named = (replace(one, principal=after) if _is_of_group(one, before) else one for one in held.of)
            self._permissions.put(key, Permissions(of=tuple(named)))

    def group_deleted(self, name: str) -> None:
        """The permissions of a group go with it."""
        for key, held in list(self._permissions.scan()):
            left = tuple(one for one in held.of if not _is_of_group(one, name))
            self._permissions.put(key, Permissions(of=left))

    def _exists(self, permission: Permission) -> bool:
        if permission.kind == GROUP:
            return self._people.has_group(permission.principal)
        person = self._people.get(permission.principal)
        return person is not None and (permission.kind == SERVICE_PRINCIPAL) == (person.kind == "ServicePrincipal")


def concerns(permission: Permission, caller: Caller) -> bool:
    """Whether a permission is the caller's, or that of a group of theirs."""
    if permission.kind == GROUP:
        return permission.principal in caller.groups
    return permission.principal == caller.user_name


def _is_of_group(permission: Permission, name: str) -> bool:
    return (permission.kind, permission.principal) == (GROUP, name)
