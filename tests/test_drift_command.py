"""`fakebricks drift`: models in directories and behind URIs, tables and JSON, and what it exits with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mlflow
import numpy as np
import pytest
from click.testing import CliRunner, Result
from mlflow.models import infer_signature
from sklearn.linear_model import LinearRegression

from fakebricks.cli import main


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    """A model of the libraries that are installed here, whose requirements pin them."""
    directory = tmp_path_factory.mktemp("saved") / "model"
    model = LinearRegression().fit(np.eye(2), [1.0, 2.0])
    signature = infer_signature(np.eye(2), np.ones(2))
    mlflow.sklearn.save_model(model, directory, serialization_format="cloudpickle", signature=signature)
    return directory


def drift(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["drift", *map(str, arguments)], env={"COLUMNS": "200"})


def test_a_model_that_breaks_exits_with_1(saved):
    result = drift(saved, "--onto", "15.4 LTS ML")

    assert result.exit_code == 1
    assert "on 15.4 LTS ML: breaking" in result.output
    assert "No module named 'numpy._core'" in result.output


def test_a_model_that_is_safe_exits_with_0(saved, tmp_path):
    pins = tmp_path / "pins.txt"
    pins.write_text("# pip freeze\nrich==15.0.0  # a comment\npython==3.11.2\n\n")
    result = drift(saved, "--onto-pins", pins)

    assert result.exit_code == 0, result.output


def test_pins_are_read_from_a_file(saved, tmp_path):
    pins = tmp_path / "pins.txt"
    pins.write_text("numpy==1.23.5 ; python_version > '3'\n")
    result = drift(saved, "--onto-pins", pins, "--json")

    assert result.exit_code == 1
    assert json.loads(result.output)["onto"] == "numpy==1.23.5"


def test_without_a_runtime_there_is_a_row_over_all_of_them(saved):
    result = drift(saved)

    assert result.exit_code == 0  # with its own requirements it is safe
    for name in ("its own requirements", "13.3 LTS ML", "19 ML", "serverless-v6-ml"):
        assert name in result.output
    told = json.loads(drift(saved, "--json").output)
    assert [one["onto"] for one in told["reports"]][:2] == ["its own requirements", "13.3 LTS ML"]
    assert len(told["reports"]) == 16


def test_json_is_the_report(saved):
    told = json.loads(drift(saved, "--onto", "15.4", "--json").output)

    assert (told["model"], told["onto"], told["verdict"]) == (str(saved), "15.4 LTS ML", "breaking")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone"], "gone is not a directory"),
        ([".", "--onto", "16.4"], "there is no file MLmodel"),
        (["{saved}", "--onto", "16.5 LTS ML"], "Did you mean 16.4 LTS ML?"),
        (["{saved}", "--onto-pins", "{pins}"], "line 1 is no pin such as 'scikit-learn==1.4.2': '-r other.txt'"),
        (["{saved}", "--onto", "16.4", "--onto-pins", "{good}"], "two ways to say the same"),
        (["{saved}", "--onto-pins", "{bad}"], "'banana' is no version of 'numpy'"),
        (["runs:/0123/model"], "cannot be downloaded"),
        (["models:/gone/1"], "models:/gone/1 cannot be downloaded"),
        (["nothing://here"], "nothing://here cannot be downloaded"),
        (["file://{pins}"], "holds no model: there is no file MLmodel in it"),
    ],
)
def test_what_cannot_be_checked_exits_with_2_and_a_reason(saved, tmp_path, monkeypatch, arguments, message):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "mlruns").as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)
    for name, text in (("pins", "-r other.txt"), ("good", "numpy==1.23.5"), ("bad", "numpy==banana")):
        (tmp_path / name).write_text(text)
    places = {name: str(tmp_path / name) for name in ("pins", "good", "bad")}
    result = drift(*(one.format(saved=saved, **places) for one in arguments))

    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
    assert "Traceback" not in result.output


@pytest.fixture
def registered(entered, saved) -> Iterator[str]:
    """The id of a run in a workspace that has the model, which is registered too."""
    with entered():
        mlflow.set_experiment("/Shared/fraud")
        with mlflow.start_run() as run:
            mlflow.log_artifacts(str(saved), "model")
        mlflow.set_registry_uri("databricks-uc")
        mlflow.register_model(f"runs:/{run.info.run_id}/model", "main.default.fraud")
        yield run.info.run_id


def test_a_uri_is_downloaded_with_the_callers_environment(registered):
    for uri in (f"runs:/{registered}/model", "models:/main.default.fraud/1"):
        result = drift(uri, "--onto", "15.4", "--json")

        assert result.exit_code == 1, result.output
        assert json.loads(result.stdout)["model"] == uri


def test_as_a_program_it_tells_json_and_nothing_else(saved):
    command = [sys.executable, "-m", "fakebricks", "drift", str(saved), "--onto", "15.4", "--json"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    assert ended.returncode == 1
    assert json.loads(ended.stdout)["verdict"] == "breaking"
    assert ended.stderr == ""


def test_whatever_a_storage_raises_exits_with_2(monkeypatch):
    def download(**_: str) -> None:
        raise LookupError

    monkeypatch.setattr("mlflow.artifacts.download_artifacts", download)
    result = drift("s3://somewhere/model", "--json")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "s3://somewhere/model cannot be downloaded: LookupError" in result.stderr


def test_ctrl_c_is_no_answer(saved, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fakebricks.drift_command._checked", interrupted)
    result = drift(saved)

    assert (result.exit_code, result.output) == (130, "")


def said_to(stdout: int, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fakebricks", "drift", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False, env=environment)


def test_when_nobody_listens_the_exit_is_the_answer(saved):
    reading, writing = os.pipe()
    os.close(reading)
    ended = said_to(writing, saved)
    os.close(writing)

    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_an_answer_that_cannot_be_written_exits_with_2(saved):
    with Path("/dev/full").open("w") as full:
        ended = said_to(full.fileno(), saved)

    assert (ended.returncode, ended.stderr) == (2, "Error: the answer cannot be written: No space left on device\n")
