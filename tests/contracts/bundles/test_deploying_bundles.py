"""How a bundle is deployed: in which order, with what presumed, and what becomes of what the workspace refuses."""

from __future__ import annotations

import re

import pytest
from bundles_on_disk import EXAMPLE, written
from serving_fixtures import DOUBLE, register_in, saved

from fakebricks import Workspace
from fakebricks.clock import RealClock
from fakebricks.contracts.bundles import BundleError, deploy, load_bundle
from fakebricks.contracts.findings import Severity

ENDPOINT = """\
    bundle: {name: b}
    resources:
      model_serving_endpoints:
        e:
          name: fraud
          config:
            served_entities:
              - {entity_name: %s, entity_version: "%s", workload_size: Small, scale_to_zero_enabled: true}
"""


def rules(findings):
    return [(str(one.severity), one.rule) for one in findings]


def versions(rest, model):
    found = rest.get(f"/api/2.1/unity-catalog/models/{model}/versions").get("model_versions", [])
    return sorted(one["version"] for one in found)


def test_what_the_platform_alone_can_tell_is_known_to_those_after(workspace, rest, tmp_path):
    root = written(
        tmp_path,
        """\
        bundle: {name: b}
        resources:
          jobs:
            a_first: {name: "after ${resources.jobs.b_second.id} at ${workspace.host}"}
            b_second: {name: "of ${resources.experiments.e.id}"}
          experiments:
            e: {name: /Shared/e}
        """,
    )
    bundle = load_bundle(root)
    assert [one.key for one in bundle.resources] == ["e", "b_second", "a_first"]
    assert deploy(bundle, workspace) == ()
    experiment = rest.get("/api/2.0/mlflow/experiments/get-by-name", experiment_name="/Shared/e")["experiment"]
    jobs = {one["settings"]["name"]: one["job_id"] for one in rest.get("/api/2.2/jobs/list")["jobs"]}
    (second,) = [job for name, job in jobs.items() if name == f"of {experiment['experiment_id']}"]
    assert f"after {second} at {workspace.host}" in jobs


def test_what_refers_to_a_resource_that_was_refused_is_not_deployed(workspace, tmp_path):
    root = written(
        tmp_path,
        """\
        bundle: {name: b}
        resources:
          experiments: {e: {name: no path}}
          jobs: {j: {name: "of ${resources.experiments.e.id}"}, k: {name: "after ${resources.jobs.j.id}"}}
        """,
    )
    findings = deploy(load_bundle(root), workspace)
    assert rules(findings) == [
        ("error", "bundle/refused"),
        ("note", "bundle/not-reached"),
        ("note", "bundle/not-reached"),
    ]
    assert findings[0].place.line == 3
    assert "experiments.e" in findings[1].message


@pytest.mark.parametrize("name", ["main.default.fraud", "prod.ml.fraud"])
def test_the_model_is_registered_as_the_version_that_is_served(workspace, rest, tmp_path, name):
    findings = deploy(load_bundle(written(tmp_path, ENDPOINT % (name, 3))), workspace, saved(DOUBLE))
    assert {one.rule for one in findings} == {"bundle/presumed"}
    assert any(f"the registered model '{name}'" in one.message for one in findings)
    assert versions(rest, name) == [3]
    assert rest.get("/api/2.0/serving-endpoints/fraud")["state"]["ready"] == "READY"


def test_versions_that_the_registry_has_are_served_as_they_are(workspace, rest, tmp_path):
    register_in(workspace)
    assert deploy(load_bundle(written(tmp_path, ENDPOINT % ("main.default.fraud", 1))), workspace) == ()
    findings = deploy(
        load_bundle(written(tmp_path, (ENDPOINT % ("main.default.fraud", 2)).replace("name: fraud\n", "name: two\n"))),
        workspace,
        saved(DOUBLE),
    )
    assert rules(findings) == [("error", "bundle/refused")]
    assert versions(rest, "main.default.fraud") == [1]


def test_a_model_of_another_name_than_the_bundles_is_not_made_up(workspace, tmp_path):
    models = "      registered_models: {m: {catalog_name: main, schema_name: default, name: fraud}}\n"
    text = ENDPOINT % ("main.default.fraud", 1) + models + "    targets: {dev: {mode: development}}\n"
    findings = deploy(load_bundle(written(tmp_path, text)), workspace, saved(DOUBLE))
    assert ("error", "bundle/refused") in rules(findings)
    assert findings[-1].place.line == 8
    assert "${resources.registered_models.<key>.id}" in findings[-1].fix


