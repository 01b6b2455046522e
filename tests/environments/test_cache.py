"""What environments are kept by, and that each is built once, and whole or not at all."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from wheels import make_wheel

from fakebricks.environments import cache
from fakebricks.environments.limits import Limits
from fakebricks.environments.shared import Environments, environments
from fakebricks.environments.specs import EnvironmentBuildError, EnvironmentSpec
from fakebricks.environments.uv import program

HERE = "3.11"
SPEC = EnvironmentSpec(HERE, ("fakebricks-inner==1.0",))

_BUILD = """
import sys
from pathlib import Path
from fakebricks.environments import uv
from fakebricks.environments.shared import Environments
from fakebricks.environments.specs import EnvironmentSpec

uv.program = lambda: sys.argv[2]
print(Environments(Path(sys.argv[1])).get(EnvironmentSpec("3.11", ("fakebricks-inner==1.0",))).python)
"""


@pytest.fixture
def noted_uv(tmp_path):
    """A uv that notes what it is asked for, and takes its time to install."""
    path = tmp_path / "uv"
    path.write_text(
        f'#!/bin/sh\necho "$1" >> {tmp_path}/asked\n{program()} "$@" || exit\n[ "$1" = venv ] || sleep 0.5\n'
    )
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return path


def building(home, noted_uv):
    """Another process that builds `SPEC`."""
    return subprocess.Popen(
        [sys.executable, "-c", _BUILD, str(home), str(noted_uv)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_processes_that_want_the_same_environment_build_it_once(only_wheels, noted_uv, tmp_path):
    processes = [building(tmp_path / "cache", noted_uv) for _ in range(3)]
    pythons = {process.communicate(timeout=300)[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(pythons) == 1
    assert (tmp_path / "asked").read_text().split() == ["venv", "pip"]


def test_a_build_that_is_killed_leaves_nothing_half_made(only_wheels, noted_uv, tmp_path):
    killed = building(tmp_path / "cache", noted_uv)
    until(lambda: (tmp_path / "asked").exists() and "pip" in (tmp_path / "asked").read_text())
    killed.kill()
    killed.communicate()
    path = tmp_path / "cache" / "environments" / cache.digest(SPEC)
    assert not path.exists()
    environment = Environments(tmp_path / "cache", Limits(build=30)).get(SPEC)
    assert path.exists()
    assert not path.with_suffix(".building").exists()
    script = tmp_path / "use.py"
    script.write_text("import fakebricks_inner; print(fakebricks_inner.VERSION)")
    assert environment.run(script) == "1.0\n"


def until(condition):
    deadline = time.perf_counter() + 120
    while not condition():
        assert time.perf_counter() < deadline
        time.sleep(0.01)


def test_who_waits_too_long_for_another_process_is_told_so(tmp_path):
    path = tmp_path / "environment"
    with cache.turn(path, 1), pytest.raises(EnvironmentBuildError, match="Another process"), cache.turn(path, 0.1):
        pass


def test_threads_that_want_the_same_environment_build_it_once(made):
    found = []
    threads = [threading.Thread(target=lambda: found.append(made.get(SPEC))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(map(id, found))) == 1


def test_an_environment_outlives_the_process_and_its_build_log_too(made, tmp_path, monkeypatch):
    first = made.get(SPEC)
    monkeypatch.setattr("fakebricks.environments.uv.program", lambda: "/no/such/uv")
    again = Environments(tmp_path / "cache").get(SPEC)
    assert again.python == first.python
    assert again.build_log == first.build_log != ""


def test_an_environment_whose_python_is_gone_is_built_again(made):
    python = made.get(SPEC).python
    python.unlink()
    assert made.get(SPEC).python == python
    assert python.exists()


def test_an_environment_that_was_removed_is_built_again(made):
    python = made.get(SPEC).python
    shutil.rmtree(python.parents[2])
    assert made.get(SPEC).python.exists()


@pytest.mark.parametrize(
    "other",
    [
        EnvironmentSpec("3.12", SPEC.requirements),
        EnvironmentSpec(HERE, ("fakebricks-inner==1.5",)),
        EnvironmentSpec(HERE, (*SPEC.requirements, "fakebricks-outer")),
        EnvironmentSpec(HERE, SPEC.requirements, {"fakebricks-inner": "1.5"}),
    ],
)
def test_other_contents_are_another_environment(other):
    assert cache.digest(other) != cache.digest(SPEC)


def test_the_order_of_pins_makes_no_difference():
    one, other = ({"a": "1", "b": "2"}, {"b": "2", "a": "1"})
    assert cache.digest(EnvironmentSpec(HERE, (), one)) == cache.digest(EnvironmentSpec(HERE, (), other))


def test_a_file_is_known_by_what_is_in_it(tmp_path):
    def spec(wheel):
        return EnvironmentSpec(HERE, (f"own @ {wheel.as_uri()}",))

    here, there = (make_wheel(tmp_path / name, "own", "1.0") for name in ("a b", "c"))
    assert cache.digest(spec(here)) == cache.digest(spec(there))
    changed = make_wheel(tmp_path / "d", "own", "1.0", {"own.py": "pass"})
    assert cache.digest(spec(here)) != cache.digest(spec(changed))


def test_where_environments_are_kept(monkeypatch):
    monkeypatch.setenv("FAKEBRICKS_CACHE", "/somewhere")
    assert cache.home() == Path("/somewhere")
    monkeypatch.delenv("FAKEBRICKS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cache.home() == Path("/caches/fakebricks")


@pytest.mark.parametrize("in_the_way", [".", "environments", f"environments/{cache.digest(SPEC)}.building"])
def test_a_cache_that_cannot_be_used_is_named(only_wheels, tmp_path, in_the_way):
    place = tmp_path / "cache" / in_the_way
    place.parent.mkdir(parents=True, exist_ok=True)
    place.touch()
    with pytest.raises(EnvironmentBuildError, match=r"file system refuses it: .*(directory|exists).*FAKEBRICKS_CACHE"):
        Environments(tmp_path / "cache").get(SPEC)


def test_limits_can_be_set_by_the_environment(monkeypatch):
    monkeypatch.setenv("FAKEBRICKS_BUILD_SECONDS", "7.5")
    assert Limits.of_environment() == Limits(build=7.5)


@pytest.mark.parametrize("seconds", ["soon", "nan", "-1"])
def test_a_limit_that_is_no_number_is_named(monkeypatch, seconds):
    monkeypatch.setenv("FAKEBRICKS_LOAD_SECONDS", seconds)
    with pytest.raises(ValueError, match=f"FAKEBRICKS_LOAD_SECONDS='{seconds}' is no number of seconds, from 0 on"):
        Limits.of_environment()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # it forks with threads around
def test_a_process_has_one_set_of_environments_and_its_fork_another():
    ours = environments()
    assert environments() is ours
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.write(writing, b"the same" if environments() is ours else b"another")
        os._exit(0)
    os.waitpid(pid, 0)
    assert os.read(reading, 10) == b"another"
    os.close(reading)
    os.close(writing)


_FORKS = """
import os, sys
from pathlib import Path
from fakebricks.environments.shared import environments
from fakebricks.environments.specs import EnvironmentSpec
from fakebricks.environments.worker import Message

