"""Tables to be monitored, and what tests ask of monitors."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from conftest import Rest
from deltalake import write_deltalake

from fakebricks import Workspace
from fakebricks.services.unity_catalog.columns import AskedColumn, checked_columns
from fakebricks.services.unity_catalog.delta_tables import DeltaTables
from fakebricks.services.unity_catalog.tables import Tables

ASSETS = "/Workspace/Users/jane@acme.test/monitors"
OUTPUT = "main.default"
DOUBLE = '{"name":"output","type":"double","nullable":true,"metadata":{}}'
COLUMNS = {
    "ts": "timestamp",
    "amount": "double",
    "country": "string",
    "model_version": "int",
    "prediction": "string",
    "label": "string",
}
INFERENCE = {
    "problem_type": "PROBLEM_TYPE_CLASSIFICATION",
    "timestamp_col": "ts",
    "granularities": ["1 day"],
    "prediction_col": "prediction",
    "label_col": "label",
    "model_id_col": "model_version",
}


def add_table(workspace: Workspace, name: str = "main.default.payments", columns: dict[str, str] | None = None) -> str:
    """A new table; its id."""
    asked = [AskedColumn(name=one, type_text=kind) for one, kind in (columns or COLUMNS).items()]
    return workspace._services[DeltaTables].create(name, checked_columns(asked), workspace.user_name).id


def add_rows(workspace: Workspace, rows: list[dict[str, Any]] | pa.Table, name: str = "main.default.payments") -> None:
    """More rows of a table, in one commit."""
    table = workspace._services[Tables].require(name)
    schema = workspace._services[DeltaTables].read(name).schema
    added = rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(rows, schema)
    write_deltalake(table.storage_location, added.cast(schema), mode="append")


def path(name: str = "main.default.payments") -> str:
    return f"/api/2.1/unity-catalog/tables/{name}/monitor"


def monitor(rest: Rest, name: str = "main.default.payments", **configuration: Any) -> Any:
    """A new monitor, of snapshots if nothing else is said."""
    if not {"snapshot", "time_series", "inference_log"} & set(configuration):
        configuration["snapshot"] = {}
    return rest.post(path(name), **{"assets_dir": ASSETS, "output_schema_name": OUTPUT, **configuration})


def refresh(rest: Rest, name: str = "main.default.payments") -> Any:
    """A refresh, as it is when it is over."""
    started = rest.post(f"{path(name)}/refreshes")
    rest.workspace.clock.advance(minutes=4)
    return rest.get(f"{path(name)}/refreshes/{started['refresh_id']}")


def profile(workspace: Workspace, name: str = "main.default.payments", **wanted: Any) -> list[dict[str, Any]]:
    """Rows of the profile table with those values, by window."""
    return _rows(workspace.table(f"{name}_profile_metrics"), {"slice_key": None, "log_type": "INPUT"} | wanted)


def drift(workspace: Workspace, name: str = "main.default.payments", **wanted: Any) -> list[dict[str, Any]]:
    """Rows of the drift table with those values, by window."""
    return _rows(workspace.table(f"{name}_drift_metrics"), {"slice_key": None} | wanted)


def midnight(workspace: Workspace, days_ago: int = 0) -> datetime:
    """When a day began, in UTC."""
    today = workspace.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=days_ago)


def _rows(table: pa.Table, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    for name, value in wanted.items():
        table = table.filter(pc.is_null(table[name]) if value is None else pc.equal(table[name], value))
    found = table.to_pylist()
    return sorted(found, key=lambda row: row["window"]["start"] if row["window"] else datetime.min)
