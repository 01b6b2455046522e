"""Every operation of the workspace tree, asked by every kind of person."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from privilege_matrix import World, at_least, operations_of, walk

from fakebricks.wire.operations import Operation

LEVELS = ("CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE")
NEEDED = {
    "get_object_status": "CAN_READ",
    "list_objects": "CAN_READ",
    "mkdirs": "CAN_MANAGE",
    "delete_object": "CAN_MANAGE",
    "import_object": "CAN_MANAGE",
    "import_file": "CAN_MANAGE",
    "export_object": "CAN_READ",
}
PLACES = {
    "mkdirs": "/deep",
    "delete_object": "/file",
    "import_object": "/new",
    "import_file": "/new",
    "export_object": "/file",
}
"""What in the folder an operation is asked about; the others are asked about the folder itself."""
OPERATIONS = operations_of("fakebricks.services.workspace.")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    world = World(*LEVELS)
    path = f"{world.people['creator'].home}/team"
    world.made("creator", "POST", "/api/2.0/workspace/mkdirs", {"path": path})
    world.made("creator", "POST", "/api/2.0/workspace/import", {"path": f"{path}/file", "format": "RAW"})
    world.values = {"path": path, "raw": "content"}
    node = world.made("creator", "GET", f"/api/2.0/workspace/get-status?path={path}")
    world.values["url"] = f"/api/2.0/permissions/directories/{node['object_id']}"
    world.share(world.values["url"])
    yield world
    world.workspace.close()


def test_every_operation_is_asked() -> None:
    assert {one.name for one in OPERATIONS} == set(NEEDED)
    assert all(one.privilege for one in OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_only_those_may_who_have_the_permission(world: World, operation: Operation) -> None:
    needed = NEEDED[operation.name]
    path = world.values["path"] + PLACES.get(operation.name, "")
    verb = "Manage" if needed == "CAN_MANAGE" else "View"
    asked = {"path": path, "url_path": path.removeprefix("/"), "format": "RAW"}
    for user, reply in walk(world, world.values["url"], operation, at_least(LEVELS, needed), **asked):
        assert reply.json()["message"] == f"{user} does not have {verb} permissions on {path}."
