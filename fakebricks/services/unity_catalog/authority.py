"""Who may do what in Unity Catalog: the privilege table, ownership and grants, put together.

Real: a refusal names the first thing that is missing, from the catalog down, in the platform's words (observed). Who
may not use a catalog is not told what is in it. The owner of an object has all privileges on it; the owner of what it
is in has none of them, and may manage it and so grant them to themselves (documented). A workspace's admins may create
catalogs, and nothing more (documented for workspaces that were enabled automatically). Inferred: the owner of a catalog
needs no USE_SCHEMA on what is in it, for anything.
What does not exist is not refused here; the operation itself says what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeVar

from fakebricks.services.unity_catalog.grants import Grants
from fakebricks.services.unity_catalog.privileges import Privilege
from fakebricks.services.unity_catalog.rules import Reach, Rule
from fakebricks.services.unity_catalog.securables import Kind, Line, Securable
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.wire import operations
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import PermissionDenied
from fakebricks.wire.operations import Call


class Named(Protocol):
    """A record of something that privileges are granted on."""

    @property
    def full_name(self) -> str: ...


N = TypeVar("N", bound=Named)

_USE = {Kind.CATALOG: Privilege.USE_CATALOG, Kind.SCHEMA: Privilege.USE_SCHEMA}
_MANAGING = (Reach.METADATA, Reach.CONTROL)


class Authority:
    """Decides on the objects of one metastore."""

    def __init__(self, unity_catalog: UnityCatalog, grants: Grants) -> None:
        self._unity_catalog = unity_catalog
        self._grants = grants

    def require(self, rule: Rule, full_name: str, caller: Caller, *, browse: bool = True) -> None:
        """The caller may do that with the object of that name, or in it.

        Args:
            rule: what they want to do.
            full_name: of the object that the rule is about.
            caller: who wants to.
            browse: whether BROWSE is enough for what only tells metadata; see `Reach.METADATA`.

        Raises:
            PermissionDenied: they may not.
        """
        line = self._unity_catalog.line(rule.value.on, full_name)
        missing = self.missing(rule, line, caller, browse=browse)
        if missing is not None:
            privilege, securable = missing
            raise PermissionDenied(f"User does not have {privilege.words} on {securable}.")

    def allows(self, rule: Rule, full_name: str, caller: Caller, *, browse: bool = True) -> bool:
        """Whether the caller may do that with the object of that name."""
        return self.missing(rule, self._unity_catalog.line(rule.value.on, full_name), caller, browse=browse) is None

    def allowed(self, rule: Rule, records: Iterable[N], caller: Caller, *, browse: bool = True) -> Iterator[N]:
        """Those of the records that the caller may do that with."""
        return (record for record in records if self.allows(rule, record.full_name, caller, browse=browse))

    def browses_only(self, rule: Rule, full_name: str, caller: Caller) -> bool:
        """Whether the caller, who may see an object, sees it only because they have BROWSE."""
        return self.allows(rule, full_name, caller) and not self.allows(rule, full_name, caller, browse=False)

    def missing(
        self, rule: Rule, line: Line, caller: Caller, *, browse: bool = True
    ) -> tuple[Privilege, Securable] | None:
        """The first privilege that the caller lacks, and on what; None where they may.

        Where the line ends before the object, only its parents are looked at.
        """
        needed = rule.value
        whole = len(line) > needed.on.depth
        if needed.reach is not Reach.DATA and self.is_metastore_admin(caller):
            return None
        if browse and needed.reach is Reach.METADATA and self._grants.has(caller.principals, Privilege.BROWSE, line):
            return None
        unused = self._unused(line[:-1] if whole and not needed.within else line, caller)
        if unused is not None or not whole:
            return unused
        if any(self._has(privilege, line, caller) for privilege in needed.privileges):
            return None
        if needed.reach in _MANAGING and self._manages(line, caller):
            return None
        return needed.privileges[0], line[-1]

    def is_metastore_admin(self, caller: Caller) -> bool:
        """Whether the caller owns the metastore, themselves or by a group."""
        return self._unity_catalog.metastore.owner in caller.principals

    def _has(self, privilege: Privilege, line: Line, caller: Caller) -> bool:
        if line[-1].owner in caller.principals or self._grants.has(caller.principals, privilege, line):
            return True
        return privilege == Privilege.CREATE_CATALOG and caller.is_admin

    def _manages(self, line: Line, caller: Caller) -> bool:
        owners = {one.owner for one in line if one.kind is not Kind.METASTORE}
        return not owners.isdisjoint(caller.principals) or self._grants.has(caller.principals, Privilege.MANAGE, line)

    def _unused(self, parents: Line, caller: Caller) -> tuple[Privilege, Securable] | None:
        """The first of the parents that the caller may not use."""
        for end, parent in enumerate(parents, 1):
            privilege = _USE.get(parent.kind)
            if privilege is None or self._has(privilege, parents[:end], caller):
                continue
            if parent.kind is Kind.SCHEMA and parents[end - 2].owner in caller.principals:
                continue
            return privilege, parent
        return None


def needs(rule: Rule, name_of: Callable[[Any], str]) -> operations.Privilege:
    """What an operation takes, by the privilege table.

    Where its request can say `include_browse`, who has only BROWSE is let in if it does (documented).

    Args:
        rule: the row of the table.
        name_of: the full name of the object that the rule is about, from the request's body.
    """

    def check(authority: Authority, call: Call, body: Any) -> None:
        authority.require(rule, name_of(body), call.caller, browse=getattr(body, "include_browse", True))

    check.rule = rule  # type: ignore[attr-defined]
    return check
