"""Definitions of jobs over REST."""

from __future__ import annotations

from typing import Any

import pytest
from acting import of, refused
from conftest import RefusedError, Rest

J = "/api/2.2/jobs"
DEFAULTS = {
    "name": "Untitled",
    "email_notifications": {},
    "webhook_notifications": {},
    "timeout_seconds": 0,
    "max_concurrent_runs": 1,
}


def task(key: str, *after: str, **more: Any) -> dict[str, Any]:
    depends = {"depends_on": [{"task_key": one} for one in after]} if after else {}
    return {"task_key": key, "notebook_task": {"notebook_path": f"/Shared/{key}"}, **depends, **more}


def settings(rest: Rest, job_id: int) -> dict[str, Any]:
    return rest.get(f"{J}/get", job_id=job_id)["settings"]


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2"])
def test_a_job_is_kept_as_it_is_told(rest: Rest, version: str) -> None:
    api = f"/api/{version}/jobs"
    told = {"name": "train", "tasks": [task("a"), task("b", "a")], "tags": {"team": "risk"}, "run_as": {}}
    job_id = rest.post(f"{api}/create", **told)["job_id"]
    assert isinstance(job_id, int)
    job = rest.get(f"{api}/get", job_id=job_id)
    assert abs(job.pop("created_time") - rest.workspace.clock.millis()) < 60_000
    assert job == {
        "job_id": job_id,
        "creator_user_name": rest.workspace.user_name,
        "run_as_user_name": rest.workspace.user_name,
        "settings": {**DEFAULTS, **told, "format": "MULTI_TASK"},
    }
    assert rest.post(f"{api}/delete", job_id=job_id) == {}
    message = refused("INVALID_PARAMETER_VALUE", rest.get, f"{api}/get", job_id=job_id)
    assert message == f"Job {job_id} does not exist."


def test_an_empty_job_has_the_defaults(rest: Rest) -> None:
    assert settings(rest, rest.post(f"{J}/create")["job_id"]) == {**DEFAULTS, "format": "SINGLE_TASK"}


def test_reset_replaces_and_update_merges_tasks_by_key(rest: Rest) -> None:
    job_id = rest.post(f"{J}/create", name="n", description="d", tasks=[task("a"), task("b", "a")])["job_id"]
    new = {"name": "m", "tasks": [task("b"), task("c", "b")]}
    rest.post(f"{J}/update", job_id=job_id, new_settings=new, fields_to_remove=["description", "tasks/a"])
    assert settings(rest, job_id) == {**DEFAULTS, "name": "m", "tasks": new["tasks"], "format": "MULTI_TASK"}
    rest.post(f"{J}/update", job_id=job_id, fields_to_remove=["tasks", "name"])
    assert settings(rest, job_id) == {**DEFAULTS, "format": "SINGLE_TASK"}
    rest.post(f"{J}/update", job_id=job_id, new_settings={"timeout_seconds": 5})
    rest.post(f"{J}/reset", job_id=job_id, new_settings={"name": "again"})
    assert settings(rest, job_id) == {**DEFAULTS, "name": "again", "format": "SINGLE_TASK"}


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (
            {"job_clusters": [{"job_cluster_key": "c"}]},
            "Shared job cluster feature is only supported in multi-task jobs.",
        ),
        ({"tasks": [{}]}, "must have a task_key"),
        ({"tasks": [{"task_key": 1}]}, "must have a task_key"),
        ({"tasks": [{"task_key": ["a"]}]}, "must have a task_key"),
        ({"tasks": [{"task_key": "x" * 101}]}, "1 to 100 characters"),
        ({"tasks": [task("a"), task("a")]}, "Duplicate task_key 'a' in tasks."),
        ({"tasks": [task("a", "b")]}, "Task 'a' depends on task 'b', which is not defined."),
        ({"tasks": [task("a", "b"), task("b", "a")]}, "have a circle"),
        ({"tasks": [task("a", "a")]}, "have a circle"),
        ({"tasks": [{"task_key": "a", "depends_on": "b"}]}, "must be a list of objects"),
        ({"tasks": [task("a", job_cluster_key="c")]}, "job_cluster_key 'c', which is not defined"),
        ({"tasks": [task("a", environment_key="e")]}, "environment_key 'e', which is not defined"),
        ({"max_concurrent_runs": 1001}, "from 0 to 1000"),
        ({"timeout_seconds": -1}, "timeout_seconds"),
        ({"name": "é" * 2049}, "4096 bytes"),
        ({"tags": {str(one): "" for one in range(26)}}, "25 tags"),
        ({"unheard_of": 1}, "Unknown field 'unheard_of'"),
        ({"name": 1}, "name"),
        ({"tasks": {}}, "tasks"),
    ],
)
def test_what_no_job_can_have_is_refused_and_changes_nothing(rest: Rest, told: dict[str, Any], words: str) -> None:
    job_id = rest.post(f"{J}/create", name="n")["job_id"]
    before = rest.workspace.snapshot()
    assert words in refused("INVALID_PARAMETER_VALUE", rest.post, f"{J}/create", **told)
    for verb in ("update", "reset"):
        assert words.removeprefix("Unknown field 'unheard_of'") in refused(
            "INVALID_PARAMETER_VALUE", rest.post, f"{J}/{verb}", job_id=job_id, new_settings=told
        )
    assert rest.workspace.snapshot() == before


