"""Models in environments of their own: the same answers as in this process, and what happens when all goes wrong."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import threading
import time

import pytest
from alive import gone

from fakebricks.environments.shared import environments
from fakebricks.services.model_serving.runtimes import ModelLoadError
from fakebricks.services.model_serving.runtimes.isolated import IsolatedModel
from fakebricks.services.model_serving.runtimes.process import ProcessRuntime
from fakebricks.services.model_serving.runtimes.virtualenv import VirtualenvRuntime
from fakebricks.wire.errors import NotImplementedByFakebricks

JSON = "application/json"


@pytest.fixture(scope="module")
def runtime(isolated):
    return VirtualenvRuntime(environments())


@pytest.fixture(scope="module")
def shared(runtime, obedient):
    """One model for all tests that leave it alone, or only end its process."""
    model = runtime.load(obedient, {})
    yield model
    model.close()


@pytest.fixture(scope="module")
def here(obedient):
    """The same model in this process."""
    return ProcessRuntime().load(obedient, {})


@pytest.fixture
def load(runtime, obedient):
    loaded = []

    def load(variables=None, directory=obedient):
        loaded.append(runtime.load(directory, variables or {}))
        return loaded[-1]

    yield load
    for model in loaded:
        model.close()


def body(do="upper", text="a"):
    return json.dumps({"dataframe_records": [{"do": do, "text": text}]}).encode()


def ask(model, do="upper", text="a"):
    scored = model.score(body(do, text), JSON)
    return scored.status, json.loads(scored.body)


def predicted(model, do="upper", text="a"):
    status, answer = ask(model, do, text)
    assert status == 200, answer
    return answer["predictions"][0]


def comparable(scored):
    """All but the traceback, which has paths, and the order of sets in texts."""
    try:
        answer = json.loads(scored.body)
    except ValueError:
        return scored.status, sorted(scored.body.decode()), scored.content_type
    answer.pop("stack_trace", None)
    answer["message"] = sorted(answer.get("message", ""))
    return scored.status, answer, scored.content_type


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (body(), JSON),
        (body("upper", "\u00e9 \u4e2d"), JSON),
        (body(), "application/json; charset=utf-8"),
        (body(), "application/json; charset=latin-1"),
        (b"do,text\nupper,b\nupper,c\n", "text/csv"),
        (b"\xff", "text/csv"),
        (b"a", "text/plain"),
        (b"", JSON),
        (b"{not json", JSON),
        (b"[]", JSON),
        (b"{}", JSON),
        (b'{"dataframe_split": {"columns": ["do", "text"], "data": [["upper", "d"]]}}', JSON),
        (b'{"dataframe_records": [{"do": "upper"}]}', JSON),
        (b'{"dataframe_records": [{"do": 1, "text": 2}]}', JSON),
        (b'{"dataframe_records": []}', JSON),
        (b'{"inputs": {"do": ["upper"], "text": ["e"]}}', JSON),
        (body("raise", "not today"), JSON),
        (body("raise", ""), JSON),
        (body("raise mlflow", "not today"), JSON),
        (body("quit", "enough"), JSON),
        (body("object"), JSON),
    ],
)
def test_the_answers_are_those_of_a_model_in_this_process(shared, here, content, content_type):
    assert comparable(shared.score(content, content_type)) == comparable(here.score(content, content_type))


@pytest.mark.parametrize("text", ["a b c", "a raise b", "raise", ""])
def test_the_streams_are_those_of_a_model_in_this_process(shared, here, text):
    def streamed(model):
        scored = model.stream(body("stream", text), JSON)
        events = [json.loads(event) for event in scored.events or ()]
        return scored.status, scored.body, scored.content_type, [{**event, "pid": 0} for event in events]

    assert streamed(shared) == streamed(here)


def test_a_stream_of_what_is_no_json_is_an_answer(shared, here):
    content = b"do,text\nupper,b\n"
    assert comparable(shared.stream(content, "text/csv")) == comparable(here.stream(content, "text/csv"))


def test_the_model_has_the_libraries_that_it_was_logged_with(shared):
    assert predicted(shared, "version", "sklearn") == "1.6.1"
    assert "scikit-learn==1.6.1" in shared.build_log


def test_variables_are_the_models_own(load, shared, monkeypatch):
    monkeypatch.setenv("DATABRICKS_TOKEN", "of this process")
    model = load({"MINE": "own"})
    assert predicted(model, "environ", "MINE") == "own"
    assert predicted(model, "environ", "DATABRICKS_TOKEN") is None
    assert predicted(shared, "environ", "MINE") is None


def test_a_model_that_prints_answers_as_ever(shared):
    assert predicted(shared, "print", "noise" * 50_000).startswith("NOISE")
    assert predicted(shared) == "A"


def test_a_process_that_dies_in_the_middle_of_a_request_is_an_answer_and_is_replaced(shared):
    before = predicted(shared, "pid")
    status, answer = ask(shared, "kill")
    assert (status, answer["error_code"]) == (400, "BAD_REQUEST")
    assert answer["message"] == (
        "Encountered an unexpected error while evaluating the model. Error 'The model's process was ended by SIGKILL.'"
    )
    assert predicted(shared, "pid") != before


def test_a_process_that_dies_between_two_requests_is_replaced_unnoticed(shared):
    pid = predicted(shared, "pid")
    os.kill(pid, signal.SIGKILL)
    gone(pid)
    assert predicted(shared) == "A"


def test_a_stream_whose_process_dies_ends_with_an_error(shared):
    scored = shared.stream(body("stream", "a kill b"), JSON)
    events = [json.loads(event) for event in scored.events]
    assert events[0]["word"] == "a"
    assert events[1:] == [{"error": "The model's process was ended by SIGKILL."}]
    assert predicted(shared) == "A"


def test_a_stream_may_be_left_or_outlived_by_others(shared):
    scored = shared.stream(body("stream", "a b c"), JSON)
    assert json.loads(next(scored.events))["word"] == "a"
    assert predicted(shared) == "A"
    scored.events.close()
    assert predicted(shared) == "A"


def test_a_request_that_takes_too_long_is_answered_in_time(isolated, obedient):
    model = IsolatedModel(lambda: isolated.load(obedient, {}), 0.5, "")
    pid = predicted(model, "pid")
    began = time.perf_counter()
    status, answer = ask(model, "sleep", "60")
    assert time.perf_counter() - began < 50  # of the sixty that it sleeps
    assert (status, answer["error_code"]) == (504, "DEADLINE_EXCEEDED")
    assert answer["message"].startswith("Timed out while evaluating the model.")
    assert gone(pid)
    assert predicted(model) == "A"
    model.close()


def test_many_threads_may_ask_one_model(shared):
    answers = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append((n, predicted(shared, text=f"t{n}")))) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [(n, f"T{n}") for n in range(8)]


def test_traces_are_refused(shared):
    with pytest.raises(NotImplementedByFakebricks, match="return_trace"):
        shared.traced(body(), JSON)


def test_a_closed_model_has_no_process(load):
    model = load()
    pid = predicted(model, "pid")
    model.close()
    assert gone(pid)
    model.close()
    assert ask(model)[0] == 400


def test_a_model_that_cannot_be_loaded_any_more_is_an_answer(load, obedient, tmp_path):
    directory = copied(obedient, tmp_path)
    model = load(directory=directory)
    shutil.rmtree(directory)
    ask(model, "kill")
    status, answer = ask(model)
    assert (status, answer["error_code"]) == (400, "BAD_REQUEST")
    assert answer["message"].startswith("An error occurred while loading the model. ")


def copied(model, tmp_path):
    return shutil.copytree(model, tmp_path / "copy")


def refused(runtime, directory):
    with pytest.raises(ModelLoadError) as caught:
        runtime.load(directory, {})
    return caught.value


def test_a_model_whose_files_are_gone_does_not_load(runtime, obedient, tmp_path):
    directory = copied(obedient, tmp_path)
    (directory / "obedient.py").unlink()
    error = refused(runtime, directory)
    assert error.built
    assert "obedient.py" in str(error)
    assert "Traceback" in error.log
    assert "scikit-learn==1.6.1" in error.build_log


@pytest.mark.parametrize(
    ("loader", "why"),
    [("mlflow.sklearn", "mlflow/sklearn"), ("no.such", "No module named 'no'"), ("os", "load_pyfunc")],
)
def test_a_model_that_lies_about_its_flavour_does_not_load(runtime, obedient, tmp_path, loader, why):
    directory = copied(obedient, tmp_path)
    mlmodel = directory / "MLmodel"
    mlmodel.write_text(re.sub(r"loader_module: \S+", f"loader_module: {loader}", mlmodel.read_text()))
    error = refused(runtime, directory)
    assert error.built
    assert str(error)
    assert why in error.log


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a: [", b"[]", b"flavors: {}", b"flavors: 1"])
def test_a_corrupted_mlmodel_has_no_environment(runtime, obedient, tmp_path, content):
    directory = copied(obedient, tmp_path)
    (directory / "MLmodel").write_bytes(content)
    error = refused(runtime, directory)
    assert not error.built
    assert str(error)


def test_what_is_no_directory_has_no_environment(runtime, tmp_path):
    assert not refused(runtime, tmp_path / "nowhere").built


def requiring(model, tmp_path, *lines):
    directory = copied(model, tmp_path)
    (directory / "requirements.txt").write_text("".join(f"{line}\n" for line in lines))
    return directory


def test_a_model_without_mlflow_is_unsupported(runtime, obedient, tmp_path):
    error = refused(runtime, requiring(obedient, tmp_path, "scikit-learn==1.6.1", "mlflow-extra-thing"))
    assert not error.built
    assert str(error) == "unsupported model: Environment file conda.yaml does not specify mlflow as a dependency."


def test_a_requirement_that_cannot_be_had_is_named(runtime, obedient, tmp_path, monkeypatch):
    monkeypatch.setenv("UV_OFFLINE", "1")
    error = refused(runtime, requiring(obedient, tmp_path, "mlflow", "fakebricks-no-such-package==1"))
    assert not error.built
    assert "fakebricks-no-such-package" in str(error)
    assert "fakebricks-no-such-package" in error.build_log


@pytest.mark.parametrize("line", ["--index-url=$(touch {0})", "mlflow; touch {0}", "`touch {0}`", "-r {0}"])
def test_a_malicious_requirement_does_nothing(runtime, obedient, tmp_path, monkeypatch, line):
    monkeypatch.setenv("UV_OFFLINE", "1")
    victim = tmp_path / "victim"
    try:
        runtime.load(requiring(obedient, tmp_path, "fakebricks-no-such-package", line.format(victim)), {})
    except ModelLoadError as error:
        assert not error.built
    assert not victim.exists()


def test_pins_go_before_what_the_model_was_logged_with(obedient, monkeypatch):
    monkeypatch.setenv("UV_OFFLINE", "1")
    runtime = VirtualenvRuntime(environments(), {"scikit-learn": "0.0.1"})
    assert "scikit-learn==0.0.1" in str(refused(runtime, obedient))
    runtime = VirtualenvRuntime(environments(), python="3.99")
    assert "3.99" in str(refused(runtime, obedient))


def test_it_needs_uv(monkeypatch):
    VirtualenvRuntime(environments()).require()
    monkeypatch.setattr("fakebricks.services.model_serving.runtimes.virtualenv.find_spec", lambda _: None)
    with pytest.raises(NotImplementedByFakebricks, match=r"fakebricks\[serving,environments\]"):
        VirtualenvRuntime(environments()).require()


_TRAIN = """
import pickle
import sys
from sklearn.linear_model import LogisticRegression

with open(sys.argv[1], "wb") as file:
    pickle.dump(LogisticRegression().fit([[0.0], [1.0]], [3, 7]), file)
"""

_MLMODEL = """
flavors:
  python_function:
    env: {conda: conda.yaml, virtualenv: python_env.yaml}
    loader_module: mlflow.sklearn
    model_path: model.pkl
    predict_fn: predict
  sklearn: {pickled_model: model.pkl, serialization_format: pickle, sklearn_version: 1.6.1}
"""


def test_a_model_that_was_trained_in_the_environment_is_served_in_it(isolated, load, obedient, tmp_path):
    directory = copied(obedient, tmp_path)
    (directory / "MLmodel").write_text(_MLMODEL)
    script = tmp_path / "train.py"
    script.write_text(_TRAIN)
    isolated.run(script, str(directory / "model.pkl"))
    scored = load(directory=directory).score(b'{"inputs": [[0.0], [1.0]]}', JSON)
    assert (scored.status, json.loads(scored.body)) == (200, {"predictions": [3, 7]})
