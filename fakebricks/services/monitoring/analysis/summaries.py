"""A window's profile: of each group of its rows, what every column and the table as a whole come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fakebricks.services.monitoring.analysis.columns import ClassColumn, Column, Flags, NumberColumn, Rows
from fakebricks.services.monitoring.analysis.observations import Key, Observations
from fakebricks.services.monitoring.metric_columns import DELTAS
from fakebricks.services.monitoring.records import TABLE, Analysis, InferenceLog
from fakebricks.services.monitoring.statistics import classification, regression
from fakebricks.services.monitoring.statistics.classification import Confusion, Pair
from fakebricks.services.monitoring.statistics.samples import Floats

_BOOLEANS = {"true": "false", "false": "true"}
_ROUNDING = 1e-6
"""How far below zero what a model has computed as one less a probability may be."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a group of rows comes to.

    Attributes:
        profiles: by the names of columns, and of the table as a whole.
        samples: what the profiles are of, by the names of columns.
        columns: what tells how samples are compared.
        confusion: of a classifier, where there are labels.
    """

    profiles: dict[str, dict[str, Any]]
    samples: Mapping[str, Any]
    columns: Mapping[str, Column]
    confusion: Confusion = field(default_factory=lambda: Confusion({}))

    def drift(self, before: Summary) -> dict[str, dict[str, Any]]:
        """How far it is from another, by the names of the columns that both have, and of the table as a whole."""
        found = {TABLE: _table_drift(self.profiles[TABLE], before.profiles[TABLE])}
        for name, sample in self.samples.items():
            if name in before.samples and type(self.columns[name]) is type(before.columns[name]):
                deltas = _deltas(self.profiles[name], before.profiles[name])
                found[name] = {**deltas, **self.columns[name].drift(sample, before.samples[name])}
        return found


def summaries(rows: Rows, observations: Observations, analysis: Analysis) -> dict[Key, Summary]:
    """The summaries of some rows, by group."""
    found = {key: _summary(chosen, observations, analysis) for key, chosen in observations.groups(rows)}
    for key, summary in found.items():
        other = found.get(key._replace(slice_value=_BOOLEANS.get(key.slice_value or "")))
        if other is not None and other is not summary:
            summary.profiles[TABLE].update(classification.fairness(summary.confusion, other.confusion))
    return found


def _summary(rows: Rows, observations: Observations, analysis: Analysis) -> Summary:
    columns = observations.columns
    samples = {name: column.sample(rows) for name, column in columns.items()}
    profiles = {name: columns[name].profile(sample) for name, sample in samples.items()}
    table: dict[str, Any] = {
        "count": len(rows),
        "non_null_columns": [name for name, column in columns.items() if column.present[rows].any()],
    }
    confusion = Confusion({})
    if isinstance(analysis, InferenceLog):
        judged, confusion = _quality(rows, observations, analysis)
        table |= judged
    return Summary({**profiles, TABLE: table}, samples, columns, confusion)


def _quality(rows: Rows, observations: Observations, analysis: InferenceLog) -> tuple[dict[str, Any], Confusion]:
    """How good a model is on the rows that have a label and a prediction; nothing where columns do not tell that."""
    said = observations.columns.get(analysis.prediction_col)
    meant = observations.columns.get(analysis.label_col or "")
    if not isinstance(said, ClassColumn) or not isinstance(meant, ClassColumn):
        return {}, Confusion({})
    labelled = rows[meant.present[rows] & said.present[rows]]
    if analysis.problem_type == "CLASSIFICATION":
        confusion = _confusion(labelled, said, meant)
        return {**classification.quality(confusion), **_ranking(labelled, observations, meant)}, confusion
    if isinstance(said, NumberColumn) and isinstance(meant, NumberColumn):
        return regression.quality(said.values[labelled], meant.values[labelled]), Confusion({})
    return {}, Confusion({})


def _confusion(rows: Rows, prediction: ClassColumn, label: ClassColumn) -> Confusion:
    said, said_names = prediction.classes(rows)
    meant, meant_names = label.classes(rows)
    found, counts = np.unique(said * len(meant_names) + meant, return_counts=True)
    pairs = [(said_names[place // len(meant_names)], meant_names[place % len(meant_names)]) for place in found]
    return Confusion(dict(zip((Pair(*pair) for pair in pairs), counts.tolist(), strict=True)))


def _ranking(rows: Rows, observations: Observations, label: ClassColumn) -> dict[str, Any]:
    """What probabilities are worth, of the rows that have some.

    A map has the probability of each class, or its weight. A number is that of the class that comes last of two. Rows
    with what is no probability, such as 1.5, are left out (inferred).
    """
    if observations.probabilities is None:
        return {}
    chosen = [row for row in rows.tolist() if observations.probabilities[row] is not None]
    if not chosen:
        return {}
    places, names = label.classes(np.array(chosen))
    told = [observations.probabilities[row] for row in chosen]
    meant = [names[place] for place in places.tolist()]
    by_class = [dict(one) if isinstance(one, list | dict) else _of_two(float(one), sorted(set(meant))) for one in told]
    classes = sorted({*meant, *(name for one in by_class for name in one)})
    scores = np.array([[one.get(name) or 0.0 for name in classes] for one in by_class], dtype=np.float64)
    labels = np.array([classes.index(name) for name in meant], dtype=np.int64)
    usable, shares = _shares(scores)
    return classification.ranking(labels[usable], shares) if usable.any() else {}


def _shares(weights: Floats) -> tuple[Flags, Floats]:
    """Which rows of weights make sense, and how these are shared out among the classes."""
    usable = np.isfinite(weights).all(axis=1) & (weights > -_ROUNDING).all(axis=1) & (weights.sum(axis=1) > 0.0)
    sensible = np.maximum(weights[usable], 0.0)
    sums = sensible.sum(axis=1, keepdims=True)
    # Probabilities stay as they are: what is equal must stay so, as ties count half.
    return usable, sensible / np.where(np.isclose(sums, 1.0), 1.0, sums)


def _of_two(probability: float, classes: list[str]) -> dict[str, float]:
    if len(classes) != 2:  # noqa: PLR2004 - it tells of two classes, or of nothing
        return {}
    return {classes[0]: 1.0 - probability, classes[1]: probability}


def _deltas(profile: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """By how much the numbers of a profile have changed."""
    found = {}
    for delta in DELTAS:
        now, then = (one.get(delta.removesuffix("_delta")) for one in (profile, before))
        if now is not None and then is not None:
            found[delta] = now - then
    return found


def _table_drift(profile: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    now, then = (set(one["non_null_columns"]) for one in (profile, before))
    return {
        "count_delta": profile["count"] - before["count"],
        "non_null_columns_delta": {"added": len(now - then), "missing": len(then - now)},
    }
