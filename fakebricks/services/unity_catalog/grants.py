"""Grants: which privileges principals were given on which objects.

Real: what is granted applies to everything below; ALL_PRIVILEGES stands for all that it includes, also in the list, and
takes them along when it is revoked (documented). Grants are kept by an object's id: they follow it to another name, and
go away with it. Owners are not listed (documented).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from fakebricks.services.iam.people import People
from fakebricks.services.unity_catalog.privileges import APPLICABLE, NOT_IN_ALL, Privilege
from fakebricks.services.unity_catalog.records import GrantRecord
from fakebricks.services.unity_catalog.securables import Kind, Line, Securable
from fakebricks.state import Key, State, delete_all
from fakebricks.wire.errors import InvalidParameterValue, PrincipalDoesNotExist


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be granted to a principal and revoked from them."""

    principal: str
    add: frozenset[str]
    remove: frozenset[str]


class Grants:
    """The grants of one metastore."""

    def __init__(self, state: State, people: People) -> None:
        self._grants = state.table("grants", GrantRecord)
        self._people = people
        self._forgetting: list[Callable[[str], None]] = []
        people.groups.also_named_by(self)

    def also_forgets(self, forget: Callable[[str], None]) -> None:
        """Have `forget(securable_id)` called with `forget`, for what else is kept by the id of an object."""
        self._forgetting.append(forget)

    def on(self, securable: Securable) -> Iterator[GrantRecord]:
        """What was granted on an object itself, by principal."""
        for _, grant in self._grants.scan((securable.id,)):
            yield grant

    def has(self, principals: Iterable[str], privilege: str, line: Line) -> bool:
        """Whether one of the principals was granted a privilege on the last of a line, or on something above it.

        What was granted on the metastore is not inherited (documented).
        """
        known = tuple(principals)
        last = line[-1]
        sources = [last] if last.kind is Kind.METASTORE else [one for one in line if one.kind is not Kind.METASTORE]
        return any(privilege in _meant(self._of(one, principal)) for one in sources for principal in known)

    def update(self, securable: Securable, changes: Iterable[Change]) -> None:
        """Grant and revoke, all or nothing; call it inside a transaction.

        Raises:
            InvalidParameterValue: a privilege is not one on such an object, or is both added and removed.
            PrincipalDoesNotExist: there is no such principal in the account.
        """
        for change in changes:
            self._check(securable, change)
            before = self._of(securable, change.principal)
            after = _revoked(_granted(before, change.add), change.remove)
            if after:
                grant = GrantRecord(principal=change.principal, privileges=after)
                self._grants.put((securable.id, change.principal), grant)
            else:
                self._grants.delete((securable.id, change.principal))

    def require_principal(self, name: str) -> None:
        """Refuse a principal that the account does not have.

        Raises:
            PrincipalDoesNotExist: it has none of that name; a workspace's own groups are none (documented).
        """
        if not self._people.is_principal(name):
            raise PrincipalDoesNotExist(f"Could not find principal with name {name}")

    def forget(self, securable_id: str) -> None:
        """Remove all grants on an object that goes away."""
        delete_all(self._grants, (securable_id,))
        for forget in self._forgetting:
            forget(securable_id)

    def group_renamed(self, before: str, after: str) -> None:
        """The grants to a group stay its own."""
        for key, grant in self._to(before):
            self._grants.delete(key)
            self._grants.put((key[0], after), replace(grant, principal=after))

    def group_deleted(self, name: str) -> None:
        """The grants to a group go with it, so that another one of that name begins with none."""
        for key, _ in self._to(name):
            self._grants.delete(key)

    def _to(self, principal: str) -> list[tuple[Key, GrantRecord]]:
        return [(key, grant) for key, grant in self._grants.scan() if grant.principal == principal]

    def _of(self, securable: Securable, principal: str) -> frozenset[str]:
        grant = self._grants.get((securable.id, principal))
        return grant.privileges if grant else frozenset()

    def _check(self, securable: Securable, change: Change) -> None:
        if change.add & change.remove:
            # The text is the one of the Databricks CLI's own test server.
            raise InvalidParameterValue(f"Duplicate privileges to add and delete for principal {change.principal}.")
        for privilege in sorted(change.add | change.remove):
            if privilege not in APPLICABLE[securable.kind]:
                # The beginning is observed (Terraform's acceptance tests); what is in brackets is inferred.
                raise InvalidParameterValue(
                    f"Privilege {privilege} is not applicable to this entity [{securable.full_name}:{securable.kind}]."
                )
        self.require_principal(change.principal)


def _meant(privileges: frozenset[str]) -> frozenset[str] | _All:
    return _All(privileges & NOT_IN_ALL) if Privilege.ALL_PRIVILEGES in privileges else privileges


@dataclass(frozen=True, slots=True)
class _All:
    """All privileges, of those that are not included only the named ones."""

    others: frozenset[str]

    def __contains__(self, privilege: str) -> bool:
        return privilege not in NOT_IN_ALL or privilege in self.others


def _granted(before: frozenset[str], add: frozenset[str]) -> frozenset[str]:
    after = before | add
    return (after & NOT_IN_ALL) | {Privilege.ALL_PRIVILEGES} if Privilege.ALL_PRIVILEGES in after else after


def _revoked(before: frozenset[str], remove: frozenset[str]) -> frozenset[str]:
    if Privilege.ALL_PRIVILEGES in remove:
        return (before & NOT_IN_ALL) - remove
    return before - remove
