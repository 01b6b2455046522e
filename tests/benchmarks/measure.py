"""Timing in interleaved rounds, processes and their memory, and the table that is printed."""

from __future__ import annotations

import contextlib
import socket
import statistics
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One comparison: ours and theirs in the same unit, smaller is better."""

    what: str
    ours: float
    theirs: float | None
    unit: str
    note: str = ""

    @property
    def ratio(self) -> str:
        return "" if self.theirs is None else f"{self.ours / self.theirs:.3f}"


def show(title: str, rows: list[Row], ours: str = "fakebricks", theirs: str = "instead") -> None:
    """Print a table of rows, with the names of its two sides."""
    table = Table("what", ours, theirs, "unit", "ratio", "note", title=title, title_justify="left")
    for row in rows:
        compared = "" if row.theirs is None else f"{row.theirs:.3g}"
        table.add_row(row.what, f"{row.ours:.3g}", compared, row.unit, row.ratio, row.note)
    Console(width=150).print(table)


@contextlib.contextmanager
def step(what: str) -> Iterator[None]:
    """Say what takes long before it begins, and how long it has taken afterwards."""
    console = Console(width=150)
    console.print(f"{what} ...", end=" ")
    began = time.perf_counter()
    yield
    console.print(f"{time.perf_counter() - began:.0f} s")


def medians(calls: dict[str, Callable[[], object]], *, rounds: int, per_round: int = 1) -> dict[str, float]:
    """The median seconds of each call, taken in turn; a first round is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds + 1):
        for name, call in calls.items():
            began = time.perf_counter()
            for _ in range(per_round):
                call()
            if number:
                seconds[name].append((time.perf_counter() - began) / per_round)
    return {name: statistics.median(values) for name, values in seconds.items()}


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Served:
    """A server in a process of its own, up and answering."""

    process: subprocess.Popen[bytes]
    url: str
    seconds_to_first_answer: float

    def memory(self, of: Callable[[int], float] | None = None) -> float:
        """Resident megabytes of the process and its descendants, or other ones."""
        return sum(map(of or resident, family(self.process.pid))) / 1024


@contextlib.contextmanager
def served(command: list[str], probe: str, port: int, environment: dict[str, str]) -> Iterator[Served]:
    """Start a server and wait for its first answer, whatever its status; it is ended afterwards."""
    url = f"http://127.0.0.1:{port}"
    began = time.perf_counter()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=environment, **quiet) as process:
        try:
            while not _answers(url + probe):
                if process.poll() is not None or time.perf_counter() - began > 180:
                    raise RuntimeError(f"{command} did not answer")
                time.sleep(0.005)
            yield Served(process, url, time.perf_counter() - began)
        finally:
            process.terminate()
            process.wait(30)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def family(pid: int) -> list[int]:
    """The process and its descendants, from Linux's /proc."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents.setdefault(int(stat.read_text().rpartition(")")[2].split()[1]), []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found.extend(parents.get(one, []))
    return found


def resident(pid: int) -> float:
    """Kilobytes of a process in memory."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return float(line.split()[1])
    return 0.0


def proportional(pid: int) -> float:
    """Kilobytes of a process in memory, of which what it shares with others counts in part."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return float(line.split()[1])
    return 0.0
