"""Every operation of SQL, asked by every kind of person: what the permissions on a warehouse allow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from privilege_matrix import World, at_least, operations_of, walk
from stub_engine import stubbed

from fakebricks.wire.operations import Operation

LEVELS = ("CAN_VIEW", "CAN_USE", "CAN_MONITOR", "CAN_MANAGE")
NEEDED = {
    "get_warehouse": "CAN_VIEW",
    "start_warehouse": "CAN_USE",
    "execute_statement": "CAN_USE",
    "create_session": "CAN_USE",
    "edit_warehouse": "CAN_MANAGE",
    "stop_warehouse": "CAN_MANAGE",
    "delete_warehouse": "CAN_MANAGE",
}
OTHERWISE = {
    "create_warehouse": "admins, and who may create clusters",
    "call_thrift": "CAN_USE; see test_sql_thrift.py",
    "get_statement": "who submitted it, and admins",
    "get_statement_result_chunk_n": "who submitted it, and admins",
    "cancel_execution": "who submitted it, and admins",
    "close_statement": "who submitted it, and admins",
    "delete_session": "who opened it",
}
NOT_ASKED = {
    "list_warehouses": "it lists what the caller may view, and nothing else; see below",
    "get_workspace_warehouse_config": "it is the same for everybody",
    "get_connector_feature_flags": "there are none",
    "send_telemetry": "it is thrown away",
}
OPERATIONS = operations_of("fakebricks.services.sql.")
PRIVILEGED = [one for one in OPERATIONS if one.name in NEEDED]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    world = World(*LEVELS)
    stubbed(world.workspace)
    made = world.made("admin", "POST", "/api/2.0/sql/warehouses", {"name": "etl", "cluster_size": "Small"})["id"]
    url = f"/api/2.0/permissions/warehouses/{made}"
    owner = [{"user_name": world.people["creator"].user_name, "permission_level": "IS_OWNER"}]
    world.made("admin", "PUT", url, {"access_control_list": owner})
    world.share(url)
    world.values = {"url": url, "id": made, "warehouse_id": made, "statement": "range 1"}
    yield world
    world.workspace.close()


def test_every_operation_declares_who_may_do_it_or_why_everybody_may() -> None:
    assert {one.name for one in OPERATIONS if one.privilege} == {*NEEDED, *OTHERWISE}
    assert {one.name for one in OPERATIONS if one.privilege is None} == set(NOT_ASKED)


@pytest.mark.parametrize("operation", PRIVILEGED, ids=lambda one: f"{one.method}-{one.path}")
def test_only_those_may_who_have_the_permission(world: World, operation: Operation) -> None:
    for user, reply in walk(world, world.values["url"], operation, at_least(LEVELS, NEEDED[operation.name])):
        assert reply.json()["message"].startswith(f"{user} is not authorized to ")


def test_who_may_not_view_a_warehouse_does_not_find_it(world: World) -> None:
    for who, level in world.holders(world.values["url"]):
        found = {one["id"] for one in world.made(who, "GET", "/api/2.0/sql/warehouses")["warehouses"]}
        assert (world.values["id"] in found) == (level in LEVELS)
