"""How the estimators of `estimators.tar.xz` were made and measured: run by hand in environments, not by the tests.

    python make_estimators.py train DIRECTORY
    python make_estimators.py measure DIRECTORY RESULTS.json

`train` fits and pickles an estimator of each class that is often used and has no row in the matrices of models, with
what it predicts. `measure`, in another environment, loads them and compares. It runs with scikit-learn 1.2 to 1.7.

PCA and IncrementalPCA are left out. Their last bits depend on how the arrays lie in memory, so that they may differ
within one environment too; nothing else about them changed.
"""

from __future__ import annotations

import json
import pickle
import sys
import warnings
from pathlib import Path

import numpy as np
from sklearn.feature_selection import f_classif
from sklearn.utils import all_estimators

RNG = np.random.RandomState(0)
X = RNG.normal(size=(80, 4))
POSITIVE, COUNTS = np.abs(X), (np.abs(X) > 1).astype(int)
TWO, THREE = (X[:, 0] > 0).astype(int), np.digitize(X[:, 0], [-0.5, 0.5])
NUMBER = X[:, 0] * 2 + X[:, 1]
TEXTS = ["red fox jumps", "blue sky rains", "red sky falls", "blue fox sings"] * 20
DICTS = [{"a": 1, "b": 2}, {"a": 3}]
METHODS = ("predict", "predict_proba", "decision_function", "transform", "score_samples")

ESTIMATORS = dict(all_estimators())
SEED = {"random_state": 0}


def of(name, *args, **options):
    return ESTIMATORS[name](*args, **options)


def linear_svc():
    return of("LinearSVC", **SEED)


def regressors():
    plain = "ElasticNet RidgeCV BayesianRidge ARDRegression HuberRegressor Lars LassoLars OrthogonalMatchingPursuit SVR"
    for name in [*plain.split(), "NuSVR", "GaussianProcessRegressor", "KernelRidge"]:
        yield name, of(name)
    for name in ("SGDRegressor", "TheilSenRegressor", "RANSACRegressor", "LinearSVR", "DecisionTreeRegressor"):
        yield name, of(name, **SEED)
    for name in ("LassoCV", "ElasticNetCV"):
        yield name, of(name, cv=2)
    for name in ("AdaBoostRegressor", "ExtraTreesRegressor"):
        yield name, of(name, n_estimators=2, **SEED)
    yield "QuantileRegressor", of("QuantileRegressor", solver="highs")
    yield "KNeighborsRegressor", of("KNeighborsRegressor", algorithm="brute")
    yield "BaggingRegressor", of("BaggingRegressor", of("LinearRegression"), n_estimators=2, **SEED)
    two = [("a", of("LinearRegression")), ("b", of("ElasticNet"))]
    yield "VotingRegressor", of("VotingRegressor", two)
    yield "StackingRegressor", of("StackingRegressor", two)
    target = {"func": np.cbrt, "inverse_func": np.exp, "check_inverse": False}
    yield "TransformedTargetRegressor", of("TransformedTargetRegressor", of("LinearRegression"), **target)
    yield "MLPRegressor", of("MLPRegressor", hidden_layer_sizes=(3,), max_iter=5, **SEED)
    yield "PLSRegression", of("PLSRegression", 2)


def classifiers():
    plain = "RidgeClassifier NuSVC LinearDiscriminantAnalysis QuadraticDiscriminantAnalysis NearestCentroid"
    for name in plain.split():
        yield name, of(name)
    for name in ("Perceptron", "PassiveAggressiveClassifier", "GaussianProcessClassifier"):
        yield name, of(name, **SEED)
    yield "LogisticRegressionCV", of("LogisticRegressionCV", cv=2)
    yield "RadiusNeighborsClassifier", of("RadiusNeighborsClassifier", 5.0, algorithm="brute")
    yield "CalibratedClassifierCV", of("CalibratedClassifierCV", linear_svc(), cv=2, method="isotonic")
    yield "SelectKBest", of("SelectKBest", f_classif, k=2)
    yield "SelectPercentile", of("SelectPercentile", f_classif, percentile=50)
    yield "SelectFromModel", of("SelectFromModel", linear_svc())
    yield "RFE", of("RFE", linear_svc())
    yield "GridSearchCV", of("GridSearchCV", linear_svc(), {"C": [0.1, 1]}, cv=2)
    search = {"n_iter": 2, "cv": 2, **SEED}
    yield "RandomizedSearchCV", of("RandomizedSearchCV", linear_svc(), {"C": [0.1, 1]}, **search)


