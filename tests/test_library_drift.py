"""What breaks if a workspace goes to another runtime: over its registered models, and over what a job loads."""

from __future__ import annotations

from pathlib import Path

import mlflow
import numpy as np
import pytest
from conftest import RefusedError
from mlflow.models import infer_signature
from serving_fixtures import register_files_in, register_in
from sklearn.linear_model import LinearRegression

from fakebricks import LibraryDriftError
from fakebricks.wire.errors import DatabricksError

FRAUD, SPAM = "main.default.fraud", "main.default.spam"
BROKEN = "No module named 'numpy._core'"  # what numpy 2 has stored, before 1.26


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    """A model of the libraries that are installed here, which numpy 1.23 cannot read."""
    directory = tmp_path_factory.mktemp("saved") / "model"
    model = LinearRegression().fit(np.eye(2), [1.0, 2.0])
    signature = infer_signature(np.eye(2), np.ones(2))
    mlflow.sklearn.save_model(model, directory, serialization_format="cloudpickle", signature=signature)
    return directory


@pytest.fixture
def models(workspace, saved):
    """A workspace with three versions of a model that breaks on old runtimes, and one of a model of code alone."""
    for _ in range(3):
        register_files_in(workspace, saved, name=FRAUD)
    registry = workspace._services.registry
    registry.aliases.set("champion", registry.get_version(FRAUD, "1"))
    register_in(workspace, name=SPAM)
    return workspace


def test_all_models_that_are_in_use_are_checked(models):
    reports = models.drift("15.4 LTS ML")

    assert [one.model for one in reports] == [f"models:/{FRAUD}/3", f"models:/{FRAUD}/1", f"models:/{SPAM}/1"]
    assert [one.model for one in reports.breaking] == [f"models:/{FRAUD}/3", f"models:/{FRAUD}/1"]
    assert {one.expected for one in reports.breaking} == {BROKEN}
    assert reports.unusable == {}
    assert str(reports).splitlines() == [
        "On 15.4 LTS ML, 2 of 3 model versions break.",
        f"models:/{FRAUD}/3 on 15.4 LTS ML is breaking: {BROKEN}",
        f"models:/{FRAUD}/1 on 15.4 LTS ML is breaking: {BROKEN}",
        f"models:/{SPAM}/1 on 15.4 LTS ML is {reports[2].verdict}",
    ]


@pytest.mark.parametrize("model", [f"{FRAUD}@champion", f"{FRAUD}/1", f"models:/{FRAUD}/1"])
def test_one_version_is_checked(models, model):
    assert [one.model for one in models.drift("15.4", model)] == [f"models:/{FRAUD}/1"]


def test_pins_and_the_models_own_requirements_are_checked_too(models):
    assert models.drift({"numpy": "1.23.5"}, FRAUD)[0].breaks
    assert models.drift(model=FRAUD)[0].verdict == "same"


def test_a_version_that_cannot_be_judged_does_not_hide_the_others(models):
    version = models._services.registry.get_version(FRAUD, "1")
    models._services.files.put(f"{models._services.registry.files_directory(version)}/model.pkl", b"\x80\x04damaged")
    reports = models.drift("15.4", FRAUD)

    assert [one.model for one in reports] == [f"models:/{FRAUD}/3"]
    assert "model.pkl cannot be read" in reports.unusable[f"models:/{FRAUD}/1"]


def test_a_check_leaves_no_trace(models):
    snapshot = models.snapshot()
    models.drift("15.4")

    assert len(models.calls) == 0
    assert models.snapshot() == snapshot


def test_what_does_not_exist_is_refused(models):
    with pytest.raises(ValueError, match=r"Did you mean 15\.4 LTS ML"):
        models.drift("15.5 LTS ML")
    with pytest.raises(DatabricksError, match="does not exist"):
        models.drift("15.4", f"{FRAUD}@challenger")
    with pytest.raises(ValueError, match=r"Did you mean 15\.4 LTS ML"), models.running_on("15.5 LTS ML"):
        pytest.fail("it is not entered")


def test_a_job_that_loads_a_model_which_breaks_on_its_runtime_fails_the_test(entered, saved):
    with entered() as workspace:
        register_files_in(workspace, saved, name=FRAUD)
        with pytest.raises(LibraryDriftError) as failed, workspace.running_on("15.4 LTS ML") as loads:
            mlflow.pyfunc.load_model(f"models:/{FRAUD}/1")
            assert [one.model for one in loads.reports.breaking] == [f"models:/{FRAUD}/1"]

    assert str(failed.value) == f"models:/{FRAUD}/1 on 15.4 LTS ML is breaking: {BROKEN}"


