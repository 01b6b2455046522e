"""Whether processes live, from Linux's /proc."""

import time
from pathlib import Path


def running(pid: int) -> bool:
    """Whether a process has not ended; one that nobody has waited for has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pid: int) -> bool:
    """Wait until a process has ended; less long than any process of the tests would go on by itself."""
    deadline = time.perf_counter() + 25
    while running(pid):
        assert time.perf_counter() < deadline
        time.sleep(0.01)
    return True
