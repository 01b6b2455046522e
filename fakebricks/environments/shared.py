"""The environments of this process: built once, and shared by all workspaces in it.

The one exception to the rule that nothing is kept at the level of a module: a fork server takes seconds to start and
holds hundreds of megabytes, and a workspace lives for one test. It holds no state of a workspace.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections import defaultdict
from functools import lru_cache
from pathlib import Path

from fakebricks.environments import cache, progress
from fakebricks.environments.environment import Environment
from fakebricks.environments.limits import Limits
from fakebricks.environments.processes import Deadline
from fakebricks.environments.specs import EnvironmentSpec
from fakebricks.environments.uses import BUILD_LOG, remove_unused, unused_days
from fakebricks.environments.uv import Installer, interpreter

_WAITING_SERVERS = 4  # each of them holds some 100 MB


class Environments:
    """Environments by what they are made of. For any thread.

    Args:
        home: where they are kept from one process to the next; without it, `cache.home()`.
        limits: how long things may take; without them, what this process's environment says.
    """

    def __init__(self, home: Path | None = None, limits: Limits | None = None) -> None:
        self.limits = limits or Limits.of_environment()
        self._home = home
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._environments: dict[str, Environment] = {}

    def get(self, spec: EnvironmentSpec) -> Environment:
        """The environment that is made of this; it is built unless it is there.

        Raises:
            EnvironmentBuildError: it cannot be built, or not in time.
        """
        path = (self._home or cache.home()) / "environments" / cache.digest(spec)
        with self._locks[str(path)]:
            environment = self._environments.pop(str(path), None)
            if environment is None or not _is_there(path):
                if environment is not None:
                    environment.close()
                environment = self._made(spec, path)
            environment.note_use()
            self._environments[str(path)] = environment  # the last one is the one that was asked for last
        self._end_servers()
        return environment

    def close(self) -> None:
        """End all that runs in them."""
        for environment in list(self._environments.values()):
            environment.close()
        self._environments.clear()

    def _end_servers(self) -> None:
        """End the fork servers that wait for work and have waited longest, if there are many."""
        waiting = [environment for environment in list(self._environments.values()) if environment.waits]
        for environment in waiting[:-_WAITING_SERVERS]:
            environment.close()

    def _made(self, spec: EnvironmentSpec, path: Path) -> Environment:
        days = unused_days()
        built = self._built(spec, path)
        try:
            environment = Environment(path, self.limits)
        except FileNotFoundError:  # another process has removed it in this very moment, for want of use
            return self._made(spec, path)
        if built:
            remove_unused(path, days)
        return environment

    def _built(self, spec: EnvironmentSpec, path: Path) -> bool:
        """Build it, unless it is there; whether it was built now."""
        if _is_there(path):
            return False
        with cache.turn(path, self.limits.build) as lock:
            if _is_there(path):  # another process has built it meanwhile
                return False
            building = cache.fresh(path)
            installer = Installer(building, Deadline(self.limits.build), lock)
            try:
                with progress.building("an environment", spec):
                    installer.build(spec)
                (building / BUILD_LOG).write_text(installer.log, encoding="utf-8")
                building.rename(path)
            except BaseException:
                cache.remove(building)
                raise
        return True


def environments() -> Environments:
    """Those of this process. They end with it; a process that is forked from it makes its own."""
    return _of_process(os.getpid())


@lru_cache
def _of_process(pid: int) -> Environments:
    made = Environments()

    def close() -> None:
        if os.getpid() == pid:  # what was forked from it ends nothing of it
            made.close()

    atexit.register(close)
    return made


def _is_there(path: Path) -> bool:
    """Whether it was built, and the Python that it was built on is still there."""
    return (path / BUILD_LOG).exists() and interpreter(path / "venv").exists()
