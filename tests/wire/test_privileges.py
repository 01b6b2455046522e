"""A privilege that is declared beside an operation: when it is asked, and what a refusal leaves behind."""

from __future__ import annotations

import json

import pytest

from fakebricks import Workspace
from fakebricks.routes import router
from fakebricks.services.iam.people import People
from fakebricks.services.workspace.tree_permissions import TreePermissions
from fakebricks.wire import Request
from fakebricks.wire.errors import PermissionDenied
from fakebricks.wire.operations import Call, Routes, Shape


class Named(Shape):
    name: str


def is_asked(permissions: TreePermissions, call: Call, body: Named) -> None:
    raise PermissionDenied(body.name)


def test_a_privilege_names_the_service_that_decides_as_an_operation_names_its_own() -> None:
    routes = Routes()

    @routes.post("/x", "/y", privilege=is_asked)
    def make_x(people: People, call: Call, body: Named) -> None:
        """Nothing."""

    @routes.get("/x")
    def get_x(people: People, call: Call) -> None:
        """Nothing."""

    made, also_made, got = routes
    assert made.privilege is also_made.privilege is is_asked
    assert (made.service, made.decided_by) == (People, TreePermissions)
    assert (got.privilege, got.decided_by) == (None, None)


@pytest.mark.parametrize(
    ("body", "status"), [({}, 400), ({"path": 1.5}, 400), ({"path": "/Users/jane@acme.test/x"}, 403)]
)
def test_what_cannot_be_decoded_is_refused_first(workspace: Workspace, body: dict[str, object], status: int) -> None:
    headers = {"authorization": f"Bearer {workspace.user('bob@acme.test').token}"}
    before = workspace.snapshot()
    request = Request.of("POST", "/api/2.0/workspace/mkdirs", headers, json.dumps(body).encode())
    assert workspace.handle(request).status == status
    assert workspace.snapshot() == before


def test_every_declared_privilege_has_somebody_who_decides(workspace: Workspace) -> None:
    for operation in router().operations:
        if operation.privilege is not None:
            assert workspace._services[operation.decided_by] is not None
