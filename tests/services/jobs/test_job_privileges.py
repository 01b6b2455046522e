"""Every operation of jobs, asked by every kind of person: what the permissions on a job allow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from privilege_matrix import World, at_least, operations_of, walk

from fakebricks.wire.operations import Operation

LEVELS = ("CAN_VIEW", "CAN_MANAGE_RUN", "CAN_MANAGE")
NEEDED = {"get_job": "CAN_VIEW", "update_job": "CAN_MANAGE", "reset_job": "CAN_MANAGE", "delete_job": "CAN_MANAGE"}
NOT_ASKED = {
    "create_job": "everybody may create jobs",
    "list_jobs": "it lists what the caller may view, and nothing else; see below",
}
TEXTS = {
    "CAN_VIEW": "User {user} does not have View or Admin or Manage Run or Owner permissions on job {job}",
    "CAN_MANAGE": "User {user} does not have Admin or Owner permissions on job {job}",
}
OPERATIONS = operations_of("fakebricks.services.jobs.")
PRIVILEGED = [one for one in OPERATIONS if one.name in NEEDED]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    world = World(*LEVELS)
    job_id = world.made("creator", "POST", "/api/2.2/jobs/create", {"name": "train"})["job_id"]
    url = f"/api/2.0/permissions/jobs/{job_id}"
    world.share(url)
    world.values = {"url": url, "job_id": job_id, "new_settings": {"name": "other"}}
    yield world
    world.workspace.close()


def test_every_operation_declares_who_may_do_it_or_why_everybody_may() -> None:
    assert {one.name for one in OPERATIONS if one.privilege} == set(NEEDED)
    assert {one.name for one in OPERATIONS if one.privilege is None} == set(NOT_ASKED)


@pytest.mark.parametrize("operation", PRIVILEGED, ids=lambda one: f"{one.method}-{one.path}")
def test_only_those_may_who_have_the_permission(world: World, operation: Operation) -> None:
    needed = NEEDED[operation.name]
    job = world.values["job_id"]
    for user, reply in walk(world, world.values["url"], operation, at_least(LEVELS, needed)):
        assert reply.json()["message"] == TEXTS[needed].format(user=user, job=job)


def test_who_may_not_view_a_job_does_not_find_it(world: World) -> None:
    for who, level in world.holders(world.values["url"]):
        found = world.made(who, "GET", "/api/2.2/jobs/list")["jobs"]
        assert [one["job_id"] for one in found] == ([world.values["job_id"]] if level in LEVELS else [])


def test_what_is_missing_is_said_to_everybody(world: World) -> None:
    for who in ("stranger", "admin"):
        for operation in PRIVILEGED:
            for job_id in (1, -1, 10**18):
                reply = world.perform(operation, who, job_id=job_id)
                assert (reply.status, reply.json()["message"]) == (400, f"Job {job_id} does not exist.")