def test_an_update_names_what_goes(rest: Rest) -> None:
    job_id = rest.post(f"{J}/create", tasks=[task("a"), task("b", "a")])["job_id"]
    for field, words in (("schedule/quartz", "Cannot remove nested field"), ("tasks/a", "depends on task 'a'")):
        update = {"job_id": job_id, "fields_to_remove": [field]}
        assert words in refused("INVALID_PARAMETER_VALUE", rest.post, f"{J}/update", **update)
    rest.post(f"{J}/update", job_id=job_id, fields_to_remove=["schedule", "tasks/none"])
    assert len(settings(rest, job_id)["tasks"]) == 2


def test_more_tasks_than_a_page_has_are_refused_by_name(rest: Rest) -> None:
    tasks = [task(str(one)) for one in range(101)]
    assert "more than 100 tasks" in refused("NOT_IMPLEMENTED", rest.post, f"{J}/create", tasks=tasks)
    rest.post(f"{J}/create", tasks=tasks[:100])


def test_lists_have_the_newest_first_in_pages(rest: Rest) -> None:
    made = []
    for name in ("a", "B", "b"):
        made.append(rest.post(f"{J}/create", name=name, tasks=[task("t")])["job_id"])
        rest.workspace.clock.advance(seconds=1)
    found, token = [], {}
    while True:
        page = rest.get(f"{J}/list", limit=2, **token)
        found += [one["job_id"] for one in page["jobs"]]
        assert page["has_more"] is ("next_page_token" in page)
        if "next_page_token" not in page:
            break
        token = {"page_token": page["next_page_token"]}
    assert found == made[::-1]
    assert [one["settings"]["name"] for one in rest.get(f"{J}/list", name="B")["jobs"]] == ["b", "B"]
    assert [one["job_id"] for one in rest.get(f"{J}/list", offset=1)["jobs"]] == made[1::-1]
    assert "tasks" not in rest.get(f"{J}/list")["jobs"][0]["settings"]
    assert "tasks" in rest.get(f"{J}/list", expand_tasks="true")["jobs"][0]["settings"]
    rest.post(f"{J}/delete", job_id=made[1])
    assert [one["job_id"] for one in rest.get(f"{J}/list")["jobs"]] == [made[2], made[0]]
    for query in ({"limit": 0}, {"limit": 101}, {"offset": -1}, {"page_token": "x"}, {"offset": 1, **token}):
        refused("INVALID_PARAMETER_VALUE", rest.get, f"{J}/list", **query)


@pytest.mark.parametrize("path", ["run-now", "runs/submit", "runs/cancel"])
@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2"])
def test_running_is_refused_by_name(rest: Rest, version: str, path: str) -> None:
    message = refused("NOT_IMPLEMENTED", rest.post, f"/api/{version}/jobs/{path}", job_id=1, any="thing")
    assert f"'POST /api/{version}/jobs/{path}'" in message
    refused("NOT_IMPLEMENTED", rest.get, f"/api/{version}/jobs/runs/list", limit=1)


def test_permissions_at_creation(rest: Rest) -> None:
    ann, bob = of(rest, "ann@acme.test"), of(rest, "bob@acme.test")
    given = [{"user_name": "bob@acme.test", "permission_level": "CAN_VIEW"}]
    job_id = ann.post(f"{J}/create", access_control_list=given)["job_id"]
    assert bob.get(f"{J}/get", job_id=job_id)["run_as_user_name"] == "ann@acme.test"
    assert ann.permissions(str(job_id), "jobs")["ann@acme.test"] == [("IS_OWNER", False)]
    assert "access_control_list" not in settings(ann, job_id)
    owned = [{"user_name": "bob@acme.test", "permission_level": "IS_OWNER"}]
    job_id = ann.post(f"{J}/create", access_control_list=owned)["job_id"]
    assert bob.get(f"{J}/get", job_id=job_id)["run_as_user_name"] == "bob@acme.test"
    with pytest.raises(RefusedError, match="PERMISSION_DENIED"):
        ann.get(f"{J}/get", job_id=job_id)
    before = rest.workspace.snapshot()
    nobody = [{"user_name": "nobody@acme.test", "permission_level": "CAN_VIEW"}]
    refused("RESOURCE_DOES_NOT_EXIST", ann.post, f"{J}/create", access_control_list=nobody)
    assert rest.workspace.snapshot() == before


def test_a_job_has_exactly_one_owner_who_is_no_group(rest: Rest) -> None:
    ann, bob = of(rest, "ann@acme.test"), of(rest, "bob@acme.test")
    job_id = ann.post(f"{J}/create")["job_id"]
    url = f"/api/2.0/permissions/jobs/{job_id}"
    before = ann.permissions(str(job_id), "jobs")
    to_bob = {"user_name": "bob@acme.test", "permission_level": "IS_OWNER"}
    to_group = {"group_name": "users", "permission_level": "IS_OWNER"}
    for verb, entries, words in (
        (ann.put, [], "The job must have exactly one owner."),
        (ann.patch, [to_bob], "The job must have exactly one owner."),
        (ann.put, [to_group], "A group cannot be the owner of a job."),
        (ann.put, [{**to_bob, "permission_level": "CAN_EDIT"}], "CAN_EDIT is not defined"),
    ):
        assert words in refused("INVALID_PARAMETER_VALUE", verb, url, access_control_list=entries)
    assert ann.permissions(str(job_id), "jobs") == before
    ann.patch(url, access_control_list=[to_bob, {"user_name": "ann@acme.test", "permission_level": "CAN_VIEW"}])
    assert bob.get(f"{J}/get", job_id=job_id)["run_as_user_name"] == "bob@acme.test"
    bob.post(f"{J}/update", job_id=job_id, new_settings={"name": "of bob"})
