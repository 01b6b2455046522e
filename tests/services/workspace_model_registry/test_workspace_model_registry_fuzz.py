"""Whatever a request holds, the registry answers with the platform's kind of error, and an error changes nothing."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from conftest import Rest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakebricks import Workspace
from fakebricks.services.workspace_model_registry import api, databricks_api

MLFLOW = "/api/2.0/mlflow"
OPERATIONS = {(one.method, one.path): one for one in (*api.routes, *databricks_api.routes)}
FIELDS = sorted({name for one in OPERATIONS.values() if one.shape for name in one.shape.__struct_fields__})

TEXTS = st.one_of(
    st.sampled_from(["fraud", "other", "SOURCE", "models:/fraud/1", "1", "2", "-1", "Production", "None", "REQUEST"]),
    st.sampled_from(["", "..", "../x", "\x00", "\ud800", "a\nb", "a.b.c", "name = 'fraud'", "name DESC", "s3://b/c"]),
    st.text(max_size=8),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3)),
    max_leaves=6,
)
PAIRS = st.lists(st.fixed_dictionaries({"key": TEXTS, "value": TEXTS}), max_size=2)
LIKELY = {
    "tags": PAIRS,
    "stages": st.lists(TEXTS, max_size=2),
    "order_by": st.lists(TEXTS, max_size=2),
    "max_results": st.integers(),
    "archive_existing_versions": st.booleans(),
}
BODIES = st.lists(st.sampled_from(FIELDS), max_size=5).flatmap(
    lambda names: st.fixed_dictionaries({name: st.one_of(LIKELY.get(name, TEXTS), VALUES) for name in names})
)


@pytest.mark.parametrize(("method", "path"), sorted(OPERATIONS))
@settings(max_examples=20)
@given(body=BODIES, complete=st.booleans())
def test_nothing_is_too_much(method: str, path: str, body: dict[str, Any], complete: bool) -> None:
    workspace = Workspace()
    rest = Rest(workspace)
    known = _something_in(rest)
    if complete:  # what the operation needs, so that it is reached
        body = {**{name: known.get(name, "a") for name in _required(method, path)}, **body}
    sent = json.dumps(body).replace('"SOURCE"', f'"{known["source"]}"').replace('"REQUEST"', f'"{known["creator"]}"')
    before = workspace.snapshot()

    if method == "GET":
        reply = rest.call(method, f"{path}?{urlencode(_plain(json.loads(sent)), doseq=True, errors='replace')}")
    else:
        reply = rest.call(method, path, sent.encode())

    assert reply.status < 500 or reply.json()["error_code"] == "NOT_IMPLEMENTED", reply.body
    if reply.status >= 400:
        assert set(reply.json()) >= {"error_code", "message"}
        assert workspace.snapshot() == before
    workspace.close()


@pytest.mark.parametrize("body", [b"{", b"[]", b"1", b'"\\ud800"', b"\xff", b'{"name":' * 5000, b'{"name": NaN}'])
@pytest.mark.parametrize(
    ("method", "path"),
    sorted(key for key, one in OPERATIONS.items() if one.shape and not one.raw and one.method != "GET"),
)
def test_what_is_no_json_object_is_refused(method, path, body):
    assert Rest(Workspace()).call(method, path, body).status == 400


def test_all_operations_of_the_service_are_declared():
    service = pytest.importorskip("mlflow.protos.model_registry_pb2").ModelRegistryService
    from mlflow.protos import databricks_pb2

    asked = {
        (endpoint.method, f"/api/2.0{endpoint.path}")
        for method in service.DESCRIPTOR.methods
        for endpoint in method.GetOptions().Extensions[databricks_pb2.rpc].endpoints
    }
    assert len(service.DESCRIPTOR.methods) == 21
    assert asked == {(one.method, one.path) for one in api.routes}


def _something_in(rest: Rest) -> dict[str, Any]:
    experiment = rest.post(f"{MLFLOW}/experiments/create", name="/Shared/x")["experiment_id"]
    run = rest.post(f"{MLFLOW}/runs/create", experiment_id=experiment)["run"]["info"]
    path = f"/WorkspaceInternal/Mlflow/Artifacts/{experiment}/Runs/{run['run_id']}/artifacts/model/MLmodel"
    assert rest.call("PUT", f"/api/2.0/fs/files{path}", b"flavors: {}").status == 204
    source = f"{run['artifact_uri']}/model"
    tags = [{"key": "a", "value": "1"}]
    for name in ("fraud", "other"):
        rest.post(f"{MLFLOW}/registered-models/create", name=name, tags=tags)
        rest.post(f"{MLFLOW}/model-versions/create", name=name, source=source, tags=tags)
    rest.workspace.clock.advance(seconds=2)
    asked = {"name": "fraud", "version": "1"}
    rest.post(f"{MLFLOW}/transition-requests/create", **asked, stage="Production")
    comment = rest.post(f"{MLFLOW}/comments/create", **asked, comment="a")["comment"]
    return {
        **asked,
        "source": source,
        "stage": "Production",
        "creator": rest.workspace.user_name,
        "id": comment["id"],
        "archive_existing_versions": True,
        "new_name": "renamed",
    }


def _required(method: str, path: str) -> list[str]:
    shape = OPERATIONS[method, path].shape
    return [one.name for one in msgspec.structs.fields(shape) if one.required] if shape else []


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    """What a query can hold."""
    return {name: value if isinstance(value, list) else str(value) for name, value in fields.items()}
