"""Policies: each on a pair, of which one breaks it and the other does not."""

from __future__ import annotations

import re

import mlflow
import pytest
from policy_worlds import MODEL, call, endpoint, logged, register
from serving_fixtures import register_in

from fakebricks import Workspace, fake_workspace
from fakebricks.contracts.findings import Outcome, Severity
from fakebricks.contracts.policies import POLICIES, BrokenPolicyError, Policies, PoliciesBlindError
from fakebricks.wire import Request


def messages(workspace: Workspace, rule: str) -> list[str]:
    policies = Policies.of([rule])
    (policy,) = policies.chosen
    verdict = policies.verdict(workspace)
    assert all(one.rule == f"policy/{rule}" and one.fix and one.source for one in verdict.findings)
    breaks = bool(verdict.findings) and policy.severity is Severity.ERROR
    assert verdict.outcome is (Outcome.FAILED if breaks else Outcome.PASSED)
    return [one.message for one in verdict.findings]


@pytest.fixture
def workspace():
    with fake_workspace(catalogs=("main", "dev", "prod")) as workspace:
        yield workspace


def test_what_is_loaded_by_alias_is_not_loaded_by_version(workspace):
    logged()
    mlflow.MlflowClient().set_registered_model_alias(MODEL, "champion", 1)
    workspace.calls.clear()
    mlflow.pyfunc.load_model(f"models:/{MODEL}@champion")
    assert messages(workspace, "alias-not-version") == []

    workspace.calls.clear()
    mlflow.pyfunc.load_model(f"models:/{MODEL}/1")
    assert messages(workspace, "alias-not-version") == [f"{MODEL} is loaded by its version, 1."]


def test_what_was_just_made_may_be_loaded_by_version(workspace):
    logged()
    mlflow.pyfunc.load_model(f"models:/{MODEL}/1")
    assert messages(workspace, "alias-not-version") == []


def test_no_new_model_in_the_legacy_registry(workspace):
    mlflow.MlflowClient(registry_uri="databricks-uc").create_registered_model(MODEL)
    assert messages(workspace, "no-new-model-in-legacy-registry") == []

    mlflow.MlflowClient(registry_uri="databricks").create_registered_model("fraud")
    assert messages(workspace, "no-new-model-in-legacy-registry") == [
        "'fraud' is registered in the workspace model registry."
    ]


def test_models_are_registered_with_pins_and_an_example(workspace):
    logged()
    assert messages(workspace, "requirements-pinned") == []
    assert messages(workspace, "signature-and-example-logged") == []

    logged(example=False, requirements=("mlflow", "numpy>=1.26", "click==8.1.7"))
    assert messages(workspace, "requirements-pinned") == [
        f"{MODEL} version 2 requires mlflow, numpy>=1.26 without a version."
    ]
    assert messages(workspace, "signature-and-example-logged") == [f"{MODEL} version 2 has no input example."]


@pytest.mark.parametrize(
    ("line", "pinned"),
    [
        ("click==8.1.7", True),
        ("click == 8.1.7 ; python_version > '3'", True),
        ("click===8.1.7", True),
        ("mlflow[extras]==2.22", True),
        ("click @ https://example.test/click.whl", True),
        ("-r more.txt", True),
        ("# click", True),
        ("code/fraud-1.0-py3-none-any.whl", True),
        ("click", False),
        ("click==8.*", False),
        ("click>=8,<9", False),
        ("click~=8.1", False),
    ],
)
def test_what_is_a_pin(workspace, line, pinned):
    path = "/api/2.0/fs/files/Models/main/default/fraud/1/requirements.txt"
    version = register_in(workspace)
    assert version == "1"
    headers = {"authorization": f"Bearer {workspace.token}"}
    created = call(
        workspace, "POST", "/api/2.0/mlflow/unity-catalog/model-versions/create", name=MODEL, source="dbfs:/x"
    )
    path = path.replace("/1/", f"/{created['model_version']['version']}/")
    assert workspace.handle(Request.of("PUT", path, headers, line.encode())).status == 204

    assert bool(messages(workspace, "requirements-pinned")) is not pinned


@pytest.mark.parametrize(
    "of_production",
    [{"name": "fraud-prod"}, {"tags": [{"key": "env", "value": "prod"}]}, {"catalog": "prod"}],
    ids=str,
)
def test_endpoints_of_production_have_an_inference_table(workspace, of_production):
    endpoint(workspace, name="fraud-dev")
    endpoint(workspace, **{"name": "logged", **of_production, "table": "prod"})
    assert messages(workspace, "inference-table-on-prod-endpoints") == []

    endpoint(workspace, **{**of_production, "name": f"2-{of_production.get('name', 'other')}"})
    (message,) = messages(workspace, "inference-table-on-prod-endpoints")
    assert "is one of production and logs to no inference table" in message


@pytest.mark.parametrize(
    ("key", "value"), [("latency-critical", ""), ("latency_critical", "true"), ("latency", "critical")]
)
def test_what_is_latency_critical_does_not_scale_to_zero(workspace, key, value):
    endpoint(workspace, name="warm", tags=[{"key": key, "value": value}])
    endpoint(workspace, name="batch", tags=[{"key": "latency-critical", "value": "false"}], zero=True)
    endpoint(workspace, name="plain", zero=True)
    assert messages(workspace, "no-scale-to-zero-when-latency-critical") == []

    endpoint(workspace, name="cold", tags=[{"key": key, "value": value}], zero=True)
    (message,) = messages(workspace, "no-scale-to-zero-when-latency-critical")
    assert message.startswith("The endpoint 'cold' is latency-critical, and its 'fraud-")


