"""Tracking and the workspace's folders, as databricks-sdk's unmodified client uses them."""

from __future__ import annotations

import pytest

from fakebricks import fake_workspace

sdk = pytest.importorskip("databricks.sdk")

from databricks.sdk.errors import BadRequest, InvalidParameterValue, ResourceDoesNotExist  # noqa: E402
from databricks.sdk.service import ml  # noqa: E402
from databricks.sdk.service.workspace import ObjectType  # noqa: E402


@pytest.fixture
def client():
    with fake_workspace() as workspace:
        yield sdk.WorkspaceClient()
        workspace.raise_unsupported()


def named(name):
    """A run's name, as every version of the client can give it."""
    return ml.RunTag(key="mlflow.runName", value=name)


def test_folders(client):
    client.workspace.mkdirs("/Shared/team/project")

    assert client.workspace.get_status("/Shared/team/project").object_type == ObjectType.DIRECTORY
    assert [one.path for one in client.workspace.list("/Shared/team")] == ["/Shared/team/project"]
    client.experiments.create_experiment("/Shared/team/project/x")
    assert [one.path for one in client.workspace.list("/Shared", recursive=True)] == ["/Shared/team/project/x"]
    with pytest.raises(BadRequest, match="not empty"):
        client.workspace.delete("/Shared/team")
    client.workspace.delete("/Shared/team", recursive=True)
    with pytest.raises(ResourceDoesNotExist):
        client.workspace.get_status("/Shared/team")


def test_experiments_and_runs(client):
    experiment_id = client.experiments.create_experiment(
        "/Shared/x", tags=[ml.ExperimentTag(key="team", value="fraud")]
    ).experiment_id
    run_id = client.experiments.create_run(
        experiment_id=experiment_id, start_time=5, tags=[named("one")]
    ).run.info.run_id
    client.experiments.log_param(run_id=run_id, key="p", value="1")
    client.experiments.log_metric(key="m", value=0.5, timestamp=1, run_id=run_id)
    client.experiments.log_batch(run_id=run_id, metrics=[ml.Metric(key="m", value=0.7, timestamp=2, step=1)])
    client.experiments.set_tag(run_id=run_id, key="t", value="x")
    client.experiments.update_run(run_id=run_id, status=ml.UpdateRunStatus.FINISHED, end_time=9)

    run = client.experiments.get_run(run_id).run
    assert (run.info.status, run.info.end_time) == (ml.RunInfoStatus.FINISHED, 9)
    assert [(one.key, one.value) for one in run.data.metrics] == [("m", 0.7)]
    assert [one.value for one in client.experiments.get_history("m", run_id=run_id)] == [0.5, 0.7]
    found = client.experiments.search_runs(experiment_ids=[experiment_id], filter="params.p = '1'", max_results=1)
    assert [one.info.run_id for one in found] == [run_id]
    assert [one.name for one in client.experiments.search_experiments(filter="tags.team = 'fraud'")] == ["/Shared/x"]
    assert client.experiments.get_by_name("/Shared/x").experiment.experiment_id == experiment_id


def test_paging_ends(client):
    experiment_id = client.experiments.create_experiment("/Shared/x").experiment_id
    for number in range(5):
        client.experiments.create_run(experiment_id=experiment_id, start_time=number, tags=[named(str(number))])

    found = client.experiments.search_runs(experiment_ids=[experiment_id], max_results=2, order_by=["start_time ASC"])

    assert [run.info.start_time for run in found] == [0, 1, 2, 3, 4]


def test_errors_are_the_sdks_own(client):
    with pytest.raises(InvalidParameterValue, match="must be an absolute path"):
        client.experiments.create_experiment("relative")
    with pytest.raises(ResourceDoesNotExist, match="Node ID 123456 does not exist"):
        client.experiments.get_experiment("123456")
    with pytest.raises(ResourceDoesNotExist, match="Run 'x' not found"):
        client.experiments.get_run("x")


def test_runs_in_bulk(client):
    experiment_id = client.experiments.create_experiment("/Shared/x").experiment_id
    for start in (1, 2, 3):
        client.experiments.create_run(experiment_id=experiment_id, start_time=start, tags=[named(str(start))])

    assert client.experiments.delete_runs(experiment_id, 2, max_runs=10).runs_deleted == 2
    assert len(list(client.experiments.search_runs(experiment_ids=[experiment_id]))) == 1
    assert client.experiments.restore_runs(experiment_id, 0).runs_restored == 2
    assert len(list(client.experiments.search_runs(experiment_ids=[experiment_id]))) == 3
    assert [one.experiment_id for one in client.experiments.list_experiments()] == [experiment_id]
