"""A bundle with what teams have in theirs: anchors, lookups, secrets, permissions, tasks of many kinds."""

from __future__ import annotations

import pytest
from bundles_on_disk import changed, written
from serving_fixtures import DOUBLE, saved

from fakebricks.contracts.bundles import BundleError, deploy, load_bundle
from fakebricks.contracts.findings import Severity

SP = "11111111-2222-3333-4444-555555555555"
ROOT = f"""\
bundle: {{name: fraud, databricks_cli_version: ">= 0.218.0", deployment: {{lock: {{enabled: true}}}}}}
include: ["resources_*.yml"]
variables:
  catalog: {{default: dev}}
  warehouse: {{lookup: {{warehouse: Shared}}}}
  deployer: {{lookup: {{service_principal: deployer}}, description: "who deploys"}}
  emails: {{type: complex, default: [a@acme.test]}}
  cluster: {{type: complex, default: {{spark_version: 15.4.x-cpu-ml-scala2.12, num_workers: 1}}}}
sync: {{paths: [../common, .], exclude: ["*.ipynb"]}}
artifacts: {{default: {{type: whl, build: poetry build, path: .}}}}
workspace: {{profile: DEFAULT, experimental_is_unified_host: true}}
targets:
  dev:
    mode: development
    default: true
    workspace: {{root_path: "~/.bundle/${{bundle.name}}"}}
  prod:
    mode: production
    workspace: {{root_path: "/Workspace/Users/${{workspace.current_user.userName}}/.bundle/${{bundle.name}}"}}
    permissions:
      - {{user_name: "${{workspace.current_user.userName}}", level: CAN_MANAGE}}
      - {{service_principal_name: {SP}, level: CAN_RUN}}
    variables: {{catalog: prod}}
"""
TRAINING = """\
new_cluster: &new_cluster
  new_cluster: {spark_version: 15.4.x-cpu-ml-scala2.12, num_workers: 3}
resources:
  experiments:
    training:
      name: /Users/${workspace.current_user.userName}/${bundle.target}-fraud
      permissions: [{level: CAN_READ, group_name: users}]
  pipelines:
    features: {name: features}
  jobs:
    train:
      name: train for ${workspace.current_user.displayName} after ${resources.pipelines.features.name}
      email_notifications: {on_failure: "${var.emails}"}
      trigger: {file_arrival: {url: "s3://bucket/"}}
      job_clusters:
        - {job_cluster_key: main, new_cluster: "${var.cluster}"}
        - {job_cluster_key: other, <<: *new_cluster}
      tasks:
        - {task_key: pipeline, pipeline_task: {pipeline_id: "${resources.pipelines.features.id}"}}
        - {task_key: sql, sql_task: {warehouse_id: "${var.warehouse}", file: {path: q.sql}}}
        - {task_key: off, disabled: true, notebook_task: {notebook_path: /x, base_parameters: {a: "{{job.run_id}}"}}}
        - {task_key: alert, alert_task: {alert_id: a, warehouse_id: "${var.warehouse}"}}
    handed_over:
      name: handed over
      permissions: [{user_name: owner@acme.test, level: IS_OWNER}]
"""
SERVING = """\
resources:
  schemas:
    ml:
      catalog_name: ${var.catalog}
      name: ml
      grants:
        - {principal: account users, privileges: [USE_SCHEMA]}
        - {principal: account users, privileges: [USE_SCHEMA, SELECT]}
        - {principal: "${var.deployer}", privileges: [ALL_PRIVILEGES]}
  registered_models:
    model: {catalog_name: "${var.catalog}", schema_name: ml, name: fraud}
  model_serving_endpoints:
    fraud:
      name: fraud
      config:
        served_entities:
          - entity_name: ${resources.registered_models.model.full_name}
            entity_version: 1
            workload_size: Small
            scale_to_zero_enabled: true
            environment_vars: {KEY: "{{secrets/scope/key}}"}
      ai_gateway:
        inference_table_config: {enabled: true, catalog_name: "${var.catalog}", schema_name: ml, table_name_prefix: f}
  quality_monitors:
    drift:
      table_name: ${var.catalog}.${resources.schemas.ml.name}.f_payload
      assets_dir: /Workspace/Shared/fraud
      output_schema_name: ${var.catalog}.ml
      snapshot: {}
"""


@pytest.fixture
def root(tmp_path):
    return written(tmp_path, ROOT, resources_training=TRAINING, resources_serving=SERVING)


def of_others(findings):
    return [(str(one.severity), one.rule) for one in findings if one.rule != "bundle/presumed"]