@pytest.mark.parametrize(
    ("version", "rule"), [("2000", ("warning", "bundle/version-too-high")), ("x", ("error", "bundle/refused"))]
)
def test_versions_that_cannot_be(workspace, tmp_path, version, rule):
    found = deploy(load_bundle(written(tmp_path, ENDPOINT % ("main.default.fraud", version))), workspace, saved(DOUBLE))
    assert rule in rules(found)


def test_what_it_presumes_is_made_and_said(workspace, rest, tmp_path):
    root = written(
        tmp_path,
        """\
        bundle: {name: b}
        resources:
          experiments:
            e:
              name: /Workspace/Shared/deep/er/e
              permissions:
                - {level: CAN_READ, user_name: bob@acme.test}
                - {level: CAN_EDIT, service_principal_name: 0f4b1f8c-5a52-4a3e-8f3e-5e8c3b1d2a10}
                - {level: CAN_READ, group_name: users}
          volumes:
            v: {catalog_name: lake, schema_name: raw, name: v, grants: [{principal: etl, privileges: [READ_VOLUME]}]}
        """,
    )
    findings = deploy(load_bundle(root), workspace)
    said = [re.search("presumes the (.*), which", one.message)[1] for one in findings]
    assert said == [
        "catalog 'lake'",
        "schema 'lake.raw'",
        "folder '/Shared/deep/er'",
        "group 'etl'",
        "user 'bob@acme.test'",
        "service principal '0f4b1f8c-5a52-4a3e-8f3e-5e8c3b1d2a10'",
    ]
    assert {one.severity for one in findings} == {Severity.NOTE}
    assert rest.get("/api/2.1/unity-catalog/volumes/lake.raw.v")["volume_type"] == "MANAGED"
    again = written(tmp_path, "bundle: {name: b}\nresources: {experiments: {e: {name: /Shared/deep/er/f}}}")
    assert deploy(load_bundle(again), workspace) == ()


def test_who_cannot_be_presumed_is_refused_where_they_are_needed(workspace, tmp_path):
    root = written(
        tmp_path,
        """\
        bundle: {name: b}
        resources:
          experiments:
            e: {name: /Shared/e, permissions: [{level: CAN_READ, user_name: " "}]}
        """,
    )
    assert rules(deploy(load_bundle(root), workspace)) == [("error", "bundle/refused")]


def test_a_monitor_of_a_table_that_is_not_there_is_left_out(workspace, tmp_path):
    root = written(
        tmp_path,
        """\
        bundle: {name: b}
        resources:
          quality_monitors:
            m: {table_name: main.default.etl, assets_dir: /Shared/m, output_schema_name: main.default, snapshot: {}}
        """,
    )
    assert rules(deploy(load_bundle(root), workspace)) == [("warning", "bundle/table-missing")]


def test_what_fakebricks_does_not_compute_is_no_error_of_the_bundles(workspace, tmp_path):
    text = ENDPOINT % ("main.default.fraud", 1)
    text = text.replace("name: fraud\n", "name: fraud\n          budget_policy_id: p\n")
    text = text.replace("workload_size: Small", "instance_profile_arn: arn, workload_size: Small")
    findings = deploy(load_bundle(written(tmp_path, text)), workspace, saved(DOUBLE))
    assert rules(findings) == [
        ("note", "bundle/ignored"),
        ("note", "bundle/presumed"),
        ("warning", "bundle/not-computed"),
    ]
    assert findings[-1].place.line == 9


def test_fields_that_the_cli_does_not_send_are_left_out_with_a_note(workspace, tmp_path):
    root = written(
        tmp_path,
        """\
        bundle: {name: b}
        resources:
          experiments: {e: {name: /Shared/e, description: of the team}}
          registered_models:
            m: {catalog_name: main, schema_name: default, name: m, depends_on: [resources.experiments.e.id]}
        """,
    )
    findings = deploy(load_bundle(root), workspace)
    assert rules(findings) == [("note", "bundle/ignored")] * 2
    assert [one.place.line for one in findings] == [3, 5]


def test_bad_arguments_are_refused(workspace, tmp_path):
    bundle = load_bundle(EXAMPLE)
    with pytest.raises(BundleError, match="no directory of an MLflow model"):
        deploy(bundle, workspace, tmp_path)
    with pytest.raises(ValueError, match=r"load_bundle\(\.\.\., user='jane@acme.test'\)"):
        deploy(load_bundle(EXAMPLE, user="sam@acme.test"), workspace)
    real = Workspace(clock=RealClock())
    with pytest.raises(ValueError, match="virtual clock"):
        deploy(bundle, real)
    real.close()
