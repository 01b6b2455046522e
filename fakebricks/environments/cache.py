"""Where environments are kept, each under a digest of what it is made of, and who may build one.

Real: a lock on a file, so that of several processes one builds and the others wait for it; a directory that is renamed
when it is complete, so that what is there is complete. Where a process is killed while it builds, the lock is held
until its installer has ended, and the next to build begins anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import select
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from fakebricks.environments.processes import Deadline
from fakebricks.environments.specs import EnvironmentBuildError, EnvironmentSpec

_FORMAT = 1  # of an environment's directory; another one is another digest
_BETWEEN_LOOKS = 0.05


def home() -> Path:
    """The directory of what fakebricks keeps between runs: `$FAKEBRICKS_CACHE`, or one in the user's cache."""
    chosen = os.environ.get("FAKEBRICKS_CACHE")
    if chosen:
        return Path(chosen).absolute()
    usual = "~/Library/Caches" if sys.platform == "darwin" else "~/.cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or usual).expanduser() / "fakebricks"


def digest(spec: EnvironmentSpec) -> str:
    """What an environment is kept by."""
    content = [
        _FORMAT,
        spec.python,
        [_content(line) for line in spec.requirements],
        sorted(spec.pins.items()),
        [sysconfig.get_platform(), *platform.libc_ver()],
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]


def _content(line: str) -> str:
    """A requirement; of one that is a file on this machine, what is in the file."""
    name, _, address = line.partition(" @ file://")
    file = Path(unquote(urlsplit(address).path))
    if not address or not file.is_file():
        return line
    return f"{name} @ {file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}"


@contextmanager
def turn(path: Path, seconds: float) -> Iterator[int]:
    """Meanwhile, no other process has its turn with `path`; yields the descriptor that holds the lock.

    A child that inherits it holds the lock too, for as long as it lives.

    Raises:
        EnvironmentBuildError: another process has had it for so long.
    """
    import fcntl

    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    deadline = Deadline(seconds)
    try:
        while not locked(fcntl, descriptor):
            if not deadline.left():
                message = f"Another process has been building this environment for {seconds:.0f} seconds."
                raise EnvironmentBuildError(message, "")
            select.select([], [], [], _BETWEEN_LOOKS)  # waits in real time
        yield descriptor
    finally:
        os.close(descriptor)


def locked(fcntl: Any, descriptor: int) -> bool:
    """Lock a file, unless another process has locked it; whether it is locked now."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def fresh(path: Path) -> Path:
    """An empty directory beside `path`, to build in; what an interrupted build has left there is removed."""
    directory = building(path)
    remove(directory)
    remove(path)
    directory.mkdir(parents=True)
    return directory


def building(path: Path) -> Path:
    """Where `path` is built, by who has its turn."""
    return path.with_suffix(".building")


def remove(directory: Path) -> None:
    """Remove it with all that is in it, if it is there."""
    if directory.exists():
        shutil.rmtree(directory)
