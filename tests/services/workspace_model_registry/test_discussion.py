"""What people say about versions: requests to move one to another stage, and comments."""

from __future__ import annotations

import pytest
from conftest import RefusedError, Rest
from registry_calls import MLFLOW, get, logged, move, refused, registered


@pytest.fixture
def run(rest: Rest) -> dict[str, str]:
    return logged(rest)


def test_a_request_is_approved(rest, run):
    registered(rest, run["source"])
    registered(rest, run["source"])
    move(rest, "1", "Production")
    asked = {"name": "fraud", "version": "2", "stage": "Production"}
    created = rest.post(f"{MLFLOW}/transition-requests/create", **asked, comment="please")["request"]
    assert (created["to_stage"], created["user_id"]) == ("Production", rest.workspace.user_name)
    assert refused(rest.post, f"{MLFLOW}/transition-requests/create", **asked)[1] == "RESOURCE_ALREADY_EXISTS"
    listed = rest.get(f"{MLFLOW}/transition-requests/list", name="fraud", version="2")["requests"]
    assert listed == [created]
    body = {**asked, "archive_existing_versions": True}
    activity = rest.post(f"{MLFLOW}/transition-requests/approve", **body)["activity"]
    assert (activity["from_stage"], activity["to_stage"]) == ("None", "Production")
    assert [get(rest, "fraud", version)["current_stage"] for version in "12"] == ["Archived", "Production"]
    assert rest.get(f"{MLFLOW}/transition-requests/list", name="fraud", version="2") == {}
    assert refused(rest.post, f"{MLFLOW}/transition-requests/approve", **body)[0] == 404


def test_a_request_is_rejected_or_taken_back(rest, run):
    registered(rest, run["source"])
    asked = {"name": "fraud", "version": "1", "stage": "Staging"}
    rest.post(f"{MLFLOW}/transition-requests/create", **asked)
    rejected = rest.post(f"{MLFLOW}/transition-requests/reject", **asked)["activity"]
    assert rejected["activity_type"] == "REJECTED_REQUEST"
    rest.post(f"{MLFLOW}/transition-requests/create", **asked)
    someone = {**asked, "creator": "someone@acme.test"}
    delete = f"{MLFLOW}/transition-requests/delete"
    with pytest.raises(RefusedError):
        rest.json("DELETE", delete, query=someone)
    taken_back = rest.json("DELETE", delete, query={**asked, "creator": rest.workspace.user_name})
    assert taken_back["activity"]["activity_type"] == "CANCELLED_REQUEST"
    assert get(rest, "fraud", "1")["current_stage"] == "None"


def test_an_approval_that_cannot_be_leaves_the_request_open(rest, run):
    registered(rest, run["source"])
    asked = {"name": "fraud", "version": "1", "stage": "Archived"}
    rest.post(f"{MLFLOW}/transition-requests/create", **asked)
    with pytest.raises(RefusedError):
        rest.post(f"{MLFLOW}/transition-requests/approve", **asked, archive_existing_versions=True)
    assert rest.get(f"{MLFLOW}/transition-requests/list", name="fraud", version="1")["requests"]


def test_a_comment_is_edited_and_removed(rest, run):
    registered(rest, run["source"])
    comment = rest.post(f"{MLFLOW}/comments/create", name="fraud", version="1", comment="good")["comment"]
    assert (comment["comment"], comment["user_id"]) == ("good", rest.workspace.user_name)
    edited = rest.patch(f"{MLFLOW}/comments/update", id=comment["id"], comment="bad")["comment"]
    assert edited["comment"] == "bad"
    rest.json("DELETE", f"{MLFLOW}/comments/delete", query={"id": comment["id"]})
    assert refused(rest.patch, f"{MLFLOW}/comments/update", id=comment["id"], comment="x")[0] == 404


def test_webhooks_are_refused_by_name(rest):
    assert refused(rest.post, f"{MLFLOW}/registry-webhooks/create", events=["MODEL_VERSION_CREATED"])[0] == 501
    assert "registry webhooks" in rest.workspace.unsupported[0]
