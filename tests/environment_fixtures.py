"""Environments from small wheels, without any network."""

from pathlib import Path

import pytest
from wheels import make_mlflow, make_wheel

from fakebricks.environments.limits import Limits
from fakebricks.environments.shared import Environments
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
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_FIND_LINKS", str(wheels))
        patch.setenv("UV_OFFLINE", "1")
        environments = Environments(tmp_path_factory.mktemp("cache"), Limits(build=60, load=30, request=30, run=30))
        yield environments.get(EnvironmentSpec(HERE, ("mlflow==3000.0",)))
        environments.close()


@pytest.fixture
def model(tmp_path) -> Path:
    """A directory that the tests' own MLflow takes for a model."""
    directory = tmp_path / "model"
    directory.mkdir()
    (directory / "MLmodel").touch()
    return directory
