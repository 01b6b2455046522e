"""Environments are built with `uv`.

Real: `uv venv` and `uv pip install`, at first offline, with what uv's own cache has, which is quick where everything is
there, then with the network; uv may fetch a Python too. What the user has configured for uv and for pip by environment
variables holds, and so does uv's own configuration file of the user; that of a project does not. Requirements reach uv
in a file, never as arguments and never through a shell. Refused: options among the requirements, and variables of this
machine's environment in them, which uv would put in.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from fakebricks.environments.processes import Deadline, Log, end, ends, launched
from fakebricks.environments.specs import EnvironmentBuildError, EnvironmentSpec

_NOT_INSTALLED = (
    "fakebricks builds environments with uv, which is not installed here. "
    "Install it with: pip install 'fakebricks[environments]'"
)

# They would make uv look at or change another environment than the one that it is told, or another set of packages.
_DROPPED = frozenset(
    {
        *("VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__"),
        *("UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_OVERRIDE", "UV_REQUIRE_HASHES", "UV_PROJECT", "UV_WORKING_DIRECTORY"),
        *("UV_TARGET", "UV_PREFIX", "UV_DRY_RUN", "UV_NO_DEPS"),
    }
)

# What pip calls its indexes; uv does not read these.
_OF_PIP = {"PIP_INDEX_URL": "UV_DEFAULT_INDEX", "PIP_EXTRA_INDEX_URL": "UV_INDEX", "PIP_FIND_LINKS": "UV_FIND_LINKS"}

_PYTHON = re.compile(r"\d+(\.\d+){1,2}")
_PIN_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_PIN_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!_-]*")

# How uv marks its errors and their causes, before and since 0.12 or so.
_CROSS = "\u00d7"
_CAUSE = re.compile(r"\s*(cause:|[\u251c\u2570]\u2500\u25b6)")
_MARKS = re.compile(r"^\s*(error:|cause:|\u00d7|[\u251c\u2570]\u2500\u25b6|\u2502)")

_VARIABLE = re.compile(r"\$\{\w+\}")


class Installer:
    """Builds one environment in a directory.

    Args:
        directory: where; its Python is below `venv` then.
        deadline: until when.
        lock: a descriptor that uv is to hold as long as it lives.
    """

    def __init__(self, directory: Path, deadline: Deadline, lock: int) -> None:
        self._directory = directory
        self._deadline = deadline
        self._lock = lock
        self._uv = program()
        self._log: list[str] = []

    @property
    def log(self) -> str:
        """All that uv has said."""
        return "".join(self._log)

    def build(self, spec: EnvironmentSpec) -> None:
        """Make it.

        Raises:
            EnvironmentBuildError: it cannot be made, or not in time.
        """
        requirements, overrides = written(spec, self._directory)
        python = interpreter(self._directory / "venv")
        self._run("venv", "--relocatable", "--no-project", "--python", _interpreter_for(spec.python), "venv")
        install = ["pip", "install", "--python", str(python), "--requirements", str(requirements)]
        if spec.requirements:
            self._run(*install, *(["--overrides", str(overrides)] if spec.pins else []))

    def fetch(self, spec: EnvironmentSpec, target: str, platform: str) -> None:
        """Put the packages alone into a directory, for a Python on a platform as uv calls it.

        Raises:
            EnvironmentBuildError: they cannot be had, or not in time.
        """
        requirements, overrides = written(spec, self._directory)
        (self._directory / target).mkdir()
        if spec.requirements:
            self._run(
                *("pip", "install", "--target", target, "--python", sys.executable),
                *("--python-version", spec.python, "--python-platform", platform),
                *("--requirements", str(requirements)),
                *(["--overrides", str(overrides)] if spec.pins else []),
            )

    def _run(self, *arguments: str) -> None:
        """Run uv offline, and where that does not do, online."""
        if self._ran(*arguments, "--offline"):
            return
        if not self._ran(*arguments):
            raise EnvironmentBuildError(reason(self._log[-1]), self.log)

    def _ran(self, *arguments: str) -> bool:
        printed = Log()
        command = [self._uv, *arguments]
        self._log.append(f"$ uv {' '.join(arguments)}\n")
        process = launched(
            command, log=printed, variables=_variables(os.environ), directory=self._directory, keep=[self._lock]
        )
        try:
            in_time = ends(process, self._deadline)
        finally:
            code = end(process)
        self._log.append(printed.text())
        if not in_time:
            message = "Building the environment took longer than its limit, and was ended."
            raise EnvironmentBuildError(message, self.log)
        return code == 0


def program() -> str:
    """The path of uv.

    Raises:
        EnvironmentBuildError: it is not installed.
    """
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError) as error:
        raise EnvironmentBuildError(_NOT_INSTALLED, "") from error


def interpreter(venv: Path) -> Path:
    """The Python of a virtual environment."""
    return venv / "bin" / "python"


def written(spec: EnvironmentSpec, directory: Path) -> tuple[Path, Path]:
    """The files of the requirements, and of the pins that override them.

    Raises:
        EnvironmentBuildError: something in them is more than a requirement.
    """
    if not _PYTHON.fullmatch(spec.python):
        raise EnvironmentBuildError(f"'{spec.python}' is not a version of Python.", "")
    for line in spec.requirements:
        _check(line)
    for name, version in spec.pins.items():
        if not (_PIN_NAME.fullmatch(name) and _PIN_VERSION.fullmatch(version)):
            raise EnvironmentBuildError(f"'{name}=={version}' is not a pin.", "")
    requirements, overrides = directory / "requirements.txt", directory / "overrides.txt"
    requirements.write_text("".join(f"{line}\n" for line in spec.requirements), encoding="utf-8")
    overrides.write_text("".join(f"{name}=={pin}\n" for name, pin in sorted(spec.pins.items())), encoding="utf-8")
    return requirements, overrides


def _check(line: str) -> None:
    """Refuse what uv would take for something else than a requirement."""
    if line.lstrip().startswith("-"):
        message = f"The requirement '{line}' is an option. fakebricks takes requirements only."
    elif not line.isprintable():
        message = f"The requirement {line!r} is more than one line, or has control characters."
    elif line.rstrip().endswith("\\"):
        message = f"The requirement '{line}' goes on in the next line. Write it in one."
    elif _VARIABLE.search(line):
        message = f"The requirement '{line}' asks for a variable of this machine's environment."
    else:
        return
    raise EnvironmentBuildError(message, "")


def reason(log: str) -> str:
    """Why uv has failed, in one line, from what it has printed."""
    lines = log.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("error:") or line.strip().startswith(_CROSS):
            return _one_line(lines[number:])
    said = [line.strip() for line in lines if line.strip()]
    return said[-1] if said else "uv has failed without a word."


def _one_line(lines: list[str]) -> str:
    """An error and its causes, up to the hints."""
    said: list[str] = []
    for line in lines:
        text = _MARKS.sub("", line).strip()
        if text.startswith("hint:"):
            break
        if text and _CAUSE.match(line) and not said[-1].endswith(":"):
            said[-1] += ":"
        said.extend([text] if text else [])
    return " ".join(said)


def _interpreter_for(python: str) -> str:
    """This process's own Python, where it is the one that is asked for; uv finds any other."""
    own = sys.version_info[: len(python.split("."))]
    return sys.executable if python == ".".join(map(str, own)) else python


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    """The user's own environment variables, as far as they are for uv."""
    variables = {name: value for name, value in environ.items() if name not in _DROPPED}
    for pip, uv in _OF_PIP.items():
        if environ.get(pip) and uv not in environ:
            variables[uv] = environ[pip].replace(" ", ",") if uv == "UV_FIND_LINKS" else environ[pip]
    if not Path(environ.get("NETRC", "")).is_file():  # a workspace hides the user's; here are no Databricks tokens sent
        variables.pop("NETRC", None)
    return {**variables, "NO_COLOR": "1", "UV_NO_PROGRESS": "1"}
