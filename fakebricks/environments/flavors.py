"""The flavors of a model: which libraries they need, and which versions they have noted while the model was logged.

Real: MLflow's own names of the fields (documented: `add_flavor` in its modules of the flavors).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from fakebricks.environments.model_files import UnusableModelError


class Noted(NamedTuple):
    """The library of a flavor, and the field in which the flavor notes its version."""

    library: str
    field: str


NOTED: Mapping[str, Noted] = {
    "catboost": Noted("catboost", "catboost_version"),
    "diffusers": Noted("diffusers", "diffusers_version"),
    "h2o": Noted("h2o", "h2o_version"),
    "keras": Noted("keras", "keras_version"),
    "langchain": Noted("langchain", "langchain_version"),
    "lightgbm": Noted("lightgbm", "lgb_version"),
    "onnx": Noted("onnx", "onnx_version"),
    "paddle": Noted("paddlepaddle", "paddle_version"),
    "pmdarima": Noted("pmdarima", "pmdarima_version"),
    "prophet": Noted("prophet", "prophet_version"),
    "pytorch": Noted("torch", "pytorch_version"),
    "sentence_transformers": Noted("sentence-transformers", "sentence_transformers_version"),
    "shap": Noted("shap", "shap_version"),
    "sklearn": Noted("scikit-learn", "sklearn_version"),
    "spacy": Noted("spacy", "spacy_version"),
    "spark": Noted("pyspark", "pyspark_version"),
    "statsmodels": Noted("statsmodels", "statsmodels_version"),
    "tensorflow": Noted("tensorflow", "keras_version"),  # it is TensorFlow's own version that stands there
    "transformers": Noted("transformers", "transformers_version"),
    "xgboost": Noted("xgboost", "xgb_version"),
}
_CLOUDPICKLE = Noted("cloudpickle", "cloudpickle_version")  # noted beside python_function, for a pickled PythonModel


def check_flavors(mlmodel: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """The flavors that an `MLmodel` file tells.

    Raises:
        UnusableModelError: it tells none, or not in MLflow's way.
    """
    flavors = mlmodel.get("flavors")
    if not isinstance(flavors, dict) or not flavors:
        raise UnusableModelError("MLmodel names no flavors.")
    odd = [name for name, told in flavors.items() if not isinstance(name, str) or not isinstance(told, dict)]
    if odd:
        raise UnusableModelError(f"MLmodel tells flavor {odd[0]!r} in a way that MLflow does not.")
    return flavors


def versions_of_flavors(flavors: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The versions that the flavors have noted, by normalised name of the library."""
    named = [(NOTED[flavor], told) for flavor, told in flavors.items() if flavor in NOTED]
    named += [(_CLOUDPICKLE, told) for told in flavors.values()]
    return {noted.library: told[noted.field] for noted, told in named if _is_version(told.get(noted.field))}


def libraries_of_flavors(flavors: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The flavor by the library that it needs, both by name."""
    return {NOTED[flavor].library: flavor for flavor in flavors if flavor in NOTED}


def _is_version(told: Any) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        Version(told)
    except (InvalidVersion, TypeError):
        return False
    return True
