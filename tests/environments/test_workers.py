"""Workers: what they answer, and what becomes of it when one of them does not."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from alive import gone, running
from clocks import standing_at
from hypothesis import given
from hypothesis import strategies as st

from fakebricks import fake_workspace
from fakebricks.environments import worker as program
from fakebricks.environments.connection import Connection, ModelFailedError, WorkerGoneError, WorkerTooSlowError
from fakebricks.environments.environment import Environment, ScriptFailedError
from fakebricks.environments.limits import Limits
from fakebricks.environments.specs import EnvironmentSpec
from fakebricks.environments.worker import Message

HERE = "3.11"
JSON = "application/json"


@pytest.fixture(params=[True, False], ids=["forked", "plain"])
def environment(request, with_mlflow):
    """The environment with the tests' own MLflow, of which workers are forked or not."""
    made = Environment(with_mlflow.python.parents[2], with_mlflow._limits, forks=request.param)
    yield made
    made.close()


@pytest.fixture
def load(environment, model):
    loaded = []

    def load(variables=None, **limits):
        environment._limits = Limits(**{"load": 30, **limits})
        loaded.append(environment.load(model, variables or {}))
        return loaded[-1]

    yield load
    for worker in loaded:
        worker.close()


def score(worker, *, limit=30, **asked):
    answer = worker.ask(Message({"do": "score", "content_type": JSON}, json.dumps(asked).encode()), limit)
    return answer.head["status"], json.loads(answer.body)


def predicted(worker, **asked):
    status, body = score(worker, **asked)
    assert status == 200, body
    return body["predictions"]


def test_a_worker_scores(load):
    worker = load()
    assert score(worker, do="echo", x=[1, "é"]) == (200, {"predictions": {"do": "echo", "x": [1, "é"]}})
    assert score(worker, do="echo") == (200, {"predictions": {"do": "echo"}})


def test_a_large_request_and_answer(load):
    text = "é" * 3_000_000
    assert predicted(load(), do="echo", text=text)["text"] == text


def test_what_a_model_raises_is_an_answer(load):
    worker = load()
    expected = "Encountered an unexpected error while evaluating the model. Error 'a \udc80 b'"
    assert score(worker, do="raise", text="a \udc80 b") == (400, {"error_code": "BAD_REQUEST", "message": expected})
    assert score(worker, do="quit", text="enough")[1]["message"].endswith("Error 'enough'")
    assert predicted(worker, do="echo")


def test_a_model_that_prints_does_not_disturb(load):
    worker = load()
    assert predicted(worker, do="print", text="printed é" * 10_000)
    assert predicted(worker, do="echo", text="after")["text"] == "after"
    for printed in ("printed é", "written to 1", "written to 2", "unfinished"):
        assert printed in worker.log


def test_what_is_printed_is_bounded(load):
    worker = load()
    for _ in range(3):
        predicted(worker, do="print", text="x" * 3_000_000)
    assert len(worker.log) <= 64 << 10
    assert os.fstat(worker._log.fileno()).st_size < 8 << 20


def test_a_model_has_its_own_variables_and_none_of_this_process(load, monkeypatch):
    for name in ("DATABRICKS_TOKEN", "MLFLOW_TRACKING_URI", "PYTHONPATH", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "of this process")
    environ = predicted(load({"MINE": "own"}), do="environ")
    assert environ["MINE"] == "own"
    assert "of this process" not in environ.values()
    assert environ["PATH"] == os.environ["PATH"]
    assert "MINE" not in predicted(load(), do="environ")
    assert "MINE" not in os.environ


def test_a_model_sees_nothing_that_is_installed_here(load):
    path = predicted(load(), do="path")
    assert not [entry for entry in path if entry in sys.path and "site-packages" in entry]
    assert not [entry for entry in path if Path(entry) == Path(program.__file__).parent]


