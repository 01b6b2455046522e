"""REST operations of service principals, as databricks-sdk's `service_principals` speaks them."""

from __future__ import annotations

from typing import Any

from fakebricks.services.iam.people import People
from fakebricks.services.iam.privileges import administers, anybody
from fakebricks.services.iam.scim.documents import SERVICE_PRINCIPAL_ATTRIBUTES, person_document
from fakebricks.services.iam.scim.errors import scim_error
from fakebricks.services.iam.scim.lists import listed, shown
from fakebricks.services.iam.scim.patches import Attributes
from fakebricks.services.iam.scim.people_changes import patched_person, replace_person
from fakebricks.services.iam.scim.shapes import (
    CreateServicePrincipal,
    ListOf,
    Of,
    OfShown,
    Patch,
    ReplaceServicePrincipal,
    texts,
)
from fakebricks.wire.errors import InvalidParameterValue
from fakebricks.wire.messages import Reply
from fakebricks.wire.operations import Call, Routes

routes = Routes(renders=scim_error)

_SERVICE_PRINCIPALS = "/api/2.0/preview/scim/v2/ServicePrincipals"
_SERVICE_PRINCIPAL = f"{_SERVICE_PRINCIPALS}/<id>"

_PATCHED = Attributes(
    single=frozenset({"active", "displayName", "externalId"}), multiple=frozenset({"entitlements", "roles", "groups"})
)


@routes.post(_SERVICE_PRINCIPALS, privilege=administers)
def create_service_principal(people: People, call: Call, body: CreateServicePrincipal) -> Reply:
    body.require_computed()
    shown_as = body.application_id or ""
    person = people.create_service_principal(body.profile(shown_as), body.application_id)
    for group_id in texts(body.groups or ()):
        people.groups.join(group_id, person.id)
    return Reply.of_json(person_document(people, person, call.caller), 201)


@routes.get(_SERVICE_PRINCIPALS, privilege=anybody)
def list_service_principals(people: People, call: Call, body: ListOf) -> dict[str, Any]:
    documents = (person_document(people, one, call.caller) for one in people.all("ServicePrincipal"))
    return listed(documents, body, SERVICE_PRINCIPAL_ATTRIBUTES)


@routes.get(_SERVICE_PRINCIPAL, privilege=anybody)
def get_service_principal(people: People, call: Call, body: OfShown) -> dict[str, Any]:
    return shown(person_document(people, people.by_id(body.id, "ServicePrincipal"), call.caller), body)


@routes.put(_SERVICE_PRINCIPAL, privilege=administers)
def update_service_principal(people: People, call: Call, body: ReplaceServicePrincipal) -> dict[str, Any]:
    person = people.by_id(body.id, "ServicePrincipal")
    if body.application_id not in (None, person.user_name):
        raise InvalidParameterValue("The application ID of a service principal cannot be changed.")
    return person_document(people, replace_person(people, person, body), call.caller)


@routes.patch(_SERVICE_PRINCIPAL, privilege=administers)
def patch_service_principal(people: People, call: Call, body: Patch) -> dict[str, Any]:
    person = people.by_id(body.id, "ServicePrincipal")
    asked = patched_person(people, person, body, _PATCHED, ReplaceServicePrincipal)
    return person_document(people, replace_person(people, person, asked), call.caller)


@routes.delete(_SERVICE_PRINCIPAL, privilege=administers)
def delete_service_principal(people: People, call: Call, body: Of) -> Reply:
    people.delete(people.by_id(body.id, "ServicePrincipal"))
    return Reply(204)
