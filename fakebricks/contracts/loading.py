"""A model, loaded once in a process of its own, before a workspace loads it in this one.

Real: `mlflow.pyfunc.load_model` runs the model's code, which may do anything: raise, end its process, wait for ever. On
Linux a fork bears that. Elsewhere it is this process that loads, which is ended by code that ends it. Sleeping takes
simulated time, as in the workspace; it counts like time that really passes.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import traceback
import warnings
from contextlib import suppress
from pathlib import Path

from fakebricks.clock import Clock
from fakebricks.contracts.making import read_model
from fakebricks.contracts.parameters import Duration

PATIENCE = Duration(300)
_LOOK = 0.02
_LONGEST = 32_768
"""Of a message, which must not fill the pipe: nobody reads it before it is there as a whole."""


class UnloadableModelError(ValueError):
    """The model's own code does not let it be loaded; the message says where."""


def check_that_it_loads(directory: Path, clock: Clock, patience: Duration = PATIENCE) -> None:
    """Load a model once, as serving does.

    Args:
        directory: of the model.
        clock: tells the simulated time, which a model may sleep away.
        patience: how long it may take.

    Raises:
        UnloadableModelError: its code raises, ends the process, or does not come to an end.
        NotAModelError: there is no model in the directory.
    """
    import mlflow  # noqa: F401 - before there are two processes

    read_model(directory)
    if sys.platform == "linux":
        problem = _in_a_fork(directory, clock, patience)
    else:
        problem = _problem(directory, clock, patience)
    if problem:
        raise UnloadableModelError(problem)


def _problem(directory: Path, clock: Clock, patience: Duration) -> str:
    """Why the model cannot be loaded; nothing, if it can."""
    import mlflow

    root, began = directory.resolve(), clock.time()
    try:
        mlflow.pyfunc.load_model(str(root))
    except BaseException as error:  # noqa: BLE001 - the code is the user's: it may raise anything
        line, cause = _origin(error, root)
        return f"{directory / line}: the model cannot be loaded: {_text(cause)}"
    return _endless(directory, patience) if clock.time() - began > patience else ""


def _endless(directory: Path, patience: Duration) -> str:
    return f"{directory / 'MLmodel'}: the model cannot be loaded: it is not there after {patience}"


def _in_a_fork(directory: Path, clock: Clock, patience: Duration) -> str:
    ours, theirs = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads, of which the child needs none
        child = os.fork()
    if child == 0:
        _tell(theirs, directory, clock, patience)
    try:
        os.close(theirs)
        with suppress(OSError):  # the child may have done so, or be gone
            os.setpgid(child, child)
        ended = _awaited(ours, child, patience)
        told = os.read(ours, _LONGEST).decode() if ended is not None else _endless(directory, patience)
    finally:
        os.close(ours)
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # with all that it has started
        with suppress(ChildProcessError):
            os.waitpid(child, 0)
    if ended is None or (ended == 0 and told):
        return told.removeprefix("\n")
    how = f"is ended by {signal.Signals(-ended).name}" if ended < 0 else f"ends with status {ended}"
    return f"{directory / 'MLmodel'}: the model cannot be loaded: the process that loads it {how}"


def _tell(pipe: int, directory: Path, clock: Clock, patience: Duration) -> None:
    """What the child does, which never returns: it says a line's end, and what is wrong after that."""
    try:
        os.setpgid(0, 0)
        silence = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):  # what the model says, it says again when it is served
            os.dup2(silence, number)
        os.write(pipe, f"\n{_problem(directory, clock, patience)}".encode()[:_LONGEST])
    finally:
        os._exit(0)


def _awaited(pipe: int, child: int, patience: Duration) -> int | None:
    """How the child has ended: its status, or minus the signal; None while it goes on. No clock that is simulated."""
    watched = [pipe]
    for _ in range(int(patience / _LOOK) + 1):
        told, _writable, _wrong = select.select(watched, [], [], _LOOK)
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if told:
            watched = []  # it has said what it has to say, and is about to end
    return None


def _origin(error: BaseException, root: Path) -> tuple[str, BaseException]:
    """The line of the model's own files that is to blame, and what it raised, which MLflow wraps in one of its own."""
    cause: BaseException | None = error
    while cause is not None:
        line = _line(cause, root)
        if line is not None:
            return line, cause
        cause = cause.__cause__ or cause.__context__
    return "MLmodel", error


def _text(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"
    return "".join(traceback.format_exception_only(error)).strip()


def _line(error: BaseException, root: Path) -> str | None:
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        frames.append((error.filename, error.lineno))
    for name, number in reversed(frames):
        file = Path(name)
        if file.is_absolute() and file.resolve().is_relative_to(root):
            return f"{file.resolve().relative_to(root)}:{number}"
    return None
