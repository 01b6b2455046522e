"""What a model is to be loaded with: a runtime, some pins, or the environment that its own requirements make.

Real: where a job or a notebook loads the model, there is what the runtime has. Served with its own requirements, the
model's pins win; under pins of others, as of an image, these win and the model's requirements bring the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fakebricks.databricks_runtimes.manifests import RuntimeManifest, find
from fakebricks.drift.packages import library
from fakebricks.environments.logged import LoggedEnvironment

Onto = str | RuntimeManifest | Mapping[str, str]
"""A runtime by its name, or versions by the names of libraries, and of `python`."""

OWN = "its own requirements"
_NAMED = 4  # pins in the name of an environment


@dataclass(frozen=True)
class Target:
    """An environment to load a model in.

    Attributes:
        name: for people.
        libraries: versions by normalised name, as far as they are known.
        python: the version of Python; None where nothing tells it.
        complete: whether what is not in `libraries` is not installed.
        own: whether it is made from the model's own requirements, so that what is wrong with these matters.
    """

    name: str
    libraries: Mapping[str, str]
    python: str | None
    complete: bool
    own: bool = False


def target(onto: Onto | None, logged: LoggedEnvironment) -> Target:
    """The environment that is meant, for a model.

    Args:
        onto: a runtime; or pins, which go before the model's own; or None for the model's own requirements.
        logged: what the model was logged with.

    Raises:
        ValueError: there is no such runtime, or a version is none.
    """
    name = named_onto(onto)
    if onto is None:
        return Target(name, by_library(logged.pinned), logged.python, complete=False, own=True)
    if isinstance(onto, str):
        onto = find(onto)
    if isinstance(onto, RuntimeManifest):
        return Target(name, by_library(onto.libraries), onto.full_python, complete=not onto.partial)
    return _pinned(name, onto, logged)


def named_onto(onto: Onto | None) -> str:
    """What reports call an environment.

    Raises:
        ValueError: there is no such runtime, or a version is none.
    """
    if onto is None:
        return OWN
    if isinstance(onto, str):
        return find(onto).label
    if isinstance(onto, RuntimeManifest):
        return onto.label
    pins = [f"{name}=={_version(name, version)}" for name, version in _items(onto)]
    more = f" and {len(pins) - _NAMED} more" if len(pins) > _NAMED else ""
    return f"{', '.join(pins[:_NAMED])}{more}" or "no pins"


def by_library(versions: Mapping[str, str]) -> dict[str, str]:
    """Versions by library, whichever of its distributions was named; without local labels such as `+cpu`."""
    return {library(name): version.partition("+")[0] for name, version in versions.items()}


def _pinned(name: str, pins: Mapping[str, str], logged: LoggedEnvironment) -> Target:
    from packaging.utils import canonicalize_name

    checked: dict[str, str] = {canonicalize_name(library): version for library, version in pins.items()}
    python = checked.pop("python", None)
    return Target(name, by_library({**logged.pinned, **checked}), python or logged.python, complete=False, own=True)


def _items(pins: object) -> list[tuple[object, object]]:
    if not isinstance(pins, Mapping):
        message = f"{pins!r} is neither the name of a runtime, such as '16.4 LTS ML', nor versions by library."
        raise ValueError(message)  # noqa: TRY004 - whatever is no environment is an error of one kind
    return list(pins.items())


def _version(name: object, version: object) -> str:
    from packaging.version import InvalidVersion, Version

    message = f"{version!r} is no version of {name!r}; give one such as '1.4.2'."
    if not isinstance(name, str) or not isinstance(version, str):
        raise ValueError(message)  # noqa: TRY004 - as for a text that is none
    try:
        Version(version)
    except InvalidVersion:
        raise ValueError(message) from None
    return version
