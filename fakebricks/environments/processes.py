"""Child processes in real time, whatever time the code under test lives in.

Real: `time.perf_counter`, `Thread.join` and sockets, which simulated time leaves alone; `Popen.wait` with a time limit
would sleep, and a sleep is simulated.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
import weakref
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Thread

_LARGEST_LOG = 4 << 20
_TAIL = 64 << 10

# Nothing else of this machine's environment reaches a model: a container of the platform does not have it either.
_KEPT = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "XDG_CACHE_HOME"),
        *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    }
)
_KEPT_PREFIXES = ("LC_", "SSL_CERT_", "OMP_", "OPENBLAS_", "MKL_", "NUMEXPR_", "CUDA_", "NVIDIA_")


def surroundings(variables: Mapping[str, str]) -> dict[str, str]:
    """The environment variables of a process that is to be as if on another machine."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)}
    return {**kept, "MLFLOW_DISABLE_TELEMETRY": "true", **variables}


class Log:
    """What a process prints: a file without a name, of which the end is kept."""

    def __init__(self) -> None:
        import fcntl  # where there is none, neither is there anything to log

        self._descriptor, path = tempfile.mkstemp(prefix="fakebricks-")
        os.unlink(path)  # noqa: PTH108 - as it was made
        fcntl.fcntl(self._descriptor, fcntl.F_SETFL, os.O_APPEND)
        weakref.finalize(self, os.close, self._descriptor)

    def fileno(self) -> int:
        return self._descriptor

    def trim(self) -> None:
        """Forget all, if it has become too much; the process appends, and so goes on at the beginning."""
        if os.fstat(self._descriptor).st_size > _LARGEST_LOG:
            os.ftruncate(self._descriptor, 0)

    def text(self) -> str:
        """The last of it."""
        size = os.fstat(self._descriptor).st_size
        return os.pread(self._descriptor, _TAIL, max(0, size - _TAIL)).decode("utf-8", "replace")

    def last_words(self) -> str:
        """The last line of it."""
        lines = self.text().strip().splitlines()
        return lines[-1] if lines else "it said nothing"


class Deadline:
    """A moment in real time."""

    def __init__(self, seconds: float) -> None:
        self._at = time.perf_counter() + seconds

    def left(self) -> float:
        """Seconds until then, none of them negative."""
        return max(0.0, self._at - time.perf_counter())


def launched(
    command: list[str], *, log: Log, variables: Mapping[str, str], directory: Path, keep: Iterable[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a program, without a shell, in a process group of its own; it has the descriptors `keep` too."""
    return subprocess.Popen(  # noqa: S603 - a list, no shell
        command,
        stdin=subprocess.DEVNULL,
        stdout=log.fileno(),
        stderr=log.fileno(),
        env=dict(variables),
        cwd=directory,
        pass_fds=tuple(keep),
        start_new_session=True,
    )


def ends(process: subprocess.Popen[bytes], deadline: Deadline) -> bool:
    """Whether a process ends by itself before the deadline."""
    waiting = Thread(target=process.wait, daemon=True)
    waiting.start()
    waiting.join(deadline.left())
    return not waiting.is_alive()


def end(process: subprocess.Popen[bytes]) -> int:
    """End a process and its group now; how it ended, as `Popen.returncode` has it."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):  # it has ended by itself
            os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def ending(code: int) -> str:
    """How a process ended, in words."""
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"has exited with status {code}"
