"""The example of the repository, deployed, and copies of it that are broken in one way each."""

from __future__ import annotations

import runpy
import sys

import pytest
from bundles_on_disk import EXAMPLE, changed, copied
from serving_fixtures import DOUBLE, saved

from fakebricks.contracts.bundles import deploy, load_bundle
from fakebricks.contracts.findings import Severity

NAMES = {
    "dev": ("dev_jane_fraud", "dev.dev_jane_fraud.dev_jane_fraud_score", "/Shared/fraud/[dev jane] training"),
    "prod": ("fraud", "prod.fraud.fraud_score", "/Shared/fraud/training"),
}


def errors(findings):
    return [one for one in findings if one.severity is Severity.ERROR]


@pytest.mark.parametrize("target", NAMES)
def test_it_is_deployed_as_it_says(workspace, rest, query, target):
    endpoint, model, experiment = NAMES[target]
    bundle = load_bundle(EXAMPLE, target)
    assert bundle.endpoints == (endpoint,)
    findings = deploy(bundle, workspace, saved(DOUBLE))
    assert {one.rule for one in findings} == {"bundle/presumed"}
    assert errors(findings) == []

    told = rest.get(f"/api/2.0/serving-endpoints/{endpoint}")
    (entity,) = told["config"]["served_entities"]
    assert (told["state"]["ready"], entity["entity_name"], entity["entity_version"]) == ("READY", model, "1")
    assert entity["scale_to_zero_enabled"] is (target == "dev")
    assert {tag["key"] for tag in told["tags"]} == ({"team"} if target == "dev" else {"team", "latency"})
    assert query([{"amount": 2.0}], endpoint).json()["predictions"] == [4.0]

    permissions = rest.get(f"/api/2.0/permissions/serving-endpoints/{told['id']}")["access_control_list"]
    assert [one["all_permissions"][0]["permission_level"] for one in permissions if one.get("group_name") == "scoring"]
    grants = rest.get(f"/api/2.1/unity-catalog/permissions/function/{model}")["privilege_assignments"]
    assert grants == [{"principal": "scoring", "privileges": ["EXECUTE"]}]
    assert rest.get("/api/2.0/mlflow/experiments/get-by-name", experiment_name=experiment)
    (job,) = rest.get("/api/2.2/jobs/list", expand_tasks="true")["jobs"]
    assert job["settings"]["tasks"][0]["spark_python_task"]["parameters"][3] == model
    schema = model.rpartition(".")[0]
    monitor = rest.get(f"/api/2.1/unity-catalog/tables/{schema}.fraud_payload/monitor")
    assert ("schedule" in monitor) is (target == "prod")


BROKEN = {
    "a version that there is not": ("serving", "${var.version}", "not_a_number", "not_a_number"),
    "traffic that is not all": ("serving", "traffic_percentage: 100", "traffic_percentage: 90", "100"),
    "a size that there is not": ("serving", "${var.serving.workload_size}", "Tiny", "Tiny"),
    "a model of the wrong name": (
        "serving",
        "${resources.registered_models.fraud_score.id}",
        "prod.fraud.fraud_scores",
        "prod.fraud.fraud_scores",
    ),
    "a privilege that models have not": ("model", "[EXECUTE]", "[MODIFY]", "MODIFY"),
    "a level that endpoints have not": ("serving", "CAN_QUERY", "CAN_RUN", "CAN_RUN"),
    "an experiment without a path": ("training", "/Shared/fraud/training", "training", "training"),
    "a task without its cluster": (
        "training",
        "          job_cluster_key: training\n          spark",
        "          job_cluster_key: other\n          spark",
        "other",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_fails_as_on_deployment_with_its_line(workspace, tmp_path, name):
    file, old, new, told = BROKEN[name]
    path = copied(tmp_path) / "resources" / f"{file}.yml"
    line = changed(path, old, new)
    findings = errors(deploy(load_bundle(path.parents[1], "prod"), workspace, saved(DOUBLE)))
    assert [one.rule for one in findings] == ["bundle/refused"], findings
    assert told in findings[0].message
    assert findings[0].place.file == str(path)
    assert abs(findings[0].place.line - line) <= 1, (findings[0], line)


def test_a_model_that_does_not_load_is_found_when_its_endpoint_has_failed(workspace):
    broken = saved(DOUBLE, top="raise ImportError('no torch here')")
    (finding,) = errors(deploy(load_bundle(EXAMPLE, "prod"), workspace, broken))
    assert finding.rule == "bundle/endpoint-failed"
    assert "no torch here" in finding.message
    assert finding.place.file.endswith("serving.yml")


def test_without_a_model_an_endpoint_waits_for_one(workspace):
    findings = deploy(load_bundle(EXAMPLE, "prod"), workspace)
    assert errors(findings) == []
    assert "bundle/model-needed" in {one.rule for one in findings}


def test_the_model_that_its_script_trains_is_served(workspace, rest, query, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["train.py", str(tmp_path / "model")])
    runpy.run_path(str(EXAMPLE / "train.py"), run_name="__main__")
    assert errors(deploy(load_bundle(EXAMPLE), workspace, tmp_path / "model")) == []
    rows = [{"amount": 900.0, "hour": 3.0, "abroad": 1.0}, {"amount": 5.0, "hour": 15.0, "abroad": 0.0}]
    assert query(rows, "dev_jane_fraud").json()["predictions"] == [1, 0]
