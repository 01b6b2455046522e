"""What databricks-sdk knows about SQL and fakebricks does not compute, each refused by the SDK's name for it.

Refused: all of `REFUSED`.
"""

from __future__ import annotations

from fakebricks.wire.operations import Routes
from fakebricks.wire.refusals import refuse_all

_CONFIG = "the configuration of warehouses is the default one"
_OVERRIDES = "name the warehouse where you use it"
_HISTORY = "it keeps no history of queries; every call is in workspace.calls"
_SAVED = "it keeps no queries, alerts and dashboards; execute the statement itself"
_ENDPOINTS = "SQL endpoints are called warehouses; ask '/api/2.0/sql/warehouses'"

REFUSED: dict[str, dict[str, str]] = {
    _CONFIG: {"warehouses.set_workspace_warehouse_config": "PUT /api/2.0/sql/config/warehouses"},
    _OVERRIDES: {
        "warehouses.create_default_warehouse_override": "POST /api/warehouses/v1/default-warehouse-overrides",
        "warehouses.list_default_warehouse_overrides": "GET /api/warehouses/v1/default-warehouse-overrides",
        "warehouses.get_default_warehouse_override": "GET /api/warehouses/v1/default-warehouse-overrides/<id>",
        "warehouses.update_default_warehouse_override": "PATCH /api/warehouses/v1/default-warehouse-overrides/<id>",
        "warehouses.delete_default_warehouse_override": "DELETE /api/warehouses/v1/default-warehouse-overrides/<id>",
    },
    _HISTORY: {"query_history.list": "GET /api/2.0/sql/history/queries"},
    _SAVED: {
        "queries.create": "POST /api/2.0/sql/queries",
        "queries.list": "GET /api/2.0/sql/queries",
        "queries.get": "GET /api/2.0/sql/queries/<id>",
        "queries.update": "PATCH /api/2.0/sql/queries/<id>",
        "queries.delete": "DELETE /api/2.0/sql/queries/<id>",
        "alerts.create": "POST /api/2.0/sql/alerts",
        "alerts.list": "GET /api/2.0/sql/alerts",
        "alerts.get": "GET /api/2.0/sql/alerts/<id>",
        "alerts.update": "PATCH /api/2.0/sql/alerts/<id>",
        "alerts.delete": "DELETE /api/2.0/sql/alerts/<id>",
        "data_sources.list": "GET /api/2.0/preview/sql/data_sources",
    },
    _ENDPOINTS: {
        "endpoints.list": "GET /api/2.0/sql/endpoints",
        "endpoints.get": "GET /api/2.0/sql/endpoints/<id>",
    },
}
"""Why: what is refused for that reason, by name."""

routes = Routes()
refuse_all(routes, REFUSED)
