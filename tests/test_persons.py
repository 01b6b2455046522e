"""Several people in one workspace, and this process acting as one of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fakebricks import Workspace, fake_workspace
from fakebricks.wire import Request

BOB = "bob@acme.test"
NAMES = ("DATABRICKS_TOKEN", "MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_PASSWORD", "DATABRICKS_CONFIG_FILE")


def me(workspace: Workspace, token: str) -> str:
    request = Request.of("GET", "/api/2.0/preview/scim/v2/Me", {"authorization": f"Bearer {token}"})
    return workspace.handle(request).json()["userName"]


def test_a_person_has_a_token_and_a_home(workspace: Workspace) -> None:
    bob = workspace.user(BOB)
    assert me(workspace, bob.token) == BOB
    headers = {"authorization": f"Bearer {bob.token}"}
    status = workspace.handle(Request.of("GET", f"/api/2.0/workspace/get-status?path={bob.home}", headers))
    assert status.json()["object_type"] == "DIRECTORY"
    assert workspace.user(BOB) == bob
    assert bob.token not in repr(bob)


def test_a_person_may_have_a_token_that_the_test_chooses(workspace: Workspace) -> None:
    bob = workspace.user(BOB)
    assert workspace.user(BOB, token="second").token == "second"
    assert me(workspace, "second") == me(workspace, bob.token) == BOB
    with pytest.raises(ValueError, match="that of"):
        workspace.user("eve@acme.test", token=bob.token)
    with pytest.raises(LookupError, match=BOB), workspace.acting_as("eve@acme.test"):
        pass


@pytest.mark.parametrize("name", ["", "..", "a/b", "a\nb", " a", "x" * 300])
def test_names_that_no_user_can_have(workspace: Workspace, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name of a user"):
        workspace.user(name)


@pytest.mark.parametrize("token", ["", " ", "a b", "a\n", "ä"])
def test_tokens_that_no_request_can_carry(workspace: Workspace, token: str) -> None:
    before = workspace.snapshot()
    with pytest.raises(ValueError, match="token"):
        workspace.user(BOB, token=token)
    assert workspace.snapshot() == before


def test_the_workspace_s_own_user_is_a_person_of_it(workspace: Workspace) -> None:
    assert workspace.user(workspace.user_name).token == workspace.token


def test_a_snapshot_knows_who_there_was(workspace: Workspace) -> None:
    before = workspace.snapshot()
    token = workspace.user(BOB).token
    workspace.restore(before)
    headers = {"authorization": f"Bearer {token}"}
    assert workspace.handle(Request.of("GET", "/api/2.0/preview/scim/v2/Me", headers)).status == 403


def test_acting_as_somebody_changes_the_environment_and_puts_it_back() -> None:
    with fake_workspace(profiles=("dev",)) as workspace:
        bob = workspace.user(BOB)
        before = dict(os.environ)
        with workspace.acting_as(BOB) as acting:
            assert acting == bob
            assert [os.environ[name] for name in NAMES[:3]] == [bob.token] * 3
            profiles = Path(os.environ["DATABRICKS_CONFIG_FILE"])
            assert profiles.read_text(encoding="utf-8").count(bob.token) == 2
            with workspace.acting_as(workspace.user_name):
                assert os.environ["DATABRICKS_TOKEN"] == workspace.token
            assert os.environ["DATABRICKS_TOKEN"] == bob.token
        assert not profiles.exists()
        assert dict(os.environ) == before


def test_nobody_is_acted_as_where_the_environment_does_not_lead_to_the_workspace(workspace: Workspace) -> None:
    workspace.user(BOB)
    with pytest.raises(RuntimeError, match="fake_workspace"), workspace.acting_as(BOB):
        pass
    with fake_workspace(), pytest.raises(RuntimeError, match="fake_workspace"), workspace.acting_as(BOB):
        pass


def test_an_error_does_not_leave_somebody_acting() -> None:
    with fake_workspace() as workspace:
        workspace.user(BOB)
        with pytest.raises(KeyError), workspace.acting_as(BOB):
            raise KeyError
        assert os.environ["DATABRICKS_TOKEN"] == workspace.token
