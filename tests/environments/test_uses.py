"""Environments that nobody uses any more are removed when another one is built; those in use are not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import time_machine

from fakebricks.environments import cache, shared
from fakebricks.environments.shared import Environments
from fakebricks.environments.specs import EnvironmentBuildError, EnvironmentSpec
from fakebricks.environments.uses import BUILD_LOG, Use

SPEC = EnvironmentSpec("3.11", ())
DAY = 86_400

_USES = """
import sys
from pathlib import Path
from fakebricks.environments.uses import Use

use = Use(Path(sys.argv[1]))
print("used", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def kept(tmp_path):
    """The directory of what a test's own environments are kept in."""
    return tmp_path / "cache" / "environments"


@pytest.fixture
def old(kept):
    """An environment, as it was left some days ago."""

    def old(name: str, days: float) -> Path:
        directory = kept / name
        (directory / "venv" / "bin").mkdir(parents=True)
        (directory / "venv" / "bin" / "python").touch()
        log = directory / BUILD_LOG
        log.touch()
        then = log.stat().st_mtime - days * DAY
        os.utime(log, (then, then))
        return directory

    return old


def test_what_nobody_has_used_for_a_month_is_removed_when_another_is_built(made, old):
    forgotten, fresh = old("forgotten", 31), old("fresh", 29)
    built = made.get(SPEC)

    assert not forgotten.exists()
    assert fresh.exists()
    assert built.python.exists()


def test_finding_one_removes_none(made, old):
    made.get(SPEC)
    forgotten = old("forgotten", 31)
    made.get(SPEC)

    assert forgotten.exists()


def test_what_another_process_uses_is_kept(made, old):
    used = old("used", 31)
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _USES, str(used)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=variables) as process:
        assert process.stdout.readline() == b"used\n"
        then = (used / BUILD_LOG).stat().st_mtime - 31 * DAY
        os.utime(used / BUILD_LOG, (then, then))  # as if it had been at it since then
        made.get(SPEC)
        assert used.exists()
        process.stdin.close()
    made.get(EnvironmentSpec("3.11", (), {"another": "1"}))

    assert not used.exists()


def test_each_use_counts(made, old):
    found = old(cache.digest(SPEC), 31)
    made.get(SPEC)
    made.close()
    made.get(EnvironmentSpec("3.11", (), {"another": "1"}))

    assert found.exists()


@pytest.mark.parametrize(("days", "left"), [("0", False), ("0.5", False), ("2", True), ("inf", True)])
def test_the_days_are_for_the_user_to_say(made, old, monkeypatch, days, left):
    monkeypatch.setenv("FAKEBRICKS_CACHE_DAYS", days)
    yesterday = old("yesterday", 1)
    built = made.get(SPEC)

    assert yesterday.exists() == left
    assert built.python.exists()


@pytest.mark.parametrize("days", ["a week", "nan", "-1"])
def test_days_that_are_no_number_are_told(made, kept, monkeypatch, days):
    monkeypatch.setenv("FAKEBRICKS_CACHE_DAYS", days)
    with pytest.raises(EnvironmentBuildError, match=f"FAKEBRICKS_CACHE_DAYS='{days}' is no number of days"):
        made.get(SPEC)
    assert not kept.exists()


def test_simulated_time_removes_nothing(made, old):
    fresh = old("fresh", 1)
    with time_machine.travel("2099-01-01"):
        made.get(SPEC)

    assert fresh.exists()


def test_what_a_killed_build_has_left_is_removed_unless_it_goes_on(made, kept):
    left, going_on = kept / "left.building", kept / "going_on.building"
    for directory in (left, going_on):
        (directory / "venv").mkdir(parents=True)
    with cache.turn(going_on, 0):
        made.get(SPEC)

    assert not left.exists()
    assert going_on.exists()


def test_what_cannot_be_removed_is_no_reason_to_fail(made, old, monkeypatch):
    def remove(directory: Path) -> None:
        raise PermissionError(directory)

    old("forgotten", 31)
    with monkeypatch.context() as patch:
        patch.setattr("fakebricks.environments.uses.cache.remove", remove)
        patch.setattr("fakebricks.environments.shared.cache.fresh", _fresh)
        assert made.get(SPEC).python.exists()


def _fresh(path: Path) -> Path:
    directory = cache.building(path)
    directory.mkdir(parents=True)
    return directory


def test_one_that_is_removed_while_it_is_looked_for_is_built_anew(made, kept, monkeypatch):
    lies = iter([True])
    there = shared._is_there
    monkeypatch.setattr(shared, "_is_there", lambda path: next(lies, None) or there(path))

    assert made.get(SPEC).python.exists()


def test_one_that_was_removed_meanwhile_is_not_in_use(tmp_path, monkeypatch):
    (tmp_path / BUILD_LOG).touch()
    monkeypatch.setattr("fcntl.flock", lambda *_: (tmp_path / BUILD_LOG).rename(tmp_path / "elsewhere"))

    with pytest.raises(FileNotFoundError):
        Use(tmp_path)


def test_what_only_others_may_write_is_used_all_the_same(made, tmp_path, monkeypatch):
    made.get(SPEC)

    def utime(_: int) -> None:
        raise PermissionError

    monkeypatch.setattr("os.utime", utime)
    assert Environments(tmp_path / "cache").get(SPEC).python.exists()
