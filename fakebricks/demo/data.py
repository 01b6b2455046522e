"""Data for the story: real measurements that ship inside scikit-learn, in the shape of card transactions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_FEATURES = 8
_FRAUDS_PER_HUNDRED = 10


@dataclass(frozen=True)
class Transactions:
    """Training and validation data: frames of features, and labels with 1 for fraud."""

    train: Any
    train_labels: Any
    validation: Any
    validation_labels: Any


def transactions() -> Transactions:
    """The Wisconsin breast cancer measurements as a fraud-like classification.

    As in public card-fraud data the features are anonymous (`V1` to `V8`) but for an `amount`, and the positive class
    is rare: of the malignant samples so many are kept that they make a tenth of the benign ones.
    """
    import numpy as np
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split

    source = load_breast_cancer(as_frame=True)
    frame = source.data.iloc[:, : _FEATURES + 1].set_axis(["amount", *(f"V{i + 1}" for i in range(_FEATURES))], axis=1)
    labels = 1 - source.target
    legitimate = np.flatnonzero(labels == 0)
    frauds = np.flatnonzero(labels == 1)[: len(legitimate) * _FRAUDS_PER_HUNDRED // 100]
    kept = np.concatenate([legitimate, frauds])
    parts = train_test_split(
        frame.iloc[kept], labels.iloc[kept], test_size=0.3, stratify=labels.iloc[kept], random_state=0
    )
    return Transactions(parts[0], parts[2], parts[1], parts[3])
