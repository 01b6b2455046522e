"""REST operations of tags on catalogs, schemas, tables and volumes, as databricks-sdk speaks them.

Refused: tags of columns.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from fakebricks.services.search import PageTokens
from fakebricks.services.unity_catalog.authority import Authority
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.records import TagAssignmentRecord
from fakebricks.services.unity_catalog.rules import SEEING, TAGGING
from fakebricks.services.unity_catalog.securables import Kind, Securable
from fakebricks.wire.errors import InvalidParameterValue, NotImplementedByFakebricks
from fakebricks.wire.operations import Answer, Call, Routes, Shape

routes = Routes()

_ASSIGNMENTS = "/api/2.1/unity-catalog/entity-tag-assignments"
_TAGS = f"{_ASSIGNMENTS}/<entity_type>/<entity_name>/tags"
_PAGE = 100
_KINDS = {"catalogs": Kind.CATALOG, "schemas": Kind.SCHEMA, "tables": Kind.TABLE, "volumes": Kind.VOLUME}


class OfEntity(Shape):
    entity_type: str
    entity_name: str


class TagOfEntity(OfEntity, kw_only=True):
    tag_key: str


class CreateTag(TagOfEntity, kw_only=True):
    tag_value: str = ""
    source_type: str | None = None


class UpdateTag(CreateTag, kw_only=True):
    update_mask: str


class ListTags(OfEntity, kw_only=True):
    max_results: Annotated[int, msgspec.Meta(ge=0)] = _PAGE
    page_token: str = ""


class TagAssignment(Answer):
    entity_type: str
    entity_name: str
    tag_key: str
    update_time: str
    updated_by: str
    tag_value: str = ""


def sees(authority: Authority, call: Call, body: OfEntity) -> None:
    """To see the object."""
    authority.require(SEEING[_kind(body)], body.entity_name, call.caller)


def tags(authority: Authority, call: Call, body: OfEntity) -> None:
    """To have APPLY_TAG on the object."""
    authority.require(TAGGING[_kind(body)], body.entity_name, call.caller)


@routes.post(_ASSIGNMENTS, privilege=tags)
def create_tag_assignment(metastore: Metastore, call: Call, body: CreateTag) -> TagAssignment:
    _refuse_source(body)
    entity = _entity(metastore, body)
    return _told(body, entity, metastore.tags.create(entity, body.tag_key, body.tag_value, call.caller.user_name))


@routes.get(f"{_TAGS}/<tag_key>", privilege=sees)
def get_tag_assignment(metastore: Metastore, call: Call, body: TagOfEntity) -> TagAssignment:
    entity = _entity(metastore, body)
    return _told(body, entity, metastore.tags.require(entity, body.tag_key))


@routes.get(_TAGS, privilege=sees)
def list_tag_assignments(metastore: Metastore, call: Call, body: ListTags) -> dict[str, Any]:
    entity = _entity(metastore, body)
    tokens = PageTokens("tags", body.entity_type, entity.full_name)
    place = tokens.read(body.page_token)
    told: list[TagAssignment] = []
    for tag in metastore.tags.of(entity, place[0] if place else None):
        if len(told) == (body.max_results or _PAGE):
            return {"tag_assignments": told, "next_page_token": tokens.write([told[-1].tag_key])}
        told.append(_told(body, entity, tag))
    return {"tag_assignments": told} if told else {}


@routes.patch(f"{_TAGS}/<tag_key>", privilege=tags)
def update_tag_assignment(metastore: Metastore, call: Call, body: UpdateTag) -> TagAssignment:
    _refuse_source(body)
    if body.update_mask not in ("*", "tag_value"):
        raise InvalidParameterValue(f"update_mask must be 'tag_value' or '*', not '{body.update_mask}'.")
    entity = _entity(metastore, body)
    return _told(body, entity, metastore.tags.update(entity, body.tag_key, body.tag_value, call.caller.user_name))


@routes.delete(f"{_TAGS}/<tag_key>", privilege=tags)
def delete_tag_assignment(metastore: Metastore, call: Call, body: TagOfEntity) -> None:
    metastore.tags.delete(_entity(metastore, body), body.tag_key)


def _kind(body: OfEntity) -> Kind:
    kind = _KINDS.get(body.entity_type)
    if kind is not None:
        return kind
    if body.entity_type == "columns":
        raise NotImplementedByFakebricks("fakebricks keeps no tags of columns; tag the table.")
    raise InvalidParameterValue(f"Invalid entity type '{body.entity_type}'; it must be one of {', '.join(_KINDS)}.")


def _entity(metastore: Metastore, body: OfEntity) -> Securable:
    """The object; refused where something is missing."""
    return metastore.unity_catalog.require_line(_kind(body), body.entity_name)[-1]


def _refuse_source(body: CreateTag) -> None:
    if body.source_type:
        raise NotImplementedByFakebricks("fakebricks does not compute the field 'source_type' of tags; leave it out.")


def _told(body: OfEntity, entity: Securable, tag: TagAssignmentRecord) -> TagAssignment:
    updated = datetime.fromtimestamp(tag.updated_at / 1000, UTC)
    return TagAssignment(
        entity_type=body.entity_type,
        entity_name=entity.full_name,
        tag_key=tag.tag_key,
        tag_value=tag.tag_value,
        update_time=updated.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        updated_by=tag.updated_by,
    )
