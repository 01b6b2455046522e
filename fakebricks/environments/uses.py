"""Who uses the environments that are kept, and the end of those that nobody uses any more.

Real: a process that uses an environment holds a shared lock on its build log, whose time of change is that of the last
use, by the clock of the file system. What is locked is not removed, however old it is. Where an environment is looked
for in the moment in which it is removed, it is built anew. Lock files remain, which are empty.
"""

from __future__ import annotations

import os
import weakref
from contextlib import suppress
from pathlib import Path

from fakebricks.environments import cache
from fakebricks.environments.limits import number_of
from fakebricks.environments.specs import EnvironmentBuildError

BUILD_LOG = "build.log"
"""The file of an environment that was made last, with what building it has said."""

_DAYS = 30.0
_DAY = 86_400.0


class Use:
    """Keeps an environment from being removed by others, for as long as it is held.

    Args:
        directory: the environment's.

    Raises:
        FileNotFoundError: there is none, or none any more.
    """

    def __init__(self, directory: Path) -> None:
        import fcntl

        log = directory / BUILD_LOG
        self._descriptor = os.open(log, os.O_RDONLY)
        weakref.finalize(self, os.close, self._descriptor)
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)  # whoever removes it has it for a moment only
        if not os.path.samestat(os.fstat(self._descriptor), log.stat()):
            raise FileNotFoundError(log)
        self.note()

    def note(self) -> None:
        """Say that the environment is used now."""
        with suppress(OSError):  # it may be another user's, or where nobody can write
            os.utime(self._descriptor)


def unused_days() -> float:
    """After how many days without use an environment is removed: `FAKEBRICKS_CACHE_DAYS`, or 30; `inf` keeps all.

    Raises:
        EnvironmentBuildError: the variable is no number.
    """
    try:
        return number_of("FAKEBRICKS_CACHE_DAYS", _DAYS)
    except ValueError as error:
        raise EnvironmentBuildError(str(error), "") from None


def remove_unused(used: Path, days: float) -> None:
    """Remove the environments beside one that nobody has used for so long, and what builds have left that were killed.

    Leaves alone what another process uses or builds, and what it may not remove.

    Args:
        used: an environment that is used now.
        days: of real time, as the file system tells it.
    """
    environments = used.parent
    before = (used / BUILD_LOG).stat().st_mtime - days * _DAY
    for building in environments.glob("*.building"):
        with suppress(EnvironmentBuildError, OSError), cache.turn(building, 0):
            cache.remove(building)
    for log in environments.glob(f"*/{BUILD_LOG}"):
        with suppress(EnvironmentBuildError, OSError), cache.turn(log.parent, 0):
            _remove_if_unused(log, before)


def _remove_if_unused(log: Path, before: float) -> None:
    """Nobody finds it half removed: it is called as one that is being built, whose turn this is."""
    import fcntl

    descriptor = os.open(log, os.O_RDWR)
    try:
        if os.fstat(descriptor).st_mtime > before or not cache.locked(fcntl, descriptor):
            return
        building = cache.building(log.parent)
        log.parent.rename(building)
    finally:
        os.close(descriptor)
    cache.remove(building)
