"""The OpenAPI document of an endpoint: valid, as the platform's example, and true: what it describes is accepted."""

from __future__ import annotations

import json
import string
from datetime import datetime
from typing import Any

import pytest
from agent_fixtures import TASKS, saved_model
from conftest import Rest
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate
from serving_fixtures import register_files_in

from fakebricks.services.model_serving.openapi import document
from fakebricks.services.model_serving.records import Config, Declared, Endpoint, Route, ServedEntity

JSON = {"content-type": "application/json"}
HEAD = {"creator": "jane@acme.test", "creation_timestamp": 0}
SCALARS = ["boolean", "integer", "long", "float", "double", "string", "binary", "datetime"]

# The platform's own example, but for what it leaves open: which keys are required, and how long a row is.
COLUMNS = [("long", "int_col"), ("double", "float_col"), ("string", "string_col")]


def columns(*pairs: tuple[str, str], **more: Any) -> list[dict[str, Any]]:
    return [{"type": kind, "name": name, "required": True, **more} for kind, name in pairs]


def endpoint(inputs: Any, outputs: Any = None, params: Any = None, task: str | None = None) -> Endpoint:
    """A deployed endpoint, whose model has that signature."""
    texts = [json.dumps(one) if one else None for one in (inputs, outputs, params)]
    entity = ServedEntity(
        name="model-2",
        entity_name="main.default.model",
        entity_version="2",
        workload_size="Small",
        workload_type="CPU",
        min_provisioned_concurrency=None,
        max_provisioned_concurrency=None,
        scale_to_zero_enabled=True,
        id="1",
        declared=Declared(task=task, inputs=texts[0], outputs=texts[1], params=texts[2]),
        **HEAD,
    )
    config = Config(2, (entity,), (Route(served_entity_name="model-2", traffic_percentage=100),))
    more = {"creator_display_name": "Jane", "creator_kind": "User", "last_updated_timestamp": 0}
    return Endpoint(name="example", id="1", config=config, **HEAD, **more)


def requests_of(described: dict[str, Any]) -> list[dict[str, Any]]:
    (path,) = described["paths"].values()
    return path["post"]["requestBody"]["content"]["application/json"]["schema"]["oneOf"]


def test_it_has_the_shape_of_the_platforms_example():
    param = {"name": "factor", "type": "double", "default": 2.0, "shape": None}
    described = document(
        endpoint(columns(*COLUMNS), [{"type": "double", "required": True}], [param]), "https://example.databricks.com"
    )
    validate(described)
    assert described["openapi"] == "3.1.0"
    assert described["info"] == {"title": "example", "version": "2"}
    assert described["servers"] == [{"url": "https://example.databricks.com/serving-endpoints/example"}]
    split, records = requests_of(described)
    parts = split["properties"]["dataframe_split"]["properties"]
    assert parts["columns"]["description"] == "required fields: int_col, float_col, string_col"
    assert parts["columns"]["items"] == {"type": "string", "enum": ["int_col", "float_col", "string_col"]}
    assert parts["data"]["items"]["prefixItems"] == [
        {"type": "integer", "format": "int64"},
        {"type": "number", "format": "double"},
        {"type": "string"},
    ]
    example = {"columns": ["int_col", "float_col", "string_col"], "data": [[3, 10.4, "abc"]]}
    assert split["properties"]["dataframe_split"]["examples"] == [example]
    row = records["properties"]["dataframe_records"]["items"]
    assert row["required"] == ["int_col", "float_col", "string_col"]
    factor = {"factor": {"type": "number", "format": "double", "default": 2.0}}
    assert records["properties"]["params"]["properties"] == factor
    answer = described["paths"]["/served-models/model-2/invocations"]["post"]["responses"]["200"]
    assert answer["content"]["application/json"]["schema"] == {
        "type": "object",
        "properties": {"predictions": {"type": "array", "items": {"type": "number", "format": "double"}}},
    }


NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=3)
KINDS = st.recursive(
    st.sampled_from([*SCALARS, "any"]).map(lambda kind: {"type": kind}),
    lambda kinds: st.one_of(
        kinds.map(lambda one: {"type": "array", "items": one}),
        kinds.map(lambda one: {"type": "map", "values": one}),
        st.dictionaries(NAMES, st.tuples(kinds, st.booleans()), min_size=1, max_size=2).map(
            lambda fields: {
                "type": "object",
                "properties": {name: {**one, "required": needed} for name, (one, needed) in fields.items()},
            }
        ),
    ),
    max_leaves=4,
)
TENSOR = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["float32", "float64", "int8", "int64", "uint8", "bool", "str", "object", "bytes"]),
        "shape": st.lists(st.sampled_from([1, 2, 3]), max_size=2).map(lambda rest: [-1, *rest]),
    }
).map(lambda spec: {"type": "tensor", "tensor-spec": spec})
SIGNATURES = st.one_of(
    st.dictionaries(NAMES, st.tuples(KINDS, st.booleans()), min_size=1, max_size=3).map(
        lambda fields: [{**one, "name": name, "required": needed} for name, (one, needed) in fields.items()]
    ),
    st.dictionaries(NAMES, TENSOR, min_size=1, max_size=2).map(
        lambda fields: [{**one, "name": name} for name, one in fields.items()]
    ),
    TENSOR.map(lambda one: [one]),
    KINDS.map(lambda one: [{**one, "required": True}]),
    st.lists(st.sampled_from(SCALARS), min_size=2, max_size=3).map(
        lambda kinds: [{"type": kind, "required": True} for kind in kinds]
    ),
)


