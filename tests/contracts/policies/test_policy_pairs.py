"""Every policy on a pair of worlds: in one it is broken, and by what its id says; in the other it holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import mlflow
import pytest
from policy_worlds import MODEL, call, endpoint, logged, register

from fakebricks import Workspace, fake_workspace
from fakebricks.contracts.policies import POLICIES, Policies

World = Callable[[Workspace], None]


class Pair(NamedTuple):
    """What is done in a workspace."""

    broken: World
    kept: World


def loads(uri: str) -> World:
    def load(workspace):
        logged()
        mlflow.MlflowClient().set_registered_model_alias(MODEL, "champion", 1)
        workspace.calls.clear()
        mlflow.pyfunc.load_model(uri)

    return load


def job(**task: str) -> World:
    cluster = {"job_cluster_key": "own", "new_cluster": {"spark_version": "16.4.x-cpu-ml-scala2.12", "num_workers": 1}}

    def create(workspace):
        tasks = [{"task_key": "fit", "notebook_task": {"notebook_path": "/fit"}, **task}]
        call(workspace, "POST", "/api/2.2/jobs/create", name="weekly", tasks=tasks, job_clusters=[cluster])

    return create


def run(name: str, status: str) -> World:
    def make(workspace):
        client = mlflow.MlflowClient()
        made = client.create_run(client.create_experiment("/Shared/fraud"), run_name=name)
        client.update_run(made.info.run_id, status=status)

    return make


def registers(*sources: str) -> World:
    return lambda workspace: register(workspace, "weekly", *sources)


def creates(uri: str, name: str) -> World:
    return lambda workspace: mlflow.MlflowClient(registry_uri=uri).create_registered_model(name)


CRITICAL = [{"key": "latency-critical", "value": "true"}]
PAIRS = {
    "policy/alias-not-version": Pair(loads(f"models:/{MODEL}/1"), loads(f"models:/{MODEL}@champion")),
    "policy/no-new-model-in-legacy-registry": Pair(creates("databricks", "fraud"), creates("databricks-uc", MODEL)),
    "policy/requirements-pinned": Pair(lambda _: logged(requirements=("mlflow",)), lambda _: logged()),
    "policy/signature-and-example-logged": Pair(lambda _: logged(example=False), lambda _: logged()),
    "policy/catalogs-as-environments": Pair(
        lambda workspace: endpoint(workspace, name="fraud-prod", catalog="dev"),
        lambda workspace: endpoint(workspace, name="fraud-prod", catalog="prod"),
    ),
    "policy/inference-table-on-prod-endpoints": Pair(
        lambda workspace: endpoint(workspace, catalog="prod"),
        lambda workspace: endpoint(workspace, catalog="prod", table="prod"),
    ),
    "policy/no-scale-to-zero-when-latency-critical": Pair(
        lambda workspace: endpoint(workspace, tags=CRITICAL, zero=True),
        lambda workspace: endpoint(workspace, tags=CRITICAL, zero=False),
    ),
    "policy/features-from-delta-tables": Pair(registers("code"), registers("code", "delta_table")),
    "policy/runs-not-left-unfinished": Pair(run("weekly", "RUNNING"), run("weekly", "FAILED")),
    "policy/throwaway-runs-deleted": Pair(run("debug-1", "FINISHED"), run("weekly", "FINISHED")),
    "policy/training-on-jobs-clusters": Pair(job(existing_cluster_id="0101-abc"), job(job_cluster_key="own")),
}


def test_every_policy_has_a_pair():
    assert PAIRS.keys() == POLICIES.keys()


@pytest.mark.parametrize("rule", PAIRS)
def test_a_pair(rule):
    found = []
    for world in PAIRS[rule]:
        with fake_workspace(catalogs=("main", "dev", "prod")) as workspace:
            world(workspace)
            found.append([one.rule for one in Policies.of([rule]).verdict(workspace).findings])
    assert found == [[rule], []]
