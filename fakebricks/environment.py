"""The process environment of code under test: it points at the fake workspace, and at nothing of the user's own.

Real: the variables are set in `os.environ`, so child processes see them too; what was there is put back.
Refused: the user's own Databricks profile and cloud credentials. They are out of sight meanwhile, so that nothing that
a test does by mistake can reach a real account.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

_SHIELDED = ("DATABRICKS_", "AWS_", "AZURE_", "ARM_", "GOOGLE_", "CLOUDSDK_")

_NOWHERE = str(Path(tempfile.gettempdir()) / "fakebricks-no-such-file")

# moto gives itself the same keys where there are none; botocore asks no metadata service and reads no profile.
_CLOUD = {
    "AWS_ACCESS_KEY_ID": "FOOBARKEY",
    "AWS_SECRET_ACCESS_KEY": "FOOBARSECRET",
    "AWS_CONFIG_FILE": _NOWHERE,
    "AWS_SHARED_CREDENTIALS_FILE": _NOWHERE,
    "AWS_EC2_METADATA_DISABLED": "true",
    "GOOGLE_APPLICATION_CREDENTIALS": _NOWHERE,
    "CLOUDSDK_CONFIG": _NOWHERE,
}

# Not secrets, but choices that tests make for themselves.
_KEPT = ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")


class Environment:
    """While entered, the process environment is that of a workspace's user and of nobody else.

    Args:
        variables: what `Workspace.env()` gives.
        host: a host name that no proxy may be asked for.
    """

    def __init__(self, variables: Mapping[str, str], host: str | None) -> None:
        self._variables = dict(variables)
        self._host = host
        self._before: dict[str, str] = {}
        self._set: dict[str, str] = {}

    def __enter__(self) -> Self:
        self._before = dict(os.environ)
        for name in self._before:
            if name.startswith(_SHIELDED) and name not in _KEPT:
                del os.environ[name]
        self._set = {
            **_CLOUD,
            "DATABRICKS_CONFIG_FILE": _NOWHERE,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            **{name: self._unproxied(name) for name in ("NO_PROXY", "no_proxy")},
            **self._variables,
        }
        os.environ.update(self._set)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in [*self._set, *(name for name in os.environ if name.startswith(_SHIELDED))]:
            os.environ.pop(name, None)
        for name, value in self._before.items():
            if name in self._set or name.startswith(_SHIELDED):
                os.environ[name] = value

    def _unproxied(self, name: str) -> str:
        """The hosts that no proxy is asked for, and the workspace's: either spelling counts for some client."""
        hosts = self._before.get(name) or self._before.get(name.swapcase(), "")
        return ",".join(part for part in (hosts, self._host) if part)
