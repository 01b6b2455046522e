"""People and groups as SCIM shows them, to admins and to others.

Real: who is not an admin sees ids and names only (documented). Inferred: that user names are among them, that they
see themselves whole, and that a person's groups are told without `users`, in which everybody is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fakebricks.services.iam.groups import Groups
from fakebricks.services.iam.people import People
from fakebricks.services.iam.records import Group, Person
from fakebricks.wire.authentication import WORKSPACE_GROUPS, Caller

_SCHEMAS = "urn:ietf:params:scim:schemas"
_SEEN_BY_ALL = frozenset({"schemas", "id", "userName", "applicationId", "displayName"})

_REFS = {"User": "Users", "ServicePrincipal": "ServicePrincipals", "Group": "Groups"}

_COMMON = ("id", "displayName", "externalId", "entitlements", "entitlements.value", "roles", "roles.value")
_OF_PEOPLE = (*_COMMON, "active", "groups", "groups.value", "groups.display")
USER_ATTRIBUTES = (*_OF_PEOPLE, "userName", "emails", "emails.value", "name.givenName", "name.familyName")
SERVICE_PRINCIPAL_ATTRIBUTES = (*_OF_PEOPLE, "applicationId")
GROUP_ATTRIBUTES = (*_COMMON, "members", "members.value", "members.display", "groups", "groups.value", "groups.display")
"""What filters and orders can name."""


def person_document(people: People, person: Person, caller: Caller) -> dict[str, Any]:
    """A user or a service principal, as far as the caller may see them."""
    profile = person.profile
    told: dict[str, Any] = {
        "schemas": [f"{_SCHEMAS}:core:2.0:{person.kind}"],
        "id": person.id,
        **_named(person),
        "displayName": person.display_name,
        "active": person.active,
        "groups": [
            _reference("Group", group.id, group.display_name, type="direct")
            for group in people.groups.parents(person.id)
        ],
        **_extras(profile.external_id, profile.entitlements, profile.roles),
    }
    return told if caller.is_admin or caller.id == person.id else _names_only(told)


def me_document(people: People, caller: Caller) -> dict[str, Any]:
    """The caller as they see themselves; a service principal goes by its application id here (documented)."""
    person = people.by_id(caller.id, "ServicePrincipal" if caller.kind == "ServicePrincipal" else "User")
    told = person_document(people, person, caller)
    return {**told, "schemas": [f"{_SCHEMAS}:core:2.0:User"], "userName": person.user_name}


def group_document(groups: Groups, people: People, group: Group, caller: Caller) -> dict[str, Any]:
    """A group, as far as the caller may see it."""
    told: dict[str, Any] = {
        "schemas": [f"{_SCHEMAS}:core:2.0:Group"],
        "id": group.id,
        "displayName": group.display_name,
    }
    if not caller.is_admin:
        return told
    return {
        **told,
        "meta": {"resourceType": "WorkspaceGroup" if group.display_name in WORKSPACE_GROUPS else "Group"},
        "members": [_member(groups, people, member_id) for member_id in groups.members(group.id)],
        "groups": [_reference("Group", one.id, one.display_name, type="direct") for one in groups.parents(group.id)],
        **_extras(group.external_id, group.entitlements, group.roles),
    }


def _named(person: Person) -> dict[str, Any]:
    if person.kind == "ServicePrincipal":
        return {"applicationId": person.user_name}
    parts = {"givenName": person.profile.given_name, "familyName": person.profile.family_name}
    name = {key: text for key, text in parts.items() if text}
    emails = [{"type": "work", "value": person.user_name, "primary": True}]
    return {"userName": person.user_name, "emails": emails, **({"name": name} if name else {})}


def _extras(external_id: str, entitlements: Iterable[str], roles: Iterable[str]) -> dict[str, Any]:
    told = {
        "externalId": external_id,
        "entitlements": [{"value": one} for one in entitlements],
        "roles": [{"value": one} for one in roles],
    }
    return {name: value for name, value in told.items() if value}


def _member(groups: Groups, people: People, member_id: str) -> dict[str, Any]:
    kind = groups.kind_of(member_id)
    shown = groups.get(member_id).display_name if kind == "Group" else people.shown(member_id)
    return _reference(kind, member_id, shown)


def _reference(kind: str, resource_id: str, display: str, **more: str) -> dict[str, Any]:
    return {"display": display, "value": resource_id, "$ref": f"{_REFS[kind]}/{resource_id}", **more}


def _names_only(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name in _SEEN_BY_ALL}
