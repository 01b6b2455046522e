"""Permissions on objects of every type, through unmodified databricks-sdk and MLflow."""

from __future__ import annotations

from typing import Any

import mlflow
import pytest
from conftest import Entered
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue, NotFound, PermissionDenied
from databricks.sdk.errors import NotImplemented as NotServed
from databricks.sdk.service import jobs, ml, serving
from databricks.sdk.service import workspace as tree
from databricks.sdk.service.iam import AccessControlRequest, PermissionLevel
from mlflow import MlflowClient
from mlflow.exceptions import RestException
from serving_fixtures import MODEL, register_in

BOB = "bob@acme.test"


def levels_of(held: Any) -> dict[str, list[str]]:
    return {
        one.user_name or one.group_name: [of.permission_level.value for of in one.all_permissions]
        for one in held.access_control_list
    }


def test_a_serving_endpoint(entered: Entered) -> None:
    with entered() as workspace:
        workspace.user(BOB)
        version = register_in(workspace)
        sdk = WorkspaceClient()
        entity = serving.ServedEntityInput(
            entity_name=MODEL, entity_version=version, workload_size="Small", scale_to_zero_enabled=True
        )
        sdk.serving_endpoints.create(
            "fraud", config=serving.EndpointCoreConfigInput(name="fraud", served_entities=[entity])
        )
        workspace.clock.advance(minutes=10)
        endpoint = sdk.serving_endpoints.get("fraud")
        assert endpoint.permission_level is not None
        assert endpoint.permission_level.value == "CAN_MANAGE"
        rows = [{"amount": 2.0}]
        level = serving.ServingEndpointPermissionLevel
        with workspace.acting_as(BOB):
            theirs = WorkspaceClient().serving_endpoints
            assert list(theirs.list()) == []
            with pytest.raises(PermissionDenied, match="'View'"):
                theirs.get("fraud")
            with pytest.raises(PermissionDenied, match="'Query'"):
                theirs.query("fraud", dataframe_records=rows)

        def give(held: serving.ServingEndpointPermissionLevel) -> Any:
            request = serving.ServingEndpointAccessControlRequest(user_name=BOB, permission_level=held)
            return sdk.serving_endpoints.update_permissions(endpoint.id, access_control_list=[request])

        assert levels_of(give(level.CAN_VIEW))[BOB] == ["CAN_VIEW"]
        with workspace.acting_as(BOB):
            assert [one.name for one in theirs.list()] == ["fraud"]
            with pytest.raises(PermissionDenied, match="'Query'"):
                theirs.query("fraud", dataframe_records=rows)
        give(level.CAN_QUERY)
        with workspace.acting_as(BOB):
            assert theirs.query("fraud", dataframe_records=rows).predictions == [4.0]
            with pytest.raises(PermissionDenied, match="'Manage'"):
                theirs.delete("fraud")
            with pytest.raises(PermissionDenied, match="'Manage'"):
                theirs.get_permissions(endpoint.id)
        levels = sdk.serving_endpoints.get_permission_levels(endpoint.id).permission_levels
        assert {one.permission_level for one in levels} == set(level)
        give(level.CAN_MANAGE)
        with workspace.acting_as(BOB):
            theirs.delete("fraud")


def test_a_query_through_mlflow_s_deployments_client(entered: Entered) -> None:
    from mlflow.deployments import get_deploy_client
    from requests import HTTPError

    with entered() as workspace:
        workspace.user(BOB)
        WorkspaceClient().api_client.do("POST", "/api/2.0/serving-endpoints", body={"name": "empty"})
        with workspace.acting_as(BOB), pytest.raises(HTTPError, match="403"):
            get_deploy_client("databricks").predict(endpoint="empty", inputs={"inputs": [1]})


@pytest.mark.filterwarnings("ignore::FutureWarning")  # about stages
def test_a_registered_model_of_the_workspace_registry(entered: Entered) -> None:
    with entered() as workspace:
        workspace.user(BOB)
        registry = MlflowClient(registry_uri="databricks")
        registry.create_registered_model("fraud")
        registry.create_model_version("fraud", "dbfs:/somewhere", await_creation_for=0)
        sdk = WorkspaceClient()
        model = sdk.model_registry.get_model("fraud").registered_model_databricks
        assert model.permission_level.value == "CAN_MANAGE"
        with workspace.acting_as(BOB):
            assert MlflowClient(registry_uri="databricks").search_registered_models() == []
            with pytest.raises(RestException, match="PERMISSION_DENIED.*'View' registered model with name 'fraud'"):
                MlflowClient(registry_uri="databricks").get_registered_model("fraud")
        staging = ml.RegisteredModelPermissionLevel.CAN_MANAGE_STAGING_VERSIONS
        sdk.model_registry.set_permissions(
            model.id,
            access_control_list=[ml.RegisteredModelAccessControlRequest(user_name=BOB, permission_level=staging)],
        )
        with workspace.acting_as(BOB):
            theirs = MlflowClient(registry_uri="databricks")
            theirs.transition_model_version_stage("fraud", "1", "Staging")
            with pytest.raises(RestException, match="'Manage Production Versions'"):
                theirs.transition_model_version_stage("fraud", "1", "Production")
            with pytest.raises(RestException, match="'Manage' registered model"):
                theirs.rename_registered_model("fraud", "other")
            assert WorkspaceClient().model_registry.get_model("fraud").registered_model_databricks.permission_level == (
                ml.PermissionLevel.CAN_MANAGE_STAGING_VERSIONS
            )
        levels = sdk.model_registry.get_permission_levels(model.id).permission_levels
        assert {one.permission_level for one in levels} == set(ml.RegisteredModelPermissionLevel)
        everybody = AccessControlRequest(group_name="users", permission_level=PermissionLevel.CAN_READ)
        sdk.permissions.update("registered-models", "root", access_control_list=[everybody])
        held = levels_of(sdk.model_registry.get_permissions(model.id))
        assert held["users"] == ["CAN_READ"]


