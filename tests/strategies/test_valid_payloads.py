"""Valid payloads: MLflow's own scoring server accepts them, for signatures of all kinds."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec
from mlflow.types.schema import AnyType, Array, DataType, Map, Object, Property
from mlflow_verdicts import refusal
from shrinking import smallest

from fakebricks.strategies import FORMATS, UnsatisfiableSignature, formats, payloads, signatures

FRAMES = ("dataframe_split", "dataframe_records")
SCALARS = ("long", "integer", "float", "double", "boolean", "string", "binary", "datetime")
DTYPES = (
    *("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8"),
    *("bool", "str", "bytes", "object", "complex64", "complex128", "datetime64[ns]", "datetime64[D]", "timedelta64[s]"),
)


def columns(*specs):
    return ModelSignature(Schema(list(specs)))


def tensors(*specs):
    return ModelSignature(Schema([TensorSpec(np.dtype(dtype), shape, name) for dtype, shape, name in specs]))


@settings(max_examples=60)
@given(st.data())
def test_mlflow_accepts_them(data):
    signature = data.draw(signatures())
    for one in formats(signature):
        payload = data.draw(payloads(signature, formats=[one]))
        assert one in payload
        assert refusal(signature, payload) is None


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("type_", SCALARS)
def test_every_data_type_goes_in_every_format(type_, required):
    signature = columns(ColSpec(type_, "a", required=required), ColSpec("long", "b"))
    assert formats(signature) == FORMATS
    _all_are_accepted(signature, *FORMATS, examples=16)


@pytest.mark.parametrize("type_", SCALARS)
def test_columns_without_names(type_):
    _all_are_accepted(columns(ColSpec(type_), ColSpec(type_)), *FORMATS, examples=16)


@pytest.mark.parametrize(
    ("dtype", "shape"),
    [
        *((dtype, shape) for dtype in DTYPES for shape in [(-1,), (-1, 2, 2)]),
        *((dtype, shape) for dtype in ("float32", "object") for shape in [(), (-1, 1), (-1, 3), (2, 2), (-1, -1)]),
    ],
)
def test_tensors_of_every_type_and_shape(dtype, shape):
    for signature in (tensors((dtype, shape, None)), tensors((dtype, shape, "x"), ("float64", (-1,), "y"))):
        _all_are_accepted(signature, *formats(signature))


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        (columns(ColSpec("long", "a")), FORMATS),
        (columns(ColSpec(Array(DataType.long), "a")), (*FRAMES, "inputs")),
        (columns(ColSpec(Object([Property("p", DataType.long)]), "a")), (*FRAMES, "inputs")),
        (columns(ColSpec(Map(DataType.long), "a")), FORMATS),
        (columns(ColSpec(AnyType(), "a")), FORMATS),
        (columns(ColSpec("long"), ColSpec("string")), FRAMES),
        (columns(ColSpec("long"), ColSpec("long")), FORMATS),
        (tensors(("float32", (-1, 4), None)), ("inputs", "instances", *FRAMES)),
        (tensors(("float32", (-1, -1), None)), ("inputs", "instances")),
        (tensors(("float32", (2,), "x"), ("float32", (3,), "y")), ("inputs",)),
    ],
)
def test_formats_that_can_carry_a_signature(signature, expected):
    assert formats(signature) == expected


@pytest.mark.parametrize(
    "signature",
    [
        columns(ColSpec(Array(DataType.long), "a")),
        columns(ColSpec(Object([Property("p", DataType.long)]), "a")),
        columns(ColSpec("long"), ColSpec("string")),
    ],
)
def test_a_format_that_cannot_is_refused_by_mlflow_and_by_us(signature):
    row = {"a": [1, 2]} if signature.inputs.has_input_names() else [1, "text"]
    assert refusal(signature, {"instances": [row, row]})
    with pytest.raises(UnsatisfiableSignature, match="in the format 'instances'"):
        payloads(signature, formats=["instances"])


@pytest.mark.parametrize(
    ("signature", "payload"),
    [
        (
            columns(ColSpec(Object([Property("p", DataType.integer)]), "a")),
            {"dataframe_records": [{"a": {"p": 1}}]},
        ),
        (
            columns(ColSpec(Map(Object([Property("p", DataType.datetime)])), "a"), ColSpec(Array(DataType.float), "b")),
            {"dataframe_records": [{"a": {"k": {"p": "2000-01-01"}}, "b": []}]},
        ),
        (tensors(("float64", (-1, 0, 2), None)), {"inputs": [[]]}),
        (tensors(("datetime64", (-1,), None)), {"inputs": ["2000-01-01"]}),
    ],
)
def test_what_no_json_satisfies(signature, payload):
    assert refusal(signature, payload)
    if isinstance(signature.inputs.inputs[0].type, Map):  # an empty map will do
        _all_are_accepted(signature, "dataframe_records")
        return
    with pytest.raises(UnsatisfiableSignature):
        payloads(signature)


def test_signatures_that_say_nothing_or_too_much():
    outputs = Schema([ColSpec("long")])
    with pytest.raises(UnsatisfiableSignature, match="no inputs"):
        payloads(ModelSignature(outputs=outputs))
    with pytest.raises(UnsatisfiableSignature, match="no inputs"):
        payloads(None)
    with pytest.raises(UnsatisfiableSignature, match="same name: a"):
        payloads(columns(ColSpec("long", "a"), ColSpec("string", "a")))
    with pytest.raises(UnsatisfiableSignature, match="empty name"):
        payloads(columns(ColSpec("long", "")))


def test_arguments_that_make_no_sense():
    signature = columns(ColSpec("long", "a"))
    with pytest.raises(ValueError, match="no format 'csv'"):
        payloads(signature, formats=["csv"])
    with pytest.raises(ValueError, match="`max_rows`"):
        payloads(signature, max_rows=0)
    with pytest.raises(ValueError, match="no column 'b'"):
        payloads(signature, values={"b": st.just(1)})


def test_values_of_a_column_can_be_told():
    signature = columns(ColSpec("string", "country"), ColSpec("long", "n"))
    strategy = payloads(signature, formats=["dataframe_records"], values={"country": st.sampled_from(["DE", "FR"])})

    @settings(max_examples=30)
    @given(strategy)
    def check(payload):
        assert {row["country"] for row in payload["dataframe_records"]} <= {"DE", "FR"}

    check()


def test_rows_are_no_more_than_asked_for():
    signature = columns(ColSpec("long", "a"))
    rows = smallest(payloads(signature, formats=["dataframe_records"], max_rows=2), lambda p: len(_rows(p)) == 2)
    assert rows == {"dataframe_records": [{"a": 0}, {"a": 0}]}

    @settings(max_examples=20)
    @given(payloads(signature, formats=["dataframe_records"], max_rows=2))
    def check(payload):
        assert 1 <= len(_rows(payload)) <= 2

    check()


@pytest.mark.parametrize(
    ("signature", "condition", "expected"),
    [
        (
            columns(ColSpec("double", "amount"), ColSpec("string", "country"), ColSpec("datetime", "at")),
            lambda payload: True,
            {
                "dataframe_split": {
                    "columns": ["amount", "country", "at"],
                    "data": [[0.0, "", "2000-01-01T00:00:00"]],
                }
            },
        ),
        (
            columns(ColSpec("long", "a", required=False), ColSpec("long", "b")),
            lambda payload: "a" not in str(payload.get("dataframe_records", "a")),
            {"dataframe_records": [{"b": 0}]},
        ),
        (
            columns(ColSpec(Object([Property("p", DataType.string), Property("q", Array(DataType.long))]), "o")),
            lambda payload: "inputs" in payload and isinstance(payload["inputs"], dict),
            {"inputs": {"o": {"p": "", "q": []}}},
        ),
        (tensors(("float32", (-1, 2), None)), lambda payload: "inputs" in payload, {"inputs": [[0.0, 0.0]]}),
        (
            ModelSignature(Schema([ColSpec("long", "a")]), params=ParamSchema([ParamSpec("t", "double", 0.5)])),
            lambda payload: "params" in payload and "t" in payload["params"],
            {"dataframe_split": {"columns": ["a"], "data": [[0]]}, "params": {"t": 0.0}},
        ),
    ],
)
def test_they_shrink_to_what_a_reader_takes_in_at_once(signature, condition, expected):
    assert smallest(payloads(signature), condition) == expected


def test_edges_are_reached():
    signature = columns(ColSpec("integer", "i"), ColSpec("double", "d", required=False), ColSpec(AnyType(), "x"))
    records = payloads(signature, formats=["dataframe_records"])
    assert smallest(records, lambda p: _rows(p)[0]["i"] > 2**30)
    assert smallest(records, lambda p: "d" in _rows(p)[0] and _rows(p)[0]["d"] is None)
    assert smallest(records, lambda p: isinstance(_rows(p)[0]["x"], list) and len(_rows(p)[0]["x"]) > 1)


def test_params_of_every_type_with_objects():
    declared = ParamSchema(
        [
            *(ParamSpec(type_, type_, None) for type_ in SCALARS if type_ not in {"binary", "datetime"}),
            ParamSpec("datetime", "datetime", "2000-01-01T00:00:00"),
            ParamSpec("words", "string", ["a"], shape=(-1,)),
            ParamSpec("o", Object([Property("p", DataType.long), Property("q", DataType.string, False)]), {"p": 1}),
        ]
    )
    signature = ModelSignature(Schema([ColSpec("long", "a")]), params=declared)
    _all_are_accepted(signature, "dataframe_split", examples=20)


def _rows(payload):
    return payload["dataframe_records"]


def _all_are_accepted(signature, *wanted, examples=4):
    @settings(max_examples=examples, database=None)
    @given(payloads(signature, formats=wanted))
    def check(payload):
        assert json.loads(json.dumps(payload, allow_nan=False)) == payload
        assert refusal(signature, payload) is None

    check()
