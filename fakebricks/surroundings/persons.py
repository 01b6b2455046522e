"""The people of a workspace, as tests know them, and this process acting as one of them.

Real: the environment variables and the profiles file, which child processes see too; MLflow's caches and active runs.
Clients of databricks-sdk and MLflow that were made before keep the credentials that they have read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Literal, get_args

from fakebricks.services.iam.names import is_user_name
from fakebricks.surroundings.mlflow_state import MlflowState, settle
from fakebricks.surroundings.profiles import ProfilesFile

Auth = Literal["pat", "oauth-m2m"]
"""How a program signs in, as databricks-sdk calls it: by a personal access token, or by a client id and secret."""


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


@dataclass(frozen=True, slots=True)
class ServicePrincipal(Person):
    """A service principal of a workspace, whose user name is its application id.

    Attributes:
        display_name: what it is called.
        id: by which SCIM and the API of secrets know it.
        client_secret: what it signs in with, beside its client id.
    """

    display_name: str
    id: str = field(repr=False)
    client_secret: str = field(repr=False)

    @property
    def client_id(self) -> str:
        """Its application id, as OAuth calls it."""
        return self.user_name


@dataclass(frozen=True, slots=True)
class Group:
    """A group of a workspace.

    Attributes:
        display_name: what it is called, by which permissions and grants name it.
        id: by which SCIM knows it.
    """

    display_name: str
    id: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a program signs in with: the variables of its environment, and the fields of its profile."""

    variables: Mapping[str, str] = field(repr=False)
    profile: Mapping[str, str] = field(repr=False)

    @classmethod
    def of_token(cls, token: str) -> Credential:
        """A personal access token; MLflow finds it as that of a plain server, too."""
        return cls(dict.fromkeys(_TOKENS, token), {"token": token})

    @classmethod
    def of_client(cls, person: ServicePrincipal) -> Credential:
        """A client id and secret."""
        profile = {"client_id": person.client_id, "client_secret": person.client_secret}
        return cls({f"DATABRICKS_{name.upper()}": value for name, value in profile.items()}, profile)


def credential_of(person: Person, auth: Auth) -> Credential:
    """What a person signs in with, in one of two ways.

    Raises:
        ValueError: there is no such way, or the person is a user, who has no client secret.
    """
    if auth not in get_args(Auth):
        message = f"auth={auth!r} is not a choice; there are {' and '.join(map(repr, get_args(Auth)))}"
        raise ValueError(message)
    if auth == "pat":
        return Credential.of_token(person.token)
    if not isinstance(person, ServicePrincipal):
        message = f"{person.user_name} is a user, and has no client secret: auth='oauth-m2m' is for service principals"
        raise ValueError(message)  # noqa: TRY004 - of a right type, but a user
    return Credential.of_client(person)


Surroundings = Callable[[Credential], AbstractContextManager[None]]
"""Makes the environment lead to a workspace with a credential."""

_TOKENS = ("DATABRICKS_TOKEN", "MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_PASSWORD")
_CREDENTIALS = (*_TOKENS, "DATABRICKS_CLIENT_ID", "DATABRICKS_CLIENT_SECRET")

# MLflow notes here what is active; a program that has just begun has nothing of it.
_ACTIVE = ("MLFLOW_EXPERIMENT_ID", "MLFLOW_RUN_ID", "_MLFLOW_ACTIVE_MODEL_ID")


def checked_user_name(name: str) -> str:
    """A name that a user can have.

    Raises:
        ValueError: it could not be that of a home folder.
    """
    if not isinstance(name, str) or not is_user_name(name):
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
def acting_as(credential: Credential, environment: Mapping[str, str], profiles: Iterable[str]) -> Iterator[None]:
    """Meanwhile, the environment has another credential, and MLflow is that of a program that has just begun.

    Args:
        credential: of the person to act as.
        environment: what leads to the workspace, with the token of its user.
        profiles: the names of the profiles that lead there.
    """
    settle()
    named = {**{name: value for name, value in environment.items() if name not in _CREDENTIALS}, **credential.variables}
    with ProfilesFile(environment["DATABRICKS_HOST"], credential.profile, profiles) as file:
        found = file.variables(named)
        before = {name: os.environ.get(name) for name in (*found, *_CREDENTIALS, *_ACTIVE)}
        _set({**dict.fromkeys((*_CREDENTIALS, *_ACTIVE)), **found})
        try:
            with MlflowState():
                yield
        finally:
            _set(before)


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
