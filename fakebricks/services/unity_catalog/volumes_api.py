"""REST operations of volumes, as databricks-sdk speaks them.

Refused: external volumes.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Annotated, Any, Literal

import msgspec
from msgspec.structs import replace

from fakebricks.services.unity_catalog.authority import needs
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.records import VolumeRecord
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.services.unity_catalog.shapes import Page, Told, common, page, schema_of
from fakebricks.wire.errors import InvalidParameterValue, NotImplementedByFakebricks
from fakebricks.wire.operations import Call, Routes, Shape

routes = Routes()

_VOLUMES = "/api/2.1/unity-catalog/volumes"
_PAGE = 10_000
full_name = attrgetter("name")
"""The platform calls the three-level name of a volume `name` in its paths."""


class CreateVolume(Shape):
    catalog_name: str
    schema_name: str
    name: str
    volume_type: Literal["MANAGED", "EXTERNAL"]
    comment: str | None = None
    storage_location: str | None = None


class OfVolume(Shape):
    name: str
    include_browse: bool = False


class ListVolumes(Page, kw_only=True):
    """In pages of at most 10,000, also where nothing is asked (documented)."""

    catalog_name: str
    schema_name: str
    max_results: Annotated[int, msgspec.Meta(ge=0)] = 0


class UpdateVolume(Shape):
    name: str
    comment: str | None = None
    new_name: str | None = None
    owner: str | None = None


class VolumeInfo(Told, kw_only=True):
    volume_id: str
    catalog_name: str
    schema_name: str
    volume_type: str
    storage_location: str


@routes.post(_VOLUMES, privilege=needs(Rule.CREATE_VOLUME, schema_of))
def create_volume(metastore: Metastore, call: Call, body: CreateVolume) -> VolumeInfo:
    if body.volume_type == "EXTERNAL":
        raise NotImplementedByFakebricks(
            "fakebricks has no external locations, and so no volumes of the type 'EXTERNAL'; create a 'MANAGED' one."
        )
    if body.storage_location:
        raise InvalidParameterValue("CreateVolume storage_location can not be provided.")  # observed
    created = metastore.volumes.create(
        body.catalog_name, body.schema_name, body.name, call.caller.user_name, comment=body.comment
    )
    return _volume(metastore, created)


@routes.get(_VOLUMES, privilege=needs(Rule.SEE_SCHEMA, schema_of))
def list_volumes(metastore: Metastore, call: Call, body: ListVolumes) -> dict[str, Any]:
    """Those that the caller may see."""
    schema = metastore.unity_catalog.require_schema(body.catalog_name, body.schema_name)
    asked = replace(body, max_results=min(body.max_results or _PAGE, _PAGE))

    def visible(after: str | None) -> Iterator[VolumeRecord]:
        found = metastore.volumes.list(schema.catalog_name, schema.name, after)
        return metastore.authority.allowed(Rule.SEE_VOLUME, found, call.caller, browse=body.include_browse)

    return page("volumes", asked, visible, lambda one: _volume(metastore, one), schema.full_name)


@routes.get(f"{_VOLUMES}/<name>", privilege=needs(Rule.SEE_VOLUME, full_name))
def read_volume(metastore: Metastore, call: Call, body: OfVolume) -> VolumeInfo:
    return _volume(metastore, metastore.volumes.require(body.name))


@routes.patch(f"{_VOLUMES}/<name>", privilege=needs(Rule.MANAGE_VOLUME, full_name))
def update_volume(metastore: Metastore, call: Call, body: UpdateVolume) -> VolumeInfo:
    changes = {field: value for field in ("comment", "owner") if (value := getattr(body, field)) is not None}
    volumes, user = metastore.volumes, call.caller.user_name
    if body.new_name is None:
        return _volume(metastore, volumes.update(body.name, user, changes))
    return _volume(metastore, volumes.rename(body.name, body.new_name, user, changes))


@routes.delete(f"{_VOLUMES}/<name>", privilege=needs(Rule.MANAGE_VOLUME, full_name))
def delete_volume(metastore: Metastore, call: Call, body: OfVolume) -> None:
    metastore.volumes.delete(body.name)


def _volume(metastore: Metastore, record: VolumeRecord) -> VolumeInfo:
    return VolumeInfo(
        **common(metastore.id, record, record.full_name),
        volume_id=record.id,
        catalog_name=record.catalog_name,
        schema_name=record.schema_name,
        volume_type=record.volume_type,
        storage_location=record.storage_location,
    )
