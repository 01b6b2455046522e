"""REST operations of identity: who am I, and where to sign in."""

from __future__ import annotations

from typing import Any

from fakebricks.ids import WorkspaceIdentity
from fakebricks.services.iam.people import People
from fakebricks.services.iam.privileges import anybody
from fakebricks.services.iam.scim.documents import me_document
from fakebricks.wire.operations import Call, Routes

routes = Routes()


@routes.get("/api/2.0/preview/scim/v2/Me", privilege=anybody)
def me(people: People, call: Call) -> dict[str, Any]:
    return me_document(people, call.caller)


@routes.get("/.well-known/databricks-config", public=True)
def databricks_config(identity: WorkspaceIdentity, call: Call) -> dict[str, Any]:
    """Asked by every `WorkspaceClient()` of databricks-sdk since 0.101, before it does anything else (observed)."""
    return {
        "oidc_endpoint": f"{call.base_url}/oidc",
        "workspace_id": identity.workspace_id,
        "account_id": identity.account_id,
        "cloud": "AWS",
    }
