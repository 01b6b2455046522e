"""Every operation that MLflow's clients know is served, or refused by name with what to do instead."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from conftest import Rest

from fakebricks.routes import router
from fakebricks.wire import Request


def operations() -> Iterator[tuple[str, str, str]]:
    """Name, method and path of each operation of MLflow's services."""
    databricks_pb2 = pytest.importorskip("mlflow.protos.databricks_pb2")
    from mlflow.protos import databricks_artifacts_pb2, service_pb2

    for file in (service_pb2, databricks_artifacts_pb2):
        for service in file.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                for endpoint in method.GetOptions().Extensions[databricks_pb2.rpc].endpoints:
                    path = f"/api/{endpoint.since.major}.0/{endpoint.path.lstrip('/')}"
                    yield method.name, endpoint.method, re.sub(r"\{[^}]*\}", "tr-1", path)


def test_each_is_served_or_refused_by_name() -> None:
    known = list(operations())

    missing = [one for one in known if router().find(Request.of(one[1], one[2])) is None]

    assert len(known) > 40
    assert missing == []


@pytest.mark.parametrize(
    ("method", "path", "words"),
    [
        ("GET", "/api/3.0/mlflow/gateway/secrets/list?provider=x", "set ai_gateway of a serving endpoint"),
        ("POST", "/api/3.0/mlflow/datasets/create", "tables of Unity Catalog"),
        ("GET", "/api/2.0/mlflow/experiments/1/issues/2", "log assessments"),
        ("POST", "/api/2.0/mlflow/artifacts/presigned-upload-url", "credentials-for-write"),
    ],
)
def test_what_is_refused_says_what_to_do(rest: Rest, method: str, path: str, words: str) -> None:
    reply = rest.call(method, path, b'{"any": "thing"}' if method == "POST" else b"")

    assert reply.status == 501
    assert reply.json()["error_code"] == "NOT_IMPLEMENTED"
    assert words in reply.json()["message"]
