"""REST operations of the metastore, as databricks-sdk speaks them.

Real: its name and owner, who is its admin, and the assignment of the workspace. Simulated: where it is. Refused:
another metastore, Delta Sharing, access from outside.
"""

from __future__ import annotations

from typing import Any

from fakebricks.services.search import PageTokens
from fakebricks.services.unity_catalog.authority import needs
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.services.unity_catalog.shapes import refuse
from fakebricks.wire.errors import MetastoreDoesNotExist
from fakebricks.wire.operations import Answer, Call, Routes, Shape

routes = Routes()

_METASTORES = "/api/2.1/unity-catalog/metastores"
_REGION = "us-east-1"
_manages = needs(Rule.MANAGE_METASTORE, lambda _: "")


class MetastoreId(Shape):
    id: str


class UpdateMetastore(MetastoreId, kw_only=True):
    owner: str | None = None
    new_name: str | None = None
    delta_sharing_organization_name: str | None = None
    delta_sharing_recipient_token_lifetime_in_seconds: int | None = None
    delta_sharing_scope: str | None = None
    external_access_enabled: bool | None = None
    privilege_model_version: str | None = None
    storage_root_credential_id: str | None = None


class ListMetastores(Shape):
    max_results: int | None = None
    page_token: str = ""


class MetastoreInfo(Answer):
    metastore_id: str
    name: str
    owner: str
    cloud: str
    region: str
    global_metastore_id: str
    storage_root: str
    privilege_model_version: str


class MetastoreAssignment(Answer):
    metastore_id: str
    workspace_id: int
    default_catalog_name: str | None = None


@routes.get("/api/2.1/unity-catalog/current-metastore-assignment")
def current_metastore_assignment(metastore: Metastore, call: Call) -> MetastoreAssignment:
    return MetastoreAssignment(
        metastore_id=metastore.id,
        workspace_id=int(metastore.identity.workspace_id),
        default_catalog_name=metastore.unity_catalog.metastore.default_catalog_name,
    )


@routes.get("/api/2.1/unity-catalog/metastore_summary")
def metastore_summary(metastore: Metastore, call: Call) -> MetastoreInfo:
    return _metastore(metastore)


@routes.get(_METASTORES, privilege=_manages)
def list_metastores(metastore: Metastore, call: Call, body: ListMetastores) -> dict[str, Any]:
    PageTokens("metastores").read(body.page_token)
    return {"metastores": [_metastore(metastore)]}


@routes.get(f"{_METASTORES}/<id>", privilege=_manages)
def get_metastore(metastore: Metastore, call: Call, body: MetastoreId) -> MetastoreInfo:
    _require(metastore, body)
    return _metastore(metastore)


@routes.patch(f"{_METASTORES}/<id>", privilege=_manages)
def update_metastore(metastore: Metastore, call: Call, body: UpdateMetastore) -> MetastoreInfo:
    _require(metastore, body)
    refuse(
        "update metastore",
        delta_sharing_organization_name=body.delta_sharing_organization_name,
        delta_sharing_recipient_token_lifetime_in_seconds=body.delta_sharing_recipient_token_lifetime_in_seconds,
        delta_sharing_scope=body.delta_sharing_scope,
        external_access_enabled=body.external_access_enabled,
        privilege_model_version=body.privilege_model_version,
        storage_root_credential_id=body.storage_root_credential_id,
    )
    metastore.unity_catalog.update_metastore(name=body.new_name, owner=body.owner)
    return _metastore(metastore)


def _require(metastore: Metastore, body: MetastoreId) -> None:
    if body.id.lower() != metastore.id:
        raise MetastoreDoesNotExist(f"Metastore '{body.id}' does not exist.")


def _metastore(metastore: Metastore) -> MetastoreInfo:
    stored = metastore.unity_catalog.metastore
    return MetastoreInfo(
        metastore_id=metastore.id,
        name=stored.name,
        owner=stored.owner,
        cloud="aws",
        region=_REGION,
        global_metastore_id=f"aws:{_REGION}:{metastore.id}",
        storage_root=metastore.unity_catalog.metastore_root,
        privilege_model_version="1.0",
    )