def test_a_folder(entered: Entered) -> None:
    with entered() as workspace:
        workspace.user(BOB)
        sdk = WorkspaceClient()
        path = f"/Users/{workspace.user_name}/team"
        sdk.workspace.mkdirs(path)
        experiment_id = mlflow.create_experiment(f"{path}/churn")
        folder = str(sdk.workspace.get_status(path).object_id)
        with workspace.acting_as(BOB):
            with pytest.raises(PermissionDenied, match="View permissions"):
                WorkspaceClient().workspace.get_status(path)
            with pytest.raises(RestException, match="'View'"):
                mlflow.get_experiment(experiment_id)
        edit = tree.WorkspaceObjectPermissionLevel.CAN_EDIT
        told = sdk.workspace.update_permissions(
            "directories",
            folder,
            access_control_list=[tree.WorkspaceObjectAccessControlRequest(user_name=BOB, permission_level=edit)],
        )
        assert told.object_type == "directory"
        assert levels_of(told)[BOB] == ["CAN_EDIT"]
        with workspace.acting_as(BOB):
            assert [one.path for one in WorkspaceClient().workspace.list(path)] == [f"{path}/churn"]
            mlflow.set_experiment(f"{path}/churn")
            with mlflow.start_run():
                mlflow.log_metric("auc", 0.9)
            with pytest.raises(RestException, match="Manage permissions"):
                mlflow.create_experiment(f"{path}/other")
        levels = sdk.workspace.get_permission_levels("directories", folder).permission_levels
        assert {one.permission_level for one in levels} == set(tree.WorkspaceObjectPermissionLevel)
        inherited = sdk.experiments.get_permissions(experiment_id)
        assert levels_of(inherited)[BOB] == ["CAN_EDIT"]


def test_a_job(entered: Entered) -> None:
    with entered() as workspace:
        workspace.user(BOB)
        sdk = WorkspaceClient()
        task = jobs.Task(task_key="train", notebook_task=jobs.NotebookTask(notebook_path="/Shared/train"))
        job_id = sdk.jobs.create(name="nightly", tasks=[task]).job_id
        told = sdk.jobs.get(job_id)
        assert [one.notebook_task for one in told.settings.tasks] == [task.notebook_task]
        assert told.creator_user_name == told.run_as_user_name == workspace.user_name
        with workspace.acting_as(BOB):
            assert list(WorkspaceClient().jobs.list()) == []
            with pytest.raises(PermissionDenied, match="View or Admin or Manage Run or Owner permissions on job"):
                WorkspaceClient().jobs.get(job_id)
        view = jobs.JobAccessControlRequest(user_name=BOB, permission_level=jobs.JobPermissionLevel.CAN_VIEW)
        sdk.jobs.update_permissions(str(job_id), access_control_list=[view])
        with workspace.acting_as(BOB):
            theirs = WorkspaceClient().jobs
            assert [one.job_id for one in theirs.list(name="NIGHTLY")] == [job_id]
            with pytest.raises(PermissionDenied, match=f"User {BOB} does not have Admin or Owner permissions on job"):
                theirs.update(job_id, new_settings=jobs.JobSettings(name="mine"))
            with pytest.raises(PermissionDenied, match="ElasticJobId"):
                theirs.get_permissions(str(job_id))
        with pytest.raises(InvalidParameterValue, match="exactly one owner"):
            sdk.jobs.set_permissions(str(job_id), access_control_list=[view])
        levels = sdk.jobs.get_permission_levels(str(job_id)).permission_levels
        assert {one.permission_level for one in levels} == set(jobs.JobPermissionLevel)
        sdk.jobs.update(job_id, new_settings=jobs.JobSettings(name="weekly"), fields_to_remove=["tasks/train"])
        assert sdk.jobs.get(job_id).settings.name == "weekly"
        assert not sdk.jobs.get(job_id).settings.tasks
        sdk.jobs.reset(job_id, new_settings=jobs.JobSettings(name="monthly", tasks=[task]))
        assert [one.settings.name for one in sdk.jobs.list()] == ["monthly"]
        sdk.jobs.delete(job_id)
        with pytest.raises(NotFound, match="does not exist"):
            sdk.jobs.get(job_id)


def test_what_is_not_computed_is_refused(entered: Entered) -> None:
    with entered(strict=False) as workspace:
        sdk = WorkspaceClient()
        job_id = sdk.jobs.create(name="nightly").job_id
        with pytest.raises(NotServed, match="runs of jobs"):
            sdk.jobs.run_now(job_id)
        with pytest.raises(NotServed, match="permissions on 'clusters'"):
            sdk.permissions.get("clusters", "1")
        assert len(workspace.unsupported) == 2
