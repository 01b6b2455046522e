"""Metric tables of models: quality for each model by itself, labels that arrive late, fairness, probabilities."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from clocks import standing_at
from conftest import Rest
from deltalake import DeltaTable
from monitored import INFERENCE, add_rows, add_table, drift, midnight, monitor, path, profile, refresh
from sklearn import metrics

from fakebricks import Workspace
from fakebricks.services.unity_catalog.tables import Tables

pytest.importorskip("pysail")

COLUMNS = {
    "ts": "timestamp",
    "amount": "double",
    "country": "string",
    "model_version": "int",
    "prediction": "string",
    "label": "string",
    "scores": "map<string,double>",
}
CLASSES = ["high", "low", "middle"]


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    with closing(Workspace(clock=standing_at())) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def rest(workspace: Workspace) -> Rest:
    return Rest(workspace)


def predictions(start, count: int, seed: int) -> list[dict]:
    draw = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        label = str(draw.choice(CLASSES))
        weights = draw.integers(1, 5, 3) + 3.0 * np.array([label == one for one in CLASSES])
        scores = weights / weights.sum()
        rows.append(
            {
                "ts": start + timedelta(seconds=float(draw.uniform(0, 3_600))),
                "amount": float(draw.normal()),
                "country": str(draw.choice(["de", "fr"])),
                "model_version": int(draw.integers(1, 3)),
                "prediction": CLASSES[int(scores.argmax())],
                "label": label,
                "scores": list(zip(CLASSES, scores.tolist(), strict=True)),
            }
        )
    return rows


def test_a_classifier_is_judged_for_each_model_as_scikit_learn_does(workspace: Workspace, rest: Rest):
    name = "main.default.classified"
    add_table(workspace, name, COLUMNS)
    rows = predictions(midnight(workspace, 1), 400, seed=1)
    rows[0]["label"] = rows[1]["prediction"] = None
    add_rows(workspace, rows, name)
    monitor(rest, name, inference_log={**INFERENCE, "prediction_proba_col": "scores"}, slicing_exprs=["country = 'de'"])
    assert refresh(rest, name)["state"] == "SUCCESS"
    told = profile(workspace, name, column_name=":table")
    assert sorted(row["model_version"] for row in told) == [1, 2]
    for row in told:
        mine = [one for one in rows if one["model_version"] == row["model_version"]]
        assert row["count"] == len(mine)
        known = [one for one in mine if one["label"] and one["prediction"]]
        meant, said = [one["label"] for one in known], [one["prediction"] for one in known]
        scores = np.array([[dict(one["scores"])[name] for name in CLASSES] for one in known])
        assert row["accuracy_score"] == pytest.approx(metrics.accuracy_score(meant, said))
        for score, function in (("precision", metrics.precision_score), ("f1_score", metrics.f1_score)):
            assert row[score]["macro"] == pytest.approx(function(meant, said, average="macro"))
            assert row[score]["weighted"] == pytest.approx(function(meant, said, average="weighted"))
            assert dict(row[score]["one_vs_all"])["low"] == pytest.approx(
                function(meant, said, labels=["low"], average="macro")
            )
        for average in ("macro", "weighted"):
            expected = metrics.roc_auc_score(meant, scores, multi_class="ovo", average=average)
            assert row["roc_auc_score"]["one_vs_one"][average] == pytest.approx(expected)
        assert row["log_loss"] == pytest.approx(metrics.log_loss(meant, scores, labels=CLASSES))
        assert sum(one["count"] for one in row["confusion_matrix"]) == len(known)
        assert row["predictive_parity"] is None
    for side in ("true", "false"):
        row = profile(workspace, name, column_name=":table", slice_key="country = 'de'", slice_value=side)[0]
        mine = [
            one for one in rows if one["model_version"] == row["model_version"] and one["label"] and one["prediction"]
        ]
        inside, outside = [], []
        for one in mine:
            (inside if (one["country"] == "de") == (side == "true") else outside).append(one["prediction"] == "low")
        assert dict(row["statistical_parity"])["low"] == pytest.approx(np.mean(inside) - np.mean(outside))
    assert {row["model_version"] for row in profile(workspace, name, column_name="amount")} == {1, 2}


def test_weights_of_classes_are_shares_and_what_is_no_probability_is_left_out(workspace: Workspace, rest: Rest):
    name = "main.default.weighted"
    add_table(workspace, name, COLUMNS)
    rows = predictions(midnight(workspace, 1), 80, seed=2)
    weights = [np.array([score for _, score in row["scores"]]) for row in rows]
    for place, row in enumerate(rows):
        row["model_version"] = 1
        row["scores"] = [
            (one, float(weight * (place + 1))) for one, weight in zip(CLASSES, weights[place], strict=True)
        ]
    odd = ([("high", -1.0), ("low", 3.0)], [("high", float("nan"))], [], None)
    add_rows(workspace, rows + [{**rows[0], "scores": scores} for scores in odd], name)
    monitor(rest, name, inference_log={**INFERENCE, "prediction_proba_col": "scores"})
    assert refresh(rest, name)["state"] == "SUCCESS"
    (told,) = profile(workspace, name, column_name=":table")
    meant, shares = [row["label"] for row in rows], np.array(weights)
    assert told["log_loss"] == pytest.approx(metrics.log_loss(meant, shares, labels=CLASSES))
    area = metrics.roc_auc_score(meant, shares, multi_class="ovo", average="macro")
    assert told["roc_auc_score"]["one_vs_one"]["macro"] == pytest.approx(area, abs=1e-3)  # rounding breaks ties
    assert sum(one["count"] for one in told["confusion_matrix"]) == len(rows) + len(odd)


def test_labels_that_arrive_late_are_in_the_next_refresh_and_no_window_is_told_twice(workspace: Workspace, rest: Rest):
    name = "main.default.labelled"
    add_table(workspace, name, COLUMNS)
    days = [midnight(workspace, days) for days in (3, 2, 1)]
    rows = [row for seed, day in enumerate(days) for row in predictions(day, 60, seed)]
    add_rows(workspace, [{**row, "label": None} for row in rows], name)
    monitor(rest, name, inference_log=INFERENCE)
    refresh(rest, name)
    before = profile(workspace, name, column_name=":table")
    assert {row["accuracy_score"] for row in before} == {None}

    labels = pa.Table.from_pylist([{"ts": row["ts"], "label": row["label"]} for row in rows if row["ts"] > days[1]])
    files = DeltaTable(workspace._services[Tables].require(name).storage_location)
    merge = files.merge(labels, "target.ts = source.ts", source_alias="source", target_alias="target")
    merge.when_matched_update({"label": "source.label"}).execute()
    refresh(rest, name)

    after = profile(workspace, name, column_name=":table")
    assert [row["window"]["start"] for row in after] == [row["window"]["start"] for row in before]
    for row in after:
        mine = [one for one in rows if days[0] <= one["ts"] and one["model_version"] == row["model_version"]]
        mine = [one for one in mine if row["window"]["start"] <= one["ts"] < row["window"]["end"]]
        if row["window"]["start"] == days[0]:
            assert row["accuracy_score"] is None
        else:
            expected = np.mean([one["label"] == one["prediction"] for one in mine])
            assert row["accuracy_score"] == pytest.approx(expected)
            assert row["logging_table_commit_version"] == 2
    assert len(drift(workspace, name, column_name="label", drift_type="CONSECUTIVE")) == 4


def test_a_refresh_computes_what_has_changed_and_no_more(workspace: Workspace, rest: Rest):
    name = "main.default.growing"
    add_table(workspace, name, COLUMNS)
    for days in (4, 3, 2):
        add_rows(workspace, predictions(midnight(workspace, days), 20, days), name)
    monitor(rest, name, inference_log=INFERENCE)
    refresh(rest, name)
    add_rows(workspace, predictions(midnight(workspace, 1), 20, 1), name)
    refresh(rest, name)
    versions = {
        row["window"]["start"]: row["logging_table_commit_version"]
        for row in profile(workspace, name, column_name="ts")
    }
    assert list(versions.values()) == [3, 3, 3, 4]
    rest.put(path(name), output_schema_name="main.default", inference_log=INFERENCE, slicing_exprs=["country"])
    refresh(rest, name)
    rows = profile(workspace, name, column_name="ts")
    assert {(row["logging_table_commit_version"], row["monitor_version"]) for row in rows} == {(4, 1)}
    assert len(rows) == 8
    rest.delete("/api/2.1/unity-catalog/tables/main.default.growing_profile_metrics")
    refresh(rest, name)
    assert len(profile(workspace, name, column_name="ts")) == 8


def test_a_regression_is_judged_as_scikit_learn_does(workspace: Workspace, rest: Rest):
    name = "main.default.regressed"
    columns = {"ts": "timestamp", "model_version": "string", "prediction": "float", "label": "decimal(12,4)"}
    add_table(workspace, name, columns)
    draw = np.random.default_rng(3)
    start = midnight(workspace, 1)
    meant = draw.normal(10, 3, 200).round(4)
    said = (meant + draw.normal(size=200)).astype(np.float32)
    rows = pa.table(
        {
            "ts": [start + timedelta(seconds=n) for n in range(200)],
            "model_version": ["a"] * 200,
            "prediction": said,
            "label": [f"{one:.4f}" for one in meant],
        }
    )
    add_rows(workspace, rows, name)
    log = {**INFERENCE, "problem_type": "PROBLEM_TYPE_REGRESSION", "granularities": ["5 minutes"]}
    metric = {
        "type": "CUSTOM_METRIC_TYPE_AGGREGATE",
        "name": "bias",
        "input_columns": [":table"],
        "definition": "avg({{prediction_col}} - {{label_col}})",
        "output_data_type": "double",
    }
    monitor(rest, name, inference_log=log, custom_metrics=[metric])
    assert refresh(rest, name)["state"] == "SUCCESS"
    (row,) = profile(workspace, name, column_name=":table")
    assert row["model_version"] == "a"
    assert row["mean_squared_error"] == pytest.approx(metrics.mean_squared_error(meant, said))
    assert row["mean_average_error"] == pytest.approx(metrics.mean_absolute_error(meant, said))
    assert row["r2_score"] == pytest.approx(metrics.r2_score(meant, said))
    assert row["bias"] == pytest.approx(np.mean(said - meant), abs=1e-5)
    assert "accuracy_score" not in row
