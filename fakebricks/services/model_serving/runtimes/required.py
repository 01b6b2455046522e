"""What a model needs around it: the environment that it was logged with, or that of an image.

Observed: the message for a model that does not require MLflow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from fakebricks.environments.logged import logged_environment
from fakebricks.environments.model_files import UnusableModelError
from fakebricks.environments.specs import EnvironmentSpec
from fakebricks.services.model_serving.runtimes import ModelLoadError

_NO_MLFLOW = "unsupported model: Environment file conda.yaml does not specify mlflow as a dependency."
_MLFLOW = re.compile(r"mlflow([-_.]skinny)?(?![\w.-]*\w)", re.IGNORECASE)


def required(directory: Path, pins: Mapping[str, str], python: str | None) -> EnvironmentSpec:
    """The environment for the model in `directory`.

    Args:
        directory: the model's files.
        pins: versions by normalised name of the package, which go before those that a model was logged with.
        python: the version of Python, where it is not to be the model's.

    Raises:
        ModelLoadError: its files do not tell an environment that there can be.
    """
    try:
        spec = logged_environment(directory).spec(pins, python=python)
    except UnusableModelError as error:
        raise ModelLoadError(str(error), built=False) from error
    if not any(_MLFLOW.match(line) for line in spec.requirements):
        raise ModelLoadError(_NO_MLFLOW, built=False)
    return spec
