"""The same bytes to an endpoint and to MLflow's own scoring server: the same status, the same body."""

from __future__ import annotations

import asyncio
import json
from io import StringIO
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from agent_fixtures import saved_model
from conftest import Rest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from serving_fixtures import register_files_in

from fakebricks import Workspace

ECHO = "return model_input"
TYPES = {
    "boolean": st.booleans(),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**53), 2**53),
    "float": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "string": st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=5).map("x{}".format),
}
DTYPES = {"integer": "int32", "long": "int64", "float": "float32", "double": "float64", "boolean": "bool"}


def signatures() -> dict[str, Any]:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec

    params = ParamSchema([ParamSpec("factor", "double", 2.0)])
    out = Schema([ColSpec("double")])
    return {
        "columns": ModelSignature(Schema([ColSpec(kind, kind) for kind in TYPES]), out, params),
        "tensor": ModelSignature(Schema([TensorSpec(np.dtype("float64"), (-1, 2))]), out),
        "text": ModelSignature(Schema([ColSpec("string")]), out),
    }


class Pair:
    """An endpoint, and MLflow's scoring server with the same model."""

    def __init__(self, workspace: Workspace, name: str, signature: Any) -> None:
        from mlflow.pyfunc import load_model, scoring_server

        self.rest, self.name = Rest(workspace), name
        root = saved_model(ECHO, signature)
        version = register_files_in(workspace, root, name=f"main.default.{name}")
        config = {"served_entities": [{"entity_name": f"main.default.{name}", "entity_version": version}]}
        self.rest.post("/api/2.0/serving-endpoints", name=name, config=config)
        workspace.clock.advance(minutes=10)
        self.model = load_model(str(root))
        # MLflow 2.22's application does not start with the FastAPI of today: there, what it calls is asked.
        self.app = None if mlflow.__version__.startswith("2.") else scoring_server.init(self.model)

    def ours(self, body: bytes, content_type: str) -> tuple[int, bytes]:
        reply = self.rest.call(
            "POST", f"/serving-endpoints/{self.name}/invocations", body, {"content-type": content_type}
        )
        return reply.status, reply.body

    def theirs(self, body: bytes, content_type: str) -> tuple[int, bytes]:
        """What MLflow's server answers; 500 where the application raises, as its web server would say."""
        try:
            if self.app is None:
                return self._called(body, content_type)
            return asyncio.run(_asked(self.app, body, content_type))
        except Exception:  # noqa: BLE001 - whatever it raises
            return 500, b""

    def _called(self, body: bytes, content_type: str) -> tuple[int, bytes]:
        from mlflow.exceptions import MlflowException
        from mlflow.pyfunc import scoring_server

        try:
            answer = scoring_server.invocations(body, content_type, self.model, self.model.metadata.get_input_schema())
        except MlflowException as error:
            return error.get_http_status_code(), error.serialize_as_json().encode()
        return answer.status, answer.response.encode()


async def _asked(app: Any, body: bytes, content_type: str) -> tuple[int, bytes]:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/invocations",
        "raw_path": b"/invocations",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-type", content_type.encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    told: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        told.append(message)

    await app(scope, receive, send)
    return told[0]["status"], b"".join(message.get("body", b"") for message in told[1:])


@pytest.fixture(scope="module")
def pairs():
    workspace = Workspace()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("_MLFLOW_IS_IN_SERVING_ENVIRONMENT", "false")  # so that what `init` sets is put back
        yield {name: Pair(workspace, name, signature) for name, signature in signatures().items()}
    workspace.close()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*TYPES, "a"]), inner, max_size=3),
    max_leaves=8,
)
FORMATS = ["dataframe_records", "dataframe_split", "inputs", "instances", "params", "columns", "messages", "input"]
BODIES = st.one_of(
    st.binary(max_size=40),
    st.dictionaries(st.sampled_from(FORMATS), json_values, max_size=3).map(lambda one: json.dumps(one).encode()),
    json_values.map(lambda one: json.dumps(one).encode()),
    st.lists(st.fixed_dictionaries(TYPES), max_size=3).map(
        lambda rows: json.dumps({"dataframe_records": rows}).encode()
    ),
)
CONTENT_TYPES = [
    "application/json",
    "application/json; charset=utf-8",
    "application/json;charset=UTF-8",
    "application/json; charset=latin-1",
    "application/json; x=1",
    "text/csv",
    "text/csv; charset=utf-8",
    "text/plain",
    "application/jsonx",
]


