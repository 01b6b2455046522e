"""What databricks-sdk knows about Unity Catalog and fakebricks does not compute, each refused by the SDK's name for it.

Refused: all of `REFUSED`.
"""

from __future__ import annotations

from fakebricks.wire.operations import Routes
from fakebricks.wire.refusals import refuse_all

_BINDINGS = "it has one workspace, in which all catalogs can be reached"
_METASTORES = "it has one metastore, to which its workspace is assigned"
_CONSTRAINTS = "tables have no primary and foreign keys; check such things in the code under test"
_CREDENTIALS = "it gives no credentials for storage; read rows by workspace.table(...)"

REFUSED: dict[str, dict[str, str]] = {
    _BINDINGS: {
        "workspace_bindings.get": "GET /api/2.1/unity-catalog/workspace-bindings/catalogs/<name>",
        "workspace_bindings.update": "PATCH /api/2.1/unity-catalog/workspace-bindings/catalogs/<name>",
        "workspace_bindings.get_bindings": "GET /api/2.1/unity-catalog/bindings/<securable_type>/<securable_name>",
        "workspace_bindings.update_bindings": "PATCH /api/2.1/unity-catalog/bindings/<securable_type>/<securable_name>",
    },
    _METASTORES: {
        "metastores.create": "POST /api/2.1/unity-catalog/metastores",
        "metastores.delete": "DELETE /api/2.1/unity-catalog/metastores/<id>",
        "metastores.assign": "PUT /api/2.1/unity-catalog/workspaces/<workspace_id>/metastore",
        "metastores.unassign": "DELETE /api/2.1/unity-catalog/workspaces/<workspace_id>/metastore",
        "metastores.update_assignment": "PATCH /api/2.1/unity-catalog/workspaces/<workspace_id>/metastore",
    },
    _CONSTRAINTS: {
        "table_constraints.create": "POST /api/2.1/unity-catalog/constraints",
        "table_constraints.delete": "DELETE /api/2.1/unity-catalog/constraints/<full_name>",
    },
    _CREDENTIALS: {
        "temporary_table_credentials.generate": "POST /api/2.0/unity-catalog/temporary-table-credentials",
        "temporary_path_credentials.generate": "POST /api/2.0/unity-catalog/temporary-path-credentials",
    },
}
"""Why: what is refused for that reason, by name."""

routes = Routes()
refuse_all(routes, REFUSED)
