"""The process environment of code under test: it points at the fake workspace, and at nothing of the user's own.

Real: the variables are set in `os.environ`, so child processes see them too; what was there is put back.
Refused: the user's own Databricks profiles, MLflow and cloud credentials. They are out of sight meanwhile, so that
nothing that a test does by mistake can reach a real account.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

_SHIELDED = ("DATABRICKS_", "AWS_", "AZURE_", "ARM_", "GOOGLE_", "CLOUDSDK_")

# MLflow writes some of its state into the environment; the rest of its variables are choices, and stay.
_MLFLOW = ("MLFLOW_", "_MLFLOW_")
_MLFLOW_SHIELDED = (
    "MLFLOW_EXPERIMENT_ID",
    "MLFLOW_RUN_ID",
    "MLFLOW_TRACKING_AUTH",
    "MLFLOW_TRACKING_AWS_SIGV4",
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_TRACKING_USERNAME",
    "_MLFLOW_ACTIVE_MODEL_ID",
)

_NOWHERE = str(Path(tempfile.gettempdir()) / "fakebricks-no-such-file")

# moto gives itself the same keys where there are none; botocore asks no metadata service and reads no profile.
_CLOUD = {
    "AWS_ACCESS_KEY_ID": "FOOBARKEY",
    "AWS_SECRET_ACCESS_KEY": "FOOBARSECRET",
    "AWS_CONFIG_FILE": _NOWHERE,
    "AWS_SHARED_CREDENTIALS_FILE": _NOWHERE,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AZURE_CONFIG_DIR": _NOWHERE,
    "GOOGLE_APPLICATION_CREDENTIALS": _NOWHERE,
    "CLOUDSDK_CONFIG": _NOWHERE,
}

_NO_PROXY = ("NO_PROXY", "no_proxy")

# requests would put the credentials of such a file in place of the token.
_NETRC = "NETRC"

_SPARK_HOME = "SPARK_HOME"

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

    def __enter__(self) -> Self:
        self._before = dict(os.environ)
        for name in self._before:
            if name in _MLFLOW_SHIELDED or (name.startswith(_SHIELDED) and name not in _KEPT):
                del os.environ[name]
        os.environ.update(
            {
                **_CLOUD,
                "DATABRICKS_CONFIG_FILE": _NOWHERE,
                _NETRC: _NOWHERE,
                "MLFLOW_DISABLE_TELEMETRY": "true",
                **no_spark(),
                **{name: self._unproxied(name) for name in _NO_PROXY},
                **self._mlflow_credentials(),
                **self._variables,
            }
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in {*os.environ, *self._before}:
            if not self._concerns(name):
                continue
            if name in self._before:
                os.environ[name] = self._before[name]
            else:
                del os.environ[name]

    def _concerns(self, name: str) -> bool:
        return (
            name.startswith((*_SHIELDED, *_MLFLOW))
            or name in (*_NO_PROXY, _NETRC, _SPARK_HOME)
            or name in self._variables
        )

    def _mlflow_credentials(self) -> dict[str, str]:
        """What keeps MLflow from the user's own `~/.mlflow/credentials`, which would go before a token."""
        token = self._variables.get("MLFLOW_TRACKING_TOKEN")
        return {"MLFLOW_TRACKING_USERNAME": "token", "MLFLOW_TRACKING_PASSWORD": token} if token else {}

    def _unproxied(self, name: str) -> str:
        """The hosts that no proxy is asked for, and the workspace's: either spelling counts for some client."""
        hosts = self._before.get(name) or self._before.get(name.swapcase(), "")
        return ",".join(part for part in (hosts, self._host) if part)


def no_spark() -> dict[str, str]:
    """What keeps Spark's client from ending this process where it is installed without Spark itself.

    MLflow asks it for a session, and it exits where it finds no Spark to run (pyspark-client 4.2). A `SPARK_HOME`
    of the user's own stays.
    """
    return {_SPARK_HOME: os.devnull} if _SPARK_HOME not in os.environ and _is_client_alone() else {}


@cache
def _is_client_alone() -> bool:
    found = find_spec("pyspark")
    if found is None or found.origin is None:
        return False
    return not (Path(found.origin).parent / "bin" / "spark-submit").exists()
