"""Permissions on objects, and what becomes of them when principals come and go."""

from __future__ import annotations

import pytest
from conftest import RefusedError

PATH = "/api/2.0/permissions/experiments"


class Shared:
    """An experiment of the admin's, which somebody may read, if anybody, by its permissions."""

    def __init__(self, scim) -> None:
        self.scim, self.rest = scim, scim.rest
        name = f"/Users/{scim.workspace.user_name}/churn"
        self.id = self.rest.post("/api/2.0/mlflow/experiments/create", name=name)["experiment_id"]

    def share(self, **principal: str) -> None:
        body = [{**principal, "permission_level": "CAN_READ"}]
        self.rest.put(f"{PATH}/{self.id}", access_control_list=body)

    def readable_by(self, token: str) -> bool:
        headers = {"authorization": f"Bearer {token}"}
        reply = self.rest.call("GET", f"/api/2.0/mlflow/experiments/get?experiment_id={self.id}", headers=headers)
        assert reply.status in (200, 403)
        return reply.status == 200


@pytest.fixture
def shared(scim) -> Shared:
    return Shared(scim)


def test_a_group_s_permissions_are_those_of_all_in_it(shared, scim) -> None:
    bob, robot = scim.workspace.user("bob", groups=["inner"]), scim.workspace.service_principal("robot")
    scim.workspace.group("outer", members=["inner", robot])
    assert not shared.readable_by(bob.token)
    shared.share(group_name="outer")
    assert shared.readable_by(bob.token)
    assert shared.readable_by(robot.token)
    outer = scim.workspace.group("outer")
    scim.patch(f"Groups/{outer.id}", {"op": "remove", "path": f'members[value eq "{robot.id}"]'})
    assert not shared.readable_by(robot.token)


def test_a_renamed_group_keeps_its_permissions_and_a_deleted_one_does_not_hand_them_on(shared, scim) -> None:
    bob, eve = scim.workspace.user("bob", groups=["a"]), scim.workspace.user("eve")
    shared.share(group_name="a")
    group = scim.workspace.group("a")
    scim.patch(f"Groups/{group.id}", {"op": "replace", "path": "displayName", "value": "b"})
    assert shared.readable_by(bob.token)
    scim.workspace.group("a", members=["eve"])
    assert not shared.readable_by(eve.token)
    scim.call("DELETE", f"Groups/{group.id}")
    assert not shared.readable_by(bob.token)
    scim.workspace.group("b", members=["bob"])
    assert not shared.readable_by(bob.token)


def test_of_who_was_deleted_nothing_counts_until_they_are_back(shared, scim) -> None:
    bob = scim.user("bob@acme.test")
    shared.share(user_name="bob@acme.test")
    assert shared.readable_by(scim.workspace.user("bob@acme.test").token)
    scim.call("DELETE", f"Users/{bob['id']}")
    listed = shared.rest.get(f"{PATH}/{shared.id}")["access_control_list"]
    assert "bob@acme.test" not in {one.get("user_name") for one in listed}
    assert shared.readable_by(scim.workspace.user("bob@acme.test").token)


def test_who_was_deleted_does_not_stand_in_the_way_of_others(shared, scim) -> None:
    bob = scim.user("bob@acme.test")
    shared.share(user_name="bob@acme.test")
    scim.call("DELETE", f"Users/{bob['id']}")
    eve = scim.workspace.user("eve")
    shared.rest.patch(f"{PATH}/{shared.id}", access_control_list=[{"user_name": "eve", "permission_level": "CAN_READ"}])
    assert shared.readable_by(eve.token)


def test_a_service_principal_is_named_by_its_application_id(shared, scim) -> None:
    robot = scim.workspace.service_principal("robot")
    shared.share(service_principal_name=robot.client_id)
    assert shared.readable_by(robot.token)
    for wrong in ({"service_principal_name": "robot"}, {"service_principal_name": "bob"}, {"group_name": "robot"}):
        scim.workspace.user("bob")
        with pytest.raises(RefusedError, match="does not exist"):
            shared.share(**wrong)


def test_what_a_service_principal_made_is_its_own(scim) -> None:
    robot = scim.workspace.service_principal("robot")
    rest = scim.rest
    rest.headers = {"authorization": f"Bearer {robot.token}"}
    made = rest.post("/api/2.0/mlflow/experiments/create", name=f"{robot.home}/mine")["experiment_id"]
    scim.workspace.user("bob")
    rest.patch(f"{PATH}/{made}", access_control_list=[{"user_name": "bob", "permission_level": "CAN_READ"}])
    assert rest.get("/api/2.0/mlflow/experiments/get", experiment_id=made)["experiment"]["name"].endswith("/mine")
