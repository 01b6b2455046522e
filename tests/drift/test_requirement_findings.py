"""What is wrong with a model's requirements and with the code that it needs: findings, without building anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakebricks.drift.contents import Contents, ModelFile
from fakebricks.drift.findings import Finding
from fakebricks.drift.requirements import requirement_findings
from fakebricks.drift.training_code import missing_code
from fakebricks.environments.logged import logged_environment

MLMODEL = """\
flavors:
  python_function:
    code: code
    env: {conda: conda.yaml, virtualenv: python_env.yaml}
    loader_module: mlflow.sklearn
    python_version: 3.11.7
  sklearn: {pickled_model: model.pkl, sklearn_version: 1.3.0}
mlflow_version: 2.13.1
"""
PINNED = "mlflow==2.13.1\nscikit-learn==1.3.0\nnumpy==1.23.5"


def model(directory: Path, requirements: str = PINNED, **files: str) -> Path:
    texts = {"MLmodel": MLMODEL, "requirements.txt": requirements}
    texts |= {f"{name}.yaml": text for name, text in files.items()}
    for name, text in texts.items():
        (directory / name).write_text(text)
    return directory


def contents(*names: str) -> Contents:
    """Those of a model with one pickle, which asks for some names."""
    return Contents((ModelFile("model.pkl", "pickle", names={name: i for i, name in enumerate(names)}),))


def found(directory: Path, *names: str) -> list[Finding]:
    held = contents("sklearn.linear_model._base.LinearRegression", "numpy.dtype", *names)
    return list(requirement_findings(logged_environment(directory), held))


def code(directory: Path, *names: str) -> list[Finding]:
    return list(missing_code(logged_environment(directory), contents(*names)))


def told(findings: list[Finding]) -> list[tuple[str, str, str]]:
    return [(one.kind, one.subject, one.verdict) for one in findings]


def test_pinned_requirements_with_all_that_is_needed_have_no_findings(tmp_path):
    conda = f"dependencies: [python=3.11.7, pip, {{pip: [{', '.join(PINNED.splitlines())}]}}]"

    assert found(model(tmp_path, conda=conda, python_env="python: 3.11.7")) == []


def test_an_unpinned_requirement_of_the_model_is_risky(tmp_path):
    findings = found(model(tmp_path, "mlflow==2.13.1\nscikit-learn>=1.2\nnumpy==1.23.5\nrich"))

    assert told(findings) == [
        ("unpinned requirement", "scikit-learn", "risky"),
        ("unpinned requirement", "rich", "compatible"),
    ]
    assert "it was trained with 1.3.0" in findings[0].message


def test_a_constraint_pins_too(tmp_path):
    (tmp_path / "constraints.txt").write_text("scikit-learn==1.3.0")

    assert found(model(tmp_path, "mlflow==2.13.1\nscikit-learn\nnumpy==1.23.5\n-c constraints.txt")) == []


def test_a_needed_library_that_nothing_brings_is_missing(tmp_path):
    findings = found(model(tmp_path, "mlflow-skinny==2.13.1\nnumpy==1.23.5"), "xgboost.sklearn.XGBClassifier")

    assert told(findings) == [
        ("missing requirement", "scikit-learn", "breaking"),
        ("missing requirement", "xgboost", "breaking"),
    ]
    assert "(flavor sklearn)" in findings[0].message
    assert "(xgboost.sklearn.XGBClassifier)" in findings[1].message


def test_a_needed_library_that_another_requirement_brings_is_unpinned(tmp_path):
    assert told(found(model(tmp_path, "mlflow==2.13.1\nscikit-learn==1.3.0"))) == [
        ("unpinned requirement", "numpy", "risky")
    ]


def test_what_an_unknown_requirement_brings_is_not_called_missing_for_sure(tmp_path):
    findings = found(model(tmp_path, f"{PINNED}\nacme-ml-kit==1.0"), "xgboost.sklearn.XGBClassifier")

    assert told(findings) == [("missing requirement", "xgboost", "risky")]
    assert "Perhaps acme-ml-kit brings it" in findings[0].message


def test_a_requirement_that_excludes_the_training_version_is_told(tmp_path):
    findings = found(model(tmp_path, "mlflow==2.13.1\nscikit-learn==1.4.2\nnumpy==1.23.5"))

    assert told(findings) == [("contradicting requirement", "scikit-learn", "risky")]
    assert findings[0].message == ("'scikit-learn==1.4.2' excludes the version that the model was trained with, 1.3.0.")


@pytest.mark.parametrize(
    ("requirements", "told_of"),
    [
        (
            "numpy==1.23.5\nnumpy<1.20",
            "'numpy==1.23.5' and 'numpy<1.20' exclude each other: no environment can be built.",
        ),
        ("numpy==1.23.5\nNumPy==1.23.4", "'NumPy==1.23.4' and 'numpy==1.23.5' exclude each other"),
        ("numpy===odd\nnumpy==1.23.5", "'numpy==1.23.5' and 'numpy===odd' exclude each other"),
    ],
)
def test_requirements_that_exclude_each_other_cannot_be_built(tmp_path, requirements, told_of):
    findings = found(model(tmp_path, f"mlflow==2.13.1\nscikit-learn==1.3.0\n{requirements}"))
    (breaking,) = (finding for finding in findings if finding.verdict == "breaking")

    assert (breaking.kind, breaking.subject) == ("contradicting requirement", "numpy")
    assert told_of in breaking.message


def test_a_version_that_is_none_is_compared_by_its_text(tmp_path):
    findings = found(model(tmp_path, "mlflow==2.13.1\nscikit-learn==1.3.0\nnumpy===odd\nnumpy===odd"))

    assert "breaking" not in {finding.verdict for finding in findings}


def test_requirements_for_different_machines_do_not_exclude_each_other(tmp_path):
    lines = "numpy==1.23.5; python_version < '3.12'\nnumpy==1.26.4; python_version >= '3.12'"
    findings = found(model(tmp_path, f"mlflow==2.13.1\nscikit-learn==1.3.0\n{lines}"))

    assert "breaking" not in {finding.verdict for finding in findings}


def test_another_python_is_told(tmp_path):
    findings = found(model(tmp_path, python_env="python: 3.12.3"))

    assert told(findings) == [("other Python", "python", "risky")]


def test_conda_and_pip_that_disagree_are_told_by_package(tmp_path):
    conda = "dependencies: [python=3.11.7, {pip: [mlflow==2.13.1, scikit-learn==1.2.2]}]"
    findings = found(model(tmp_path, conda=conda))

    assert told(findings) == [
        ("conda and pip disagree", "numpy", "risky"),
        ("conda and pip disagree", "scikit-learn", "risky"),
    ]
    assert "requirements.txt says 'scikit-learn==1.3.0', conda.yaml says 'scikit-learn==1.2.2'" in findings[1].message


def test_an_environment_without_mlflow_is_told_in_the_platforms_words(tmp_path):
    conda = "dependencies: [python=3.11.7, {pip: [scikit-learn==1.3.0, numpy==1.23.5]}]"
    [finding] = [one for one in found(model(tmp_path, conda=conda)) if one.kind == "no mlflow"]

    assert finding.message == (
        "Container image creation aborted - unsupported model: Environment file conda.yaml does not specify mlflow as "
        "a dependency."
    )
    assert finding.verdict == "breaking"
    assert not finding.everywhere


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("--extra-index-url https://acme.test", "compatible"),
        ("git+https://acme.test/code", "risky"),
        ("numpy; rm -rf /", "breaking"),
    ],
)
def test_lines_that_are_left_out_are_told(tmp_path, line, verdict):
    assert told(found(model(tmp_path, f"{PINNED}\n{line}"))) == [("line left out", line, verdict)]


def test_a_class_of_the_notebook_that_was_stored_by_name_is_training_code(tmp_path):
    [finding] = code(model(tmp_path), "__main__.Scaler")

    assert (finding.kind, finding.verdict, finding.everywhere) == (
        "training code is not in the model",
        "breaking",
        True,
    )
    assert "AttributeError: Can't get attribute 'Scaler' on <module '__main__'>" in finding.message


def test_a_module_of_the_project_is_training_code(tmp_path):
    [finding] = code(model(tmp_path), "fraud_features.scaling.Scaler", "fraud_features.scaling.Clip")

    assert (finding.subject, finding.verdict) == ("fraud_features", "breaking")
    assert "ModuleNotFoundError: No module named 'fraud_features'" in finding.message


def test_modules_in_the_code_of_the_model_are_there(tmp_path):
    (tmp_path / "code" / "fraud_features").mkdir(parents=True)
    (tmp_path / "code" / "scaling.py").touch()

    assert code(model(tmp_path), "fraud_features.scaling.Scaler", "scaling.Clip") == []


@pytest.mark.parametrize(
    "name",
    [
        "collections.OrderedDict",
        "copy_reg._reconstructor",
        "sklearn.svm._classes.SVC",
        "PIL.Image.Image",
        "_loss.CyLoss",
    ],
)
def test_modules_of_python_and_of_known_packages_are_no_training_code(tmp_path, name):
    assert code(model(tmp_path), name) == []


def test_a_requirement_that_nobody_knows_may_bring_the_module(tmp_path):
    [finding] = code(model(tmp_path, f"{PINNED}\nacme-ml-kit==1.0"), "fraud_features.Scaler")

    assert finding.verdict == "risky"
    assert "perhaps acme-ml-kit brings it" in finding.message


def test_a_requirement_of_the_modules_name_brings_it(tmp_path):
    assert code(model(tmp_path, f"{PINNED}\nfraud-features==1.0"), "fraud_features.Scaler") == []


def test_a_code_folder_outside_the_model_is_not_looked_into(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "fraud_features.py").touch()
    (tmp_path / "model").mkdir()
    directory = model(tmp_path / "model")
    (directory / "MLmodel").write_text(MLMODEL.replace("code: code", "code: ../outside"))

    assert [one.subject for one in code(directory, "fraud_features.Scaler")] == ["fraud_features"]
