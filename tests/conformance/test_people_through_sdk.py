"""Users, groups, service principals, tokens and OAuth, through unmodified databricks-sdk and MLflow."""

from __future__ import annotations

import os
from datetime import timedelta
from importlib import metadata
from pathlib import Path

import mlflow
import pytest
from clocks import standing_at
from conftest import Entered
from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config
from databricks.sdk.errors import BadRequest, DatabricksError, NotFound, PermissionDenied, ResourceConflict
from databricks.sdk.service import iam
from mlflow.exceptions import MlflowException

SDK = tuple(int(part) for part in metadata.version("databricks-sdk").split(".")[:2])


def test_users(entered: Entered) -> None:
    with entered() as workspace:
        users = WorkspaceClient().users
        bob = users.create(user_name="bob@acme.test", display_name="Bob")
        assert users.get(bob.id).user_name == "bob@acme.test"
        assert [one.user_name for one in users.list(filter='userName eq "bob@acme.test"')] == ["bob@acme.test"]
        assert {one.user_name for one in users.list(sort_by="userName")} == {"bob@acme.test", workspace.user_name}
        by_name = [one.user_name for one in users.list(attributes="id,userName", sort_by="userName", count=1)]
        assert by_name == ["bob@acme.test", workspace.user_name], "databricks-sdk turns the pages"
        users.update(bob.id, user_name="bob@acme.test", display_name="Robert", active=True)
        assert users.get(bob.id).display_name == "Robert"
        with pytest.raises(ResourceConflict, match="User with username bob@acme.test already exists"):
            users.create(user_name="bob@acme.test")
        token = workspace.user("bob@acme.test").token
        unsaid = iam.Patch(op=iam.PatchOp.REPLACE, path="active", value=False)
        with pytest.raises(BadRequest, match="databricks-sdk leaves False out"):
            users.patch(bob.id, operations=[unsaid])
        off = iam.Patch(op=iam.PatchOp.REPLACE, path="active", value="false")
        users.patch(bob.id, operations=[off], schemas=[iam.PatchSchema.URN_IETF_PARAMS_SCIM_API_MESSAGES_2_0_PATCH_OP])
        with pytest.raises(PermissionDenied, match="Invalid access token"):
            as_token(token).current_user.me()
        users.delete(bob.id)
        with pytest.raises(NotFound, match=f"User with id {bob.id} not found"):
            users.get(bob.id)


def as_token(token: str) -> WorkspaceClient:
    return WorkspaceClient(host=os.environ["DATABRICKS_HOST"], token=token)


def test_groups(entered: Entered) -> None:
    with entered() as workspace:
        client = WorkspaceClient()
        bob = client.users.create(user_name="bob@acme.test")
        inner = client.groups.create(display_name="ml", members=[iam.ComplexValue(value=bob.id)])
        outer = client.groups.create(display_name="data", members=[iam.ComplexValue(value=inner.id)])
        assert client.groups.get(outer.id).members[0].display == "ml"
        assert [one.display for one in client.users.get(bob.id).groups] == ["ml"]
        assert {one.display_name for one in client.groups.list()} == {"admins", "users", "ml", "data"}
        eve = client.users.create(user_name="eve@acme.test")
        client.groups.patch(
            inner.id,
            operations=[
                iam.Patch(op=iam.PatchOp.ADD, path="members", value=[{"value": eve.id}]),
                iam.Patch(op=iam.PatchOp.REMOVE, path=f'members[value eq "{bob.id}"]'),
            ],
        )
        assert [one.value for one in client.groups.get(inner.id).members] == [eve.id]
        with pytest.raises(BadRequest, match="cannot be in group"):
            client.groups.update(inner.id, display_name="ml", members=[iam.ComplexValue(value=outer.id)])
        with workspace.acting_as("bob@acme.test"), pytest.raises(PermissionDenied, match="not an admin"):
            WorkspaceClient().groups.create(display_name="mine")
        client.groups.delete(inner.id)
        assert not client.groups.get(outer.id).members


