"""The tree of files behind the Files API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakebricks.clock import VirtualClock
from fakebricks.services.files.files import Files
from fakebricks.state import LocalBlobs, MemoryState, Scratch
from fakebricks.wire.errors import AlreadyExists, InvalidParameterValue, NotFound


@pytest.fixture
def state() -> MemoryState:
    return MemoryState()


@pytest.fixture
def files(state: MemoryState) -> Iterator[Files]:
    scratch = Scratch()
    yield Files(state, LocalBlobs(scratch), VirtualClock())
    scratch.close()


def test_a_tree_is_walked_with_relative_paths(files: Files):
    for path in ("/m/a", "/m/sub/deep/b", "/m2/c"):
        files.put(path, path.encode())
    assert [(relative, entry.size) for relative, entry in files.walk("/m")] == [("a", 4), ("sub/deep/b", 13)]
    assert [relative for relative, _ in files.walk("/")] == ["m/a", "m/sub/deep/b", "m2/c"]
    assert list(files.walk("/nope")) == []


def test_a_tree_is_materialised_as_files_of_its_own(files: Files, tmp_path: Path):
    files.put("/m/a", b"a")
    files.put("/m/sub/b", b"b")
    files.materialise("/m", tmp_path / "here")
    assert (tmp_path / "here/sub/b").read_bytes() == b"b"
    (tmp_path / "here/a").write_bytes(b"changed")
    assert files.get("/m/a") == b"a"
    with pytest.raises(NotFound):
        files.materialise("/nope", tmp_path / "there")


def test_a_tree_is_moved_and_deleted(files: Files):
    files.put("/m/1/a", b"a")
    files.put("/m/1/sub/b", b"b")
    files.move_tree("/m/1", "/n/2")
    assert files.find("/m/1") is None
    assert files.get("/n/2/sub/b") == b"b"
    files.delete_tree("/n/2")
    assert [entry.path for entry in files.list("/n")] == []
    files.delete_tree("/n/2")


def test_files_and_directories_are_moved_with_all_that_is_in_them(files: Files):
    files.put("/m/a", b"a")
    files.make_directory("/m/empty")
    files.move("/m", "/n/deep/er")
    assert [(entry.path, entry.is_directory) for entry in files.list("/n/deep/er")] == [
        ("/n/deep/er/a", False),
        ("/n/deep/er/empty", True),
    ]
    files.move("/n/deep/er/a", "/n/b")
    assert files.get("/n/b") == b"a"
    for path, target, error in [
        ("/n", "/n/x", InvalidParameterValue),
        ("/nope", "/x", NotFound),
        ("/n/b", "/n/deep", AlreadyExists),
        ("/n/deep", "/n/b/x", InvalidParameterValue),
    ]:
        with pytest.raises(error):
            files.move(path, target)
    assert [entry.name for entry in files.list("/n")] == ["b", "deep"]


def test_what_would_get_too_long_a_path_is_not_moved(files: Files, state: MemoryState):
    files.put(f"/m/{'x' * 900}/y", b"")
    before = state.snapshot()
    with pytest.raises(InvalidParameterValue, match="longer than"):
        files.move("/m", f"/{'n' * 200}")
    assert state.snapshot() == before


def test_a_part_of_a_file(files: Files):
    entry = files.put("/a", b"0123456789")
    assert [files.part(entry, *bounds) for bounds in [(0, 3), (8, 99), (3, 3), (99, 200), (5, 2)]] == [
        b"012",
        b"89",
        b"",
        b"",
        b"",
    ]


def test_a_lasting_directory_goes_away_only_with_the_tree(files: Files):
    files.make_directory("/m/root", lasting=True)
    files.make_directory("/m/root/x")
    files.delete_directory("/m/root/x")
    with pytest.raises(InvalidParameterValue, match="cannot be deleted"):
        files.delete_directory("/m/root")
    files.delete_tree("/m/root")
    files.delete_directory("/m")


def test_refusals_call_a_path_as_clients_know_it(files: Files):
    files.shows("_Stored", lambda parts: ("Shown", *parts[2:]))
    files.put("/_Stored/7/a/b", b"")
    for ask in (
        lambda: files.get("/_Stored/7/a"),
        lambda: files.put("/_Stored/7/a", b""),
        lambda: files.delete_directory("/_Stored/7/a"),
        lambda: files.require_directory("/_Stored/7/a/b"),
    ):
        with pytest.raises((NotFound, InvalidParameterValue), match="/Shown/a"):
            ask()


def test_a_snapshot_brings_files_back(files: Files, state: MemoryState):
    files.put("/a", b"old")
    snapshot = state.snapshot()
    files.put("/a", b"new")
    files.put("/b", b"b")
    state.restore(snapshot)
    assert files.get("/a") == b"old"
    assert files.find("/b") is None


def test_a_file_that_cannot_be_stored_leaves_no_directories(files: Files):
    files.put("/a/file", b"")
    with pytest.raises(Exception, match="not a directory"):
        files.put("/a/file/x/y", b"")
    assert [entry.name for entry in files.list("/a")] == ["file"]
