"""The quality of a classifier, from how often it said which class for which.

Real: the numbers are those of scikit-learn on the same rows; a class that was never predicted has precision 0.
Inferred: the parts of the structs beside `macro` and `weighted`, and that fairness is told as a difference: the slice's
rate less that of all other rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fakebricks.services.monitoring.statistics.samples import Counts, Floats


class Pair(NamedTuple):
    """What was said, and what it should have been."""

    prediction: str
    label: str


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often a classifier said what for what.

    Attributes:
        pairs: how often each combination occurs; none is zero.
    """

    pairs: Mapping[Pair, int]

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str]]) -> Confusion:
        """That of rows of a prediction and a label.

        >>> Confusion.of([("a", "a"), ("b", "a")]).accuracy
        0.5
        """
        counted: dict[Pair, int] = {}
        for row in rows:
            pair = Pair(*row)
            counted[pair] = counted.get(pair, 0) + 1
        return cls(counted)

    @property
    def size(self) -> int:
        return sum(self.pairs.values())

    @property
    def accuracy(self) -> float:
        return sum(count for pair, count in self.pairs.items() if pair.prediction == pair.label) / self.size

    def rates(self) -> dict[str, Rates]:
        """For each class that was said or should have been, in order, what its one-against-all test comes to."""
        right: dict[str, int] = {}
        said: dict[str, int] = {}
        meant: dict[str, int] = {}
        for pair, count in self.pairs.items():
            said[pair.prediction] = said.get(pair.prediction, 0) + count
            meant[pair.label] = meant.get(pair.label, 0) + count
            if pair.prediction == pair.label:
                right[pair.label] = count
        size = self.size
        return {
            one: Rates(right.get(one, 0), said.get(one, 0), meant.get(one, 0), size) for one in sorted({*said, *meant})
        }


class Rates(NamedTuple):
    """One class against all others: rows that are right, that were said, that should have been said, and all."""

    right: int
    said: int
    meant: int
    size: int

    @property
    def precision(self) -> float:
        return self.right / self.said if self.said else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.meant if self.meant else 0.0

    @property
    def f1_score(self) -> float:
        return 2 * self.right / (self.said + self.meant) if self.said + self.meant else 0.0

    @property
    def false_positive_rate(self) -> float:
        others = self.size - self.meant
        return (self.said - self.right) / others if others else 0.0

    @property
    def selection_rate(self) -> float:
        return self.said / self.size if self.size else 0.0


_FAIRNESS = {
    "predictive_parity": "precision",
    "predictive_equality": "false_positive_rate",
    "equal_opportunity": "recall",
    "statistical_parity": "selection_rate",
}


def quality(confusion: Confusion) -> dict[str, Any]:
    """Accuracy, the confusion matrix, and what is averaged over classes; nothing where there are no rows."""
    if not confusion.size:
        return {}
    rates = confusion.rates()
    return {
        "accuracy_score": confusion.accuracy,
        "confusion_matrix": [{**pair._asdict(), "count": count} for pair, count in sorted(confusion.pairs.items())],
        **{name: _averaged(rates, name) for name in ("precision", "recall", "f1_score")},
    }


def fairness(inside: Confusion, outside: Confusion) -> dict[str, Any]:
    """How differently a classifier treats the rows of a slice and all others, by class; nothing where one is empty."""
    if not inside.size or not outside.size:
        return {}
    ours, theirs = inside.rates(), outside.rates()
    both = sorted({*ours, *theirs})
    nobody = {"inside": Rates(0, 0, 0, inside.size), "outside": Rates(0, 0, 0, outside.size)}

    def differences(rate: str) -> dict[str, float]:
        return {
            one: getattr(ours.get(one, nobody["inside"]), rate) - getattr(theirs.get(one, nobody["outside"]), rate)
            for one in both
        }

    return {name: differences(rate) for name, rate in _FAIRNESS.items()}


def ranking(labels: Counts, scores: Floats) -> dict[str, Any]:
    """What the probabilities of classes are worth.

    Args:
        labels: the class of each row, as a column of `scores`.
        scores: the probability of each class, a row each.

    Returns:
        The area under the ROC curve, and the logarithmic loss; nothing where there is only one class.
    """
    present = np.unique(labels)
    if len(present) < 2:  # noqa: PLR2004 - with one class there is nothing to rank
        return {}
    shares = np.array([(labels == one).mean() for one in present])
    against_all = np.array([area(labels == one, scores[:, one]) for one in present])
    pairs = [(a, b) for place, a in enumerate(present) for b in present[place + 1 :]]
    areas = np.array([_between(labels, scores, a, b) for a, b in pairs])
    weights = np.array([np.isin(labels, pair).mean() for pair in pairs])
    chosen = scores[np.arange(len(labels)), labels]
    smallest = float(np.finfo(np.float64).eps)
    return {
        "roc_auc_score": {
            "one_vs_one": {"macro": float(areas.mean()), "weighted": float(np.average(areas, weights=weights))},
            "one_vs_all": {
                "macro": float(against_all.mean()),
                "weighted": float(np.average(against_all, weights=shares)),
            },
        },
        "log_loss": float(-np.log(np.clip(chosen, smallest, 1.0 - smallest)).mean()),
    }


def area(positive: np.ndarray[Any, Any], scores: Floats) -> float:
    """The area under the ROC curve: how likely a positive row scores above another, ties counting half.

    >>> area(np.array([True, False, True]), np.array([0.9, 0.4, 0.4]))
    0.75
    """
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2)[places]
    ours = int(positive.sum())
    others = len(positive) - ours
    if not ours or not others:
        return math.nan
    return float((ranks[positive].sum() - ours * (ours + 1) / 2) / (ours * others))


def _between(labels: Counts, scores: Floats, a: int, b: int) -> float:
    rows = np.isin(labels, (a, b))
    return (area(labels[rows] == a, scores[rows, a]) + area(labels[rows] == b, scores[rows, b])) / 2


def _averaged(rates: Mapping[str, Rates], name: str) -> dict[str, Any]:
    by_class = {one: float(getattr(rate, name)) for one, rate in rates.items()}
    support = [rate.meant for rate in rates.values()]
    return {
        "one_vs_all": by_class,
        "macro": sum(by_class.values()) / len(by_class),
        "weighted": sum(map(_product, by_class.values(), support)) / sum(support),
    }


def _product(value: float, weight: int) -> float:
    return value * weight
