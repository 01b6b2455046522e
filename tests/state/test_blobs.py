from __future__ import annotations

import gc

import pytest

from fakebricks.state import LocalBlobs, Scratch


def test_equal_content_is_stored_once():
    blobs = LocalBlobs(Scratch())
    first, second = blobs.put(b"same"), blobs.put(b"same")
    assert first == second
    assert blobs.get(first) == b"same"
    assert blobs.path(first).read_bytes() == b"same"


def test_a_digest_that_is_not_there():
    with pytest.raises(KeyError):
        LocalBlobs(Scratch()).get("0" * 64)


def test_the_scratch_directory_goes_when_it_is_closed_or_forgotten():
    closed, forgotten = Scratch(), Scratch()
    paths = [closed.directory("a"), forgotten.directory("b")]
    assert all(path.is_dir() for path in paths)
    closed.close()
    del forgotten
    gc.collect()
    assert not any(path.exists() for path in paths)
