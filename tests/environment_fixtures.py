"""Environments from small wheels, without any network; and one with MLflow and scikit-learn, for real."""

import warnings
from pathlib import Path

import pytest
from wheels import make_mlflow, make_wheel

from fakebricks.environments.environment import Environment
from fakebricks.environments.limits import Limits
from fakebricks.environments.logged import logged_environment
from fakebricks.environments.shared import Environments, environments
from fakebricks.environments.specs import EnvironmentSpec

HERE = "3.11"


@pytest.fixture(scope="session")
def wheels(tmp_path_factory):
    """A directory with all wheels that there are."""
    directory = tmp_path_factory.mktemp("wheels")
    for version in ("1.0", "1.5", "2.0"):
        make_wheel(directory, "fakebricks_inner", version)
    make_wheel(directory, "fakebricks_outer", "1.0", requires=["fakebricks-inner<2"])
    make_mlflow(directory, "3000.0")
    make_mlflow(directory, "2000.0", old=True)
    make_mlflow(directory, "3000.1", skinny=True)
    return directory


@pytest.fixture
def only_wheels(wheels, monkeypatch):
    """uv finds these wheels and nothing else."""
    monkeypatch.setenv("UV_FIND_LINKS", str(wheels))
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")


@pytest.fixture
def made(only_wheels, tmp_path):
    """Environments in a cache of the test's own."""
    environments = Environments(tmp_path / "cache", Limits(build=60, load=30, request=30, run=30))
    yield environments
    environments.close()


@pytest.fixture(scope="session")
def with_mlflow(wheels, tmp_path_factory):
    """An environment with the tests' own MLflow; each test closes what it has loaded."""
    environments = Environments(tmp_path_factory.mktemp("cache"), Limits(build=60, load=30, request=30, run=30))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_FIND_LINKS", str(wheels))
        patch.setenv("UV_OFFLINE", "1")
        environment = environments.get(EnvironmentSpec(HERE, ("mlflow==3000.0",)))
    yield environment
    environments.close()


@pytest.fixture
def model(tmp_path) -> Path:
    """A directory that the tests' own MLflow takes for a model."""
    directory = tmp_path / "model"
    directory.mkdir()
    (directory / "MLmodel").touch()
    return directory


# Does what the column `do` says. Its code is in its files, so that any Python can load it.
_OBEDIENT = """
import os
import signal
import sys
import time

import mlflow


class Obedient(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        do, text = model_input["do"][0], model_input["text"][0]
        if do == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if do == "sleep":
            time.sleep(float(text))
        if do == "print":
            print(text, flush=True)
        if do == "raise":
            raise ValueError(text)
        if do == "raise mlflow":
            raise mlflow.exceptions.MlflowException(text)
        if do == "quit":
            sys.exit(text)
        if do == "object":
            return object()
        if do == "environ":
            return [os.environ.get(text)]
        if do == "version":
            return [__import__(text).__version__]
        if do == "pid":
            return [os.getpid()]
        return [text.upper()] * len(model_input)

    def predict_stream(self, context, model_input, params=None):
        for word in model_input["text"].split():
            if word == "raise":
                raise ValueError("enough")
            if word == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            yield {"word": word, "pid": os.getpid()}


mlflow.models.set_model(Obedient())
"""

# What the tests' isolated environment is made of. It is kept in the user's cache from one run to the next.
ISOLATED = ("scikit-learn==1.6.1",)


@pytest.fixture(scope="session")
def obedient(tmp_path_factory) -> Path:
    """The files of a model that does what it is asked to, logged with the MLflow here and another scikit-learn."""
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    directory = tmp_path_factory.mktemp("obedient")
    (directory / "obedient.py").write_text(_OBEDIENT)
    columns = Schema([ColSpec("string", "do"), ColSpec("string", "text")])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.pyfunc.save_model(
            directory / "model",
            python_model=str(directory / "obedient.py"),
            signature=ModelSignature(columns, Schema([ColSpec("string")])),
            pip_requirements=[f"mlflow=={mlflow.__version__}", *ISOLATED],
        )
    return directory / "model"


@pytest.fixture(scope="session")
def isolated(obedient) -> Environment:
    """An environment with MLflow and scikit-learn, for real; each test closes what it has loaded."""
    return environments().get(logged_environment(obedient).spec())
