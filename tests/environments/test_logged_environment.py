"""What a model was logged with, read from its files; what is in them is never run, and never becomes an option."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakebricks.databricks_runtimes.manifests import find
from fakebricks.environments.logged import logged_environment
from fakebricks.environments.model_files import UnusableModelError
from fakebricks.environments.requirement_lines import parse_lines

MLMODEL = """\
flavors:
  python_function:
    env: {conda: conda.yaml, virtualenv: python_env.yaml}
    loader_module: mlflow.sklearn
    model_path: model.pkl
    python_version: 3.11.7
  sklearn:
    code: null
    pickled_model: model.pkl
    serialization_format: cloudpickle
    sklearn_version: 1.3.0
mlflow_version: 2.13.1
"""


def model(directory: Path, **files: str) -> Path:
    """A model's directory; in the names of files, `__` stands for the dot."""
    texts = {"MLmodel": MLMODEL, **{name.replace("__", "."): text for name, text in files.items()}}
    for name, text in texts.items():
        (directory / name).write_text(text)
    return directory


def test_pins_and_what_the_flavors_noted_are_the_training_environment(tmp_path):
    logged = logged_environment(model(tmp_path, requirements__txt="mlflow==2.13.1\nnumpy==1.23.5\nscikit_learn>=1\n"))

    assert logged.trained == {"mlflow": "2.13.1", "numpy": "1.23.5", "scikit-learn": "1.3.0"}
    assert logged.pinned == {"mlflow": "2.13.1", "numpy": "1.23.5"}
    assert logged.trained_python == "3.11.7"


def test_what_a_flavor_noted_goes_before_what_is_pinned(tmp_path):
    logged = logged_environment(model(tmp_path, requirements__txt="scikit-learn==1.4.2"))

    assert (logged.pinned["scikit-learn"], logged.trained["scikit-learn"]) == ("1.4.2", "1.3.0")


def test_the_spec_is_what_pip_is_told(tmp_path):
    text = "# as logged\nscikit-learn==1.3.0 ; python_version >= '3.8'  # tree\npandas[performance] >=1.5,\\\n <2\n\n"
    spec = logged_environment(model(tmp_path, requirements__txt=text)).spec()

    assert spec.requirements == ('scikit-learn==1.3.0; python_version >= "3.8"', "pandas[performance]<2,>=1.5")
    assert (spec.python, spec.pins) == ("3.11.7", {})


def test_pins_of_a_runtime_reach_the_names_that_the_model_asks_for(tmp_path):
    asked = "mlflow==2.9.2\nxgboost-cpu==2.0.0\ntorch==2.0.1"
    pins = logged_environment(model(tmp_path, requirements__txt=asked)).spec(find("15.4").libraries).pins

    assert (pins["mlflow"], pins["xgboost-cpu"], pins["torch"]) == ("2.13.1", "2.0.3", "2.3.1")


def test_the_python_of_the_environment_files_goes_before_the_flavors(tmp_path):
    files = {"requirements__txt": "mlflow", "python_env__yaml": "python: 3.10.13", "conda__yaml": "dependencies: []"}

    logged = logged_environment(model(tmp_path, **files))
    assert (logged.python, logged.spec().python, logged.trained_python) == ("3.10.13", "3.10.13", "3.11.7")
    assert logged.spec(python="3.12").python == "3.12"


def test_files_of_the_model_are_read_where_requirements_name_them(tmp_path):
    model(tmp_path, requirements__txt="-r more.txt\n-c constraints.txt", more__txt="numpy>1\n-r more.txt\n")
    (tmp_path / "constraints.txt").write_text("scipy==1.11.1\njoblib<2")

    spec = logged_environment(tmp_path).spec()
    assert spec.requirements == ("numpy>1", "joblib<2")
    assert spec.pins == {"scipy": "1.11.1"}


