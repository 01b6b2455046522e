"""Permissions on objects: who may do what with one, by levels; the part that is the same for every type of object.

Real: levels that include the weaker ones, what is set on an object and what it inherits, that admins have the strongest
level on everything, that who creates an object has it until other permissions are set, that a type with an owner has
exactly one (documented, its text observed). What the levels allow is enforced by the service that keeps the objects.
Inferred: that permissions are shown to those who may change them, and the texts that are not said to be observed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from fakebricks.services.iam.access_control import GROUP, AccessControl, concerns
from fakebricks.services.iam.records import Permission
from fakebricks.wire.authentication import ADMINS, Caller
from fakebricks.wire.errors import InvalidParameterValue, NotImplementedByFakebricks, PermissionDenied

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ObjectType:
    """A type of objects that have permissions.

    Attributes:
        name: as paths and the ids of objects have it, such as `serving-endpoints`.
        called: as `object_type` has it, such as `serving-endpoint`.
        levels: the levels with their descriptions, the weakest first.
        owner: the level that exactly one principal has, if there is one; it is worth as much as the strongest.
    """

    name: str
    called: str
    levels: Mapping[str, str]
    owner: str | None = None

    @property
    def strongest(self) -> str:
        """The level that includes all others."""
        return list(self.levels)[-1]

    def worth(self, level: str) -> int:
        """How strong a level is; it includes every level that is worth as much or less."""
        return list(self.levels).index(self.strongest if level == self.owner else level)

    def object_id(self, name: str) -> str:
        """How permissions name an object of this type."""
        return f"/{self.name}/{name}"

    def check(self, permissions: Iterable[Permission]) -> None:
        """Refuse what objects of this type cannot have.

        Raises:
            InvalidParameterValue: a level is not one of theirs; a group, or not exactly one principal, is to own one.
        """
        owners = []
        for one in permissions:
            if one.level not in self.levels:
                raise InvalidParameterValue(
                    f"Permission level {one.level} is not defined for objects of type '{self.called}'; "
                    f"it must be one of {', '.join(self.levels)}."
                )
            if one.level == self.owner:
                owners.append(one)
        if self.owner is None:
            return
        if any(one.kind == GROUP for one in owners):
            raise InvalidParameterValue(f"A group cannot be the owner of a {self.called}.")
        if len(owners) != 1:
            raise InvalidParameterValue(f"The {self.called} must have exactly one owner.")  # observed; code inferred


class Inherited(NamedTuple):
    """A permission that an object has from another one, and that other one."""

    permission: Permission
    from_object: str


class ObjectPermissions(ABC, Generic[T]):
    """The permissions on the objects of one type in one workspace.

    A service that keeps such objects says, in a class of its own, how they are found and what they inherit.
    """

    object_type: ClassVar[ObjectType]

    def __init__(self, access_control: AccessControl) -> None:
        self._access_control = access_control

    # What the service says of its objects

    @abstractmethod
    def find(self, object_id: str) -> T | None:
        """The object of that id, or None."""

    @abstractmethod
    def get(self, object_id: str) -> T:
        """The object of that id; raises, in the service's own words, where there is none."""

    @abstractmethod
    def object_id(self, one: T) -> str:
        """How permissions name the object, as in `/experiments/<id>`."""

    @abstractmethod
    def at_first(self, one: T) -> tuple[Permission, ...]:
        """What is set on the object as long as nobody has set anything: that its creator has it."""

    @abstractmethod
    def denied(self, one: T, level: str, caller: Caller) -> PermissionDenied:
        """What is said to a caller who does not have a level on the object."""

    def inherited(self, one: T) -> Iterator[Inherited]:  # noqa: ARG002 - where it depends on the object, services say it
        """The permissions that the object has from others, those of the nearest first, those of admins last.

        Where services do not say more, those of admins alone (observed for jobs: they are said to be from `/jobs/`).
        """
        yield self.of_admins(self.object_type.object_id(""))

    # What is decided

    def allows(self, one: T, level: str, caller: Caller) -> bool:
        """Whether the caller has that level on an object, or one that includes it."""
        if caller.is_admin:
            return True
        needed = self.object_type.worth(level)
        return any(self.object_type.worth(held.level) >= needed for held in self._held(one, caller))

    def level(self, one: T, caller: Caller) -> str | None:
        """The strongest level that the caller has on an object, or None."""
        if caller.is_admin:
            return self.object_type.strongest
        held = [permission.level for permission in self._held(one, caller)]
        return max(held, key=self.object_type.worth, default=None)

    def require(self, object_id: str, level: str, caller: Caller) -> None:
        """The caller has that level on an object; one that does not exist is not refused here.

        Raises:
            PermissionDenied: they have not.
        """
        if caller.is_admin:
            return
        one = self.find(object_id)
        if one is not None:
            self.require_on(one, level, caller)

    def require_on(self, one: T, level: str, caller: Caller) -> None:
        """The caller has that level on an object that is there.

        Raises:
            PermissionDenied: they have not.
        """
        if not self.allows(one, level, caller):
            raise self.denied(one, level, caller)

    # What people set

    def direct(self, one: T) -> tuple[Permission, ...]:
        """The permissions that were set on an object; in the beginning, that of its creator."""
        found = self._access_control.of(self.object_id(one))
        return found if found is not None else self.at_first(one)

    def set(self, one: T, permissions: Iterable[Permission]) -> None:
        """Set the permissions on an object, in place of those that were set before. Of one principal the last counts.

        Raises:
            InvalidParameterValue: objects of this type cannot have them.
            ResourceDoesNotExist, BadRequest: see `AccessControl.set`.
        """
        asked = tuple({(each.kind, each.principal): each for each in permissions}.values())
        self.object_type.check(asked)
        self._access_control.set(self.object_id(one), asked, self.object_type.strongest)

    def update(self, one: T, permissions: Iterable[Permission]) -> None:
        """Set the permissions of some principals on an object; those of others stay. See `set`."""
        self.set(one, [*self.direct(one), *permissions])

    def display_name(self, permission: Permission) -> str | None:
        """How the person is called whose permission it is."""
        return self._access_control.display_name(permission)

    # What the classes of services are made of

    def created_by(self, creator: str) -> tuple[Permission, ...]:
        """What who creates an object has on it: its ownership, or the strongest level."""
        level = self.object_type.owner or self.object_type.strongest
        return (self._access_control.of_creator(creator, level),)

    def of_admins(self, from_object: str) -> Inherited:
        """What admins have on every object."""
        return Inherited(Permission(kind=GROUP, principal=ADMINS, level=self.object_type.strongest), from_object)

    def _held(self, one: T, caller: Caller) -> Iterator[Permission]:
        for permission in self.direct(one):
            if concerns(permission, caller):
                yield permission
        for permission, _ in self.inherited(one):
            if concerns(permission, caller):
                yield permission