def test_service_principals_and_tokens_on_their_behalf(entered: Entered) -> None:
    with entered():
        client = WorkspaceClient()
        robot = client.service_principals.create(display_name="robot")
        found = list(client.service_principals.list(filter='displayName eq "robot"'))
        assert [one.application_id for one in found] == [robot.application_id]
        made = client.token_management.create_obo_token(robot.application_id, lifetime_seconds=600)
        assert as_token(made.token_value).current_user.me().user_name == robot.application_id
        assert made.token_info.token_id in {one.token_id for one in client.token_management.list()}
        client.token_management.delete(made.token_info.token_id)
        with pytest.raises(PermissionDenied):
            as_token(made.token_value).current_user.me()
        off = iam.Patch(op=iam.PatchOp.REPLACE, path="active", value="false")
        client.service_principals.patch(robot.id, operations=[off])
        assert client.service_principals.get(robot.id).active is False
        client.service_principals.delete(robot.id)
        with pytest.raises(DatabricksError):
            client.service_principals.get(robot.id)


def test_personal_access_tokens(entered: Entered) -> None:
    with entered(clock=standing_at()) as workspace:
        tokens = WorkspaceClient().tokens
        made = tokens.create(comment="ci", lifetime_seconds=60)
        (listed,) = [one for one in tokens.list() if one.comment == "ci"]
        assert listed.token_id == made.token_info.token_id
        assert as_token(made.token_value).current_user.me().user_name == workspace.user_name
        workspace.clock.advance(minutes=2)
        with pytest.raises(PermissionDenied, match="Invalid access token"):
            as_token(made.token_value).current_user.me()


def m2m(client_id: str, client_secret: str) -> WorkspaceClient:
    host = os.environ["DATABRICKS_HOST"]
    config = Config(host=host, client_id=client_id, client_secret=client_secret, auth_type="oauth-m2m")
    return WorkspaceClient(config=config)


def test_a_client_that_signed_in_does_so_again_after_an_hour(entered: Entered) -> None:
    # Not in the night in autumn that repeats an hour: the SDK reckons in local time, and takes the two for one.
    with entered(clock=standing_at()) as workspace:
        robot = workspace.service_principal("prod-scoring")
        client = m2m(robot.client_id, robot.client_secret)
        assert client.current_user.me().display_name == "prod-scoring"
        asked = len(workspace.calls.matching("create_oauth_token"))
        assert client.current_user.me().user_name == robot.client_id
        assert len(workspace.calls.matching("create_oauth_token")) == asked
        workspace.clock.advance(timedelta(hours=1, seconds=1))
        assert client.current_user.me().user_name == robot.client_id
        assert len(workspace.calls.matching("create_oauth_token")) == asked + 1


def test_a_client_with_a_wrong_secret_is_refused(entered: Entered) -> None:
    with entered() as workspace:
        robot = workspace.service_principal("prod-scoring")
        with pytest.raises(ValueError, match="invalid_client: Client authentication failed"):
            m2m(robot.client_id, "wrong").current_user.me()


@pytest.mark.skipif(SDK < (0, 60), reason="databricks-sdk 0.40 has no API of secrets in a workspace")
def test_secrets_of_a_service_principal(entered: Entered) -> None:
    with entered():
        client = WorkspaceClient()
        robot = client.service_principals.create(display_name="robot")
        made = client.service_principal_secrets_proxy.create(robot.id, lifetime="3600s")
        assert m2m(robot.application_id, made.secret).current_user.me().user_name == robot.application_id
        (listed,) = client.service_principal_secrets_proxy.list(robot.id)
        assert (listed.id, listed.status) == (made.id, "ACTIVE")
        client.service_principal_secrets_proxy.delete(robot.id, made.id)
        with pytest.raises(ValueError, match="invalid_client"):
            m2m(robot.application_id, made.secret).current_user.me()