def test_a_wheel_in_the_model_is_installed_from_there(tmp_path):
    (tmp_path / "wheels").mkdir()
    wheel = tmp_path / "wheels" / "my_code-0.1-py3-none-any.whl"
    wheel.touch()
    mlflow, my_code = logged_environment(model(tmp_path, requirements__txt=f"mlflow\nwheels/{wheel.name}")).requirements

    assert (mlflow.name, mlflow.url) == ("mlflow", None)
    assert (my_code.name, my_code.url) == ("my-code", wheel.as_uri())


def test_conda_stands_for_requirements_where_there_are_none(tmp_path):
    conda = """
dependencies: [python=3.10.13, pip<24, numpy=1.23.5, pandas=1.5, conda-forge::libgomp, {pip: [mlflow==2.9.2]}]
"""
    logged = logged_environment(model(tmp_path, conda__yaml=conda))

    assert logged.from_conda
    assert logged.spec().requirements == ("mlflow==2.9.2", "numpy==1.23.5", "pandas==1.5.*")
    assert logged.spec().python == "3.10.13"
    assert [one.line for one in logged.left_out] == ["conda-forge::libgomp"]


@pytest.mark.parametrize(
    "line",
    [
        "git+https://github.com/acme/code",
        "code @ git+https://github.com/acme/code@main",
        "https://acme.test/code-1.0.tar.gz",
        "code @ file:///etc/passwd",
        "-e .",
        "--editable=git+https://acme.test/code",
        "./code",
        "/tmp/code.tar.gz",
        "../code-1.0-py3-none-any.whl",
        "-r ../outside.txt",
        "-r https://acme.test/requirements.txt",
        "-c /etc/passwd",
        "-r gone.txt",
        "--config-settings=x=y numpy",
        "numpy; rm -rf /",
        "numpy && rm -rf /",
        "$(touch pwned)",
        "numpy==${VERSION}",
        "numpy==1.0 --global-option=x",
        "numpy\x00==1",
    ],
)
def test_what_reaches_outside_or_is_no_requirement_is_refused_with_its_line(tmp_path, line):
    model(tmp_path, requirements__txt=f"mlflow\n{line}\n")

    logged = logged_environment(tmp_path)
    assert [str(one) for one in logged.requirements] == ["mlflow"]
    with pytest.raises(UnusableModelError, match=r"cannot be installed\. requirements\.txt, line 2: "):
        logged.spec()


@pytest.mark.parametrize(
    "line", ["code @ https://acme.test/code-1.0-py3-none-any.whl", "https://acme.test/code-1.0.whl"]
)
def test_a_wheel_of_a_url_is_not_looked_for_in_the_model(tmp_path, line):
    with pytest.raises(UnusableModelError, match="would be installed from a place outside the package index"):
        logged_environment(model(tmp_path, requirements__txt=f"mlflow\n{line}\n")).spec()


@pytest.mark.parametrize("line", ["--index-url https://acme.test/simple", "-i x", "-f https://acme.test", "--no-index"])
def test_the_choice_of_an_index_is_left_out_and_told(tmp_path, line):
    logged = logged_environment(model(tmp_path, requirements__txt=f"{line}\nmlflow"))

    assert logged.spec().requirements == ("mlflow",)
    assert [one.fatal for one in logged.left_out] == [False]


def test_hashes_are_no_part_of_a_requirement(tmp_path):
    logged = logged_environment(model(tmp_path, requirements__txt="numpy==1.23.5 \\\n  --hash=sha256:abc\n"))

    assert logged.spec().requirements == ("numpy==1.23.5",)


def test_a_link_out_of_the_model_is_not_followed(tmp_path):
    (tmp_path / "secret.txt").write_text("numpy")
    (tmp_path / "model").mkdir()
    (model(tmp_path / "model") / "requirements.txt").symlink_to(tmp_path / "secret.txt")

    with pytest.raises(UnusableModelError, match="leads out of the model's directory"):
        logged_environment(tmp_path / "model")


