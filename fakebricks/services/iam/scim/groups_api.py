"""REST operations of groups, as databricks-sdk's `groups` speaks them."""

from __future__ import annotations

from typing import Any

from fakebricks.services.iam.people import People
from fakebricks.services.iam.privileges import administers, anybody
from fakebricks.services.iam.records import Group
from fakebricks.services.iam.scim.documents import GROUP_ATTRIBUTES, group_document
from fakebricks.services.iam.scim.errors import scim_error
from fakebricks.services.iam.scim.lists import listed, shown
from fakebricks.services.iam.scim.patches import Attributes, patched
from fakebricks.services.iam.scim.people_changes import as_request
from fakebricks.services.iam.scim.shapes import CreateGroup, ListOf, Of, OfShown, Patch, ReplaceGroup, texts
from fakebricks.wire.messages import Reply
from fakebricks.wire.operations import Call, Routes

routes = Routes(renders=scim_error)

_GROUPS = "/api/2.0/preview/scim/v2/Groups"
_GROUP = f"{_GROUPS}/<id>"

_PATCHED = Attributes(
    single=frozenset({"displayName", "externalId"}), multiple=frozenset({"members", "entitlements", "roles"})
)


@routes.post(_GROUPS, privilege=administers)
def create_group(people: People, call: Call, body: CreateGroup) -> Reply:
    body.require_computed()
    group = people.groups.create(body.group(), texts(body.members))
    for parent_id in texts(body.groups):
        people.groups.join(parent_id, group.id)
    return Reply.of_json(_document(people, call, group), 201)


@routes.get(_GROUPS, privilege=anybody)
def list_groups(people: People, call: Call, body: ListOf) -> dict[str, Any]:
    return listed((_document(people, call, one) for one in people.groups.all()), body, GROUP_ATTRIBUTES)


@routes.get(_GROUP, privilege=anybody)
def get_group(people: People, call: Call, body: OfShown) -> dict[str, Any]:
    return shown(_document(people, call, people.groups.get(body.id)), body)


@routes.put(_GROUP, privilege=administers)
def update_group(people: People, call: Call, body: ReplaceGroup) -> dict[str, Any]:
    """The groups that it is in stay: they have it as their member (inferred)."""
    people.groups.update(body.group(body.id), texts(body.members))
    return _document(people, call, people.groups.get(body.id))


@routes.patch(_GROUP, privilege=administers)
def patch_group(people: People, call: Call, body: Patch) -> dict[str, Any]:
    group = people.groups.get(body.id)
    document = {
        "displayName": group.display_name,
        "externalId": group.external_id,
        "members": list(people.groups.members(group.id)),
        "entitlements": list(group.entitlements),
        "roles": list(group.roles),
    }
    asked = as_request(patched(document, body.asked, _PATCHED), _PATCHED, ReplaceGroup, group.id)
    return update_group(people, call, asked)


@routes.delete(_GROUP, privilege=administers)
def delete_group(people: People, call: Call, body: Of) -> Reply:
    people.groups.delete(body.id)
    return Reply(204)


def _document(people: People, call: Call, group: Group) -> dict[str, Any]:
    return group_document(people.groups, people, group, call.caller)