@pytest.mark.parametrize("target", ["dev", "prod"])
def test_it_is_deployed_as_the_cli_deploys_it(workspace, root, target):
    findings = deploy(load_bundle(root, target), workspace, saved(DOUBLE))
    assert of_others(findings) == [("warning", "bundle/not-deployed")]
    presumed = " ".join(one.message for one in findings)
    assert "the secret 'scope/key'" in presumed
    assert "the warehouse 'Shared', whose id was made up" in presumed
    assert "the service principal 'deployer', whose id was made up" in presumed


def test_who_deploys_it_owns_its_jobs_unless_somebody_else_does(workspace, rest, root):
    deploy(load_bundle(root, "prod"), workspace, saved(DOUBLE))
    jobs = {one["settings"]["name"]: one["job_id"] for one in rest.get("/api/2.2/jobs/list")["jobs"]}

    def levels(name):
        found = rest.get(f"/api/2.0/permissions/jobs/{jobs[name]}")["access_control_list"]
        return {
            one.get("user_name", one.get("service_principal_name")): one["all_permissions"][0]["permission_level"]
            for one in found
            if "group_name" not in one
        }

    (trains,) = [one for one in jobs if one.endswith(" after features")]
    assert "${" not in trains
    assert levels(trains) == {"jane@acme.test": "IS_OWNER", SP: "CAN_MANAGE_RUN"}
    assert levels("handed over") == {
        "owner@acme.test": "IS_OWNER",
        "jane@acme.test": "CAN_MANAGE",
        SP: "CAN_MANAGE_RUN",
    }


def test_what_is_in_a_schema_of_the_bundle_follows_its_name(root):
    bundle = load_bundle(root, "dev")
    said = {one.key: one.node.plain() for one in bundle.resources}
    assert said["fraud"]["ai_gateway"]["inference_table_config"]["schema_name"] == "dev_jane_ml"
    assert said["drift"]["output_schema_name"] == "dev.dev_jane_ml"
    assert said["model"]["schema_name"] == "dev_jane_ml"

    with (root.parent / "databricks.yml").open("a") as file:
        file.write("experimental: {skip_name_prefix_for_schema: true}\n")
    said = {one.key: one.node.plain() for one in load_bundle(root, "dev").resources}
    assert (said["ml"]["name"], said["model"]["name"]) == ("ml", "dev_jane_fraud")


def test_what_is_looked_up_can_be_given(root):
    bundle = load_bundle(root, "dev", {"warehouse": "abc"})
    (train,) = [one for one in bundle.resources if one.key == "train"]
    assert train.text("tasks", 1, "sql_task", "warehouse_id") == "abc"
    assert not any("warehouse" in one.message for one in bundle.findings)


def test_endpoints_do_not_run_as_somebody_else(root):
    with (root.parent / "databricks.yml").open("a") as file:
        file.write(f"run_as: {{service_principal_name: {SP}}}\n")
    bundle = load_bundle(root, "dev")
    warned = [one for one in bundle.findings if one.rule == "bundle/run-as"]
    assert [one.message.partition(" ")[0] for one in warned] == ["model_serving_endpoints", "quality_monitors"]
    assert {one.place.line for one in warned} == {ROOT.count("\n") + 1}
    (train,) = [one for one in bundle.resources if one.key == "train"]
    assert train.text("run_as", "service_principal_name") == SP

    changed(root, f"service_principal_name: {SP}}}\n", f"service_principal_name: {SP}, user_name: a@b.c}}\n")
    with pytest.raises(BundleError, match="run_as names exactly one identity"):
        load_bundle(root, "dev")


def test_a_target_in_production_says_itself_where_it_is(root):
    path = 'root_path: "/Workspace/Users/${workspace.current_user.userName}/.bundle/${bundle.name}"'
    changed(root, f"    workspace: {{{path}}}\n", "")
    changed(root, "profile: DEFAULT", f"profile: DEFAULT, {path}")
    (found,) = [one for one in load_bundle(root, "prod").findings if one.rule == "bundle/production-path"]
    assert found.severity is Severity.ERROR


@pytest.mark.parametrize(
    ("preset", "told"),
    [("name_prefix: 'x_'", "the prefix 'x_' must be the developer's own"), ("trigger_pause_status: UNPAUSED", "UNP")],
)
def test_presets_that_developers_would_share_are_refused(root, preset, told):
    changed(root, "    default: true\n", f"    default: true\n    presets: {{{preset}}}\n")
    (found,) = [one for one in load_bundle(root, "dev").findings if one.rule == "bundle/development-preset"]
    assert told in found.message


def test_a_refusal_is_shown_where_the_value_is_that_it_begins_with(workspace, root):
    line = changed(root.parent / "resources_training.yml", "level: CAN_READ", "level: CAN_VIEW")
    findings = deploy(load_bundle(root, "prod"), workspace, saved(DOUBLE))
    (refused,) = [one for one in findings if one.rule == "bundle/refused"]
    assert "Permission level CAN_VIEW is not defined" in refused.message
    assert refused.place.line == line