def test_workers_are_processes_of_their_own_in_a_directory_that_is_removed(environment, load):
    first, second = load(), load()
    pids = {predicted(worker, do="pid") for worker in (first, second)}
    assert len(pids) == 2
    assert os.getpid() not in pids
    directory, other = (Path(predicted(worker, do="cwd")) for worker in (first, second))
    assert len({directory, other, Path.cwd()}) == 3
    first.close()
    second.close()
    environment.close()
    assert all(map(gone, pids))
    assert not directory.exists()


@pytest.mark.parametrize(
    ("do", "ending"),
    [
        ("exit", "has exited with status 3"),
        ("kill", "was ended by SIGKILL"),
        ("leave a child", "has exited with status 0"),
    ],
)
def test_a_worker_that_dies_in_the_middle_of_a_request(load, do, ending):
    worker = load()
    began = time.perf_counter()
    with pytest.raises(WorkerGoneError, match=f"The model's process {ending}"):
        score(worker, do=do)
    assert time.perf_counter() - began < 10
    assert not worker.idle()
    assert predicted(load(), do="echo")


def test_a_worker_that_dies_between_two_requests_is_not_idle(load):
    worker = load()
    assert worker.idle()
    pid = predicted(worker, do="pid")
    assert worker.idle()
    os.kill(pid, signal.SIGKILL)
    gone(pid)
    assert not worker.idle()
    with pytest.raises(WorkerGoneError, match="SIGKILL"):
        score(worker, do="echo")


def test_a_request_that_takes_too_long_ends_the_worker(load):
    worker = load()
    pid = predicted(worker, do="pid")
    began = time.perf_counter()
    with pytest.raises(WorkerTooSlowError):
        score(worker, limit=0.2, do="sleep", seconds=30)
    assert time.perf_counter() - began < 10
    assert gone(pid)


def test_closing_twice_and_from_another_thread(load):
    worker = load()
    pid = predicted(worker, do="pid")
    worker.close()
    worker.close()
    assert gone(pid)
    assert not worker.idle()


def stream(worker, **asked):
    answer = worker.ask(Message({"do": "stream", "content_type": JSON}, json.dumps(asked).encode()), 30)
    assert answer.head["status"] == 200
    return answer.head["stream"]


def following(worker, number):
    answer = worker.ask(Message({"do": "next", "stream": number}), 30)
    return json.loads(answer.body) if answer.head["more"] else None


def test_streams_are_made_event_by_event_and_beside_each_other(load):
    worker = load()
    one, other = stream(worker, events=2), stream(worker, events=1)
    assert following(worker, one) == {"number": 0}
    assert following(worker, other) == {"number": 0}
    assert predicted(worker, do="echo")
    assert following(worker, one) == {"number": 1}
    assert following(worker, one) is None
    assert following(worker, one) is None
    assert following(worker, other) is None


def test_a_stream_that_fails_says_so_in_its_last_event(load):
    worker = load()
    number = stream(worker, events=3, raise_at=1)
    assert following(worker, number) == {"number": 0}
    assert following(worker, number) == {"error": "no more"}
    assert following(worker, number) is None


def test_a_stream_that_fails_before_its_first_event_is_an_answer(load):
    body = json.dumps({"events": 3, "raise_at": 0}).encode()
    answer = load().ask(Message({"do": "stream", "content_type": JSON}, body), 30)
    assert answer.head == {"status": 400, "content_type": JSON}
    assert "Error 'no more'" in json.loads(answer.body)["message"]


def test_a_stream_that_is_stopped_or_empty_has_no_events(load):
    worker = load()
    number = stream(worker, events=3)
    worker.ask(Message({"do": "stop", "stream": number}), 30)
    assert following(worker, number) is None
    assert following(worker, stream(worker, events=0)) is None


def test_why_a_model_does_not_load(environment, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelFailedError, match="no MLmodel") as caught:
        environment.load(tmp_path / "empty", {})
    assert "loading empty" in caught.value.log
    assert "OSError: no MLmodel" in caught.value.log


def test_a_model_whose_loading_ends_the_process(environment, model):
    (model / "exit").touch()
    with pytest.raises(ModelFailedError, match="The model's process has exited with status 5") as caught:
        environment.load(model, {})
    assert "loading model" in caught.value.log