@pytest.mark.parametrize(
    ("mlmodel", "text"),
    [
        ("{", "MLmodel is not YAML"),
        ("- 1", "MLmodel holds no mapping"),
        ("", "MLmodel holds no mapping"),
        ("mlflow_version: 2", "MLmodel names no flavors"),
        ("flavors: [sklearn]", "MLmodel names no flavors"),
        ("flavors: {sklearn: yes}", "flavor 'sklearn' in a way that MLflow does not"),
        ("flavors: !!python/object/apply:os.system [id]", "MLmodel is not YAML"),
        ("[" * 5000, "MLmodel is not YAML"),
        ("a: 2001-99-99", "MLmodel is not YAML"),
        ("flavors: {python_function: {env: {conda: ../../conda.yaml}}}", "leads out of the model's directory"),
        ("flavors: {python_function: {env: {conda: MLmodel}}, 1: {}}", "flavor 1 in a way"),
        ('{"flavors": {"sklearn": {"code": "\\ud800"}}}', "halves of characters"),
        ('{"flavors": {"python_function": {"env": "\\u0000"}}}', "cannot be read"),
        (f"flavors: {{python_function: {{env: {'x' * 5000}}}}}", "x{200} cannot be read"),
    ],
)
def test_what_is_no_mlmodel_is_one_clear_error(tmp_path, mlmodel, text):
    with pytest.raises(UnusableModelError, match=text):
        logged_environment(model(tmp_path, MLmodel=mlmodel))


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({"conda__yaml": "dependencies: 1"}, "dependencies of conda.yaml are not a list"),
        ({"conda__yaml": "dependencies: [{pip: 3}]"}, "neither packages nor a list for pip"),
        ({"python_env__yaml": "["}, "python_env.yaml is not YAML"),
    ],
)
def test_what_is_no_environment_file_is_one_clear_error(tmp_path, files, text):
    with pytest.raises(UnusableModelError, match=text):
        logged_environment(model(tmp_path, **files))


@pytest.mark.parametrize("name", ["MLmodel", "requirements.txt", "conda.yaml"])
def test_a_pipe_is_not_waited_for(tmp_path, name):
    (model(tmp_path) / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / name)
    with pytest.raises(UnusableModelError, match=f"{name} is no regular file"):
        logged_environment(tmp_path)


def test_a_directory_without_a_model_is_one_clear_error(tmp_path):
    with pytest.raises(UnusableModelError, match="there is no file MLmodel"):
        logged_environment(tmp_path)
    with pytest.raises(UnusableModelError, match="is not a directory"):
        logged_environment(tmp_path / "gone")
    (tmp_path / "MLmodel").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(UnusableModelError, match="MLmodel is not text"):
        logged_environment(tmp_path)


def test_a_model_without_requirements_has_no_environment(tmp_path):
    with pytest.raises(UnusableModelError, match=r"no requirements\.txt"):
        logged_environment(model(tmp_path)).spec()


def test_a_model_that_does_not_tell_its_python_has_no_environment(tmp_path):
    files = {"MLmodel": "flavors: {sklearn: {}}", "requirements__txt": "mlflow"}
    with pytest.raises(UnusableModelError, match="tells the version of Python"):
        logged_environment(model(tmp_path, **files)).spec()


LINE = st.one_of(
    st.text(),
    st.builds("{}{}{}".format, st.sampled_from(["-", "--", "-r ", "-e ", "numpy", "a @ "]), st.text(), st.text()),
)


@given(lines=st.lists(LINE, max_size=5))
def test_each_line_becomes_a_requirement_or_is_told(tmp_path_factory, lines):
    """Nothing that is handed on can be an option, or more than one line."""
    directory = tmp_path_factory.getbasetemp()
    read = parse_lines(directory, "requirements.txt", lines)

    for requirement in map(str, read.requirements):
        assert requirement[0].isalnum()
        assert requirement.splitlines() == [requirement]
    assert all(one.reason and one.where.startswith("requirements.txt, line ") for one in read.left_out)
