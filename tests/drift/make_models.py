"""How the models of `models.tar.xz` were made: run once in each environment of `measured.json`, not by the tests.

    python make_models.py DIRECTORY [--runtime]

Small models of the kinds that were measured; with `--runtime` also those that only the Databricks Runtimes have. It
has to run with scikit-learn 1.1 to 1.7, so it uses nothing that only some of them have.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cloudpickle
import numpy as np
import pandas as pd

RNG = np.random.RandomState(0)
X = RNG.normal(size=(60, 4))
TWO = (X[:, 0] + X[:, 1] > 0).astype(int)
THREE = np.digitize(X[:, 0], [-0.5, 0.5])
NUMBER = X[:, 0] * 2 + X[:, 1]
GAPS = np.where(np.arange(60)[:, None] % 7 == 0, np.nan, X)
CODES = np.column_stack([X[:, :3], RNG.randint(0, 3, 60)])
FRAME = pd.DataFrame({"age": X[:, 0], "pay": X[:, 1], "city": np.array(["a", "b", "c"])[RNG.randint(0, 3, 60)]})
TEXTS = ["red fox", "blue sky", "red sky", "blue fox"] * 15
SMALL = {"n_estimators": 2, "random_state": 0}
HISTOGRAM = {"max_iter": 2, "max_depth": 2, "random_state": 0}


def trees():
    from sklearn import ensemble as e
    from sklearn.tree import DecisionTreeClassifier

    yield "gbc", e.GradientBoostingClassifier(max_depth=2, **SMALL).fit(X, TWO)
    yield "gbc_multiclass", e.GradientBoostingClassifier(max_depth=2, **SMALL).fit(X, THREE)
    yield "gbr", e.GradientBoostingRegressor(max_depth=2, **SMALL).fit(X, NUMBER)
    yield "rfc", e.RandomForestClassifier(max_depth=2, **SMALL).fit(X, TWO)
    yield "rfr", e.RandomForestRegressor(max_depth=2, **SMALL).fit(X, NUMBER)
    state = np.random.RandomState(3)
    yield "rfc_rngstate", e.RandomForestClassifier(n_estimators=2, max_depth=2, random_state=state).fit(X, TWO)
    yield "etc", e.ExtraTreesClassifier(max_depth=2, **SMALL).fit(X, TWO)
    yield "dtc", DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, TWO)
    yield "hgbc", e.HistGradientBoostingClassifier(**HISTOGRAM).fit(GAPS, TWO)
    yield "hgbc_multiclass", e.HistGradientBoostingClassifier(**HISTOGRAM).fit(GAPS, THREE)
    categorical = e.HistGradientBoostingClassifier(categorical_features=[3], **HISTOGRAM)
    yield "hgbc_categorical", categorical.fit(CODES, TWO)
    yield "hgbr", e.HistGradientBoostingRegressor(**HISTOGRAM).fit(GAPS, NUMBER)
    yield "iforest", e.IsolationForest(**SMALL).fit(X)
    yield "adaboost", e.AdaBoostClassifier(**SMALL).fit(X, TWO)
    yield "bagging", e.BaggingClassifier(**SMALL).fit(X, TWO)


def others():
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.cluster import KMeans
    from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, Ridge, SGDClassifier
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.svm import SVC, LinearSVC

    yield "calibrated", CalibratedClassifierCV(LinearSVC(random_state=0), cv=2).fit(X, TWO)
    yield "gnb", GaussianNB().fit(X, TWO)
    yield "kmeans", KMeans(2, n_init=2, random_state=0).fit(X)
    yield "knn", KNeighborsClassifier().fit(X, TWO)
    yield "lasso", Lasso().fit(X, NUMBER)
    yield "linreg", LinearRegression().fit(X, NUMBER)
    yield "ridge", Ridge().fit(X, NUMBER)
    yield "logreg", LogisticRegression().fit(X, TWO)
    yield "logreg_multiclass", LogisticRegression().fit(X, THREE)
    yield "mlp", MLPClassifier((3,), max_iter=5, random_state=0).fit(X, TWO)
    yield "sgd", SGDClassifier(loss="log_loss", random_state=0).fit(X, TWO)
    yield "svc", SVC(probability=True, random_state=0).fit(X, TWO)


def composed():
    from sklearn.compose import ColumnTransformer
    from sklearn.decomposition import PCA
    from sklearn.ensemble import RandomForestClassifier, StackingClassifier, VotingClassifier
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.naive_bayes import GaussianNB
    from sklearn.pipeline import Pipeline, make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    forest = RandomForestClassifier(max_depth=2, **SMALL)
    numbers = ("num", make_pipeline(SimpleImputer(), StandardScaler()), ["age", "pay"])
    one_hot = ColumnTransformer([numbers, ("cat", OneHotEncoder(handle_unknown="ignore"), ["city"])])
    ordinal = ColumnTransformer([("cat", OrdinalEncoder(), ["city"])], remainder="passthrough")
    yield "gridsearch_rf", GridSearchCV(RandomForestClassifier(**SMALL), {"max_depth": [1, 2]}, cv=2).fit(X, TWO)
    yield "pca_logreg", make_pipeline(PCA(2), LogisticRegression()).fit(X, TWO)
    yield "pipe_logreg_ohe", Pipeline([("pre", one_hot), ("model", LogisticRegression())]).fit(FRAME, TWO)
    yield "pipe_rf_ordinal", Pipeline([("pre", ordinal), ("model", forest)]).fit(FRAME, TWO)
    two = [("nb", GaussianNB()), ("lr", LogisticRegression())]
    yield "stacking", StackingClassifier(two, cv=2).fit(X, TWO)
    yield "voting", VotingClassifier([("rf", forest), ("lr", LogisticRegression())], voting="soft").fit(X, TWO)
    yield "tfidf_logreg", make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, TWO)


def of_runtimes(directory):
    import lightgbm
    import xgboost

    yield "ndarray", np.arange(6.0).reshape(2, 3)
    yield "np_generator", np.random.default_rng(0)
    yield "np_randomstate", np.random.RandomState(0)
    yield "dataframe", pd.DataFrame({"a": [1, 2]}, index=[3, 4])
    yield "dataframe_datetime", pd.DataFrame({"a": [1.0, 2.0]}, index=pd.to_datetime(["2024-01-01", "2024-01-02"]))
    yield "series_category", pd.Series(["a", "b"], dtype="category", index=["x", "y"])
    yield from by_value()
    classifier = xgboost.XGBClassifier(n_estimators=2, max_depth=2).fit(X, TWO)
    classifier.save_model(directory / "xgbc.json")
    classifier.save_model(directory / "xgbc.ubj")
    yield "xgbc_pickle", classifier
    yield "xgbr_pickle", xgboost.XGBRegressor(n_estimators=2, max_depth=2).fit(X, NUMBER)
    options = {"n_estimators": 2, "max_depth": 2, "min_child_samples": 5}
    light = lightgbm.LGBMClassifier(**options).fit(X, TWO)
    light.booster_.save_model(directory / "lgbc.txt")
    yield "lgbc_pickle", light
    yield "lgbr_pickle", lightgbm.LGBMRegressor(**options).fit(X, NUMBER)


def by_value():
    class Wrapped:
        def __init__(self):
            self.factor = 2

        def predict(self, values):
            return np.asarray(values) * self.factor

    def scaled(factor):
        def inner(values):
            return np.asarray(values) * factor

        return inner

    yield "pyfunc_class_by_value", Wrapped()
    yield "closure_by_value", scaled(3)


if __name__ == "__main__":
    directory = Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    models = dict([*trees(), *others(), *composed()])
    models.update(of_runtimes(directory) if "--runtime" in sys.argv else {})
    for name, model in models.items():
        (directory / f"{name}.pkl").write_bytes(cloudpickle.dumps(model))
