"""What takes a while is said on a terminal, in one line, and in the log."""

from __future__ import annotations

import os
import pty
import sys

from fakebricks.environments.progress import building
from fakebricks.environments.specs import EnvironmentSpec

MUCH = EnvironmentSpec("3.11", tuple(f"package-{number}==1.0" for number in range(100)))


def test_on_a_terminal_there_is_one_line_until_it_is_done(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with building("an environment", MUCH):
            pass
    said = os.read(ours, 1 << 16).decode()
    os.close(ours)

    assert "Building an environment with Python 3.11 and" in said
    assert "..." in said
    assert "package-50" not in said


def test_elsewhere_nothing_is_printed(capsys, caplog):
    with caplog.at_level("INFO", "fakebricks"), building("an image", EnvironmentSpec("3.11", ())):
        pass

    assert capsys.readouterr() == ("", "")
    assert caplog.messages == ["Building an image with Python 3.11 and nothing more"]