worker = environments().get(EnvironmentSpec("3.11", ("mlflow==3000.0",))).load(Path(sys.argv[1]), {})
pid = os.fork()
if not pid:
    sys.exit()
os.waitpid(pid, 0)
print(worker.ask(Message({"do": "score", "content_type": "application/json"}, b'{"do": "echo"}'), 30).head["status"])
"""


def test_a_fork_that_ends_leaves_the_workers_alone(only_wheels, model, tmp_path):
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "FAKEBRICKS_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-c", _FORKS, str(model)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=variables, timeout=60)
    assert (done.stdout, done.stderr, done.returncode) == ("200\n", "", 0)


def test_building_is_logged(made, caplog):
    with caplog.at_level("INFO", "fakebricks"):
        made.get(SPEC)
        made.get(SPEC)
    assert [record.message for record in caplog.records] == [
        "Building an environment with Python 3.11 and fakebricks-inner==1.0"
    ]


def test_ctrl_c_ends_the_build(only_wheels, tmp_path):
    slow = tmp_path / "uv"
    slow.write_text(f"#!/bin/sh\nsleep 0.5\necho $$ > {tmp_path}/pid\nexec sleep 60\n")
    slow.chmod(slow.stat().st_mode | stat.S_IEXEC)
    process = building(tmp_path / "cache", slow)
    until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=300)
    pid = int((tmp_path / "pid").read_text())
    until(lambda: not Path(f"/proc/{pid}").exists())
    assert not list((tmp_path / "cache" / "environments").glob("*.building"))
