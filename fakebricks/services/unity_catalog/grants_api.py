"""REST operations of grants, as databricks-sdk speaks them.

Who manages an object is told all grants on it, others only their own (inferred).
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from fakebricks.services.search import PageTokens
from fakebricks.services.unity_catalog.authority import Authority
from fakebricks.services.unity_catalog.grants import Change
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.records import GrantRecord
from fakebricks.services.unity_catalog.rules import MANAGING, SEEING
from fakebricks.services.unity_catalog.securables import Kind, Line, Securable, kind_named
from fakebricks.wire.errors import InvalidParameterValue
from fakebricks.wire.operations import Answer, Call, Routes, Shape

routes = Routes()

_GRANTS = "/api/2.1/unity-catalog/permissions/<securable_type>/<full_name>"
_EFFECTIVE = "/api/2.1/unity-catalog/effective-permissions/<securable_type>/<full_name>"
_FEWEST = 150
_PAGE = 1000


class OfSecurable(Shape):
    securable_type: str
    full_name: str


class GetGrants(OfSecurable, kw_only=True):
    max_results: Annotated[int, msgspec.Meta(ge=0)] | None = None
    page_token: str = ""
    principal: str = ""


class PermissionsChange(Shape):
    principal: str
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class UpdateGrants(OfSecurable, kw_only=True):
    changes: tuple[PermissionsChange, ...] = ()


class PrivilegeAssignment(Answer):
    principal: str
    privileges: list[Any]


class EffectivePrivilege(Answer):
    privilege: str
    inherited_from_type: str | None = None
    inherited_from_name: str | None = None


def sees(authority: Authority, call: Call, body: OfSecurable) -> None:
    """To see the object."""
    authority.require(SEEING[kind_named(body.securable_type)], body.full_name, call.caller)


def manages(authority: Authority, call: Call, body: OfSecurable) -> None:
    """To manage the object."""
    authority.require(MANAGING[kind_named(body.securable_type)], body.full_name, call.caller)


@routes.get(_GRANTS, privilege=sees)
def get_grants(metastore: Metastore, call: Call, body: GetGrants) -> dict[str, Any]:
    line = _line(metastore, body)
    told = [
        PrivilegeAssignment(principal=grant.principal, privileges=sorted(grant.privileges))
        for grant in _told(metastore, call, body, line, line[-1])
    ]
    return _page(body, told)


@routes.get(_EFFECTIVE, privilege=sees)
def get_effective_grants(metastore: Metastore, call: Call, body: GetGrants) -> dict[str, Any]:
    """What was granted on the object, and what it inherits; each with where it comes from."""
    line = _line(metastore, body)
    by_principal: dict[str, list[EffectivePrivilege]] = {}
    for source in _sources(line):
        for grant in _told(metastore, call, body, line, source):
            effective = [_effective(privilege, source, line[-1]) for privilege in sorted(grant.privileges)]
            by_principal.setdefault(grant.principal, []).extend(effective)
    told = [PrivilegeAssignment(principal=name, privileges=by_principal[name]) for name in sorted(by_principal)]
    return _page(body, told)


@routes.patch(_GRANTS, privilege=manages)
def update_grants(metastore: Metastore, call: Call, body: UpdateGrants) -> dict[str, Any]:
    """Tells the grants of those whom it changed, as the platform does (observed)."""
    securable = _line(metastore, body)[-1]
    metastore.grants.update(
        securable, [Change(one.principal, _named(one.add), _named(one.remove)) for one in body.changes]
    )
    changed = {one.principal for one in body.changes}
    told = [
        PrivilegeAssignment(principal=grant.principal, privileges=sorted(grant.privileges))
        for grant in metastore.grants.on(securable)
        if grant.principal in changed
    ]
    return {"privilege_assignments": told} if told else {}


def _line(metastore: Metastore, body: OfSecurable) -> Line:
    """The object and its parents; refused where something is missing."""
    kind = kind_named(body.securable_type)
    return metastore.unity_catalog.require_line(kind, body.full_name)


def _sources(line: Line) -> Line:
    """Where the last of a line has its privileges from; what is granted on the metastore is not inherited."""
    return line[-1:] + tuple(one for one in reversed(line[:-1]) if one.kind is not Kind.METASTORE)


def _told(metastore: Metastore, call: Call, body: GetGrants, line: Line, securable: Securable) -> list[GrantRecord]:
    """The grants on an object that the caller may know, of the principal that they ask for."""
    found = [one for one in metastore.grants.on(securable) if body.principal in ("", one.principal)]
    if metastore.authority.missing(MANAGING[line[-1].kind], line, call.caller) is None:
        return found
    return [one for one in found if one.principal in call.caller.principals]


def _effective(privilege: str, source: Securable, on: Securable) -> EffectivePrivilege:
    if source is on:
        return EffectivePrivilege(privilege=privilege)
    return EffectivePrivilege(
        privilege=privilege, inherited_from_type=source.kind.value, inherited_from_name=source.full_name
    )


def _named(privileges: tuple[str, ...]) -> frozenset[str]:
    """Privileges as they are stored: requests say them with spaces or underscores (documented)."""
    return frozenset(privilege.upper().replace(" ", "_") for privilege in privileges)


def _page(body: GetGrants, told: list[PrivilegeAssignment]) -> dict[str, Any]:
    """One page of assignments, each whole; `max_results` counts privileges."""
    if body.max_results is not None and 0 < body.max_results < _FEWEST:
        raise InvalidParameterValue(f"max_results must be 0, or {_FEWEST} or more, not {body.max_results}.")
    tokens = PageTokens("grants", body.securable_type, body.full_name, body.principal)
    place = tokens.read(body.page_token)
    rest = [one for one in told if place is None or one.principal > place[0]]
    limit = None if body.max_results is None else (body.max_results or _PAGE)
    shown: list[PrivilegeAssignment] = []
    count = 0
    for one in rest:
        count += len(one.privileges)
        if limit is not None and count > limit and shown:
            return {"privilege_assignments": shown, "next_page_token": tokens.write([shown[-1].principal])}
        shown.append(one)
    return {"privilege_assignments": shown} if shown else {}