@settings(max_examples=50)
@given(SIGNATURES, st.none() | SIGNATURES)
def test_it_is_valid_for_every_signature(inputs, outputs):
    validate(document(endpoint(inputs, outputs), "https://example.test"))


@pytest.mark.parametrize("kind", TASKS)
def test_an_agents_request_is_what_it_takes(rest, serve, kind):
    serve(kind)
    described = rest.get(f"/api/2.0/serving-endpoints/{kind}/openapi")
    validate(described)
    (path,) = described["paths"].values()
    schema = path["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["input" if kind == "responses" else "messages"]
    assert "stream" in schema["properties"]


def test_it_takes_an_endpoint_that_is_ready(rest, deploy):
    deploy(minutes=0)
    reply = rest.call("GET", "/api/2.0/serving-endpoints/fraud/openapi")
    assert (reply.status, reply.json()["error_code"]) == (400, "BAD_REQUEST")
    assert "is not ready" in reply.json()["message"]
    assert rest.call("GET", "/api/2.0/serving-endpoints/other/openapi").status == 404


def test_it_takes_a_signature():
    from fakebricks.wire.errors import BadRequest

    with pytest.raises(BadRequest, match="no signature"):
        document(endpoint(None), "https://example.test")


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """What a JSON schema describes, as far as these documents use the language."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    of_kind = {"object": objects, "array": arrays}.get(schema.get("type", ""), scalars)
    return of_kind(schema)


def objects(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "additionalProperties" in schema:
        return st.dictionaries(NAMES, values(schema["additionalProperties"]), min_size=1, max_size=2)
    required = set(schema.get("required", ()))
    fields = {name: values(one) for name, one in schema.get("properties", {}).items()}
    optional = {name: one for name, one in fields.items() if name not in required}
    return st.fixed_dictionaries({name: fields[name] for name in required}, optional=optional)


def arrays(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "prefixItems" in schema:
        return st.tuples(*map(values, schema["prefixItems"])).map(list)
    if "enum" in schema["items"]:
        return st.just(schema["items"]["enum"])  # each column once, in the order of the rows
    return st.lists(values(schema["items"]), min_size=schema.get("minItems", 1), max_size=schema.get("maxItems", 3))


def scalars(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    return {
        ("integer", "int32"): st.integers(-(2**31), 2**31 - 1),
        ("integer", "int64"): st.integers(-(2**63), 2**63 - 1),
        ("number", "float"): st.floats(-1e6, 1e6, width=32),
        ("number", "double"): st.floats(-1e6, 1e6),
        ("boolean", None): st.booleans(),
        ("string", "byte"): st.sampled_from(["YWJj", "", "AAEC"]),
        ("string", "date-time"): st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1)).map(
            lambda at: at.isoformat(timespec="seconds")  # pandas wants all of a column in one format
        ),
        ("string", None): st.text(max_size=4),
        (None, None): st.just("anything"),
    }[schema.get("type"), schema.get("format")]


@pytest.fixture(scope="module")
def described() -> Any:
    """Endpoints of models with all kinds of signatures, which answer how many inputs they got."""
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec
    from mlflow.types.schema import Array, DataType, Map, Object, Property

    from fakebricks import Workspace

    flat = [ColSpec(kind, f"c_{kind}") for kind in SCALARS]
    nested = [
        ColSpec(Array(DataType.string), "list"),
        ColSpec(Object([Property("a", DataType.string), Property("b", DataType.double, required=False)]), "object"),
        ColSpec(Map(Array(DataType.boolean)), "map"),
        ColSpec("string", "maybe", required=False),
    ]
    params = ParamSchema([ParamSpec("factor", "double", 2.0), ParamSpec("names", "string", ["a"], shape=(-1,))])
    count = Schema([ColSpec("long")])
    signatures = {
        "scalars": ModelSignature(Schema(flat), count, params),
        "nested": ModelSignature(Schema(nested), count),
        "tensor": ModelSignature(Schema([TensorSpec(np.dtype("float64"), (-1, 2))]), count),
        "tensors": ModelSignature(
            Schema([TensorSpec(np.dtype("int64"), (-1, 2), "a"), TensorSpec(np.dtype("bool"), (-1, 1), "b")]), count
        ),
        "column": ModelSignature(Schema([ColSpec("string")]), count),
    }
    workspace = Workspace()
    rest = Rest(workspace)
    for name, signature in signatures.items():
        model = f"main.default.{name}"
        version = register_files_in(workspace, saved_model("return [1]", signature), name=model)
        config = {"served_entities": [{"entity_name": model, "entity_version": version}]}
        rest.post("/api/2.0/serving-endpoints", name=name, config=config)
    workspace.clock.advance(minutes=10)
    yield {name: (rest, rest.get(f"/api/2.0/serving-endpoints/{name}/openapi")) for name in signatures}
    workspace.close()


@pytest.mark.parametrize("name", ["scalars", "nested", "tensor", "tensors", "column"])
@settings(max_examples=25)
@given(data=st.data())
def test_what_it_describes_is_accepted(described, name, data):
    rest, document = described[name]
    validate(document)
    payload = data.draw(st.one_of([values(one) for one in requests_of(document)]))
    reply = rest.call("POST", f"/serving-endpoints/{name}/invocations", json.dumps(payload).encode(), JSON)
    assert reply.status == 200, reply.body
