"""REST operations of monitors, as databricks-sdk's `data_quality` speaks them: the newer API over the same monitors.

Real: monitors of tables and their refreshes. Refused: monitors of schemas (anomaly detection), and what the SDK marks
as unimplemented: to list monitors, to change and to delete refreshes.
"""

from __future__ import annotations

from typing import Any

from fakebricks.services.monitoring.data_quality_shapes import (
    CreateMonitor,
    CreateRefresh,
    ListRefreshes,
    Monitor,
    OfObject,
    OfRefresh,
    Refresh,
    UpdateMonitor,
    merged,
    told_monitor,
    told_refresh,
)
from fakebricks.services.monitoring.monitoring import Monitoring
from fakebricks.services.monitoring.privileges import creates, manages, sees
from fakebricks.services.monitoring.records import MonitorRecord
from fakebricks.services.monitoring.refreshes import awaits
from fakebricks.services.search import PageTokens
from fakebricks.wire.errors import InvalidParameterValue
from fakebricks.wire.operations import Call, Routes
from fakebricks.wire.refusals import refuse_all

routes = Routes()

_MONITORS = "/api/data-quality/v1/monitors"
_MONITOR = f"{_MONITORS}/<object_type>/<object_id>"
_REFRESH = f"{_MONITOR}/refreshes/<refresh_id>"
_ASSETS = "/Workspace/Users/{user}/databricks_lakehouse_monitoring/{table}"
"""Where the platform keeps assets if no directory is given (the form is inferred)."""


@routes.post(_MONITORS, privilege=creates)
def create_monitor(monitoring: Monitoring, call: Call, body: CreateMonitor) -> Monitor:
    table = monitoring.monitors.require_name(body.object_type, body.object_id)
    asked = body.profiling()
    created = monitoring.monitors.create(
        table,
        asked.configuration(monitoring.monitors.schema_named(asked.output_schema_id)),
        call.caller,
        assets_dir=asked.assets_dir or _ASSETS.format(user=call.caller.user_name, table=table),
        skip_builtin_dashboard=asked.skip_builtin_dashboard,
    )
    return _told(monitoring, call, created)


@routes.get(_MONITOR, atomic=False, privilege=sees)
def get_monitor(monitoring: Monitoring, call: Call, body: OfObject) -> Monitor:
    monitor = _up_to_date(monitoring, body)
    if call.millis < monitor.active_at:
        call.awaits = monitor.active_at / 1000
    return _told(monitoring, call, monitor)


@routes.patch(_MONITOR, privilege=manages)
def update_monitor(monitoring: Monitoring, call: Call, body: UpdateMonitor) -> Monitor:
    monitors = monitoring.monitors
    table = monitors.require_name(body.object_type, body.object_id)
    monitor = monitors.get(table)
    schema_id = monitors.schema_id(monitor.configuration.output_schema_name)
    wanted = merged(monitor, schema_id, body.profiling(), body.update_mask)
    output_schema_name = monitors.schema_named(wanted.output_schema_id)
    changed = monitoring.update(table, wanted.configuration(output_schema_name), call.caller)
    return _told(monitoring, call, changed)


@routes.delete(_MONITOR, atomic=False, privilege=manages)
def delete_monitor(monitoring: Monitoring, call: Call, body: OfObject) -> None:
    monitoring.delete(monitoring.monitors.require_name(body.object_type, body.object_id))


@routes.post(f"{_MONITOR}/refreshes", atomic=False, privilege=manages)
def create_refresh(monitoring: Monitoring, call: Call, body: CreateRefresh) -> Refresh:
    monitor = _up_to_date(monitoring, body)
    return told_refresh(monitoring.refreshes.run(monitor), monitor.table_id, call.millis)


@routes.get(f"{_MONITOR}/refreshes", atomic=False, privilege=sees)
def list_refreshes(monitoring: Monitoring, call: Call, body: ListRefreshes) -> dict[str, Any]:
    if body.page_size is not None and body.page_size < 0:
        raise InvalidParameterValue("page_size must not be negative.")
    monitor = _up_to_date(monitoring, body)
    found = monitoring.refreshes.history(monitor)
    tokens = PageTokens("monitor-refreshes", monitor.table_id)
    place = tokens.read(body.page_token)
    rest = [one for one in found if place is None or (one.running_at, one.id) < tuple(place)]
    page = rest[: body.page_size or len(rest)]
    answer: dict[str, Any] = {"refreshes": [told_refresh(one, monitor.table_id, call.millis) for one in page]}
    if len(page) < len(rest):
        answer["next_page_token"] = tokens.write([page[-1].running_at, page[-1].id])
    return answer if page else {}


@routes.get(_REFRESH, atomic=False, privilege=sees)
def get_refresh(monitoring: Monitoring, call: Call, body: OfRefresh) -> Refresh:
    refresh = monitoring.refreshes.get(_up_to_date(monitoring, body), body.refresh_id)
    call.awaits = awaits(refresh, call.millis)
    return told_refresh(refresh, body.object_id, call.millis)


@routes.post(f"{_REFRESH}/cancel", privilege=manages)
def cancel_refresh(monitoring: Monitoring, call: Call, body: OfRefresh) -> dict[str, Refresh]:
    table = monitoring.monitors.require_name(body.object_type, body.object_id)
    canceled = monitoring.refreshes.cancel(monitoring.monitors.get(table), body.refresh_id)
    return {"refresh": told_refresh(canceled, body.object_id, call.millis)}


refuse_all(
    routes,
    {
        "the platform does not implement it either; ask for the monitor of each table": {
            "data_quality.list_monitor": f"GET {_MONITORS}",
        },
        "the platform does not implement it either; a refresh can be canceled": {
            "data_quality.update_refresh": f"PATCH {_REFRESH}",
            "data_quality.delete_refresh": f"DELETE {_REFRESH}",
        },
    },
)


def _up_to_date(monitoring: Monitoring, body: OfObject) -> MonitorRecord:
    return monitoring.up_to_date(monitoring.monitors.require_name(body.object_type, body.object_id))


def _told(monitoring: Monitoring, call: Call, monitor: MonitorRecord) -> Monitor:
    monitors = monitoring.monitors
    schema_id = monitors.schema_id(monitor.configuration.output_schema_name)
    return told_monitor(monitor, monitors.table_of(monitor).full_name, schema_id, call.millis)
