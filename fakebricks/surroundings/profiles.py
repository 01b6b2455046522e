"""Databricks profiles: a configuration file of the fake's own, in place of the user's `~/.databrickscfg`.

Real: the file, which MLflow (`databricks://<profile>`, `databricks-uc://<profile>`), databricks-sdk
(`WorkspaceClient(profile=...)`) and the Databricks CLI read, in child processes too: `DATABRICKS_CONFIG_FILE` names it.
The user's own file is neither read nor changed.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from configparser import DEFAULTSECT, ConfigParser
from io import StringIO
from pathlib import Path
from types import TracebackType
from typing import Self

VARIABLE = "DATABRICKS_CONFIG_FILE"

_BEFORE_PROFILES = ("DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CLIENT_ID", "DATABRICKS_CLIENT_SECRET")
_MARK = "# Written by fakebricks. It goes when its workspace goes.\n"
_NAME = re.compile(r"[A-Za-z0-9_.\-]+")


def checked_profiles(names: Iterable[str]) -> tuple[str, ...]:
    """Names that profiles can have.

    Raises:
        ValueError: one could not stand in a tracking URI and in a configuration file.
        TypeError: it is one name, not several.
    """
    if isinstance(names, str):
        message = f"profiles are a tuple of names: profiles=({names!r},)"
        raise TypeError(message)
    names = tuple(names)
    for name in names:
        if not _NAME.fullmatch(name) or name == DEFAULTSECT:
            message = f"{name!r} cannot be the name of a profile: letters, digits, '_', '.' and '-', and not 'DEFAULT'"
            raise ValueError(message)
    return names


class ProfilesFile:
    """While entered, a configuration file with profiles that all lead to one place.

    Entered within another one, it also holds the other's named profiles, unless they have the same names: a test may
    have one workspace behind the profile `dev` and another behind `prod`.

    Args:
        host: the workspace's URL, as clients reach it.
        credential: what a profile says to sign in with, such as `{"token": ...}`.
        names: of the profiles beside DEFAULT, which is always there.
    """

    def __init__(self, host: str, credential: Mapping[str, str], names: Iterable[str] = ()) -> None:
        self._profile = {"host": host, **credential}
        self._names = checked_profiles(names)
        self._path: Path | None = None
        self._others: dict[str, dict[str, str]] = {}

    def __enter__(self) -> Self:
        self._others = {name: one for name, one in _surrounding().items() if name not in (DEFAULTSECT, *self._names)}
        handle, name = tempfile.mkstemp(prefix="fakebricks-", suffix=".databrickscfg")
        self._path = Path(name)
        with open(handle, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor, which only its owner can open
            file.write(_MARK + _text(self._sections()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def variables(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The environment of those who shall find the file, made of that of the workspace.

        To databricks-sdk, DATABRICKS_HOST and the credentials go before a profile (documented: its `Config`). Where the
        file has profiles of another workspace too, they are therefore left out; DEFAULT is in their place.
        """
        named = {name: value for name, value in environment.items() if not (self._others and name in _BEFORE_PROFILES)}
        return {**named, VARIABLE: str(self._path)}

    def _sections(self) -> dict[str, dict[str, str]]:
        return {DEFAULTSECT: self._profile, **dict.fromkeys(self._names, self._profile), **self._others}


def _surrounding() -> dict[str, dict[str, str]]:
    """The profiles of a file of this kind that the environment names already; a user's own file is not looked into."""
    path = Path(os.environ.get(VARIABLE, ""))
    if not path.is_file() or path.suffix != ".databrickscfg" or not path.name.startswith("fakebricks-"):
        return {}
    text = path.read_text(encoding="utf-8")
    if not text.startswith(_MARK):
        return {}
    parser = ConfigParser(interpolation=None)
    parser.read_string(text)
    return {name: dict(parser[name]) for name in parser.sections()}


def _text(sections: Mapping[str, Mapping[str, str]]) -> str:
    parser = ConfigParser(interpolation=None)  # databricks-sdk reads the values as they stand
    parser.read_dict(sections)
    text = StringIO()
    parser.write(text)
    return text.getvalue()
