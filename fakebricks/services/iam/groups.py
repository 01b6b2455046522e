"""Groups, and who is in them: people and other groups, to any depth.

Real: membership, direct and through other groups; the groups `users`, in which everybody is, and `admins`, which every
workspace has; a group cannot come to be in itself, and a workspace keeps an active admin.
Simulated: every group but those two is one that the account, and so Unity Catalog, knows.
Inferred: the texts, but for those of a missing and an existing group; that neither of the two can be in another group;
that no group has the name of a person (on the platform people have email addresses for names).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from msgspec.structs import replace

from fakebricks.ids import Ids
from fakebricks.services.iam.names import checked_display_name
from fakebricks.services.iam.records import Group, Member, Named, Parents, Person
from fakebricks.state import State
from fakebricks.wire.authentication import ACCOUNT_USERS, ADMINS, WORKSPACE_GROUPS
from fakebricks.wire.errors import BadRequest, InvalidParameterValue, NotFound, ResourceConflict

USERS = "users"
"""The group of everybody in a workspace, which every workspace has."""


class NamesGroups(Protocol):
    """Who keeps the names of groups: permissions and grants do."""

    def group_renamed(self, before: str, after: str) -> None:
        """What named the group goes on to name it."""

    def group_deleted(self, name: str) -> None:
        """What named the group is not for a later group of the same name."""


class Groups:
    """The groups of one workspace."""

    def __init__(self, state: State, ids: Ids) -> None:
        self._ids = ids
        self._named_by: list[NamesGroups] = []
        self._people = state.table("people", Person)
        self._people_names = state.table("people_names", Named)
        self._groups = state.table("groups", Group)
        self._names = state.table("group_names", Named)
        self._members = state.table("group_members", Member)
        self._parents = state.table("group_parents", Parents)

    def also_named_by(self, keeper: NamesGroups) -> None:
        """Tell somebody who keeps the names of groups when one is renamed or deleted."""
        self._named_by.append(keeper)

    def found(self, admin_id: str) -> None:
        """Make the two groups that every workspace has, with its first admin."""
        admins = Group(id=self._ids.number(), display_name=ADMINS)
        self._put(admins)
        self._put(Group(id=self._ids.number(), display_name=USERS))
        self.join(admins.id, admin_id)

    def create(self, group: Group, members: Iterable[str] = ()) -> Group:
        """A new group, under an id of its own.

        Args:
            group: what it is to be; its id does not count.
            members: the ids of who is in it.

        Raises:
            InvalidParameterValue: it could not have that name, or a member does not exist.
            ResourceConflict: the name is taken, by a group or by a person.
        """
        group = replace(group, id=self._ids.number())
        self._require_free(group)
        self._put(group)
        for member in dict.fromkeys(members):
            self.join(group.id, member)
        return group

    def get(self, group_id: str) -> Group:
        """The group of that id.

        Raises:
            NotFound: there is none (text observed).
        """
        group = self._groups.get((group_id,))
        if group is None:
            raise NotFound(f"Group with id {group_id} not found.")
        return group

    def named(self, display_name: str) -> Group | None:
        """The group of that name, or None."""
        found = self._names.get((display_name,))
        return self.get(found.id) if found else None

    def all(self) -> Iterator[Group]:
        """All groups, in no order that means anything."""
        for _, group in self._groups.scan():
            yield group

    def update(self, group: Group, members: Iterable[str]) -> None:
        """Put a group in place of the one of its id, with those members and no others.

        Raises:
            NotFound: there is no such group.
            BadRequest: it is one that every workspace has and would change its name, or no admin would be left.
            InvalidParameterValue: it could not have that name, or a member does not exist or cannot be one.
            ResourceConflict: the name is taken.
        """
        before = self.get(group.id)
        if group.display_name != before.display_name:
            self._require_own(before, "renamed")
            self._require_free(group)
            self._names.delete((before.display_name,))
            for keeper in self._named_by:
                keeper.group_renamed(before.display_name, group.display_name)
        self._put(group)
        wanted = dict.fromkeys(members)
        there = dict.fromkeys(self.members(group.id))
        for member in there.keys() - wanted.keys():
            self.leave(group.id, member)
        for member in wanted:
            if member not in there:
                self.join(group.id, member)
        self.require_admin()

    def delete(self, group_id: str) -> None:
        """Remove a group; who was in it stays.

        Raises:
            NotFound: there is no such group.
            BadRequest: it is one that every workspace has, or no admin would be left.
        """
        group = self.get(group_id)
        self._require_own(group, "deleted")
        for member in list(self.members(group_id)):
            self._part(group_id, member)
        self.forget(group_id)
        self._names.delete((group.display_name,))
        self._groups.delete((group_id,))
        for keeper in self._named_by:
            keeper.group_deleted(group.display_name)
        self.require_admin()

    # Who is in them

    def members(self, group_id: str) -> Iterator[str]:
        """The ids of who is in a group directly; in `users` is everybody."""
        if self.get(group_id).display_name == USERS:
            yield from (person.id for _, person in self._people.scan())
            return
        for (_, member_id), _member in self._members.scan((group_id,)):
            yield str(member_id)

    def parents(self, member_id: str) -> list[Group]:
        """The groups that somebody, or a group, is in directly, but for `users`."""
        found = self._parents.get((member_id,))
        return [self.get(group_id) for group_id in found.of] if found else []

    def names_of(self, member_id: str) -> frozenset[str]:
        """The names of all groups that somebody is in, directly or through others; it is asked for every call."""
        names = {USERS}
        left = [member_id]
        while left:
            found = self._parents.get((left.pop(),))
            for group_id in found.of if found else ():
                name = self.get(group_id).display_name
                if name not in names:
                    names.add(name)
                    left.append(group_id)
        return frozenset(names)

    def kind_of(self, member_id: str) -> str:
        """Whether an id is that of a `User`, a `ServicePrincipal` or a `Group`.

        Raises:
            InvalidParameterValue: it is nobody's.
        """
        person = self._people.get((member_id,))
        if person is not None:
            return person.kind
        if self._groups.get((member_id,)) is None:
            raise InvalidParameterValue(f"Principal with id {member_id} does not exist, so that no group can have it.")
        return "Group"

    def join(self, group_id: str, member_id: str) -> None:
        """Let somebody be in a group; nothing happens where they are.

        Raises:
            NotFound: there is no such group.
            InvalidParameterValue: there is no such member, or a group would come to be in itself.
            BadRequest: the group is `users`, or the member is a group that every workspace has.
        """
        group, kind = self.get(group_id), self.kind_of(member_id)
        if group.display_name == USERS:
            self.require_open(group)
        if kind == "Group":
            self._require_no_circle(group, self.get(member_id))
        self._members.put((group_id, member_id), Member(kind=kind))  # type: ignore[arg-type]
        parents = self._parents.get((member_id,)) or Parents()
        self._parents.put((member_id,), Parents(of=tuple(dict.fromkeys((*parents.of, group_id)))))

    def leave(self, group_id: str, member_id: str) -> None:
        """Let somebody be in a group no longer; nothing happens where they are not.

        Raises:
            NotFound: there is no such group.
            BadRequest: the group is `users`.
        """
        self.require_open(self.get(group_id))
        self._part(group_id, member_id)

    def require_open(self, group: Group) -> None:
        """Raise BadRequest where the workspace alone says who is in a group."""
        if group.display_name == USERS:
            raise BadRequest(f"Group '{USERS}' has everybody in it; its members cannot be changed.")

    def forget(self, member_id: str) -> None:
        """Let somebody, or a group, be in no group."""
        for group in self.parents(member_id):
            self._part(group.id, member_id)

    def require_admin(self) -> None:
        """Raise BadRequest where no active person is an admin of the workspace."""
        admins = self.named(ADMINS)
        left, seen = [admins.id] if admins else [], set[str]()
        while left:
            group_id = left.pop()
            for member_id in self.members(group_id):
                person = self._people.get((member_id,))
                if person is not None and person.active:
                    return
                if person is None and member_id not in seen:
                    seen.add(member_id)
                    left.append(member_id)
        raise BadRequest("The last admin of the workspace cannot be removed or deactivated.")

    def _part(self, group_id: str, member_id: str) -> None:
        self._members.delete((group_id, member_id))
        parents = self._parents.get((member_id,)) or Parents()
        left = tuple(one for one in parents.of if one != group_id)
        if left:
            self._parents.put((member_id,), Parents(of=left))
        else:
            self._parents.delete((member_id,))

    def _put(self, group: Group) -> None:
        self._groups.put((group.id,), group)
        self._names.put((group.display_name,), Named(id=group.id))

    def _require_own(self, group: Group, done: str) -> None:
        if group.display_name in WORKSPACE_GROUPS:
            raise BadRequest(f"Group '{group.display_name}' is one that every workspace has; it cannot be {done}.")

    def _require_free(self, group: Group) -> None:
        checked_display_name(group.display_name, "group")
        if group.display_name == ACCOUNT_USERS or self.named(group.display_name) is not None:
            raise ResourceConflict(f"Group with name {group.display_name} already exists.")
        if self._people_names.get((group.display_name.casefold(),)) is not None:
            raise ResourceConflict(f"{group.display_name} is the name of a person, whom grants could not tell apart.")

    def _require_no_circle(self, group: Group, member: Group) -> None:
        if member.display_name in WORKSPACE_GROUPS:
            raise BadRequest(f"Group '{member.display_name}' is one that every workspace has; it can be in no other.")
        if member.id == group.id or member.display_name in self.names_of(group.id):
            raise InvalidParameterValue(
                f"Group '{member.display_name}' cannot be in group '{group.display_name}', which is in it."
            )
