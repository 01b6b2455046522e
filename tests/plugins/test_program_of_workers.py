"""A worker of pytest-xdist has no program of its own, which pyspark takes for its own doctests."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from pytest_fakebricks import _be_a_program


def test_a_worker_is_given_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", worker)
    _be_a_program()
    assert worker.__spec__.name == "__main__"


def test_a_program_stays_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    program = ModuleType("__main__")
    program.__file__ = "run.py"
    monkeypatch.setitem(sys.modules, "__main__", program)
    _be_a_program()
    assert program.__spec__ is None
