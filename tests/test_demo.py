"""The story, as a newcomer starts it: a command of its own, judged by its exit status."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fakebricks import Workspace
from fakebricks.clock import AutoClock
from fakebricks.wire.server import Server

CHAPTERS = ["1 · Train", "2 · Register", "3 · Deploy", "4 · Query", "5 · Half an hour later", "6 · Read", "Done"]


def told(*arguments: str, code: str = "") -> subprocess.CompletedProcess[str]:
    start = f"{code}\nfrom fakebricks.cli import main\nmain({list(arguments)!r})"
    return subprocess.run([sys.executable, "-c", start], capture_output=True, text=True, timeout=300, check=False)


def test_in_process():
    story = told("demo")
    assert story.returncode == 0, story.stdout + story.stderr
    assert [chapter for chapter in CHAPTERS if chapter in story.stdout] == CHAPTERS
    assert "✗" not in story.stdout


def test_to_a_server_twice():
    with Server() as server:
        workspace = Workspace(clock=AutoClock(), host=server.url)
        server.add(workspace)
        for _ in range(2):
            story = told("demo", "--host", server.url, "--token", workspace.token)
            assert story.returncode == 0, story.stdout + story.stderr
        workspace.close()


def test_what_is_not_as_told_ends_it():
    story = told("demo", code="import fakebricks.demo.story as story\nstory._IDLE_MINUTES = 1")
    assert story.returncode == 1
    assert "✗ after 1 idle minutes" in story.stdout
    assert "not as told" in story.stderr
    assert "6 · Read" not in story.stdout


@pytest.mark.parametrize("arguments", [("--host", "http://127.0.0.1:1"), ("--token", "x")])
def test_host_and_token_go_together(arguments):
    story = told("demo", *arguments)
    assert story.returncode == 2
    assert "--host and --token go together" in story.stderr
