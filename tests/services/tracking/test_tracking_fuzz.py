"""Whatever a body holds, tracking answers with the platform's kind of error, and an error changes nothing."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from conftest import Rest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakebricks import Workspace
from fakebricks.routes import router

MLFLOW = "/api/2.0/mlflow"
AREAS = ("/api/2.0/mlflow/experiments", "/api/2.0/mlflow/runs", "/api/2.0/mlflow/logged-models", "/api/2.0/workspace")
OPERATIONS = sorted(
    {
        (one.method, one.path)
        for one in router().operations
        if one.path.startswith((*AREAS, "/api/2.0/mlflow/metrics", "/api/2.0/mlflow/databricks"))
        and "artifacts" not in one.path
        and not one.raw
    }
)
FIELDS = sorted(
    {
        name
        for one in router().operations
        if (one.method, one.path) in OPERATIONS and one.shape
        for name in one.shape.__struct_fields__
    }
)

TEXTS = st.one_of(
    st.sampled_from(
        ["EXPERIMENT", "RUN", "MODEL", "", "a", "/Shared/x", "/Shared/y", "../x", "\x00", "metrics.a > 1", "a = 'x'"]
    ),
    st.text(max_size=8),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3)),
    max_leaves=6,
)
PAIRS = st.lists(st.fixed_dictionaries({"key": TEXTS, "value": TEXTS}), max_size=2)
POINTS = st.lists(
    st.fixed_dictionaries({"key": TEXTS, "value": st.floats(allow_nan=False), "timestamp": st.integers()}), max_size=2
)
LIKELY = {
    "experiment_id": st.sampled_from(["EXPERIMENT", "1"]),
    "run_id": st.sampled_from(["RUN", "1"]),
    "model_id": st.sampled_from(["MODEL", "1"]),
    "experiment_ids": st.just(["EXPERIMENT"]),
    "params": PAIRS,
    "tags": PAIRS,
    "metrics": POINTS,
    "max_results": st.integers(),
    "path": TEXTS,
    "name": TEXTS,
}
BODIES = st.lists(st.sampled_from(FIELDS), max_size=5).flatmap(
    lambda names: st.fixed_dictionaries({name: st.one_of(LIKELY.get(name, VALUES), VALUES) for name in names})
)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@settings(max_examples=25)
@given(body=BODIES, more=st.booleans())
def test_no_body_is_too_much(method: str, path: str, body: dict[str, Any], more: bool) -> None:
    workspace = Workspace()
    rest = Rest(workspace)
    known = _something_in(rest)
    if more:  # the shape's own fields, so that the operation itself is reached
        body = {**{name: known.get(name, "a") for name in _required(method, path)}, **body}
    sent = _filled(json.dumps(body), known)
    before = workspace.snapshot()

    reply = rest.call(method, path.replace("<model_id>", known["model_id"]).replace("<path:tag_key>", "a"), sent)

    assert reply.status < 500 or reply.status == 501, reply.body  # what is not computed is refused by name
    if reply.status >= 400:
        assert set(reply.json()) >= {"error_code", "message"}
        assert workspace.snapshot() == before


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"1", b"null", b'"\\ud800"', b"\xff", b'{"a":' * 5000, b'{"value": NaN}']
)
@pytest.mark.parametrize(("method", "path"), [one for one in OPERATIONS if one[0] == "POST"])
def test_what_is_no_json_object_is_refused(rest, method, path, body):
    assert rest.call(method, path, body).status == 400


def _something_in(rest: Rest) -> dict[str, Any]:
    experiment_id = rest.json("POST", f"{MLFLOW}/experiments/create", body={"name": "/Shared/x"})["experiment_id"]
    run = {"experiment_id": experiment_id, "tags": [{"key": "a", "value": "1"}]}
    run_id = rest.json("POST", f"{MLFLOW}/runs/create", body=run)["run"]["info"]["run_id"]
    model = {"experiment_id": experiment_id, "name": "m", "tags": [{"key": "a", "value": "1"}]}
    model_id = rest.json("POST", f"{MLFLOW}/logged-models", body=model)["model"]["info"]["model_id"]
    return {
        "experiment_id": experiment_id,
        "run_id": run_id,
        "model_id": model_id,
        "experiment_name": "/Shared/x",
        "name": "/Shared/y",
        "value": 1,
        "timestamp": 1,
        "status": "LOGGED_MODEL_READY",
        "model_json": "{}",
        "path": "/Shared",
    }


def _filled(body: str, known: dict[str, Any]) -> bytes:
    for name, word in (("experiment_id", "EXPERIMENT"), ("run_id", "RUN"), ("model_id", "MODEL")):
        body = body.replace(f'"{word}"', f'"{known[name]}"')
    return body.encode()


def _required(method: str, path: str) -> tuple[str, ...]:
    (operation,) = [one for one in router().operations if (one.method, one.path) == (method, path)]
    assert operation.shape
    fields = msgspec.structs.fields(operation.shape)
    named = {one.name for one in fields if one.required} - set(operation.path_parameters)
    return (*sorted(named), *(one.name for one in fields if one.name == "run_id"))
