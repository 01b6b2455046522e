"""Shapes of SCIM's requests. Names are the platform's; where they are not Python's, they are renamed."""

from __future__ import annotations

from typing import Any

import msgspec

from fakebricks.services.iam.records import Group, Profile
from fakebricks.wire.errors import NotImplementedByFakebricks
from fakebricks.wire.operations import Shape


class Value(msgspec.Struct, rename={"ref": "$ref"}, forbid_unknown_fields=True, kw_only=True):
    """An element of a multi-valued attribute, of which the value counts."""

    value: str = ""
    display: str | None = None
    primary: bool | None = None
    ref: str | None = None
    type: str | None = None


class Name(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    given_name: str = ""
    family_name: str = ""


class Meta(msgspec.Struct, rename="camel", kw_only=True):
    """What a client read and sends back; nothing of it can be changed."""

    resource_type: str | None = None


class New(Shape):
    """What is to be made. databricks-sdk has a parameter for its id, which the workspace gives."""

    id: str | None = None
    schemas: tuple[str, ...] = ()

    def require_computed(self) -> None:
        """Raise NotImplementedByFakebricks where it shall have an id that is chosen."""
        if self.id:
            raise NotImplementedByFakebricks("fakebricks gives the ids of people and groups itself: leave 'id' out.")


class Of(Shape):
    id: str


class Shown(Shape, rename="camel"):
    """What of a resource is asked for."""

    attributes: str | None = None
    excluded_attributes: str | None = None


class OfShown(Shown, rename="camel", kw_only=True):
    id: str


class ListOf(Shown, rename="camel"):
    count: int | None = None
    start_index: int = 1
    filter: str | None = None
    sort_by: str | None = None
    sort_order: str = "ascending"


class CreatePerson(New, rename="camel"):
    active: bool = True
    display_name: str = ""
    external_id: str = ""
    entitlements: tuple[Value, ...] = ()
    roles: tuple[Value, ...] = ()
    groups: tuple[Value, ...] | None = None

    def profile(self, shown: str) -> Profile:
        """What can be changed of the person; `shown` is what they are called where the request does not say."""
        name = self.display_name or self.whole_name or shown
        return Profile(
            display_name=name,
            active=self.active,
            external_id=self.external_id,
            given_name=self.name_parts.given_name,
            family_name=self.name_parts.family_name,
            entitlements=said(self.entitlements),
            roles=said(self.roles),
        )

    @property
    def name_parts(self) -> Name:
        """A person's own names."""
        return Name()

    @property
    def whole_name(self) -> str:
        """A person's own names, in one."""
        return f"{self.name_parts.given_name} {self.name_parts.family_name}".strip()


class CreateUser(CreatePerson, rename="camel"):
    user_name: str = ""
    name: Name | None = None
    emails: tuple[Value, ...] = ()

    @property
    def name_parts(self) -> Name:
        return self.name or Name()

    def require_computed(self) -> None:
        """Raise NotImplementedByFakebricks where a new user shall have an address that is not their name."""
        super().require_computed()
        if any(one.value.casefold() != self.user_name.casefold() for one in self.emails):
            raise NotImplementedByFakebricks("fakebricks has no 'emails' of a user beside their 'userName'.")


class CreateServicePrincipal(CreatePerson, rename="camel"):
    application_id: str | None = None


class ReplaceUser(CreateUser, rename="camel", kw_only=True):
    id: str


class ReplaceServicePrincipal(CreateServicePrincipal, rename="camel", kw_only=True):
    id: str


class CreateGroup(New, rename="camel", kw_only=True):
    meta: Meta | None = None
    display_name: str
    external_id: str = ""
    entitlements: tuple[Value, ...] = ()
    roles: tuple[Value, ...] = ()
    members: tuple[Value, ...] = ()
    groups: tuple[Value, ...] = ()

    def group(self, group_id: str = "") -> Group:
        """What is asked, under that id."""
        return Group(
            id=group_id,
            display_name=self.display_name,
            external_id=self.external_id,
            entitlements=said(self.entitlements),
            roles=said(self.roles),
        )


class ReplaceGroup(CreateGroup, rename="camel", kw_only=True):
    id: str


class Operation(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    op: str
    path: str | None = None
    value: Any = None


class Patch(Shape, rename={"operations": "Operations"}, kw_only=True):
    id: str
    operations: tuple[Operation, ...] = ()
    schemas: tuple[str, ...] = ()

    @property
    def asked(self) -> list[tuple[str, str | None, Any]]:
        """The operations, in parts."""
        return [(one.op, one.path, one.value) for one in self.operations]


def texts(values: tuple[Value, ...]) -> tuple[str, ...]:
    """The values of a multi-valued attribute, each once."""
    return tuple(dict.fromkeys(one.value for one in values))


def said(values: tuple[Value, ...]) -> tuple[str, ...]:
    """The same, without what says nothing: Terraform's provider sends `[{}]` for no entitlements (observed)."""
    return tuple(text for text in texts(values) if text)
