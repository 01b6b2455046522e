"""The quality of models, beside scikit-learn's on the same rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from fakebricks.services.monitoring.statistics import classification, regression
from fakebricks.services.monitoring.statistics.classification import Confusion, area, fairness, ranking

ROWS = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), min_size=1, max_size=200)
FINITE = st.floats(-1e6, 1e6)


@settings(max_examples=30)
@given(ROWS)
def test_classifiers_are_judged_as_scikit_learn_does(rows):
    said, meant = zip(*rows, strict=True)
    quality = classification.quality(Confusion.of(rows))
    assert quality["accuracy_score"] == pytest.approx(metrics.accuracy_score(meant, said))
    classes = sorted({*said, *meant})
    scores = {"precision": metrics.precision_score, "recall": metrics.recall_score, "f1_score": metrics.f1_score}
    for name, score in scores.items():
        for average in ("macro", "weighted"):
            expected = score(meant, said, average=average, zero_division=0)
            assert quality[name][average] == pytest.approx(expected), (name, average)
        expected = score(meant, said, average=None, labels=classes, zero_division=0)
        assert list(quality[name]["one_vs_all"]) == classes
        assert list(quality[name]["one_vs_all"].values()) == pytest.approx(expected)
    matrix = metrics.confusion_matrix(meant, said, labels=[*classes, "never"])
    found = {(one["label"], one["prediction"]): one["count"] for one in quality["confusion_matrix"]}
    for row, label in enumerate(classes):
        for column, prediction in enumerate(classes):
            assert found.get((label, prediction), 0) == matrix[row, column]


@settings(max_examples=40)
@given(st.data())
def test_probabilities_are_judged_as_scikit_learn_does(data):
    size = data.draw(st.integers(8, 60))
    draw = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    classes = data.draw(st.integers(2, 4))
    labels = np.concatenate((np.arange(classes), draw.integers(0, classes, size)))
    weights = draw.integers(1, 6, (len(labels), classes)).astype(float)  # few values, so that scores are tied
    scores = weights / weights.sum(axis=1, keepdims=True)
    found = ranking(labels, scores)
    assert found["log_loss"] == pytest.approx(metrics.log_loss(labels, scores))
    if classes == 2:
        expected = metrics.roc_auc_score(labels, scores[:, 1])
        assert found["roc_auc_score"]["one_vs_one"]["weighted"] == pytest.approx(expected)
        return
    for ours, theirs in (("one_vs_one", "ovo"), ("one_vs_all", "ovr")):
        for average in ("macro", "weighted"):
            expected = metrics.roc_auc_score(labels, scores, multi_class=theirs, average=average)
            assert found["roc_auc_score"][ours][average] == pytest.approx(expected), (ours, average)


def test_one_class_cannot_be_ranked():
    assert ranking(np.zeros(5, dtype=int), np.full((5, 2), 0.5)) == {}
    assert np.isnan(area(np.ones(3, dtype=bool), np.ones(3)))


@given(st.lists(st.tuples(FINITE, FINITE), min_size=2, max_size=100))
def test_regressions_are_judged_as_scikit_learn_does(rows):
    said, meant = np.array(rows).T
    quality = regression.quality(said, meant)
    assert quality["mean_squared_error"] == pytest.approx(metrics.mean_squared_error(meant, said))
    assert quality["root_mean_squared_error"] == pytest.approx(metrics.root_mean_squared_error(meant, said))
    assert quality["mean_average_error"] == pytest.approx(metrics.mean_absolute_error(meant, said))
    expected = metrics.mean_absolute_percentage_error(meant, said)
    assert quality["mean_absolute_percentage_error"] == pytest.approx(expected)
    spread = np.var(meant)
    if spread == 0 or spread > 1e-3:
        assert quality["r2_score"] == pytest.approx(metrics.r2_score(meant, said), rel=1e-6, abs=1e-6)


def test_what_has_no_quality_has_none():
    assert regression.quality(np.array([]), np.array([])) == {}
    assert regression.quality(np.array([np.nan, np.inf]), np.array([1.0, 2.0])) == {}
    assert regression.quality(np.array([1.0]), np.array([3.0]))["r2_score"] is None
    assert classification.quality(Confusion({})) == {}
    assert fairness(Confusion({}), Confusion.of([("a", "a")])) == {}


def test_numbers_too_large_to_square_have_no_squared_error():
    quality = regression.quality(np.array([1e200, -1e200]), np.array([0.0, 1.0]))
    assert quality["mean_squared_error"] is None
    assert quality["mean_average_error"] == 1e200


@settings(max_examples=20)
@given(ROWS, ROWS)
def test_fairness_is_how_differently_a_slice_is_treated(inside, outside):
    told = fairness(Confusion.of(inside), Confusion.of(outside))
    for one in {letter for row in (*inside, *outside) for letter in row}:
        selected = [np.mean([said == one for said, _ in rows]) for rows in (inside, outside)]
        assert told["statistical_parity"][one] == pytest.approx(selected[0] - selected[1])
        recalls = []
        for rows in (inside, outside):
            said, meant = zip(*rows, strict=True)
            recalls.append(metrics.recall_score(meant, said, labels=[one], average="macro", zero_division=0))
        assert told["equal_opportunity"][one] == pytest.approx(recalls[0] - recalls[1])
    assert set(told) == {"predictive_parity", "predictive_equality", "equal_opportunity", "statistical_parity"}
