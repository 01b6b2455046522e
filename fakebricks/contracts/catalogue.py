"""The catalogue of scenarios: those that come with fakebricks, and those that a user has in files of their own."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import ModuleType

import fakebricks
from fakebricks.contracts.scenarios import Scenario


class ScenarioFileError(ValueError):
    """A file that is to be a scenario, and is none."""


class UnknownScenarioError(LookupError):
    """There is no scenario of that name."""


def catalogue(paths: Iterable[Path | str] = ()) -> dict[str, Scenario]:
    """All scenarios by name, in the order of their names.

    >>> "cold_start" in catalogue()
    True

    Args:
        paths: more of them: files, or directories with nothing but such files. They go before those that come with
            fakebricks.

    Raises:
        ScenarioFileError: a file is no scenario.
    """
    found = dict(_own())
    for path in paths:
        found |= {one.name: one for one in map(read, _files(Path(path)))}
    return dict(sorted(found.items()))


def chosen(names: Iterable[str], paths: Iterable[Path | str] = ()) -> tuple[Scenario, ...]:
    """The scenarios of these names; one that ends in `.py` is a file's.

    Raises:
        UnknownScenarioError: there is no scenario of a name.
        ScenarioFileError: a file is no scenario.
    """
    known = catalogue(paths)
    return tuple(read(Path(name)) if name.endswith(".py") else _named(name, known) for name in names)


def read(file: Path) -> Scenario:
    """The scenario in a file, which has the file's own name.

    Raises:
        ScenarioFileError: there is none.
    """
    if not file.is_file():
        raise ScenarioFileError(f"there is no file {file}")
    module = _executed(file)
    scenario = getattr(module, file.stem, None)
    if not isinstance(scenario, Scenario):
        raise ScenarioFileError(f"{file} has no scenario {file.stem!r}: a function of that name with @scenario")
    if not (module.__doc__ or "").strip():
        raise ScenarioFileError(f"{file} has no docstring, which is to tell what goes wrong, and why")
    return scenario


def story(scenario: Scenario) -> str:
    """What the docstring of its file tells: what goes wrong, and why."""
    return str(scenario.tell.__globals__.get("__doc__") or "").strip()


def _named(name: str, known: dict[str, Scenario]) -> Scenario:
    if name in known:
        return known[name]
    close = get_close_matches(name, known, 1)
    instead = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known)}"
    raise UnknownScenarioError(f"there is no scenario {name!r}; {instead}")


@cache
def _own() -> dict[str, Scenario]:
    return {one.name: one for one in map(read, _files(_folder()))}


def _folder() -> Path:
    """In an installed wheel they are inside the package, in a clone beside it."""
    package = Path(fakebricks.__file__).parent
    installed = package / "_scenarios"
    return installed if installed.is_dir() else package.parent / "scenarios"


def _files(path: Path) -> list[Path]:
    return sorted(one for one in path.glob("*.py") if not one.name.startswith("_")) if path.is_dir() else [path]


def _executed(file: Path) -> ModuleType:
    name = f"fakebricks_scenarios.{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ScenarioFileError(f"{file} is no file of Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses in it look there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise ScenarioFileError(f"{file} cannot be imported: {type(error).__name__}: {error}") from error
    return module
