"""Policies on training: where it runs, and what its runs leave behind."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fakebricks.contracts.findings import Severity
from fakebricks.contracts.policies.names import passing
from fakebricks.contracts.policies.policy import Broken, policy
from fakebricks.contracts.policies.seen import Seen, succeeded
from fakebricks.services.tracking.made_runs import MadeRun

_REGISTERED = re.compile(r"/api/2\.0/mlflow/(unity-catalog/)?model-versions/create")
_OF_TABLES = frozenset(("delta_table", "databricks-uc-table"))
_NO = frozenset(("false", "no", "0"))


@policy(
    title="Training runs on jobs clusters",
    fix="Give the task a job_cluster_key, a new_cluster or serverless compute; an all-purpose one costs a multiple.",
    source="https://docs.databricks.com/gcp/en/cheat-sheet/jobs",
)
def training_on_jobs_clusters(seen: Seen) -> Iterator[Broken]:
    for job in seen.jobs:
        settings = job["settings"]
        for task in settings.get("tasks", ()):
            if cluster := task.get("existing_cluster_id"):
                task_of_job = f"The task {task['task_key']!r} of the job {settings['name']!r}"
                yield Broken(f"{task_of_job} runs on the all-purpose cluster {cluster}.")


@policy(
    title="No run is left unfinished",
    fix="Use `with mlflow.start_run():`, or end the run where code may raise, too.",
    source="https://mlflow.org/docs/latest/ml/tracking/tracking-api/",
)
def runs_not_left_unfinished(seen: Seen) -> Iterator[Broken]:
    for run in seen.runs:
        if run.status in ("RUNNING", "SCHEDULED") and run.lifecycle_stage == "active":
            yield Broken(f"The run {run.run_name!r} ({run.run_id}) in {run.experiment} is left {run.status}.")


@policy(
    title="Throwaway runs are deleted, or in an experiment of their own",
    fix="Delete it (mlflow.delete_run), or keep what is ad hoc in an experiment that says so, such as .../scratch.",
    source="https://mlflow.org/docs/latest/ml/tracking/",
    severity=Severity.WARNING,
)
def throwaway_runs_deleted(seen: Seen) -> Iterator[Broken]:
    for run in seen.runs:
        if run.lifecycle_stage == "active" and _throwaway(run) and not passing(run.experiment):
            yield Broken(f"The throwaway run {run.run_name!r} ({run.run_id}) is left in {run.experiment}.")


@policy(
    title="Models are trained on Delta tables",
    fix="Let a job make a table of the features, and log it as the run's input: "
    "mlflow.log_input(mlflow.data.load_delta(table_name='prod.ml.features'), context='training').",
    source="https://mlflow.org/docs/latest/ml/dataset/",
    severity=Severity.WARNING,
)
def features_from_delta_tables(seen: Seen) -> Iterator[Broken]:
    names = {run.run_id: run for run in seen.runs}
    for call in seen.calls:
        if not _REGISTERED.fullmatch(call.path) or not succeeded(call):
            continue
        run = names.get(call.json().get("run_id", ""))
        if run is not None and not seen.data_of(run.run_id) & _OF_TABLES:
            name = call.json().get("name")
            yield Broken(f"{name} is registered from the run {run.run_name!r}, which has no Delta table as its input.")


def _throwaway(run: MadeRun) -> bool:
    return run.tags.get("throwaway", "false").lower() not in _NO or passing(run.run_name)
