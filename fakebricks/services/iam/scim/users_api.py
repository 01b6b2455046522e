"""REST operations of users, as databricks-sdk's `users` speaks them."""

from __future__ import annotations

from typing import Any

from fakebricks.services.iam.people import People
from fakebricks.services.iam.privileges import administers, anybody
from fakebricks.services.iam.scim.documents import USER_ATTRIBUTES, person_document
from fakebricks.services.iam.scim.errors import scim_error
from fakebricks.services.iam.scim.lists import listed, shown
from fakebricks.services.iam.scim.patches import Attributes
from fakebricks.services.iam.scim.people_changes import patched_person, replace_person
from fakebricks.services.iam.scim.shapes import CreateUser, ListOf, Of, OfShown, Patch, ReplaceUser, texts
from fakebricks.wire.messages import Reply
from fakebricks.wire.operations import Call, Routes

routes = Routes(renders=scim_error)

_USERS = "/api/2.0/preview/scim/v2/Users"
_USER = f"{_USERS}/<id>"

# A user's name and emails stay what they are, whatever a PUT or PATCH says of them (documented).
_PATCHED = Attributes(
    single=frozenset({"active", "displayName", "externalId", "name.givenName", "name.familyName"}),
    multiple=frozenset({"entitlements", "roles", "groups"}),
    ignored=frozenset({"schemas", "id", "userName", "emails"}),
)


@routes.post(_USERS, privilege=administers)
def create_user(people: People, call: Call, body: CreateUser) -> Reply:
    body.require_computed()
    person = people.create_user(body.user_name, body.profile(body.user_name))
    for group_id in texts(body.groups or ()):
        people.groups.join(group_id, person.id)
    return Reply.of_json(person_document(people, person, call.caller), 201)


@routes.get(_USERS, privilege=anybody)
def list_users(people: People, call: Call, body: ListOf) -> dict[str, Any]:
    return listed((person_document(people, one, call.caller) for one in people.all("User")), body, USER_ATTRIBUTES)


@routes.get(_USER, privilege=anybody)
def get_user(people: People, call: Call, body: OfShown) -> dict[str, Any]:
    return shown(person_document(people, people.by_id(body.id, "User"), call.caller), body)


@routes.put(_USER, privilege=administers)
def update_user(people: People, call: Call, body: ReplaceUser) -> dict[str, Any]:
    person = replace_person(people, people.by_id(body.id, "User"), body)
    return person_document(people, person, call.caller)


@routes.patch(_USER, privilege=administers)
def patch_user(people: People, call: Call, body: Patch) -> dict[str, Any]:
    person = people.by_id(body.id, "User")
    asked = patched_person(people, person, body, _PATCHED, ReplaceUser)
    return person_document(people, replace_person(people, person, asked), call.caller)


@routes.delete(_USER, privilege=administers)
def delete_user(people: People, call: Call, body: Of) -> Reply:
    people.delete(people.by_id(body.id, "User"))
    return Reply(204)
