"""Library drift for real: models that are trained with one set of libraries, and served with another.

Each is trained and saved in an isolated environment of its own, registered, and served by an endpoint whose runtime has
the other libraries. What becomes of it there is what the check of its files says beforehand, and what was measured.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from conftest import Rest
from serving_fixtures import JSON, MODEL, register_files_in

from fakebricks import Workspace
from fakebricks.drift.check import check
from fakebricks.environments.cache import turn
from fakebricks.environments.shared import environments
from fakebricks.environments.specs import EnvironmentSpec

TRAINING = Path(__file__).parent / "trained_models.py"
ENDPOINT = "/api/2.0/serving-endpoints/drift"
COMMON = {
    "numpy": "1.26.4",
    "scipy": "1.11.4",
    "pandas": "2.2.3",
    "cloudpickle": "3.0.0",
    "joblib": "1.4.2",
    "mlflow": "2.22.0",
}


class Drift(NamedTuple):
    """A model, what it is trained with, what it is served with, and what becomes of it."""

    model: str
    trained: dict[str, str]
    onto: dict[str, str]
    outcome: str
    error: str = ""

    def __str__(self) -> str:
        there = [f"{name} {self.trained.get(name, COMMON.get(name))} to {self.onto[name]}" for name in self.onto]
        return f"{self.model}: {', '.join(there)}"


def sklearn(version: str) -> dict[str, str]:
    return {"scikit-learn": version}


DRIFTS = [
    Drift("gbc", sklearn("1.3.2"), sklearn("1.4.2"), "load_error", "No module named 'sklearn.ensemble._gb_losses'"),
    Drift(
        "rfc",
        sklearn("1.3.2"),
        sklearn("1.4.2"),
        "predict_error",
        "'DecisionTreeClassifier' object has no attribute 'monotonic_cst'",
    ),
    Drift("linreg", sklearn("1.3.2"), sklearn("1.4.2"), "warn_only"),
    Drift("etc", sklearn("1.3.2"), sklearn("1.4.2"), "silent_change"),
    Drift("tfidf_logreg", sklearn("1.4.2"), sklearn("1.5.2"), "silent_change"),
    Drift("adaboost", sklearn("1.5.2"), sklearn("1.6.1"), "silent_change"),
    Drift(
        "hgbc",
        sklearn("1.3.0"),
        sklearn("1.3.2"),
        "predict_error",
        "Buffer dtype mismatch, expected 'intp_t' but got 'unsigned int' in 'const node_struct.feature_idx'",
    ),
    Drift(
        "gbc",
        {"scikit-learn": "1.6.1", "numpy": "2.1.3", "scipy": "1.15.1"},
        {"numpy": "1.26.4"},
        "load_error",
        "<class 'numpy.random._mt19937.MT19937'> is not a known BitGenerator module.",
    ),
]


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory):
    """The directory of a drift's model; what is trained with the same libraries is trained once, by one process."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if base.name.startswith("popen") else base

    @cache
    def directory(libraries: tuple[tuple[str, str], ...]) -> Path:
        versions = COMMON | dict(libraries)
        place = shared / "trained" / "-".join(f"{name}{version}" for name, version in libraries)
        names = {drift.model for drift in DRIFTS if drift.trained == dict(libraries)}
        with turn(place, 600):
            if not (place / "complete").exists():
                place.mkdir(parents=True, exist_ok=True)
                spec = EnvironmentSpec("3.11", tuple(f"{name}=={version}" for name, version in versions.items()))
                environments().get(spec).run(TRAINING, str(place), *sorted(names))
                (place / "complete").touch()
        return place

    return lambda drift: directory(tuple(drift.trained.items()))


@pytest.fixture
def served(request: pytest.FixtureRequest) -> Iterator[Workspace]:
    """A workspace whose models are served with the drift's libraries."""
    workspace = Workspace(runtime="virtualenv", runtime_image=request.getfixturevalue("drift").onto)
    yield workspace
    workspace.close()


def deployed(workspace: Workspace, model: Path) -> Rest:
    """The workspace, with an endpoint that has had ten minutes to load the model."""
    rest = Rest(workspace)
    entity = {"entity_name": MODEL, "entity_version": register_files_in(workspace, model)}
    rest.post("/api/2.0/serving-endpoints", name="drift", config={"served_entities": [entity]})
    workspace.clock.advance(minutes=10)
    return rest


@pytest.mark.parametrize("drift", DRIFTS, ids=str)
def test_what_becomes_of_a_model(drift, trained, served):
    directory = trained(drift)
    expected = json.loads((directory / f"{drift.model}.json").read_text())
    report = check(directory / drift.model, drift.onto)

    rest = deployed(served, directory / drift.model)
    endpoint = rest.get(ENDPOINT)

    if drift.outcome == "load_error":
        deployment = endpoint["pending_config"]["served_entities"][0]["state"]
        assert endpoint["state"] == {"ready": "NOT_READY", "config_update": "UPDATE_FAILED", "suspend": "NOT_SUSPENDED"}
        assert deployment["deployment"] == "DEPLOYMENT_FAILED"
        assert drift.error in deployment["deployment_state_message"]
        logs = rest.get(f"{ENDPOINT}/served-models/{endpoint['pending_config']['served_entities'][0]['name']}/logs")
        assert drift.error in logs["logs"]
        assert drift.error in report.expected
        return

    assert endpoint["state"]["ready"] == "READY"
    reply = rest.call("POST", "/serving-endpoints/drift/invocations", json.dumps(expected["asked"]).encode(), JSON)
    if drift.outcome == "predict_error":
        assert reply.status == 400
        assert drift.error in reply.json()["stack_trace"]
        assert drift.error in report.expected
        return

    assert reply.status == 200, reply.body
    same = np.allclose(reply.json()["predictions"], expected["answers"], atol=1e-9, rtol=0)
    assert same == (drift.outcome == "warn_only")
    assert report.breaks == (drift.outcome == "silent_change")
    assert {one.outcome for one in report.libraries if one.library == "scikit-learn"} == {drift.outcome}


def test_a_databricks_runtime_has_the_error_that_the_check_expects(trained):
    """Whose Python, and whose every library that the model needs, are really installed."""
    model = trained(DRIFTS[0]) / "gbc"
    expected = check(model, "15.4 LTS ML").expected
    with closing(Workspace(runtime="virtualenv", runtime_image="15.4 LTS ML")) as workspace:
        endpoint = deployed(workspace, model).get(ENDPOINT)

    state = endpoint["pending_config"]["served_entities"][0]["state"]
    assert endpoint["state"]["config_update"] == "UPDATE_FAILED"
    assert expected == "__randomstate_ctor() takes from 0 to 1 positional arguments but 2 were given"
    assert state["deployment_state_message"] == f"An error occurred while loading the model. {expected}"


def test_with_the_libraries_that_it_was_logged_with_it_is_served(trained):
    """The same model that does not load with others, so that it is the others that it fails with."""
    directory = trained(DRIFTS[0])
    expected = json.loads((directory / "gbc.json").read_text())
    workspace = Workspace(runtime="virtualenv")
    rest = deployed(workspace, directory / "gbc")

    reply = rest.call("POST", "/serving-endpoints/drift/invocations", json.dumps(expected["asked"]).encode(), JSON)

    assert reply.status == 200, reply.body
    assert np.allclose(reply.json()["predictions"], expected["answers"], atol=1e-12, rtol=0)
    assert check(directory / "gbc").verdict == "same"
    workspace.close()
