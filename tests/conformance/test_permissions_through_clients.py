"""Several people in one workspace, through unmodified MLflow and databricks-sdk."""

from __future__ import annotations

import mlflow
import pytest
from conftest import Entered
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import PermissionDenied
from databricks.sdk.service.iam import AccessControlRequest, PermissionLevel
from databricks.sdk.service.ml import ExperimentAccessControlRequest, ExperimentPermissionLevel
from mlflow import MlflowClient
from mlflow.exceptions import RestException

BOB = "bob@acme.test"


def test_a_run_in_somebody_s_experiment_takes_permission(entered: Entered) -> None:
    with entered() as workspace:
        bob = workspace.user(BOB)
        name = f"/Users/{workspace.user_name}/churn"
        experiment = mlflow.set_experiment(name)
        with mlflow.start_run() as run:
            mlflow.log_text("hello", "a.txt")
        with workspace.acting_as(BOB):
            text = f"PERMISSION_DENIED: User {BOB} does not have permission to 'View' experiment with id"
            with pytest.raises(RestException, match=text) as refusal:
                mlflow.set_experiment(name)
            assert refusal.value.get_http_status_code() == 403
            with pytest.raises(RestException, match="'View'"):
                mlflow.search_runs([experiment.experiment_id])
            assert mlflow.search_experiments() == []
        sdk = WorkspaceClient()
        sdk.experiments.update_permissions(
            experiment.experiment_id,
            access_control_list=[
                ExperimentAccessControlRequest(user_name=BOB, permission_level=ExperimentPermissionLevel.CAN_READ)
            ],
        )
        with workspace.acting_as(BOB):
            assert mlflow.search_runs([experiment.experiment_id]).run_id.tolist() == [run.info.run_id]
            assert mlflow.artifacts.load_text(f"{run.info.artifact_uri}/a.txt") == "hello"
            mlflow.set_experiment(name)
            with pytest.raises(RestException, match="'Edit'"):
                mlflow.start_run()
            with pytest.raises(Exception, match="'Edit'"):
                MlflowClient().log_text(run.info.run_id, "x", "b.txt")
            mlflow.set_experiment(f"{bob.home}/mine")
            with mlflow.start_run():
                assert WorkspaceClient().current_user.me().user_name == BOB
        assert mlflow.search_experiments(filter_string=f"name = '{bob.home}/mine'")[0].tags["mlflow.ownerEmail"] == BOB


def test_what_was_active_stays_with_who_made_it(entered: Entered) -> None:
    with entered() as workspace:
        bob = workspace.user(BOB)
        mlflow.set_experiment(f"/Users/{workspace.user_name}/mine")
        with mlflow.start_run() as run:
            mlflow.log_metric("m", 1, synchronous=False)
            with workspace.acting_as(BOB):
                assert mlflow.active_run() is None
                mlflow.set_experiment(f"{bob.home}/theirs")
                with mlflow.start_run() as other:
                    mlflow.log_metric("m", 2, synchronous=False)
            active = mlflow.active_run()
            assert active is not None
            assert active.info.run_id == run.info.run_id
            mlflow.log_metric("n", 3)
        assert mlflow.get_run(run.info.run_id).data.metrics == {"m": 1, "n": 3}
        assert mlflow.get_run(other.info.run_id).data.metrics == {"m": 2}


def test_permissions_through_both_of_the_sdk_s_ways(entered: Entered) -> None:
    with entered() as workspace:
        workspace.user(BOB)
        sdk = WorkspaceClient()
        experiment_id = sdk.experiments.create_experiment(f"/Users/{workspace.user_name}/e").experiment_id
        levels = sdk.experiments.get_permission_levels(experiment_id).permission_levels
        assert {one.permission_level for one in levels} == set(ExperimentPermissionLevel)
        sdk.permissions.set(
            "experiments",
            experiment_id,
            access_control_list=[AccessControlRequest(user_name=BOB, permission_level=PermissionLevel.CAN_EDIT)],
        )
        told = sdk.permissions.get("experiments", experiment_id)
        assert told.object_id == f"/experiments/{experiment_id}"
        held = {one.user_name: [of.permission_level for of in one.all_permissions] for one in told.access_control_list}
        assert held[BOB] == [PermissionLevel.CAN_EDIT]
        assert len(sdk.permissions.get_permission_levels("experiments", experiment_id).permission_levels) == 3
        with workspace.acting_as(BOB):
            theirs = WorkspaceClient()
            theirs.experiments.set_experiment_tag(experiment_id, "k", "v")
            with pytest.raises(PermissionDenied, match="'Manage'"):
                theirs.experiments.delete_experiment(experiment_id)
            with pytest.raises(PermissionDenied, match="'Manage'"):
                theirs.experiments.get_permissions(experiment_id)
        sdk.experiments.set_permissions(experiment_id, access_control_list=[])
        with workspace.acting_as(BOB), pytest.raises(PermissionDenied, match="'View'"):
            WorkspaceClient().experiments.get_experiment(experiment_id)


def test_profiles_are_those_of_who_acts(entered: Entered) -> None:
    with entered(profiles=("dev",)) as workspace:
        workspace.user(BOB)
        with workspace.acting_as(BOB):
            assert WorkspaceClient(profile="dev").current_user.me().user_name == BOB
            with pytest.raises(RestException, match="permission"):
                MlflowClient("databricks://dev").create_experiment(f"/Users/{workspace.user_name}/e")
        assert WorkspaceClient(profile="dev").current_user.me().user_name == workspace.user_name
