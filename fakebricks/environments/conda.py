"""What a model's `conda.yaml` asks for.

Real: Python, the pip part, and packages of conda that are called on the package index as in conda (inferred).
Left out, with the line: packages of conda with a build, a channel or a condition that pip has no words for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakebricks.environments.model_files import UnusableModelError, read_yaml
from fakebricks.environments.requirement_lines import LeftOut, Lines, parse_lines

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_PYTHON = re.compile(r"python\s*={1,2}\s*(\d+\.\d+(?:\.\d+)?)(?:\.\*)?")
_FUZZY = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*=\s*(\d[\w.]*?)(?:\.?\*)?")
_BUILT_WITH = frozenset(("python", "pip", "setuptools", "wheel"))
_NAME = re.compile(r"[A-Za-z0-9._-]*")
_FULL = 3  # numbers in a version that leaves nothing open


@dataclass(frozen=True)
class Conda:
    """What a `conda.yaml` says.

    Attributes:
        name: the name of the file.
        python: the version of Python, if it is pinned.
        pip: its pip part.
        packages: what conda itself would install, without Python and the tools that install.
        left_out: entries that pip has no words for.
    """

    name: str
    python: str | None
    pip: Lines
    packages: tuple[Requirement, ...]
    left_out: tuple[LeftOut, ...]


def read_conda(model: Path, name: str) -> Conda | None:
    """What the conda file of a model says; None where there is none.

    Raises:
        UnusableModelError: it is not what conda understands.
    """
    document = read_yaml(model, name)
    if document is None:
        return None
    entries = document.get("dependencies") or []
    if not isinstance(entries, list):
        raise UnusableModelError(f"The dependencies of {name} are not a list.")
    lines = [entry for entry in entries if isinstance(entry, str)]
    packages, left_out = _packages(name, lines)
    pip = parse_lines(model, f"{name}, pip", _pip(name, entries))
    return Conda(name, _python(lines), pip, packages, left_out)


def _python(lines: list[str]) -> str | None:
    return next((found[1] for line in lines if (found := _PYTHON.fullmatch(line.strip()))), None)


def _pip(name: str, entries: list[Any]) -> list[str]:
    for entry in entries:
        if isinstance(entry, str):
            continue
        lines = entry.get("pip") if isinstance(entry, dict) else None
        if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
            raise UnusableModelError(f"The dependencies of {name} are neither packages nor a list for pip.")
        return [single for line in lines for single in line.splitlines()]
    return []


def _packages(name: str, lines: list[str]) -> tuple[tuple[Requirement, ...], tuple[LeftOut, ...]]:
    from packaging.requirements import InvalidRequirement, Requirement

    packages: list[Requirement] = []
    left_out: list[LeftOut] = []
    for line in map(str.strip, lines):
        if _NAME.match(line)[0].lower() in _BUILT_WITH:  # type: ignore[index]  # it matches nothing at least
            continue
        try:
            packages.append(Requirement(_as_pip_says(line)))
        except InvalidRequirement:
            reason = "is a package of conda that pip has no words for, and is left out"
            left_out.append(LeftOut(name, line[:200], "conda", reason))
    return tuple(packages), tuple(left_out)


def _as_pip_says(line: str) -> str:
    """Conda's `name=1.3` is any 1.3, and so is `name=1.3.*`; with three numbers nothing is left open."""
    fuzzy = _FUZZY.fullmatch(line)
    if not fuzzy:
        return line
    package, version = fuzzy.groups()
    exact = len(version.split(".")) >= _FULL
    return f"{package}=={version}{'' if exact else '.*'}"
