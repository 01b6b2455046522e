"""Several people in one workspace, and this process acting as one of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fakebricks import Workspace, fake_workspace
from fakebricks.services.iam.people import People
from fakebricks.services.iam.records import Profile
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


def test_a_service_principal_has_all_it_needs_to_sign_in_either_way(workspace: Workspace) -> None:
    robot = workspace.service_principal("prod-scoring", groups=["scoring"])
    assert me(workspace, robot.token) == robot.user_name == robot.client_id
    assert robot.display_name == "prod-scoring"
    assert robot.home == f"/Users/{robot.client_id}"
    assert workspace.service_principal("prod-scoring") == robot
    assert robot.token not in repr(robot)
    assert robot.client_secret not in repr(robot)
    assert workspace._services[People].caller_named(robot.client_id).groups == {"users", "scoring"}


def test_groups_are_made_if_need_be_and_added_to(workspace: Workspace) -> None:
    def groups_of(name: str) -> frozenset[str]:
        return workspace._services[People].caller_named(name).groups

    bob = workspace.user("bob", groups=["a"])
    assert workspace.user("bob", groups=["b"]) == bob
    assert groups_of("bob") == {"users", "a", "b"}
    robot = workspace.service_principal("robot")
    group = workspace.group("c", members=["a", "robot", robot.client_id, bob, robot])
    assert group == workspace.group("c")
    assert workspace.group("d", members=[group]).display_name == "d"
    assert groups_of("bob") == {"users", "a", "b", "c", "d"}
    assert groups_of(robot.client_id) == {"users", "c", "d"}


def test_a_user_can_be_made_an_admin(workspace: Workspace) -> None:
    workspace.user(BOB)
    assert not workspace._services[People].caller_named(BOB).is_admin
    workspace.user(BOB, admin=True)
    workspace.user(BOB)
    assert workspace._services[People].caller_named(BOB).is_admin


def test_a_name_that_several_have_is_refused_and_an_application_id_is_not(workspace: Workspace) -> None:
    people = workspace._services[People]
    robot = workspace.service_principal("robot")
    twin = people.create_service_principal(Profile(display_name="robot")).user_name
    for ask in (workspace.service_principal, lambda name: workspace.group("x", members=[name])):
        with pytest.raises(LookupError, match=f"several called 'robot'.*{min(twin, robot.client_id)}"):
            ask("robot")
    with fake_workspace() as entered:
        entered._services[People].create_service_principal(Profile(display_name="robot"))
        known = entered.service_principal("robot").client_id
        entered._services[People].create_service_principal(Profile(display_name="robot"))
        with pytest.raises(LookupError, match="several"), entered.acting_as("robot"):
            pass
        with entered.acting_as(known) as acting:
            assert acting.user_name == known
    workspace.service_principal("both")
    workspace.group("both")
    with pytest.raises(LookupError, match="a person and a group"):
        workspace.group("x", members=["both"])


def test_people_and_groups_that_cannot_be(workspace: Workspace) -> None:
    before = workspace.snapshot()
    with pytest.raises(LookupError, match="no person and no group 'eve'"):
        workspace.group("x", members=["eve"])
    with pytest.raises(TypeError, match=r"members=\['eve'\]"):
        workspace.group("x", members="eve")
    with pytest.raises(TypeError, match="groups are a list"):
        workspace.user("bob", groups="ml")
    for wrong in (" ", "x" * 256, "a\nb"):
        with pytest.raises(ValueError, match="cannot be the name"):
            workspace.group(wrong)
        with pytest.raises(ValueError, match="cannot be the name"):
            workspace.service_principal(wrong)
        with pytest.raises(ValueError, match="cannot be the name"):
            workspace.user("bob", groups=["ml", wrong])
    with pytest.raises(ValueError, match="everybody"):
        workspace.user("bob", groups=["users"])
    assert workspace.snapshot() == before
    workspace.group("outer", members=[workspace.group("inner")])
    with pytest.raises(ValueError, match="cannot be in group"):
        workspace.group("inner", members=["outer"])


def test_only_a_service_principal_signs_in_by_a_client_secret() -> None:
    with fake_workspace() as workspace:
        workspace.user(BOB)
        with pytest.raises(ValueError, match="has no client secret"), workspace.acting_as(BOB, auth="oauth-m2m"):
            pass
        with pytest.raises(ValueError, match="'pat' and 'oauth-m2m'"), workspace.acting_as(BOB, auth="basic"):
            pass


def test_what_was_active_is_nobody_else_s(monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_workspace() as workspace:
        workspace.user(BOB)
        monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "1")
        with workspace.acting_as(BOB):
            assert "MLFLOW_EXPERIMENT_ID" not in os.environ
            os.environ["MLFLOW_EXPERIMENT_ID"] = "2"
        assert os.environ["MLFLOW_EXPERIMENT_ID"] == "1"