def test_a_model_that_takes_too_long_to_load(load, model):
    (model / "sleep").touch()
    with pytest.raises(ModelFailedError, match="has not loaded within 1 seconds"):
        load(load=1)


@pytest.mark.parametrize("forks", [True, False])
def test_an_environment_without_mlflow_loads_nothing(made, model, forks):
    python = made.get(EnvironmentSpec(HERE, ("fakebricks-inner",))).python
    environment = Environment(python.parents[2], Limits(), forks=forks)
    with pytest.raises(ModelFailedError, match="No module named 'mlflow'"):
        environment.load(model, {})
    environment.close()


def test_a_python_that_does_not_start(tmp_path, model):
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho 'bad interpreter' >&2\nexit 7\n")
    python.chmod(0o700)
    (tmp_path / "build.log").touch()
    for forks in (True, False):
        with pytest.raises(ModelFailedError, match="has exited with status 7: bad interpreter"):
            Environment(tmp_path, Limits(), forks=forks).load(model, {})


def test_an_old_mlflow_keeps_its_scoring_to_its_server(made, model):
    worker = made.get(EnvironmentSpec(HERE, ("mlflow==2000.0",))).load(model, {})
    assert score(worker, do="echo") == (200, {"do": "echo"})
    assert score(worker, do="raise", text="what is not caught")[1]["message"].endswith("Error 'what is not caught'")
    status, answer = score(worker, do="fail")
    assert (status, answer["error_code"]) == (400, "BAD_REQUEST")
    assert answer["message"].endswith("Error 'an internal error'")
    streamed = worker.ask(Message({"do": "stream", "content_type": JSON}, b'{"events": 1}'), 30)
    assert "does not support predict_stream" in json.loads(streamed.body)["message"]
    worker.close()


def test_an_mlflow_without_a_scoring_server_says_what_to_require(made, model):
    with pytest.raises(ModelFailedError, match="Require mlflow, of which mlflow-skinny is only a part"):
        made.get(EnvironmentSpec(HERE, ("mlflow==3000.1",))).load(model, {})


def test_a_fork_server_that_was_killed_is_replaced(with_mlflow, model):
    worker = with_mlflow.load(model, {})
    server = predicted(worker, do="parent")
    os.kill(server, signal.SIGKILL)
    assert gone(server)
    with pytest.raises(WorkerGoneError, match="The model's process was ended by SIGKILL"):
        score(worker, do="echo")
    again = with_mlflow.load(model, {})
    assert predicted(again, do="parent") != server
    again.close()


def test_a_fork_server_learns_what_models_import(with_mlflow, model):
    """And outlives modules that cannot be imported."""
    worker = with_mlflow.load(model, {}, ["no.such.module", "json.tool", "antigravity\n"])
    assert predicted(worker, do="echo")
    worker.close()


def test_only_the_fork_servers_that_were_wanted_last_wait_for_work(made, model):
    specs = [EnvironmentSpec(HERE, ("mlflow==3000.0",), {f"pin-{number}": "1"}) for number in range(7)]
    busy = made.get(specs[0]).load(model, {})
    for spec in specs[1:]:
        made.get(spec).load(model, {}).close()
    made.get(specs[-1])
    assert [made._environments[path].waits for path in made._environments] == [False, False, False, *[True] * 4]
    assert predicted(busy, do="echo")
    busy.close()


_OWNER = """
import json, sys, time
from pathlib import Path
from fakebricks.environments.environment import Environment
from fakebricks.environments.limits import Limits
from fakebricks.environments.worker import Message

environment = Environment(Path(sys.argv[1]), Limits(), forks=sys.argv[3] == "True")
worker = environment.load(Path(sys.argv[2]), {})
asked = Message({"do": "score", "content_type": "application/json"}, b'{"do": "pid"}')
print(json.loads(worker.ask(asked, 30).body)["predictions"], flush=True)
worker.ask(Message({"do": "score", "content_type": "application/json"}, b'{"do": "sleep", "seconds": 60}'), 60)
"""