def test_an_endpoint_is_of_one_environment(workspace):
    endpoint(workspace, name="fraud-prod", catalog="prod", table="prod")
    endpoint(workspace, name="fraud-dev", catalog="dev")
    endpoint(workspace, name="plain")
    assert messages(workspace, "catalogs-as-environments") == []

    endpoint(workspace, name="other-prod", catalog="dev")
    endpoint(workspace, name="third", catalog="dev", table="prod")
    assert messages(workspace, "catalogs-as-environments") == [
        "The endpoint 'other-prod' is of dev and prod at once: dev.default.fraud.",
        "The endpoint 'third' is of dev and prod at once: dev.default.fraud, an inference table in prod.",
    ]


def test_training_runs_on_jobs_clusters(workspace):
    task = {"task_key": "fit", "notebook_task": {"notebook_path": "/fit"}}
    cluster = {"job_cluster_key": "own", "new_cluster": {"spark_version": "16.4.x-cpu-ml-scala2.12", "num_workers": 1}}
    call(
        workspace,
        "POST",
        "/api/2.2/jobs/create",
        name="good",
        tasks=[{**task, "job_cluster_key": "own"}],
        job_clusters=[cluster],
    )
    assert messages(workspace, "training-on-jobs-clusters") == []

    call(workspace, "POST", "/api/2.2/jobs/create", name="dear", tasks=[{**task, "existing_cluster_id": "0101-abc"}])
    assert messages(workspace, "training-on-jobs-clusters") == [
        "The task 'fit' of the job 'dear' runs on the all-purpose cluster 0101-abc."
    ]


def test_no_run_is_left_unfinished(workspace):
    client = mlflow.MlflowClient()
    experiment = client.create_experiment("/Shared/fraud")
    ended, left = (client.create_run(experiment, run_name=name) for name in ("ended", "left"))
    client.set_terminated(ended.info.run_id)
    assert messages(workspace, "runs-not-left-unfinished") == [
        f"The run 'left' ({left.info.run_id}) in /Shared/fraud is left RUNNING."
    ]

    client.set_terminated(left.info.run_id, "FAILED")
    assert messages(workspace, "runs-not-left-unfinished") == []


def test_throwaway_runs_are_deleted_or_among_themselves(workspace):
    client = mlflow.MlflowClient()
    tracked, scratch = client.create_experiment("/Shared/fraud"), client.create_experiment("/Shared/scratch")
    client.create_run(tracked, run_name="weekly", tags={"throwaway": "false"})
    client.create_run(scratch, run_name="debug-1")
    left = [client.create_run(tracked, run_name="debug-2"), client.create_run(tracked, tags={"throwaway": "true"})]
    assert len(messages(workspace, "throwaway-runs-deleted")) == 2

    for run in left:
        client.delete_run(run.info.run_id)
    assert messages(workspace, "throwaway-runs-deleted") == []


def test_models_are_trained_on_delta_tables(workspace):
    register(workspace, "from a table", "http", "delta_table")
    assert messages(workspace, "features-from-delta-tables") == []

    register(workspace, "from a notebook", "code")
    register(workspace, "from nowhere")
    assert messages(workspace, "features-from-delta-tables") == [
        f"main.default.fraud is registered from the run {name!r}, which has no Delta table as its input."
        for name in ("from a notebook", "from nowhere")
    ]


def test_a_clean_exit_fails_by_what_is_broken():
    broken = r"policy/runs-not-left-unfinished: The run 'left'"
    with pytest.raises(BrokenPolicyError, match=broken), fake_workspace(policies=("runs-not-left-unfinished",)):
        client = mlflow.MlflowClient()
        client.create_run(client.create_experiment("/Shared/fraud"), run_name="left")


def test_an_error_of_the_test_itself_goes_first():
    with pytest.raises(ZeroDivisionError), fake_workspace(policies=("runs-*",)):
        client = mlflow.MlflowClient()
        client.create_run(client.create_experiment("/Shared/fraud"))
        _ = 1 / 0


@pytest.mark.parametrize(
    "weights",
    [
        {"severity": {"policy/*": "warning"}},
        {"waive": {"policy/runs-*": "a test of crashes"}},
        {"waive": {"runs-not-left-unfinished": "a test of crashes", "cold-start/over-sla": "what a project says, too"}},
    ],
    ids=str,
)
def test_warnings_and_waived_ones_fail_nothing(weights):
    with fake_workspace(policies={"rules": ["runs-*"], **weights}) as workspace:
        client = mlflow.MlflowClient()
        client.create_run(client.create_experiment("/Shared/fraud"))
        assert len(workspace.policies.verdict(workspace).findings) == 1


def test_calls_that_policies_make_are_not_judged(workspace):
    endpoint(workspace)
    first = Policies().verdict(workspace)
    assert Policies().verdict(workspace).findings == first.findings


def test_what_the_workspace_does_not_show_is_said(workspace):
    workspace.faults.inject("list_jobs", status=503, times=None)
    with pytest.raises(PoliciesBlindError, match="GET /api/2.2/jobs/list is answered 503"):
        Policies.of(["training-*"]).verdict(workspace)


def test_ids_are_stable():
    assert all(re.fullmatch(r"policy/[a-z-]+", rule) for rule in POLICIES)
    assert len(POLICIES) == 11


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (("alias-not-versions",), "no policy is 'alias-not-versions'; did you mean 'policy/alias-not-version'?"),
        ({"rule": ["*"]}, "'rule' is no setting"),
        ({"severity": {"policy/*": "fatal"}}, "there are error, warning, note"),
        ({"waive": {"runs-not-left-unfinishd": "why"}}, "did you mean 'policy/runs-not-left-unfinished'?"),
        ({"waive": {"policy/run-*": "why"}}, "no policy is 'policy/run-*'"),
    ],
)
def test_policies_that_make_no_sense_are_refused(told, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        fake_workspace(policies=told)