@pytest.mark.parametrize("name", ["columns", "tensor", "text"])
@settings(max_examples=60)
@given(BODIES, st.sampled_from(CONTENT_TYPES))
@example(b'{"inputs": [[1, 2]], "inputs": [[3, 4]]}', "application/json")
@example(b'{"inputs": [[NaN, Infinity]]}', "application/json")
@example(b'{"inputs": ["\\ud800"]}', "application/json")
@example(b"[" * 100_000, "application/json")
@example(b'{"inputs": ' + b"[" * 500 + b"]" * 500 + b"}", "application/json")
@example(b"\xff\xfe", "text/csv")
@example(b'{"inputs": ' + b"9" * 5000 + b"}", "application/json")
@example(b"", "application/json")
def test_the_same_bytes_are_answered_alike(pairs, name, body, content_type):
    pair = pairs[name]
    status, answer = pair.ours(body, content_type)
    expected = pair.theirs(body, content_type)
    if expected[0] < 500:
        assert (status, answer) == expected
    else:
        # Named difference: a 5xx is never the model's (documented), so what MLflow's server fails at is a 400 here.
        assert status == 400
        assert json.loads(answer).keys() == {"error_code", "message"}
    assert not pair.rest.workspace.unsupported


rows = st.lists(st.fixed_dictionaries(TYPES), min_size=1, max_size=4)


@settings(max_examples=40)
@given(rows)
def test_every_format_of_a_frame_is_answered_with_what_pyfunc_predicts(pairs, rows):
    from mlflow.pyfunc import scoring_server
    from mlflow.utils.proto_json_utils import NumpyEncoder

    pair = pairs["columns"]
    frame = pd.DataFrame(rows).astype(DTYPES)

    def expected(frame: pd.DataFrame) -> Any:
        predicted = scoring_server._get_jsonable_obj(pair.model.predict(frame), pandas_orient="records")
        return json.loads(json.dumps(predicted, cls=NumpyEncoder))

    split = {"columns": list(TYPES), "data": [[row[name] for name in TYPES] for row in rows]}
    forms = [
        {"dataframe_records": rows},
        {"dataframe_split": split},
        {"dataframe_split": {**split, "index": list(range(len(rows)))}},
        {"inputs": {name: [row[name] for row in rows] for name in TYPES}},
        {"instances": rows},
    ]
    csv = frame.to_csv(index=False)
    as_read = pd.read_csv(StringIO(csv), dtype=DTYPES)  # pandas may read a double's last digit otherwise
    asked = [(json.dumps(one), "application/json", expected(frame)) for one in forms]
    for body, content_type, predictions in [*asked, (csv, "text/csv; charset=utf-8", expected(as_read))]:
        status, answer = pair.ours(body.encode(), content_type)
        assert status == 200, (body, answer)
        assert json.loads(answer)["predictions"] == predictions, body


@settings(max_examples=20)
@given(st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)), min_size=1, max_size=3))
def test_a_tensor_is_answered_with_what_pyfunc_predicts(pairs, tensor):
    pair = pairs["tensor"]
    expected = pair.model.predict(np.array(tensor)).tolist()
    for form in ("inputs", "instances"):
        status, answer = pair.ours(json.dumps({form: tensor}).encode(), "application/json")
        assert (status, json.loads(answer)["predictions"]) == (200, expected)
