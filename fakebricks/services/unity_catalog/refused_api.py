"""What databricks-sdk knows about Unity Catalog and fakebricks does not compute, each refused by the SDK's name for it.

Refused: all of `REFUSED`.
"""

from __future__ import annotations

from collections.abc import Callable

from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.wire.errors import NotImplementedByFakebricks
from fakebricks.wire.operations import Call, Routes, Shape

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


class Anything(Shape, forbid_unknown_fields=False):
    """Whatever such a request holds."""


def _refusing(name: str, why: str) -> Callable[..., None]:
    def refuse(unity_catalog: UnityCatalog, call: Call, body: Anything) -> None:
        asked = f"{call.request.method} {call.request.path}"
        raise NotImplementedByFakebricks(f"fakebricks does not implement '{asked}' ({name}): {why}.")

    refuse.__name__ = name
    return refuse


for _why, _operations in REFUSED.items():
    for _name, _route in _operations.items():
        _method, _path = _route.split(" ")
        routes.route(_method, _path, raw=True)(_refusing(_name, _why))