def test_what_is_not_loaded_meanwhile_does_not_matter(entered, saved):
    with entered() as workspace:
        register_files_in(workspace, saved, name=FRAUD)
        with workspace.running_on("15.4 LTS ML") as loads:
            mlflow.models.get_model_info(f"models:/{FRAUD}/1")
        mlflow.pyfunc.load_model(f"models:/{FRAUD}/1")

        assert len(loads.reports) == 0


def test_without_strictness_it_is_only_told(entered, saved):
    with entered(strict=False) as workspace:
        register_files_in(workspace, saved, name=FRAUD)
        with workspace.running_on("15.4 LTS ML") as loads:
            mlflow.pyfunc.load_model(f"models:/{FRAUD}/1")

        assert loads.reports[0].breaks


def test_an_error_of_the_test_is_not_hidden(entered, saved):
    with entered() as workspace:
        register_files_in(workspace, saved, name=FRAUD)
        with pytest.raises(KeyError), workspace.running_on("15.4 LTS ML"):
            mlflow.pyfunc.load_model(f"models:/{FRAUD}/1")
            raise KeyError


def test_a_loaded_model_that_cannot_be_judged_fails_the_test_too(entered, saved):
    with entered() as workspace:
        register_files_in(workspace, saved, name=FRAUD)
        directory = workspace._services.registry.files_directory(workspace._services.registry.get_version(FRAUD, "1"))
        workspace._services.files.put(f"{directory}/model.pkl", b"\x80\x04damaged")
        with pytest.raises(LibraryDriftError, match="cannot be checked"), workspace.running_on("15.4 LTS ML"):
            mlflow.artifacts.download_artifacts(f"models:/{FRAUD}/1")


def test_the_admin_plane_tells_the_same(models, rest):
    told = rest.post("/_fakebricks/drift", onto="15.4 LTS ML")

    assert told == models.drift("15.4 LTS ML").to_json()
    assert [one["verdict"] for one in told["reports"]][:2] == ["breaking", "breaking"]
    [one] = rest.post("/_fakebricks/drift", onto={"numpy": "1.23.5"}, model=f"{FRAUD}@champion")["reports"]
    assert (one["model"], one["expected"]) == (f"models:/{FRAUD}/1", BROKEN)
    assert rest.post("/_fakebricks/drift")["onto"] == "its own requirements"


def test_loads_are_watched_over_the_admin_plane(models, rest):
    watch = rest.post("/_fakebricks/loads/watch", onto="15.4 LTS ML")["id"]
    assert rest.get("/_fakebricks/loads", watch=watch)["reports"] == []
    rest.call("GET", f"/api/2.0/fs/files/Models/{FRAUD.replace('.', '/')}/3/model.pkl")
    rest.post("/_fakebricks/loads/watch/stop", id=watch)
    rest.call("GET", f"/api/2.0/fs/files/Models/{FRAUD.replace('.', '/')}/1/model.pkl")

    [told] = rest.get("/_fakebricks/loads", watch=watch)["reports"]
    assert (told["model"], told["verdict"]) == (f"models:/{FRAUD}/3", "breaking")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("drift", {"onto": "15.5 LTS ML"}, 400),
        ("drift", {"onto": {"numpy": "banana"}}, 400),
        ("drift", {"onto": 3}, 400),
        ("drift", {"onto": "15.4", "model": "/"}, 400),
        ("drift", {"onto": "15.4", "model": f"{FRAUD}/99"}, 404),
        ("drift", {"onto": "15.4", "mode": FRAUD}, 400),
        ("loads/watch", {"onto": "15.5 LTS ML"}, 400),
        ("loads/watch/stop", {"id": "gone"}, 404),
    ],
)
def test_bad_input_is_refused_in_the_platforms_shape(models, rest, path, body, status):
    with pytest.raises(RefusedError) as refused:
        rest.post(f"/_fakebricks/{path}", **body)

    assert refused.value.status == status


def test_a_watch_that_is_not_known_does_not_exist(rest):
    with pytest.raises(RefusedError, match="There is no watch of loads 'gone'"):
        rest.get("/_fakebricks/loads", watch="gone")
