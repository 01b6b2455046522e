"""Which distribution a module comes from, and what a distribution brings along.

Real: what is installed here is asked by its metadata; of the rest, the well-known distributions whose names differ from
those of their modules, and the dependencies that the usual libraries of models have had in all their versions.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import metadata

from fakebricks.databricks_runtimes.manifests import all_runtimes
from fakebricks.drift.contents import DISTRIBUTIONS

OF_PYTHON = frozenset(sys.stdlib_module_names) | {"copy_reg", "__builtin__"}

_NAMED_OTHERWISE = {
    **DISTRIBUTIONS,
    "_catboost": "catboost",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "dateutil": "python-dateutil",
    "imblearn": "imbalanced-learn",
    "umap": "umap-learn",
}
_BRINGS: Mapping[str, frozenset[str]] = {
    "catboost": frozenset(("numpy", "pandas", "scipy")),
    "cloudpickle": frozenset(),
    "imbalanced-learn": frozenset(("joblib", "numpy", "scikit-learn", "scipy")),
    "joblib": frozenset(),
    "keras": frozenset(("h5py", "numpy")),
    "lightgbm": frozenset(("numpy", "scipy")),
    "lz4": frozenset(),
    "mlflow": frozenset(("cloudpickle", "mlflow-skinny", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy")),
    "mlflow-skinny": frozenset(("cloudpickle", "packaging", "pyyaml", "requests")),
    "numpy": frozenset(),
    "pandas": frozenset(("numpy", "python-dateutil")),
    "scikit-learn": frozenset(("joblib", "numpy", "scipy", "threadpoolctl")),
    "scipy": frozenset(("numpy",)),
    "skops": frozenset(("numpy", "scikit-learn", "scipy")),
    "statsmodels": frozenset(("numpy", "pandas", "patsy", "scipy")),
    "tensorflow": frozenset(("h5py", "keras", "numpy")),
    "torch": frozenset(),
    "transformers": frozenset(("numpy", "packaging", "pyyaml", "tokenizers")),
    "xgboost": frozenset(("numpy", "scipy")),
}
_BROUGHT = frozenset(name for brings in _BRINGS.values() for name in brings)
_SAME_LIBRARY = {"mlflow-skinny": "mlflow", "tensorflow-cpu": "tensorflow", "xgboost-cpu": "xgboost"}


def library(distribution: str) -> str:
    """The library that a distribution holds; some libraries come in several."""
    return _SAME_LIBRARY.get(distribution, distribution)


def distribution_of(module: str) -> str | None:
    """The distribution that a top-level module comes from, by normalised name; None where it is of none known."""
    if module in _NAMED_OTHERWISE:
        return _NAMED_OTHERWISE[module]
    normalised = module.lower().replace("_", "-")
    if normalised in _known():
        return normalised
    return _installed_modules().get(module)


def brought_by(distributions: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """What some distributions bring along, and those of them, and of what they bring, of which that is not known."""
    brought: set[str] = set()
    unknown: set[str] = set()
    waiting = list(distributions)
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        brings = _brings(library(name) if name not in _BRINGS else name)
        if brings is None:
            unknown.add(name)
            continue
        brought |= brings
        waiting += brings
    return frozenset(brought), frozenset(unknown)


@cache
def _known() -> frozenset[str]:
    listed = {name for runtime in all_runtimes() for name in runtime.libraries}
    return frozenset(listed | _BRINGS.keys() | set(_NAMED_OTHERWISE.values()))


@cache
def _installed_modules() -> Mapping[str, str]:
    from packaging.utils import canonicalize_name

    return {module: canonicalize_name(names[0]) for module, names in metadata.packages_distributions().items()}


def _brings(name: str) -> frozenset[str] | None:
    if name in _BRINGS or name in _BROUGHT:
        return _BRINGS.get(name, frozenset())
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    try:
        requires = metadata.requires(name) or []
    except (metadata.PackageNotFoundError, ValueError):
        return None
    wanted = [one for one in map(Requirement, requires) if one.marker is None or one.marker.evaluate({"extra": ""})]
    return frozenset(canonicalize_name(one.name) for one in wanted)
