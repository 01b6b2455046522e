"""The manifests of Databricks' runtimes: a Python, and the versions of all the libraries that come with it.

Real: the versions, as published for each runtime. Only the runtimes for machine learning on CPUs are known, and the
serverless environments. A file of the package holds them; it is read when the first is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import msgspec

_FILE = "runtimes.json"
_LONGEST = 80  # of what an error message repeats
_WORDS = re.compile(r"[\s_-]+")
_RUNTIME = re.compile(r"(?:databricks runtime |dbr )?(\d+(?:\.\d+)?)(?:\.x)?(?: lts)?(?: ml| for machine learning)?")
_SERVERLESS = re.compile(r"serverless(?: environment)?(?: version)? v?(\d+)( ml| \(ml base environment\))?")


class RuntimeManifest(msgspec.Struct, frozen=True):
    """A runtime of Databricks and its libraries.

    Attributes:
        key: as clusters and environments are told it, such as `15.4.x-cpu-ml-scala2.12` or `serverless-v2`.
        name: as people call it, such as `15.4 LTS ML`.
        python: the minor version, such as `3.11`.
        libraries: the version of each, by normalised name. The release notes leave pip, pyspark and a few small ones
            out, and list `mlflow-skinny` for MLflow.
        source: where the versions were published.
        python_patch: the full version of Python, where it is established.
        also: other keys and versions that mean this runtime.
        released: a day, as `2024-08-19`.
        end_of_support: a day, where it was announced.
        serverless: whether it is a serverless environment.
        partial: whether only the key libraries are known.
    """

    key: str
    name: str
    python: str
    libraries: Mapping[str, str]
    source: str
    python_patch: str | None = None
    also: tuple[str, ...] = ()
    spark: str | None = None
    released: str | None = None
    end_of_support: str | None = None
    serverless: bool = False
    partial: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "libraries", MappingProxyType(self.libraries))

    @property
    def full_python(self) -> str:
        """The most exact version of Python that is established."""
        return self.python_patch or self.python

    @property
    def label(self) -> str:
        """What tables and messages call it: its name, or its key where that is shorter."""
        return self.key if self.serverless else self.name


class _File(msgspec.Struct):
    about: str
    manifests: tuple[RuntimeManifest, ...]


@cache
def all_runtimes() -> tuple[RuntimeManifest, ...]:
    """The known runtimes for machine learning, oldest first, then the serverless environments."""
    return msgspec.json.decode((files(__package__) / _FILE).read_bytes(), type=_File).manifests


def find(spelling: str) -> RuntimeManifest:
    """The runtime that is called so.

    >>> find("15.4").name
    '15.4 LTS ML'
    >>> find("15.4 LTS ML") is find("15.4.x-cpu-ml-scala2.12")
    True
    >>> find("serverless-v2").name
    'Serverless environment version 2'

    Args:
        spelling: a key or a name, in upper or lower case; `ML` and `LTS` may be left out.

    Raises:
        ValueError: no runtime that is known is called so.
    """
    name = _canonical(spelling)
    found = _by_canonical_name().get(name)
    if found is None:
        raise ValueError(_unknown(spelling, name))
    return found


@cache
def _by_canonical_name() -> Mapping[str, RuntimeManifest]:
    return {
        _canonical(spelling): runtime
        for runtime in all_runtimes()
        for spelling in (runtime.key, runtime.name, *runtime.also)
    }


def _canonical(spelling: str) -> str:
    text = _WORDS.sub(" ", spelling.strip().lower())
    if runtime := _RUNTIME.fullmatch(text):
        return runtime[1]
    if serverless := _SERVERLESS.fullmatch(text):
        return f"serverless v{serverless[1]}{' ml' if serverless[2] else ''}"
    return text


def _unknown(spelling: str, name: str) -> str:
    known = ", ".join(runtime.label for runtime in all_runtimes())
    alike = get_close_matches(name[:_LONGEST], _by_canonical_name(), n=1)
    hint = f"Did you mean {_by_canonical_name()[alike[0]].name}? " if alike else ""
    return f"No runtime is known as {spelling[:_LONGEST]!r}. {hint}Known are: {known}."
