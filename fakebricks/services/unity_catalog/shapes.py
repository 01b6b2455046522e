"""What the operations of Unity Catalog ask and answer alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from fakebricks.services.search import PageTokens
from fakebricks.services.unity_catalog.records import CatalogRecord, MetastoreRecord, ObjectRecord, SchemaRecord
from fakebricks.wire.errors import NotImplementedByFakebricks
from fakebricks.wire.operations import Answer, Shape

_PAGE = 1000

R = TypeVar("R")
Prediction = Literal["INHERIT", "ENABLE", "DISABLE"]


class Changes(Shape):
    """What may be changed of a catalog or a schema; what is not given stays."""

    owner: str | None = None
    comment: str | None = None
    properties: dict[str, str] | None = None
    new_name: str | None = None
    enable_predictive_optimization: Prediction | None = None
    custom_max_retention_hours: int | None = None

    def given(self, *fields: str) -> dict[str, object]:
        """Those of the fields that were given."""
        return {name: value for name in fields if (value := getattr(self, name)) is not None}


class Page(Shape):
    """Without `max_results` everything is given at once; with 0 the platform chooses (documented)."""

    max_results: Annotated[int, msgspec.Meta(ge=0)] | None = None
    page_token: str = ""
    include_browse: bool = False


class FullName(Shape):
    full_name: str


class BrowsedName(FullName, kw_only=True):
    """Without `include_browse`, who has only BROWSE is refused (documented)."""

    include_browse: bool = False


class Told(Answer):
    """What every object is told with."""

    name: str
    full_name: str
    metastore_id: str
    created_at: int
    created_by: str
    updated_at: int
    updated_by: str
    owner: str | None = None
    comment: str | None = None
    properties: dict[str, str] | None = None
    browse_only: bool | None = None


class EffectiveOptimization(Answer):
    """What `enable_predictive_optimization` comes to, and from where."""

    value: str
    inherited_from_type: str | None = None
    inherited_from_name: str | None = None


def effective_optimization(metastore: MetastoreRecord, *line: CatalogRecord | SchemaRecord) -> EffectiveOptimization:
    """What holds for the last of a line, from its catalog down: what it says itself, or what it is in.

    A metastore says ENABLE (observed, in the reply to a schema's GET).
    """
    for one in reversed(line):
        if one.enable_predictive_optimization == "INHERIT":
            continue
        if one is line[-1]:
            return EffectiveOptimization(value=one.enable_predictive_optimization)
        return EffectiveOptimization(
            value=one.enable_predictive_optimization, inherited_from_type="CATALOG", inherited_from_name=one.name
        )
    return EffectiveOptimization(value="ENABLE", inherited_from_type="METASTORE", inherited_from_name=metastore.name)


def schema_of(body: Any) -> str:
    """The full name of the schema that a request names in two fields."""
    return f"{body.catalog_name}.{body.schema_name}"


def refuse(operation: str, **fields: object) -> None:
    """Refuse fields that are set and not computed."""
    for name, value in fields.items():
        if value:
            raise NotImplementedByFakebricks(
                f"fakebricks does not compute the field '{name}' of '{operation}'; leave it out."
            )


def page(
    kind: str, asked: Page, records: Callable[[str | None], Iterable[R]], told: Callable[[R], Told], *question: str
) -> dict[str, Any]:
    """One page of records, from the one after the page token's on."""
    tokens = PageTokens(kind, *question)
    place = tokens.read(asked.page_token)
    limit = None if asked.max_results is None else (asked.max_results or _PAGE)
    infos: list[Told] = []
    for record in records(place[0] if place else None):
        if len(infos) == limit:
            return {kind: infos, "next_page_token": tokens.write([infos[-1].name])}
        infos.append(told(record))
    return {kind: infos} if infos else {}


def common(metastore_id: str, record: ObjectRecord, full_name: str) -> dict[str, Any]:
    return {
        "name": record.name,
        "full_name": full_name,
        "metastore_id": metastore_id,
        "created_at": record.created_at,
        "created_by": record.created_by,
        "updated_at": record.updated_at,
        "updated_by": record.updated_by,
        "owner": record.owner,
        "comment": record.comment,
        "properties": record.properties or None,
    }
