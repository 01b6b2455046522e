"""REST operations of the metastore, as databricks-sdk speaks them."""

from __future__ import annotations

from typing import Any

from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.wire.operations import Call, Routes

routes = Routes()

_REGION = "us-east-1"


@routes.get("/api/2.1/unity-catalog/current-metastore-assignment")
def current_metastore_assignment(metastore: Metastore, call: Call) -> dict[str, Any]:
    return {
        "metastore_id": metastore.unity_catalog.metastore_id,
        "workspace_id": int(metastore.identity.workspace_id),
        "default_catalog_name": "main",
    }


@routes.get("/api/2.1/unity-catalog/metastore_summary")
def metastore_summary(metastore: Metastore, call: Call) -> dict[str, Any]:
    unity_catalog = metastore.unity_catalog
    return {
        "metastore_id": unity_catalog.metastore_id,
        "name": unity_catalog.metastore.name,
        "cloud": "aws",
        "region": _REGION,
        "global_metastore_id": f"aws:{_REGION}:{unity_catalog.metastore_id}",
        "storage_root": unity_catalog.metastore_root,
    }
