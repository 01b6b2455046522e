"""Models of several flavours, saved as teams save them: the endpoint answers what pyfunc predicts."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Rest
from serving_fixtures import register_files_in

JSON = {"content-type": "application/json"}
X = np.array([[0.0, 1.0], [1.0, 0.0], [0.2, 0.9], [0.9, 0.1]] * 10)
Y = (X[:, 0] > X[:, 1]).astype(int)


def sklearn(mlflow: Any, path: Path, **more: Any) -> None:
    from sklearn.linear_model import LogisticRegression

    mlflow.sklearn.save_model(LogisticRegression().fit(X, Y), path, **more)


def xgboost(mlflow: Any, path: Path, **more: Any) -> None:
    import xgboost

    mlflow.xgboost.save_model(xgboost.train({}, xgboost.DMatrix(X, Y), 2), path, **more)


def lightgbm(mlflow: Any, path: Path, **more: Any) -> None:
    import lightgbm

    data = lightgbm.Dataset(X, Y)
    mlflow.lightgbm.save_model(lightgbm.train({"verbosity": -1, "min_data_in_leaf": 1}, data, 2), path, **more)


def pyfunc_class(mlflow: Any, path: Path, **more: Any) -> None:
    class Sums(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return np.asarray(model_input).sum(axis=1)

    mlflow.pyfunc.save_model(path, python_model=Sums(), **more)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("save", [sklearn, xgboost, lightgbm, pyfunc_class], ids=lambda one: one.__name__)
def test_predictions_are_pyfuncs_own(workspace, tmp_path, save: Callable[..., None]):
    import mlflow

    if save in (xgboost, lightgbm) and importlib.util.find_spec(save.__name__) is None:
        pytest.skip(f"{save.__name__} is not installed on this machine")
    signature = mlflow.models.infer_signature(X, Y.astype(float))
    save(mlflow, tmp_path / "model", signature=signature, pip_requirements=[])
    version = register_files_in(workspace, tmp_path / "model")
    rest = Rest(workspace)
    config = {"served_entities": [{"entity_name": "main.default.fraud", "entity_version": version}]}
    rest.post("/api/2.0/serving-endpoints", name="fraud", config=config)
    workspace.clock.advance(minutes=10)
    expected = mlflow.pyfunc.load_model(str(tmp_path / "model")).predict(X).tolist()
    body = json.dumps({"inputs": X.tolist()}).encode()
    reply = rest.call("POST", "/serving-endpoints/fraud/invocations", body, JSON)
    assert reply.json()["predictions"] == expected