def without_target():
    plain = (
        "OneClassSVM MeanShift MinMaxScaler MaxAbsScaler RobustScaler Normalizer PowerTransformer SplineTransformer "
        "Binarizer StandardScaler KNNImputer MissingIndicator VarianceThreshold"
    )
    for name in plain.split():
        yield name, of(name)
    for name in ("EllipticEnvelope", "RBFSampler"):
        yield name, of(name, **SEED)
    for name in ("GaussianMixture", "BayesianGaussianMixture", "TruncatedSVD", "GaussianRandomProjection"):
        yield name, of(name, 2, **SEED) if name == "GaussianRandomProjection" else of(name, n_components=2, **SEED)
    for name in ("KernelPCA", "FactorAnalysis"):
        yield name, of(name, 2)
    yield "NearestNeighbors", of("NearestNeighbors", algorithm="brute")
    yield "LocalOutlierFactor", of("LocalOutlierFactor", novelty=True, algorithm="brute")
    yield "MiniBatchKMeans", of("MiniBatchKMeans", 2, n_init=2, **SEED)
    yield "Birch", of("Birch", n_clusters=2)
    yield "PolynomialFeatures", of("PolynomialFeatures", 2)
    yield "KBinsDiscretizer", of("KBinsDiscretizer", 3)
    yield "QuantileTransformer", of("QuantileTransformer", n_quantiles=10)
    yield "FastICA", of("FastICA", 2, whiten="unit-variance", **SEED)
    yield "Nystroem", of("Nystroem", n_components=5, **SEED)
    yield "FeatureUnion", of("FeatureUnion", [("a", of("StandardScaler")), ("b", of("MinMaxScaler"))])
    yield "RandomTreesEmbedding", of("RandomTreesEmbedding", 2, max_depth=2, **SEED)


def trained():
    """Each estimator with the data that it is to predict from."""
    for name, one in regressors():
        yield name, one.fit(X, NUMBER), X
    for name, one in classifiers():
        yield name, one.fit(X, TWO), X
    for name, one in without_target():
        yield name, one.fit(X), X
    for name, power in (("PoissonRegressor", {}), ("GammaRegressor", {}), ("TweedieRegressor", {"power": 1.5})):
        yield name, of(name, **power).fit(X, np.abs(NUMBER) + 0.1), X
    for name in ("MultinomialNB", "ComplementNB", "BernoulliNB"):
        yield name, of(name).fit(POSITIVE, TWO), POSITIVE
    yield "CategoricalNB", of("CategoricalNB").fit(COUNTS, TWO), COUNTS
    for name in ("OneVsRestClassifier", "OneVsOneClassifier"):
        yield name, of(name, linear_svc()).fit(X, THREE), X
    for name in ("MultiOutputClassifier", "ClassifierChain"):
        yield name, of(name, linear_svc()).fit(X, np.column_stack([TWO, 1 - TWO])), X
    yield "MultiOutputRegressor", of("MultiOutputRegressor", of("LinearRegression")).fit(X, X[:, :2]), X
    yield "NMF", of("NMF", 2, init="nndsvda", **SEED).fit(POSITIVE), POSITIVE
    yield "LatentDirichletAllocation", of("LatentDirichletAllocation", 2, **SEED).fit(POSITIVE), POSITIVE
    yield "IsotonicRegression", of("IsotonicRegression").fit(X[:, 0], NUMBER), X[:, 0]
    yield "CountVectorizer", of("CountVectorizer").fit(TEXTS), TEXTS
    yield "HashingVectorizer", of("HashingVectorizer", n_features=16).fit(TEXTS), TEXTS
    yield "DictVectorizer", of("DictVectorizer").fit(DICTS), DICTS
    yield "LabelEncoder", of("LabelEncoder").fit(["a", "b"]), ["a", "b"]
    yield "LabelBinarizer", of("LabelBinarizer").fit(["a", "b", "c"]), ["a", "b", "c"]
    yield "MultiLabelBinarizer", of("MultiLabelBinarizer").fit([("a",), ("b", "a")]), [("a",), ("b", "a")]


def predicted(estimator, data):
    if hasattr(estimator, "kneighbors") and not hasattr(estimator, "predict"):
        return {"kneighbors": estimator.kneighbors(data)[0]}
    return {name: _numbers(getattr(estimator, name)(data)) for name in METHODS if hasattr(estimator, name)}


def _numbers(values):
    if isinstance(values, list):
        values = np.concatenate(values, axis=1)
    return np.asarray(values.toarray() if hasattr(values, "toarray") else values, dtype=float)


def measured(path):
    """What one estimator does here: its outcome as a letter, and the text of the error."""
    before = pickle.loads(path.with_suffix(".before").read_bytes())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            estimator = pickle.loads(path.read_bytes())
        except Exception as error:  # noqa: BLE001
            return "L", _text(error)
    try:
        after = predicted(estimator, before["data"])
    except Exception as error:  # noqa: BLE001
        return "P", _text(error)
    both = before["predicted"].keys() & after.keys()
    difference = max((_difference(before["predicted"][name], after[name]) for name in both), default=0)
    if difference >= 1e-9:
        return "D", ""
    return ("~" if difference else "w" if caught else "="), ""


def _difference(one, other):
    if one.shape != other.shape:
        return np.inf
    return np.abs(one - other).max() if one.size else 0


def _text(error):
    text = str(error)
    site = Path(sys.prefix, "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages")
    return text.replace(str(site), "<site-packages>")


if __name__ == "__main__":
    task, directory = sys.argv[1], Path(sys.argv[2])
    if task == "train":
        warnings.simplefilter("ignore")
        directory.mkdir(parents=True, exist_ok=True)
        for name, estimator, data in trained():
            (directory / f"{name}.pkl").write_bytes(pickle.dumps(estimator))
            before = {"data": data, "predicted": predicted(estimator, data)}
            (directory / f"{name}.before").write_bytes(pickle.dumps(before))
    else:
        results = {path.stem: measured(path) for path in sorted(directory.glob("*.pkl"))}
        Path(sys.argv[3]).write_text(json.dumps(results))