@pytest.mark.parametrize("forks", [True, False])
def test_workers_end_with_the_process_that_started_them_however_busy_they_are(with_mlflow, model, forks):
    owner = subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(with_mlflow.python.parents[2]), str(model), str(forks)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    pid = int(owner.stdout.readline())
    assert running(pid)
    owner.kill()
    owner.communicate()
    assert gone(pid)


def test_waiting_for_a_worker_is_no_simulated_time(with_mlflow, model):
    with fake_workspace(clock=standing_at()) as workspace:
        worker = with_mlflow.load(model, {})
        before, began = workspace.clock.time(), time.perf_counter()
        assert predicted(worker, do="sleep", seconds=0.3)
        assert time.perf_counter() - began >= 0.3
        assert workspace.clock.time() == before
        workspace.clock.advance(hours=1)
        assert predicted(worker, do="echo")
        worker.close()


def test_a_script_that_fails_says_what_it_printed(with_mlflow, tmp_path):
    script = tmp_path / "script.py"
    script.write_text("print('before'); raise SystemExit(9)")
    with pytest.raises(ScriptFailedError, match=r"script.py has exited with status 9:\nbefore"):
        with_mlflow.run(script)


def test_a_script_that_takes_too_long_is_ended(with_mlflow, tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import time; print('before', flush=True); time.sleep(60)")
    environment = Environment(with_mlflow.python.parents[2], Limits(run=1))
    with pytest.raises(ScriptFailedError, match=r"script.py took longer than 1 s:\nbefore"):
        environment.run(script)


def test_one_worker_for_one_client_after_the_other(with_mlflow, model):
    """As in a container: it listens, and keeps its model when a client goes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(with_mlflow.python), "-I", program.__file__, "listen", "127.0.0.1", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        first = connected(port)
        first.load(str(model), {}, 30)
        first.close()
        second = connected(port)
        answer = second.ask(Message({"do": "score", "content_type": JSON}, b'{"do": "echo"}'), 30)
        assert answer.head["status"] == 200
        second.close()
    finally:
        process.kill()
        process.wait()


def connected(port):
    deadline = time.perf_counter() + 10
    while True:
        try:
            connection = Connection(socket.create_connection(("127.0.0.1", port)))
        except ConnectionRefusedError:
            assert time.perf_counter() < deadline
            time.sleep(0.01)
        else:
            assert connection.greeted("", 10)["ready"] == program.PROTOCOL
            return connection


def test_a_worker_of_another_version_is_not_spoken_to():
    ours, theirs = socket.socketpair()
    theirs.sendall(program.packed(Message({"ready": 99})))
    with pytest.raises(WorkerGoneError, match="version 99"):
        Connection(ours).greeted("", 1)
    ours.close()
    theirs.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\0\0",
        b"\xff" * 8,
        program.SIZES.pack(3, 0) + b"{{{",
        program.SIZES.pack(3, 0) + b"\xff{}",
        program.SIZES.pack(9, 9) + b"{}",
        program.SIZES.pack(2, 0) + b"[]",
    ],
)
def test_what_is_no_message_is_no_answer(sent):
    with answering(sent) as connection, pytest.raises(WorkerGoneError):
        connection.ask(Message({}), 1)


@contextlib.contextmanager
def answering(sent):
    """A connection to somebody who sends this, whatever is asked."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(sent)
        theirs.shutdown(socket.SHUT_WR)
        yield Connection(ours)


@given(st.binary(max_size=64))
def test_whatever_is_sent_is_a_message_or_no_answer(sent):
    with answering(sent) as connection, contextlib.suppress(WorkerGoneError):
        assert isinstance(connection.ask(Message({}), 1).head, dict)


def test_the_program_is_one_file_for_any_python_since_3_8():
    text = Path(program.__file__).read_text()
    tree = ast.parse(text, feature_version=(3, 8))
    imported = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in imported if isinstance(node, ast.Import) for alias in node.names}
    assert names | {node.module for node in imported if isinstance(node, ast.ImportFrom)} <= sys.stdlib_module_names
