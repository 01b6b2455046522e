"""Trains models and saves them with MLflow; runs inside the environment that they are to be trained with.

Arguments: a directory, and the names of models. Each ends as an MLflow model in `<directory>/<name>`; what all of them
are asked is in `questions.json`, and what each answers, in `<directory>/<name>.json`.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import mlflow.sklearn
import numpy as np
import pandas as pd
from mlflow.models import infer_signature
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline

PACKAGES = ("scikit-learn", "numpy", "scipy", "pandas", "cloudpickle", "joblib", "mlflow")

_CHANCE = np.random.RandomState(7)
_NUMBERS = pd.DataFrame(_CHANCE.normal(size=(300, 4)), columns=["a", "b", "c", "d"])
_LABELS = (_NUMBERS["a"] + _NUMBERS["b"] * _NUMBERS["c"] + _CHANCE.normal(scale=0.5, size=300) > 0).astype(int)
_WORDS = ["cash", "card", "gift", "refund", "loan", "urgent", "hello", "meeting"]
_TEXTS = pd.Series([" ".join(_CHANCE.choice(_WORDS, size=6)) for _ in range(300)], name="text")
_SPAM = _TEXTS.str.contains("urgent").astype(int)

MODELS = {
    "gbc": lambda: GradientBoostingClassifier(n_estimators=10, random_state=0),
    "rfc": lambda: RandomForestClassifier(n_estimators=10, random_state=0),
    "etc": lambda: ExtraTreesClassifier(n_estimators=10, random_state=0),
    "hgbc": lambda: HistGradientBoostingClassifier(max_iter=10, random_state=0),
    "adaboost": lambda: AdaBoostClassifier(n_estimators=10, random_state=0),
    "linreg": LinearRegression,
    "tfidf_logreg": lambda: make_pipeline(TfidfVectorizer(), LogisticRegression()),
}


def main(directory: Path, names: list[str]) -> None:
    for name in names:
        inputs, labels = (_TEXTS, _SPAM) if name.startswith("tfidf") else (_NUMBERS, _LABELS)
        model = MODELS[name]().fit(inputs, labels)
        function = "predict_proba" if hasattr(model, "predict_proba") else "predict"
        answers = np.asarray(getattr(model, function)(inputs))
        mlflow.sklearn.save_model(
            model,
            str(directory / name),
            serialization_format="cloudpickle",
            pyfunc_predict_fn=function,
            signature=infer_signature(inputs if isinstance(inputs, pd.DataFrame) else inputs.to_frame(), answers),
            pip_requirements=[f"{package}=={version(package)}" for package in PACKAGES],
        )
        asked = {"inputs": list(inputs)} if name.startswith("tfidf") else {"dataframe_split": _split(inputs)}
        (directory / f"{name}.json").write_text(json.dumps({"asked": asked, "answers": answers.tolist()}))


def _split(frame: pd.DataFrame) -> dict:
    return {"columns": list(frame.columns), "data": frame.to_numpy().tolist()}


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
