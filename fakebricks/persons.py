"""The people of a workspace, as tests know them, and this process acting as one of them.

Real: the environment variables and the profiles file, which child processes see too; MLflow's caches and active runs.
Clients of databricks-sdk and MLflow that were made before keep the credentials that they have read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from fakebricks.mlflow_state import MlflowState, settle
from fakebricks.profiles import ProfilesFile

Surroundings = Callable[[str], AbstractContextManager[None]]
"""Makes the environment lead to a workspace with a token."""

_TOKENS = ("DATABRICKS_TOKEN", "MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_PASSWORD")
_LONGEST_NAME = 255
_NOT_IN_NAMES = frozenset('/\\"<>|')


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a workspace.

    Attributes:
        user_name: as the workspace knows them.
        token: a personal access token of theirs.
    """

    user_name: str
    token: str = field(repr=False)

    @property
    def home(self) -> str:
        """Their folder in the workspace tree."""
        return f"/Users/{self.user_name}"


def checked_user_name(name: str) -> str:
    """A name that a user can have.

    Raises:
        ValueError: it could not be that of a home folder.
    """
    unusable = not name.isprintable() or name.strip() != name or name in {"", ".", ".."} or len(name) > _LONGEST_NAME
    if unusable or _NOT_IN_NAMES & set(name):
        message = f"{name!r} cannot be the name of a user; one is like 'bob@acme.test'"
        raise ValueError(message)
    return name


def checked_token(token: str) -> str:
    """A token that a request can carry.

    Raises:
        ValueError: it is empty, or has spaces or other than ASCII characters.
    """
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        message = "a token must have ASCII characters only, and no spaces"
        raise ValueError(message)
    return token


@contextmanager
def acting_as(token: str, environment: Mapping[str, str], profiles: Iterable[str]) -> Iterator[None]:
    """Meanwhile, the environment has another token, and MLflow is that of a program that has just begun.

    Args:
        token: of the person to act as.
        environment: what leads to the workspace, with the token of its user.
        profiles: the names of the profiles that lead there.
    """
    settle()
    named = {**environment, "MLFLOW_TRACKING_PASSWORD": token, **dict.fromkeys(_TOKENS, token)}
    with ProfilesFile(environment["DATABRICKS_HOST"], token, profiles) as file:
        found = file.variables(named)
        before = {name: os.environ.get(name) for name in found}
        os.environ.update(found)
        try:
            with MlflowState():
                yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
