"""Stories to copy: two weeks of traffic through an endpoint, and the alarm that a team's monitor should raise.

Requests are answered by a registered model and logged in its endpoint's inference table. A processing job unpacks the
log into features and predictions, joins the labels that come late, and a monitor compares each day with the training
data. What drifts is what raises the alarm: a feature, what the model predicts, or what is true; and nothing does in a
world that stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from clocks import standing_at
from conftest import Entered
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.catalog import (
    MonitorCronSchedule,
    MonitorInferenceLog,
    MonitorInferenceLogProblemType,
)
from databricks.sdk.service.serving import (
    AiGatewayConfig,
    AiGatewayInferenceTableConfig,
    EndpointCoreConfigInput,
    ServedEntityInput,
)
from serving_fixtures import MODEL, register_files_in, saved

from fakebricks import Workspace, fake_workspace

pytest.importorskip("pysail")

DAYS = 14
DRIFTS_ON = 11
A_DAY = 80
THRESHOLD = 1e-4

SCORED = "main.default.payments_scored"
TRAINING = "main.default.payments_training"

# The model: what is above 70 is fraud.
NAMES = {0.0: "fine", 1.0: "fraud"}
FLAGS = "return [float(value > 70.0) for value in model_input.iloc[:, 0]]"


class World(NamedTuple):
    """What changes on the last days."""

    amount: float = 0.0
    """By how much payments are larger."""
    large: float = 0.02
    """The share of payments that are far larger than others, and so are flagged."""
    fraud: float = 0.05
    """The share of payments that are fraud."""


@pytest.fixture
def fakebricks() -> Iterator[Workspace]:
    """On a clock that always begins alike, so that the same payments fall into the same days."""
    with fake_workspace(clock=standing_at()) as workspace:
        yield workspace


def payments(world: World, seed: int, rows: int) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    large = draw.random(rows) < world.large
    amounts = draw.normal(40 + world.amount, 8, rows) + large * 60
    labels = (draw.random(rows) < world.fraud).astype(float)
    return pd.DataFrame({"amount": amounts, "payment": [f"{seed}-{row}" for row in range(rows)], "label": labels})


def deploy(workspace: Workspace) -> WorkspaceClient:
    """The team's endpoint, which logs what it is asked."""
    version = register_files_in(workspace, saved(FLAGS))
    entity = ServedEntityInput(
        entity_name=MODEL, entity_version=version, workload_size="Small", scale_to_zero_enabled=False
    )
    log = AiGatewayInferenceTableConfig(catalog_name="main", schema_name="default", enabled=True)
    w = WorkspaceClient()
    w.serving_endpoints.create_and_wait(
        "fraud",
        config=EndpointCoreConfigInput(name="fraud", served_entities=[entity]),
        ai_gateway=AiGatewayConfig(inference_table_config=log),
    )
    return w


def live_through(workspace: Workspace, world: World) -> dict[str, float]:
    """two weeks of traffic, of which the last days are the world's; the label of each payment."""
    usual, labels = World(), {}
    for day in range(DAYS):
        frame = payments(world if day >= DRIFTS_ON else usual, day, A_DAY)
        traffic = frame[["amount", "payment"]]
        workspace.replay("fraud", traffic, over=timedelta(days=1), client_request_id="payment", check=True)
        labels |= dict(zip(frame["payment"], frame["label"], strict=True))
    workspace.clock.advance(hours=1)
    return labels


def process(workspace: Workspace, labels: dict[str, float]) -> None:
    """The team's job: features and predictions out of the log, and labels beside them as far as they have come."""
    scored = workspace.unpacked("main.default.fraud_payload")
    assert set(scored["error"].to_pylist()) == {None}
    columns = {
        "ts": scored["request_time"],
        "amount": scored["amount"],
        "prediction": [NAMES[one] for one in scored["prediction"].to_pylist()],
        "label": pa.array([NAMES.get(labels.get(one)) for one in scored["client_request_id"].to_pylist()], pa.string()),
        "model_version": scored["model_version"],
    }
    workspace.save_table(SCORED, pa.table(columns))


