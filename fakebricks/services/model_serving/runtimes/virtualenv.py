"""The runtime `virtualenv`: models are loaded and scored in an environment of their own, beside this process.

Real: the environment, built with `uv` from what the model was logged with, or from that and the libraries of an image,
which go before it; what goes wrong while it is built, or while the model loads in it. `isolated.py` says the rest.
Simulated: no container image is built.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from fakebricks.environments.connection import ModelFailedError
from fakebricks.environments.environment import Environment
from fakebricks.environments.shared import Environments
from fakebricks.environments.specs import EnvironmentBuildError
from fakebricks.services.model_serving.runtimes import LoadedModel, ModelLoadError
from fakebricks.services.model_serving.runtimes.isolated import IsolatedModel
from fakebricks.services.model_serving.runtimes.required import required
from fakebricks.wire.errors import NotImplementedByFakebricks

_LOADER = re.compile(r"^\s+loader_module:\s*(\S+)\s*$", re.MULTILINE)

# What most models of a flavour import, by the module that loads them: a guess, which makes the second model quicker.
_NEEDED = {
    "mlflow.sklearn": (
        "mlflow.sklearn",
        "sklearn.compose",
        "sklearn.ensemble",
        "sklearn.linear_model",
        "sklearn.pipeline",
    ),
    "mlflow.xgboost": ("mlflow.xgboost", "xgboost"),
    "mlflow.lightgbm": ("mlflow.lightgbm", "lightgbm"),
    "mlflow.pyfunc.model": ("cloudpickle",),
}


class VirtualenvRuntime:
    """Loads models in environments of their own.

    Args:
        environments: where these are built and kept.
        pins: versions by normalised name of the package, which go before those that a model was logged with.
        python: the version of Python, where it is not to be the model's.
    """

    def __init__(
        self, environments: Environments, pins: Mapping[str, str] | None = None, python: str | None = None
    ) -> None:
        self._environments = environments
        self._pins = pins or {}
        self._python = python

    def require(self) -> None:
        if sys.platform == "win32":
            message = "fakebricks builds environments on Linux and macOS only. Use runtime='process', or run it in WSL."
            raise NotImplementedByFakebricks(message)
        if any(find_spec(name) is None for name in ("uv", "packaging", "yaml")):
            message = (
                "fakebricks builds environments with uv, which is not installed here. "
                "Install it with: pip install 'fakebricks[serving,environments]'"
            )
            raise NotImplementedByFakebricks(message)

    def load(self, directory: Path, variables: Mapping[str, str]) -> LoadedModel:
        environment = self._environment(directory)
        modules = _needed(directory)
        try:
            return IsolatedModel(
                lambda: environment.load(directory, variables, modules),
                self._environments.limits.request,
                environment.build_log,
            )
        except ModelFailedError as error:
            raise ModelLoadError(str(error), error.log, build_log=environment.build_log) from error

    def _environment(self, directory: Path) -> Environment:
        spec = required(directory, self._pins, self._python)
        try:
            return self._environments.get(spec)
        except EnvironmentBuildError as error:
            raise ModelLoadError(str(error), build_log=error.log, built=False) from error


def _needed(directory: Path) -> tuple[str, ...]:
    loader = _LOADER.search((directory / "MLmodel").read_text(encoding="utf-8", errors="replace"))
    return _NEEDED.get(loader[1], ()) if loader else ()
