"""REST operations of the admin plane: fakebricks' own, under one prefix; they need a token like every call."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

import msgspec

from fakebricks.control.admin import Admin
from fakebricks.wire.calls import CallRecord
from fakebricks.wire.errors import PermissionDenied
from fakebricks.wire.messages import Reply
from fakebricks.wire.operations import Call, Routes, Shape

routes = Routes(logged=False)  # who reads the log does not write in it


class Advance(Shape):
    seconds: float = 0.0
    minutes: float = 0.0
    hours: float = 0.0
    days: float = 0.0


class ListCalls(Shape):
    matching: str | None = None


class ListRuns(Shape):
    watch: str | None = None
    unfinished: bool = False
    active: bool = False
    deleted: bool = False
    nested: bool = False
    untagged: tuple[str, ...] = ()


class OfWatch(Shape):
    id: str


class AddUser(Shape):
    user_name: str
    groups: tuple[str, ...] = ()
    admin: bool = False
    token: str | None = None


class AddServicePrincipal(Shape):
    display_name: str
    groups: tuple[str, ...] = ()


class AddGroup(Shape):
    display_name: str
    members: tuple[str, ...] = ()


class InjectFault(Shape):
    pattern: str
    status: int | None = None
    error_code: str | None = None
    message: str = ""
    times: int | None = 1
    always: bool = False
    skip: int = 0
    latency: float = 0.0
    after_effect: bool = False
    retry_after: int | None = None


class ChooseServingRuntime(Shape):
    endpoint: str
    runtime: str
    runtime_image: str | dict[str, str] | None = None


class Restore(Shape):
    id: str


class GetLineage(Shape):
    full_name: str
    version: str


class CheckDrift(Shape):
    onto: str | dict[str, str] | None = None
    model: str | None = None


class WatchLoads(Shape):
    onto: str | dict[str, str]


class ListLoads(Shape):
    watch: str


class GetTable(Shape):
    full_name: str


@routes.get("/_fakebricks/clock", atomic=False)
def get_clock(admin: Admin, call: Call) -> dict[str, Any]:
    return {"now": admin.clock.now().isoformat(), "time": admin.clock.time(), "clock": admin.clock.name}


@routes.post("/_fakebricks/clock/advance", atomic=False)
def advance_clock(admin: Admin, call: Call, body: Advance) -> dict[str, Any]:
    admin.advance(seconds=body.seconds, minutes=body.minutes, hours=body.hours, days=body.days)
    return get_clock(admin, call)


@routes.get("/_fakebricks/calls", atomic=False)
def list_calls(admin: Admin, call: Call, body: ListCalls) -> dict[str, Any]:
    return {"calls": [_shown(record) for record in admin.calls(body.matching)]}


@routes.delete("/_fakebricks/calls", atomic=False)
def clear_calls(admin: Admin, call: Call) -> None:
    admin.forget_calls()


@routes.post("/_fakebricks/faults", atomic=False)
def inject_fault(admin: Admin, call: Call, body: InjectFault) -> dict[str, Any]:
    """A body cannot say `times=None`, which `always` stands for."""
    options = msgspec.structs.asdict(body)
    times = None if options.pop("always") else body.times
    return asdict(admin.inject(**{**options, "times": times}))


@routes.get("/_fakebricks/faults", atomic=False)
def list_faults(admin: Admin, call: Call) -> dict[str, Any]:
    return {"faults": [asdict(fault) for fault in admin.faults]}


@routes.delete("/_fakebricks/faults", atomic=False)
def clear_faults(admin: Admin, call: Call) -> None:
    admin.faults.clear()


def is_admin(admin: Admin, call: Call, body: Shape) -> None:
    """To be an admin of the workspace."""
    if not call.caller.is_admin:
        raise PermissionDenied(f"{call.caller.user_name} is not an admin of the workspace, who alone adds people.")


@routes.post("/_fakebricks/users", privilege=is_admin)
def add_user(admin: Admin, call: Call, body: AddUser) -> dict[str, Any]:
    """A person who is there already gets the token too; without one, the reply tells one of theirs."""
    user = admin.user(body.user_name, groups=body.groups, admin=body.admin, token=body.token)
    return {"user_name": user.user_name, "token": user.token}


@routes.post("/_fakebricks/service_principals", privilege=is_admin)
def add_service_principal(admin: Admin, call: Call, body: AddServicePrincipal) -> dict[str, Any]:
    """One that is there already is told in the same way."""
    added = admin.service_principal(body.display_name, groups=body.groups)
    return {
        "user_name": added.user_name,
        "display_name": added.display_name,
        "id": added.id,
        "token": added.token,
        "client_id": added.user_name,
        "client_secret": added.client_secret,
    }


@routes.post("/_fakebricks/groups", privilege=is_admin)
def add_group(admin: Admin, call: Call, body: AddGroup) -> dict[str, Any]:
    """One that is there already gets the members too."""
    group = admin.group(body.display_name, members=body.members)
    return {"display_name": group.display_name, "id": group.id}


@routes.put("/_fakebricks/serving_runtimes/<endpoint>", atomic=False)
def choose_serving_runtime(admin: Admin, call: Call, body: ChooseServingRuntime) -> None:
    admin.serving_runtime(body.endpoint, runtime=body.runtime, runtime_image=body.runtime_image)


@routes.post("/_fakebricks/snapshot", atomic=False)
def snapshot(admin: Admin, call: Call) -> dict[str, Any]:
    return {"id": admin.snapshot()}


@routes.post("/_fakebricks/restore", atomic=False)
def restore(admin: Admin, call: Call, body: Restore) -> None:
    admin.restore(body.id)


@routes.get("/_fakebricks/runs", atomic=False)
def list_runs(admin: Admin, call: Call, body: ListRuns) -> dict[str, Any]:
    """Of several conditions, each must hold."""
    made = admin.runs(body.watch)
    made = made.unfinished if body.unfinished else made
    made = made.active if body.active else made
    made = made.deleted if body.deleted else made
    made = made.nested if body.nested else made
    made = made.untagged(*filter(None, body.untagged)) if body.untagged else made
    runs = made[:]
    return {"runs": runs, "experiments": Counter(run.experiment for run in runs)}


@routes.post("/_fakebricks/runs/watch", atomic=False)
def watch_runs(admin: Admin, call: Call) -> dict[str, Any]:
    return {"id": admin.watch_runs()}


@routes.post("/_fakebricks/runs/watch/stop", atomic=False)
def stop_watching_runs(admin: Admin, call: Call, body: OfWatch) -> None:
    admin.stop_watching_runs(body.id)


@routes.get("/_fakebricks/lineage/<full_name>/<version>", atomic=False)
def get_lineage(admin: Admin, call: Call, body: GetLineage) -> Any:
    return admin.lineage(body.full_name, body.version)


@routes.post("/_fakebricks/drift", atomic=False)
def check_drift(admin: Admin, call: Call, body: CheckDrift) -> Any:
    return admin.drift(body.onto, body.model)


@routes.get("/_fakebricks/loads", atomic=False)
def list_loads(admin: Admin, call: Call, body: ListLoads) -> Any:
    return admin.loads(body.watch)


@routes.post("/_fakebricks/loads/watch", atomic=False)
def watch_loads(admin: Admin, call: Call, body: WatchLoads) -> dict[str, Any]:
    return {"id": admin.watch_loads(body.onto)}


@routes.post("/_fakebricks/loads/watch/stop", atomic=False)
def stop_watching_loads(admin: Admin, call: Call, body: OfWatch) -> None:
    admin.stop_watching_loads(body.id)


@routes.get("/_fakebricks/tables/<full_name>", atomic=False)
def read_table(admin: Admin, call: Call, body: GetTable) -> Reply:
    """For who may read it; admins of the workspace read all, as the test does in process."""
    table = admin.table(body.full_name, call.caller)
    return Reply(body=table, headers={"content-type": "application/vnd.apache.arrow.stream"})


def _shown(record: CallRecord) -> dict[str, Any]:
    """A call as JSON; what is not text in a body shows as replacement characters."""
    return {
        "method": record.method,
        "path": record.path,
        "query": record.query,
        "operation": record.operation,
        "caller": record.caller,
        "status": record.status,
        "error_code": record.error_code,
        "time": record.time,
        "at": record.at.isoformat(),
        "duration": record.duration,
        "cost": record.cost,
        "request_body": record.request_body.decode(errors="replace"),
        "reply_body": record.reply_body.decode(errors="replace"),
        "notes": record.notes,
    }