_REFUSED = frozenset(
    {
        "alerts",
        "alertsv2",
        "app-spaces",
        "apps",
        "authorization",
        "cluster-policies",
        "clusters",
        "dashboards",
        "database-instances",
        "database-projects",
        "dbsql-dashboards",
        "files",
        "genie",
        "instance-pools",
        "knowledge-assistants",
        "notebooks",
        "pipelines",
        "queries",
        "repos",
        "vector-search-endpoints",
    }
)
"""The other types of the platform (documented: databricks-sdk's services and `PermissionsAPI`)."""


class PermissionsByType:
    """The permissions on all types of objects in one workspace."""

    def __init__(self, *permissions: ObjectPermissions[Any]) -> None:
        self._of = {one.object_type.name: one for one in permissions}

    def of(self, object_type: str) -> ObjectPermissions[Any]:
        """The permissions on the objects of a type, named as in paths.

        Raises:
            NotImplementedByFakebricks: the platform has such objects, and the fake has not.
            InvalidParameterValue: the platform has none either.
        """
        found = self._of.get(object_type)
        if found is not None:
            return found
        known = ", ".join(f"'{name}'" for name in self._of)
        if object_type in _REFUSED:
            raise NotImplementedByFakebricks(
                f"fakebricks does not implement permissions on '{object_type}': it does not have such objects. "
                f"There are permissions on {known}."
            )
        raise InvalidParameterValue(
            f"'{object_type[:64]}' is not a type of objects that have permissions; there are {known}."
        )
