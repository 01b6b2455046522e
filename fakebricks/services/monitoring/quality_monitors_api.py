"""REST operations of monitors, as databricks-sdk's `quality_monitors` speaks them.

Real: all of it, but for dashboards. Only stored: the addresses to notify, as nobody is written to, and the directory of
assets, as there are none. Refused: dashboards, of which no id is ever told, and the classification of data.
"""

from __future__ import annotations

from typing import Any

from fakebricks.ids import WorkspaceIdentity
from fakebricks.services.monitoring.monitoring import Monitoring
from fakebricks.services.monitoring.privileges import creates, manages, sees
from fakebricks.services.monitoring.quality_monitor_shapes import (
    CreateMonitor,
    MonitorInfo,
    MonitorRefreshInfo,
    OfMonitor,
    OfRefresh,
    RegenerateDashboard,
    UpdateMonitor,
    told_monitor,
    told_refresh,
)
from fakebricks.services.monitoring.records import MonitorRecord
from fakebricks.services.monitoring.refreshes import awaits
from fakebricks.wire.errors import InvalidParameterValue
from fakebricks.wire.operations import Call, Routes
from fakebricks.wire.refusals import refusal

routes = Routes()

_MONITOR = "/api/2.1/unity-catalog/tables/<table_name>/monitor"
_REFRESH = f"{_MONITOR}/refreshes/<refresh_id>"


@routes.post(_MONITOR, privilege=creates)
def create_monitor(monitoring: Monitoring, call: Call, body: CreateMonitor) -> MonitorInfo:
    if body.latest_monitor_failure_msg is not None:
        raise InvalidParameterValue("latest_monitor_failure_msg cannot be given when a monitor is created.")
    created = monitoring.monitors.create(
        body.table_name,
        body.configuration(body.warehouse_id),
        call.caller,
        assets_dir=body.assets_dir,
        skip_builtin_dashboard=body.skip_builtin_dashboard,
    )
    return _told(monitoring, call, created)


@routes.get(_MONITOR, atomic=False, privilege=sees)
def get_monitor(monitoring: Monitoring, call: Call, body: OfMonitor) -> MonitorInfo:
    monitor = monitoring.up_to_date(body.table_name)
    if call.millis < monitor.active_at:
        call.awaits = monitor.active_at / 1000
    return _told(monitoring, call, monitor)


@routes.put(_MONITOR, privilege=manages)
def update_monitor(monitoring: Monitoring, call: Call, body: UpdateMonitor) -> MonitorInfo:
    before = monitoring.monitors.get(body.table_name)
    wanted = body.configuration(before.configuration.warehouse_id)
    return _told(monitoring, call, monitoring.update(body.table_name, wanted, call.caller))


@routes.delete(_MONITOR, atomic=False, privilege=manages)
def delete_monitor(monitoring: Monitoring, call: Call, body: OfMonitor) -> None:
    monitoring.delete(body.table_name)


@routes.post(f"{_MONITOR}/refreshes", atomic=False, privilege=manages)
def run_refresh(monitoring: Monitoring, call: Call, body: OfMonitor) -> MonitorRefreshInfo:
    return told_refresh(monitoring.refreshes.run(monitoring.up_to_date(body.table_name)), call.millis)


@routes.get(f"{_MONITOR}/refreshes", atomic=False, privilege=sees)
def list_refreshes(monitoring: Monitoring, call: Call, body: OfMonitor) -> dict[str, Any]:
    found = monitoring.refreshes.history(monitoring.up_to_date(body.table_name))
    return {"refreshes": [told_refresh(one, call.millis) for one in found]} if found else {}


@routes.get(_REFRESH, atomic=False, privilege=sees)
def get_refresh(monitoring: Monitoring, call: Call, body: OfRefresh) -> MonitorRefreshInfo:
    refresh = monitoring.refreshed(body.table_name, body.refresh_id)
    call.awaits = awaits(refresh, call.millis)
    return told_refresh(refresh, call.millis)


@routes.post(f"{_REFRESH}/cancel", privilege=manages)
def cancel_refresh(monitoring: Monitoring, call: Call, body: OfRefresh) -> None:
    monitoring.refreshes.cancel(monitoring.monitors.get(body.table_name), body.refresh_id)


@routes.post("/api/2.1/quality-monitoring/tables/<table_name>/monitor/dashboard")
def regenerate_dashboard(workspace: WorkspaceIdentity, call: Call, body: RegenerateDashboard) -> None:
    raise refusal(
        call,
        "it draws no dashboards; read the metric tables by workspace.table(...)",
        "quality_monitors.regenerate_dashboard",
    )


def _told(monitoring: Monitoring, call: Call, monitor: MonitorRecord) -> MonitorInfo:
    return told_monitor(monitor, monitoring.monitors.table_of(monitor).full_name, call.millis)