@pytest.mark.parametrize("auth", ["pat", "oauth-m2m"])
def test_a_service_principal_trains(entered: Entered, auth) -> None:
    with entered(profiles=("prod",)) as workspace:
        robot = workspace.service_principal("training", groups=["ml"])
        before = dict(os.environ)
        for name in ("training", robot.client_id):
            with workspace.acting_as(name, auth=auth) as acting:
                assert acting == robot
                assert ("DATABRICKS_TOKEN" in os.environ) is (auth == "pat")
                assert os.environ.get("DATABRICKS_CLIENT_ID") == (robot.client_id if auth == "oauth-m2m" else None)
                assert WorkspaceClient().config.auth_type == auth
                assert WorkspaceClient(profile="prod").current_user.me().user_name == robot.client_id
                mlflow.set_experiment(f"{robot.home}/{auth}")
                with mlflow.start_run() as run:
                    mlflow.log_metric("auc", 0.9)
                    mlflow.log_text("hello", "a.txt")
                assert mlflow.artifacts.load_text(f"{run.info.artifact_uri}/a.txt") == "hello"
                assert mlflow.get_run(run.info.run_id).data.metrics == {"auc": 0.9}
                with pytest.raises(MlflowException, match="PERMISSION_DENIED"):
                    mlflow.create_experiment(f"/Users/{workspace.user_name}/x")
            assert dict(os.environ) == before
        assert WorkspaceClient().current_user.me().user_name == workspace.user_name


def test_acting_as_somebody_within_acting_as_a_client(entered: Entered) -> None:
    with entered() as workspace:
        workspace.user("bob")
        workspace.service_principal("robot")
        with workspace.acting_as("robot", auth="oauth-m2m"):
            within = dict(os.environ)
            with workspace.acting_as("bob"):
                assert WorkspaceClient().current_user.me().user_name == "bob"
                assert "DATABRICKS_CLIENT_SECRET" not in os.environ
            assert dict(os.environ) == within
            assert "client_secret" in Path(os.environ["DATABRICKS_CONFIG_FILE"]).read_text(encoding="utf-8")
            assert WorkspaceClient().current_user.me().display_name == "robot"


def test_permissions_of_a_group_and_of_a_service_principal(entered: Entered) -> None:
    from databricks.sdk.service.ml import ExperimentAccessControlRequest as Request
    from databricks.sdk.service.ml import ExperimentPermissionLevel as Level

    with entered() as workspace:
        robot = workspace.service_principal("robot")
        workspace.user("bob", groups=["inner"])
        workspace.group("outer", members=["inner"])
        name = f"/Users/{workspace.user_name}/churn"
        experiment_id = mlflow.set_experiment(name).experiment_id
        for who in ("bob", "robot"):
            with workspace.acting_as(who), pytest.raises(MlflowException, match="'View'"):
                mlflow.get_experiment(experiment_id)
        WorkspaceClient().experiments.set_permissions(
            experiment_id,
            access_control_list=[
                Request(group_name="outer", permission_level=Level.CAN_READ),
                Request(service_principal_name=robot.client_id, permission_level=Level.CAN_EDIT),
            ],
        )
        with workspace.acting_as("bob"):
            assert mlflow.get_experiment(experiment_id).name == name
            with pytest.raises(MlflowException, match="'Edit'"):
                mlflow.MlflowClient().create_run(experiment_id)
        with workspace.acting_as("robot", auth="oauth-m2m"):
            mlflow.MlflowClient().create_run(experiment_id)
        for stranger in (Request(group_name="nobody"), Request(service_principal_name="robot")):
            stranger.permission_level = Level.CAN_READ
            with pytest.raises(NotFound, match="does not exist"):
                WorkspaceClient().experiments.set_permissions(experiment_id, access_control_list=[stranger])
