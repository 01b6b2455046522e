"""Train the fraud model.

python train.py model                                               # into a directory, to be checked
python train.py --experiment /Shared/fraud/training --register prod.fraud.fraud_score    # as the job does
"""

from __future__ import annotations

import argparse
from importlib.metadata import version

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

_PINNED = ("mlflow", "scikit-learn", "pandas", "numpy", "cloudpickle")


def payments(rows: int = 400) -> tuple[pd.DataFrame, np.ndarray]:
    """Payments, made up: what is large, at night and abroad is fraud more often."""
    draw = np.random.default_rng(7)
    features = pd.DataFrame(
        {
            "amount": draw.gamma(2.0, 40.0, rows),
            "hour": draw.integers(0, 24, rows).astype(float),
            "abroad": draw.integers(0, 2, rows).astype(float),
        }
    )
    score = features["amount"] / 80 + (features["hour"] < 6) + features["abroad"] - 2
    return features, (score + draw.normal(0, 0.5, rows) > 0).to_numpy().astype(int)


def main() -> None:
    """Train it, and save or register it."""
    arguments = argparse.ArgumentParser(description="Train the fraud model.")
    arguments.add_argument("directory", nargs="?", help="where to save it")
    arguments.add_argument("--experiment", help="where to log it")
    arguments.add_argument("--register", help="the registered model to make a version of")
    asked = arguments.parse_args()
    if not asked.directory and not (asked.experiment and asked.register):
        arguments.error("say a directory, or --experiment and --register")

    features, fraud = payments()
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(features, fraud)
    told = {
        "signature": infer_signature(features, model.predict(features)),
        "input_example": features.head(2),
        "pip_requirements": [f"{name}=={version(name)}" for name in _PINNED],
        "serialization_format": "cloudpickle",
    }
    if asked.directory:
        mlflow.sklearn.save_model(model, asked.directory, **told)
        return
    mlflow.set_experiment(asked.experiment)
    with mlflow.start_run():
        mlflow.sklearn.log_model(model, "model", registered_model_name=asked.register, **told)


if __name__ == "__main__":
    main()