def monitor(workspace: Workspace, w: WorkspaceClient) -> str:
    """The team's monitor, with what the model was trained on as the baseline; the table of its drift metrics."""
    trained = payments(World(), 99, 2000)
    columns = {
        "ts": [workspace.clock.now() - timedelta(days=90)] * len(trained),
        "amount": trained["amount"],
        "prediction": [NAMES[float(amount > 70)] for amount in trained["amount"]],
        "label": [NAMES[label] for label in trained["label"]],
        "model_version": ["1"] * len(trained),
    }
    workspace.save_table(TRAINING, pa.table(columns))
    made = w.quality_monitors.create(
        table_name=SCORED,
        assets_dir="/Workspace/Shared/monitoring",
        output_schema_name="main.default",
        baseline_table_name=TRAINING,
        inference_log=MonitorInferenceLog(
            problem_type=MonitorInferenceLogProblemType.PROBLEM_TYPE_CLASSIFICATION,
            timestamp_col="ts",
            granularities=["1 day"],
            prediction_col="prediction",
            label_col="label",
            model_id_col="model_version",
        ),
        schedule=MonitorCronSchedule(quartz_cron_expression="0 0 6 * * ?", timezone_id="UTC"),
    )
    return str(made.drift_metrics_table_name)


def alarms(workspace: Workspace, drift_metrics: str) -> dict[str, set[datetime]]:
    """The days on which a column is not what it was in training, by column."""
    rows = workspace.sql(
        f"SELECT column_name, window.start AS day FROM {drift_metrics} "
        "WHERE drift_type = 'BASELINE' AND column_name IN ('amount', 'prediction', 'label') AND slice_key IS NULL "
        "AND coalesce(ks_test.pvalue, chi_squared_test.pvalue) < :threshold",
        threshold=THRESHOLD,
    )
    raised: dict[str, set[datetime]] = {}
    for row in rows.to_pylist():
        raised.setdefault(row["column_name"], set()).add(row["day"])
    return raised


@pytest.mark.parametrize(
    ("world", "drifts"),
    [
        (World(), set()),
        (World(amount=8.0), {"amount"}),
        (World(large=0.25), {"amount", "prediction"}),
        (World(fraud=0.35), {"label"}),
    ],
    ids=["nothing", "a feature", "predictions", "labels"],
)
def test_the_alarm_is_raised_for_what_drifts_and_for_nothing_else(fakebricks, world, drifts):
    w = deploy(fakebricks)
    labels = live_through(fakebricks, world)
    process(fakebricks, labels)
    drift_metrics = monitor(fakebricks, w)
    fakebricks.clock.advance(days=1, minutes=10)  # the schedule has fired

    raised = alarms(fakebricks, drift_metrics)

    assert set(raised) == drifts
    since = fakebricks.clock.now() - timedelta(days=DAYS - DRIFTS_ON + 3)
    assert all(day >= since for days in raised.values() for day in days)


def test_labels_that_arrive_late_are_counted_at_the_next_refresh(entered: Entered):
    with entered(clock=standing_at()) as workspace:
        w = deploy(workspace)
        live_through(workspace, World(large=0.25))
        process(workspace, {})
        profile_metrics = monitor(workspace, w).replace("_drift_", "_profile_")
        workspace.clock.advance(days=1, minutes=10)
        accuracies = (
            f"SELECT accuracy_score FROM {profile_metrics} "
            "WHERE column_name = ':table' AND log_type = 'INPUT' AND slice_key IS NULL"
        )
        before = workspace.sql(accuracies)["accuracy_score"].to_pylist()

        workspace.sql(f"UPDATE {SCORED} SET label = CASE WHEN amount > 70 THEN 'fraud' ELSE 'fine' END")
        workspace.clock.advance(days=1)
        after = workspace.sql(accuracies)["accuracy_score"].to_pylist()

    assert before
    assert set(before) == {None}
    assert set(after) == {1.0}
