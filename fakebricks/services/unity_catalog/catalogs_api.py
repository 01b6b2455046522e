"""REST operations of catalogs, as databricks-sdk speaks them.

Real: all fields that are told. Only stored: `isolation_mode`, as there is one workspace, and
`enable_predictive_optimization`, as nothing is optimized. The properties `unity.catalog.managed.*` that the platform
adds on some clouds (observed) are not added. Refused: foreign and shared catalogs, keys, retention.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Any, Literal

from fakebricks.services.unity_catalog.authority import needs
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.records import CatalogRecord
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.services.unity_catalog.shapes import (
    Changes,
    EffectiveOptimization,
    Page,
    Told,
    common,
    effective_optimization,
    page,
    refuse,
)
from fakebricks.wire.operations import Call, Routes, Shape

routes = Routes()

_CATALOGS = "/api/2.1/unity-catalog/catalogs"
name = attrgetter("name")


class CreateCatalog(Shape):
    name: str
    comment: str | None = None
    properties: dict[str, str] | None = None
    storage_root: str | None = None
    connection_name: str | None = None
    custom_max_retention_hours: int | None = None
    managed_encryption_settings: dict[str, Any] | None = None
    options: dict[str, str] | None = None
    provider_name: str | None = None
    share_name: str | None = None


class UpdateCatalog(Changes, kw_only=True):
    name: str
    isolation_mode: Literal["OPEN", "ISOLATED"] | None = None
    managed_encryption_settings: dict[str, Any] | None = None
    options: dict[str, str] | None = None


class CatalogName(Shape):
    name: str
    include_browse: bool = False


class DeleteCatalog(Shape):
    name: str
    force: bool = False


class ListCatalogs(Page, kw_only=True):
    include_unbound: bool = False


class CatalogInfo(Told, kw_only=True):
    id: str
    storage_location: str
    isolation_mode: str
    enable_predictive_optimization: str
    effective_predictive_optimization_flag: EffectiveOptimization
    storage_root: str | None = None
    catalog_type: str = ""
    securable_type: str = ""


@routes.post(_CATALOGS, privilege=needs(Rule.CREATE_CATALOG, lambda _: ""))
def create_catalog(metastore: Metastore, call: Call, body: CreateCatalog) -> CatalogInfo:
    refuse(
        "create catalog",
        connection_name=body.connection_name,
        custom_max_retention_hours=body.custom_max_retention_hours,
        managed_encryption_settings=body.managed_encryption_settings,
        options=body.options,
        provider_name=body.provider_name,
        share_name=body.share_name,
    )
    created = metastore.unity_catalog.create_catalog(
        body.name,
        call.caller.user_name,
        comment=body.comment,
        properties=body.properties,
        storage_root=body.storage_root,
    )
    return _catalog(metastore, call, created)


@routes.get(f"{_CATALOGS}/<name>", privilege=needs(Rule.SEE_CATALOG, name))
def get_catalog(metastore: Metastore, call: Call, body: CatalogName) -> CatalogInfo:
    return _catalog(metastore, call, metastore.unity_catalog.require_catalog(body.name))


@routes.get(_CATALOGS)
def list_catalogs(metastore: Metastore, call: Call, body: ListCatalogs) -> dict[str, Any]:
    """Those that the caller may see."""

    def visible(after: str | None) -> Iterator[CatalogRecord]:
        found = metastore.unity_catalog.catalogs(after)
        return metastore.authority.allowed(Rule.SEE_CATALOG, found, call.caller, browse=body.include_browse)

    return page("catalogs", body, visible, lambda one: _catalog(metastore, call, one))


@routes.patch(f"{_CATALOGS}/<name>", privilege=needs(Rule.MANAGE_CATALOG, name))
def update_catalog(metastore: Metastore, call: Call, body: UpdateCatalog) -> CatalogInfo:
    refuse(
        "update catalog",
        custom_max_retention_hours=body.custom_max_retention_hours,
        managed_encryption_settings=body.managed_encryption_settings,
        options=body.options,
    )
    changes = body.given("owner", "comment", "properties", "isolation_mode", "enable_predictive_optimization")
    updated = metastore.unity_catalog.update_catalog(body.name, call.caller.user_name, changes)
    if body.new_name is not None:
        updated = metastore.unity_catalog.rename_catalog(updated.name, body.new_name)
    return _catalog(metastore, call, updated)


@routes.delete(f"{_CATALOGS}/<name>", privilege=needs(Rule.MANAGE_CATALOG, name))
def delete_catalog(metastore: Metastore, call: Call, body: DeleteCatalog) -> None:
    metastore.unity_catalog.delete_catalog(body.name, force=body.force)


def _catalog(metastore: Metastore, call: Call, record: CatalogRecord) -> CatalogInfo:
    return CatalogInfo(
        **common(metastore.id, record, record.name),
        browse_only=metastore.authority.browses_only(Rule.SEE_CATALOG, record.name, call.caller),
        enable_predictive_optimization=record.enable_predictive_optimization,
        effective_predictive_optimization_flag=effective_optimization(metastore.unity_catalog.metastore, record),
        id=record.id,
        storage_location=record.storage_location,
        storage_root=record.storage_root,
        isolation_mode=record.isolation_mode,
        catalog_type="MANAGED_CATALOG",
        securable_type="CATALOG",
    )
