"""The quality of a regression model. Real: the numbers are those of scikit-learn on the same rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fakebricks.services.monitoring.statistics.samples import Counts, Floats


def quality(predictions: Floats | Counts, labels: Floats | Counts) -> dict[str, Any]:
    """Errors of predictions; nothing where there are none. Rows of which one is infinite or NaN are left out.

    >>> quality(np.array([1.0, 2.0]), np.array([1.0, 4.0]))["mean_squared_error"]
    2.0
    """
    known = np.isfinite(predictions) & np.isfinite(labels)
    said, meant = predictions[known].astype(np.float64), labels[known].astype(np.float64)
    if not len(said):
        return {}
    errors = np.abs(said - meant)
    with np.errstate(over="ignore"):
        squared = float((errors**2).mean())
        relative = float((errors / np.maximum(np.abs(meant), np.finfo(np.float64).eps)).mean())
    found = {
        "mean_squared_error": squared,
        "root_mean_squared_error": math.sqrt(squared),
        "mean_average_error": float(errors.mean()),
        "mean_absolute_percentage_error": relative,
        "r2_score": _determination(meant, squared),
    }
    return {name: value if value is not None and math.isfinite(value) else None for name, value in found.items()}


def _determination(labels: Floats, squared: float) -> float | None:
    if len(labels) < 2:  # noqa: PLR2004 - one label varies around nothing
        return None
    with np.errstate(over="ignore"):
        spread = float(((labels - labels.mean()) ** 2).mean())
    if spread == 0.0:
        return 1.0 if squared == 0.0 else 0.0
    return 1.0 - squared / spread
