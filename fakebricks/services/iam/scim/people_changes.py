"""What SCIM's two ways to change people come to: a patch is the replacement by what the patch makes of them."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from fakebricks.services.iam.people import People
from fakebricks.services.iam.records import Person
from fakebricks.services.iam.scim.patches import Attributes, patched
from fakebricks.services.iam.scim.shapes import CreatePerson, Patch, texts
from fakebricks.wire.errors import InvalidParameterValue

S = TypeVar("S")


def replace_person(people: People, person: Person, body: CreatePerson) -> Person:
    """Change a person to what a request says; groups that it does not speak of stay.

    Raises:
        BadRequest: no active admin would be left.
        InvalidParameterValue: there is no such group, or no such name.
    """
    changed = people.update(person, body.profile(person.display_name))
    if body.groups is not None:
        people.join_only(changed, texts(body.groups))
    return changed


def patched_person(people: People, person: Person, body: Patch, attributes: Attributes, shape: type[S]) -> S:
    """The request that replaces a person by what a patch makes of them.

    Raises:
        InvalidPath: a path leads to nothing that can be changed.
        InvalidParameterValue: an operation or a value is none.
    """
    profile = person.profile
    document = {
        "displayName": person.display_name,
        "active": person.active,
        "externalId": profile.external_id,
        "name.givenName": profile.given_name,
        "name.familyName": profile.family_name,
        "entitlements": list(profile.entitlements),
        "roles": list(profile.roles),
        "groups": [group.id for group in people.groups.parents(person.id)],
    }
    return as_request(patched(document, body.asked, attributes), attributes, shape, person.id)


def as_request(document: dict[str, Any], attributes: Attributes, shape: type[S], resource_id: str) -> S:
    """The request that replaces a resource by a patched one.

    Raises:
        InvalidParameterValue: a value is of a wrong type.
    """
    fields: dict[str, Any] = {"id": resource_id}
    for name, value in document.items():
        if name in attributes.multiple:
            fields[name] = [{"value": one} for one in value]
        elif name in attributes.single:
            first, _, rest = name.partition(".")
            if rest:
                fields.setdefault(first, {})[rest] = value
            else:
                fields[first] = value
    try:
        return msgspec.convert(fields, shape, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidParameterValue(f"Invalid value in a patch: {error}.") from None
