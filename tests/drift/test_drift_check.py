"""The drift check over models that MLflow has saved: what becomes of them on runtimes, under pins, and as they are."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import mlflow
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.models import infer_signature
from rich.console import Console
from sklearn.linear_model import LinearRegression

from fakebricks.databricks_runtimes.manifests import all_runtimes, find
from fakebricks.drift.check import CheckedModel, check
from fakebricks.drift.rendering import print_report, print_row
from fakebricks.environments.model_files import UnusableModelError

pytestmark = pytest.mark.filterwarnings("ignore:.*type hints to the `predict` method.*:UserWarning")


@pytest.fixture(scope="module")
def linear(tmp_path_factory) -> Path:
    """A scikit-learn model, with the requirements that MLflow pins by itself."""
    directory = tmp_path_factory.mktemp("linear") / "model"
    model = LinearRegression().fit(np.eye(2), [1.0, 2.0])
    mlflow.sklearn.save_model(
        model,
        directory,
        serialization_format="cloudpickle",
        signature=infer_signature(np.eye(2), [1.0, 2.0]),
        pip_requirements=[f"{name}=={version}" for name, version in INSTALLED.items()],
    )
    return directory


@pytest.fixture(scope="module")
def by_value(tmp_path_factory) -> Path:
    """A model whose class was defined in a notebook: its byte code is in the pickle."""

    class Notebook(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return model_input

    Notebook.__module__ = "__main__"
    directory = tmp_path_factory.mktemp("by_value") / "model"
    mlflow.pyfunc.save_model(
        directory,
        python_model=Notebook(),
        pip_requirements=["mlflow", "cloudpickle>2", f"numpy=={INSTALLED['numpy']}", "pandas==1.5.3"],
    )
    return directory


def installed() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("mlflow", "cloudpickle", "numpy", "pandas", "scikit-learn", "scipy")}


INSTALLED = installed()


def verdicts(report) -> dict[str, str]:
    return {one.library: one.verdict for one in report.libraries}


def changed(model: Path, target: Path, **files: str | bytes) -> Path:
    """A copy of a model with some files of other contents; in names, `__` stands for the dot."""
    shutil.copytree(model, target)
    for name, content in files.items():
        path = target / name.replace("__", ".")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return target


def test_a_model_with_its_own_requirements_does_not_drift(linear):
    report = check(linear)

    assert (report.verdict, report.breaks, report.expected) == ("same", False, "")
    assert set(verdicts(report).values()) == {"same"}
    assert report.own_requirements
    assert report.trained["scikit-learn"] == INSTALLED["scikit-learn"]


def test_on_a_runtime_its_versions_win(linear):
    report = check(linear, "15.4 LTS ML")
    numpy = next(one for one in report.libraries if one.library == "numpy")

    assert (numpy.trained, numpy.serving) == (INSTALLED["numpy"], "1.23.5")
    assert report.breaks
    assert report.expected == "No module named 'numpy._core'"
    assert str(report) == f"{linear} on 15.4 LTS ML is breaking: No module named 'numpy._core'"


def test_a_runtime_is_named_in_any_of_its_ways(linear):
    assert check(linear, "15.4").onto == check(linear, find("15.4")).onto == "15.4 LTS ML"


def test_pins_go_before_the_models_own_requirements(linear):
    report = check(linear, {"NumPy": "1.23.5", "mlflow-skinny": "2.13.1"})

    assert report.onto == "NumPy==1.23.5, mlflow-skinny==2.13.1"
    assert report.breaks
    assert verdicts(report)["numpy"] == "breaking"
    assert verdicts(report)["scikit-learn"] == "same"
    mlflow_verdict = next(one for one in report.libraries if one.library == "mlflow")
    assert mlflow_verdict.serving == "2.13.1"
    assert check(linear, {"numpy": INSTALLED["numpy"]}).verdict == "same"


def test_a_runtimes_libraries_as_pins_are_an_image_to_serve_under(linear):
    runtime = find("16.4 LTS ML")
    report = check(linear, {**runtime.libraries, "python": runtime.python})

    assert report.onto.endswith(f" and {len(runtime.libraries) - 3} more")
    assert {one.library: one.serving for one in report.libraries}["scikit-learn"] == "1.4.2"
    assert report.own_requirements


def test_byte_code_of_a_notebook_is_for_one_python(by_value):
    report = check(by_value, {"python": "3.12.3"})

    assert report.breaks
    assert verdicts(report)["python"] == "breaking"
    assert check(by_value, {"python": "3.11.2"}).verdict == "risky"  # for what it leaves unpinned


def test_what_is_unpinned_matters_where_the_requirements_make_the_environment(by_value):
    own, job = check(by_value), check(by_value, "16.4")

    assert own.verdict == "risky"
    assert {(one.kind, one.subject) for one in own.relevant_findings} == {
        ("unpinned requirement", "cloudpickle"),
        ("unpinned requirement", "mlflow"),
    }
    assert job.findings == own.findings
    assert job.relevant_findings == ()


def test_a_requirement_against_the_training_environment_is_judged_as_drift(linear, tmp_path):
    text = (linear / "requirements.txt").read_text().replace(f"numpy=={INSTALLED['numpy']}", "numpy==1.26.4")
    report = check(changed(linear, tmp_path / "model", requirements__txt=text, conda__yaml="dependencies: []"))

    assert "conda and pip disagree" in {one.kind for one in report.relevant_findings}


def test_the_row_is_over_all_runtimes(linear):
    row = CheckedModel(linear, "fraud").row()

    assert [one.onto for one in row] == ["its own requirements", *(runtime.label for runtime in all_runtimes())]
    assert {one.model for one in row} == {"fraud"}
    assert row[0].verdict == "same"
    assert {one.onto: one.breaks for one in row}["15.4 LTS ML"]


def test_training_code_that_is_missing_breaks_everywhere(linear, tmp_path):
    pickled = b"\x80\x04\x8c\x0efraud_features\x8c\x06Scaler\x93)R."
    model = changed(linear, tmp_path / "model", model__pkl=pickled)
    for report in CheckedModel(model).row():
        assert report.breaks
        assert "training code is not in the model" in {one.kind for one in report.relevant_findings}
    assert "No module named 'fraud_features'" in check(model).expected
    assert "code_paths" in check(model, "16.4").expected


def test_the_models_own_code_is_not_missing_on_a_runtime(linear, tmp_path):
    pickled = b"\x80\x04\x8c\x0efraud_features\x8c\x06Scaler\x93)R."
    model = changed(linear, tmp_path / "model", model__pkl=pickled)
    (model / "code" / "fraud_features").mkdir(parents=True)
    (model / "MLmodel").write_text((model / "MLmodel").read_text().replace("code: null", "code: code"))
    report = check(model, "16.4")

    assert "fraud-features" not in verdicts(report)
    assert "training code is not in the model" not in {one.kind for one in report.findings}


def test_a_flavor_whose_library_is_nowhere_in_the_files_is_told(linear, tmp_path):
    lying = (linear / "MLmodel").read_text().replace("  sklearn:\n", "  xgboost:\n")
    report = check(changed(linear, tmp_path / "model", MLmodel=lying), "19 ML")

    assert ("flavor without a trace", "xgboost") in {(one.kind, one.subject) for one in report.relevant_findings}


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"MLmodel": "{"}, "MLmodel is not YAML"),
        ({"MLmodel": "flavors: {sklearn: {pickled_model: gone.pkl}}"}, "names gone.pkl, which is not in the model"),
        ({"MLmodel": "flavors: {sklearn: {pickled_model: ../../MLmodel}}"}, "which is not in the model"),
        ({"MLmodel": '{"flavors": {"sklearn": {"pickled_model": "\\u0000"}}}'}, "which is not in the model"),
        ({"MLmodel": f"flavors: {{sklearn: {{pickled_model: {'x' * 5000}}}}}"}, "x{200}, which is not in the model"),
        ({"model__pkl": b"\x80\x04corrupted"}, "model.pkl cannot be read"),
        ({"requirements__txt": b"\xff\xff"}, "requirements.txt is not text"),
    ],
)
def test_what_is_no_model_is_one_clear_error(linear, tmp_path, files, reason):
    with pytest.raises(UnusableModelError, match=reason):
        check(changed(linear, tmp_path / "model", **files))


@pytest.mark.parametrize(
    "onto",
    ["15.5 LTS ML", "", {"numpy": "banana"}, {"python": "three"}, {"numpy": 2}, {2: "2"}, 16.4, ["16.4"]],
)
def test_an_environment_that_does_not_exist_is_a_value_error(linear, onto):
    with pytest.raises(ValueError, match=r"No runtime is known|is no version of|is neither the name of a runtime"):
        check(linear, onto)


def test_a_pipe_is_no_part_of_a_model(linear, tmp_path):
    model = changed(linear, tmp_path / "model")
    (model / "model.pkl").unlink()
    os.mkfifo(model / "model.pkl")
    with pytest.raises(UnusableModelError, match=r"MLmodel names model\.pkl, which is not in the model"):
        check(model)


def test_a_document_that_unfolds_without_end_is_read_at_once(linear, tmp_path):
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))
    model = changed(linear, tmp_path / "model", MLmodel=f"{bomb}flavors: {{sklearn: {{data: *a59, code: *a59}}}}")

    assert check(model, "16.4").to_json()


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just("../.."),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
FIELDS = st.sampled_from(
    ["env", "python_version", "code", "loader_module", "model_path", "data", "pickled_model", "sklearn_version"]
)
FLAVORS = st.dictionaries(
    st.sampled_from(["python_function", "sklearn", "xgboost"]), st.dictionaries(FIELDS, ODD) | ODD
)


@given(flavors=FLAVORS | ODD, version=ODD, requirements=st.text(), conda=ODD | st.text())
def test_whatever_the_files_say_there_is_a_report_or_one_clear_error(tmp_path, flavors, version, requirements, conda):
    (tmp_path / "MLmodel").write_text(json.dumps({"flavors": flavors, "mlflow_version": version}))
    (tmp_path / "requirements.txt").write_text(requirements, encoding="utf-8", errors="replace")
    (tmp_path / "conda.yaml").write_text(json.dumps({"dependencies": conda}))
    try:
        json.dumps(check(tmp_path, "16.4").to_json())
        json.dumps(check(tmp_path).to_json())
    except UnusableModelError as error:
        assert str(error)


def test_a_report_as_json_is_plain_and_complete(by_value):
    told = check(by_value, "16.4").to_json()

    assert json.loads(json.dumps(told)) == told
    assert list(told) == [
        "model",
        "onto",
        "verdict",
        "expected",
        "own_requirements",
        "trained",
        "libraries",
        "findings",
    ]
    assert set(told["libraries"][0]) == {
        "library",
        "trained",
        "onto",
        "verdict",
        "rule",
        "outcome",
        "message",
        "explanation",
        "source",
        "provenance",
        "affected",
    }
    assert set(told["findings"][0]) == {"kind", "subject", "verdict", "message", "everywhere", "relevant"}


def test_reports_are_rendered_as_tables(linear, by_value):
    console = Console(width=300, record=True, file=None, quiet=False, force_terminal=False)
    with console.capture() as captured:
        print_report(check(by_value, "16.4"), console)
        print_row(CheckedModel(linear, "fraud").row(), console)
    text = captured.get()

    assert "on 16.4 LTS ML: breaking" in text
    (python,) = (one for one in check(by_value, "16.4").libraries if one.library == "python")
    assert "ends its process on the first request" in text
    assert f"{python.rule}, measured: {python.source}" in text
    assert "with its own requirements only: unpinned requirement" in text
    assert "its own requirements" in text
