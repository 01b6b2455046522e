"""From payloads to features: every format, every type, and what cannot be unpacked."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving_fixtures import MODEL, register_in

from fakebricks import Workspace, unpack
from fakebricks.services.inference_tables.columns import GATEWAY
from fakebricks.services.inference_tables.inference_tables import InferenceTables
from fakebricks.services.model_registry.model_registry import ModelRegistry

SIGNATURE = {
    "inputs": [{"type": "double", "name": "amount"}, {"type": "long", "name": "age", "required": False}],
    "outputs": [{"type": "double"}],
}
ROWS = [(1.5, 30), (2.5, None)]
PREDICTIONS = {"predictions": [0.25, 0.75]}


def payload(request: Any, response: Any = PREDICTIONS, **more: Any) -> dict[str, Any]:
    return {
        "databricks_request_id": "r",
        "client_request_id": "mine",
        "request_time": datetime(2026, 1, 2, tzinfo=UTC),
        "status_code": 200,
        "served_entity_id": "s",
        "request": request if request is None or isinstance(request, str) else json.dumps(request),
        "response": response if response is None or isinstance(response, str) else json.dumps(response),
        **more,
    }


def unpacked(*payloads: dict[str, Any], signature: Any = SIGNATURE, **more: Any) -> list[dict[str, Any]]:
    return unpack(pa.Table.from_pylist(list(payloads)), signature, **more).to_pylist()


@pytest.mark.parametrize(
    "request_",
    [
        {"dataframe_split": {"columns": ["amount", "age"], "data": ROWS}},
        {"dataframe_split": {"index": [7, 8], "columns": ["age", "amount"], "data": [[30, 1.5], [None, 2.5]]}},
        {"dataframe_split": {"data": ROWS}},
        {"dataframe_records": [{"amount": 1.5, "age": 30}, {"amount": 2.5}]},
        {"dataframe_records": [{"amount": "1.5", "age": 30.0, "more": 1}, {"amount": 2.5}], "client_request_id": "x"},
        {"instances": [{"amount": 1.5, "age": 30}, {"amount": 2.5, "age": None}]},
        {"instances": ROWS},
        {"inputs": {"amount": [1.5, 2.5], "age": [30, None]}},
        {"inputs": [{"amount": 1.5, "age": 30}, {"amount": 2.5}]},
    ],
)
def test_every_format_comes_to_the_same_rows(request_: Any):
    about = {
        "databricks_request_id": "r",
        "client_request_id": "mine",
        "request_time": datetime(2026, 1, 2, tzinfo=UTC),
        "status_code": 200,
        "model_name": None,
        "model_version": None,
    }
    assert unpacked(payload(request_)) == [
        {**about, "row": 0, "amount": 1.5, "age": 30, "prediction": 0.25, "error": None},
        {**about, "row": 1, "amount": 2.5, "age": None, "prediction": 0.75, "error": None},
    ]


def test_the_columns_have_the_types_of_the_signature():
    kinds = {
        "boolean": (True, pa.bool_(), True),
        "integer": (3, pa.int32(), 3),
        "long": (1 << 40, pa.int64(), 1 << 40),
        "float": (0.5, pa.float32(), 0.5),
        "double": (3, pa.float64(), 3.0),
        "string": ("ü", pa.string(), "ü"),
        "binary": ("YWJj\n", pa.binary(), b"abc"),
        "datetime": ("2026-01-02T03:04:05", pa.timestamp("us", "UTC"), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        "any": ([1, {"a": None}], pa.string(), '[1, {"a": null}]'),
    }
    inputs: list[dict[str, Any]] = [{"type": kind, "name": kind} for kind in kinds]
    inputs += [
        {"type": "array", "name": "array", "items": {"type": "long"}},
        {"type": "map", "name": "map", "values": {"type": "double"}},
        {
            "type": "object",
            "name": "object",
            "properties": {"x": {"type": "string"}, "y": {"type": "array", "items": "long"}},
        },
    ]
    record = {kind: value for kind, (value, _, _) in kinds.items()}
    record |= {"array": [1, None], "map": {"k": 2}, "object": {"x": "z", "y": [1]}}
    table = unpack(
        pa.Table.from_pylist([payload({"dataframe_records": [record]}, {"predictions": ["yes"]})]),
        {"inputs": json.dumps(inputs), "outputs": [{"type": "string"}]},
    )
    (row,) = table.to_pylist()
    assert row["error"] is None
    for kind, (_, arrow, value) in kinds.items():
        assert (table.schema.field(kind).type, row[kind]) == (arrow, value)
    assert (row["array"], row["map"], row["object"]) == ([1, None], [("k", 2.0)], {"x": "z", "y": [1]})
    assert row["prediction"] == "yes"


@pytest.mark.parametrize(
    ("request_", "response", "error"),
    [
        (None, PREDICTIONS, "the request was not logged"),
        ("{not json", PREDICTIONS, "the request is no JSON"),
        ("[" * 5000, PREDICTIONS, "the request is no JSON"),
        ([1], PREDICTIONS, "no JSON object"),
        ({"messages": []}, PREDICTIONS, "exactly one of"),
        ({"inputs": [], "instances": []}, PREDICTIONS, "exactly one of"),
        ({"dataframe_split": {"columns": ["amount"]}}, PREDICTIONS, "no data"),
        ({"dataframe_split": {"columns": ["amount"], "data": [[1, 2]]}}, PREDICTIONS, "not as long"),
        ({"dataframe_split": {"columns": "amount", "data": [[1]]}}, PREDICTIONS, "no lists"),
        ({"dataframe_records": {"amount": 1}}, PREDICTIONS, "no list"),
        ({"instances": [[1, 2, 3]]}, PREDICTIONS, "not as long as the signature"),
        ({"inputs": {"amount": [1, 2], "age": [1]}}, PREDICTIONS, "not of one length"),
        ({"dataframe_records": []}, {"predictions": []}, "no rows"),
    ],
)
def test_what_is_no_request_is_a_row_without_features(request_: Any, response: Any, error: str):
    (row,) = unpacked(payload(request_, response))
    assert error in row["error"]
    assert (row["databricks_request_id"], row["row"], row["amount"], row["prediction"]) == ("r", None, None, None)


@pytest.mark.parametrize(
    ("response", "more", "error"),
    [
        (None, {}, "the response was not logged"),
        ("oops", {}, "the response is no JSON"),
        ({"error_code": "BAD_REQUEST"}, {"status_code": 400}, "answered with status 400"),
        ({"predictions": [1]}, {}, "1 predictions for 2 rows"),
        ({"choices": []}, {}, "no predictions"),
        ({"predictions": 3}, {}, "no list"),
    ],
)
def test_without_predictions_the_features_are_there(response: Any, more: dict[str, Any], error: str):
    rows = unpacked(payload({"dataframe_split": {"columns": ["amount", "age"], "data": ROWS}}, response, **more))
    assert [row["amount"] for row in rows] == [1.5, 2.5]
    assert [row["prediction"] for row in rows] == [None, None]
    assert all(error in row["error"] for row in rows)


def test_a_value_that_is_none_of_its_type_is_null_with_an_error():
    records = [{"amount": "many", "age": 1 << 70}, {"age": 2}, {"amount": float("nan"), "age": 2.5}]
    rows = unpacked(payload({"dataframe_records": records}, {"predictions": [1, 2, 3]}))
    assert [(row["amount"], row["age"], row["prediction"]) for row in rows] == [
        (None, None, 1),
        (None, 2, 2),
        (None, 2, 3),
    ]
    assert "amount is no double: many" in rows[0]["error"]
    assert "age is no long" in rows[0]["error"]
    assert rows[1]["error"] == "the row has no amount"
    assert rows[2]["error"] is None


@pytest.mark.parametrize(
    ("outputs", "predictions", "expected"),
    [
        ([{"type": "long"}], [1, 2], {"prediction": 1}),
        ([{"type": "long", "name": "score"}], [{"score": 1}, {"score": 2}], {"prediction": 1}),
        ([{"type": "long", "name": "score"}], [1, 2], {"prediction": 1}),
        (
            [{"type": "long", "name": "a"}, {"type": "string", "name": "b"}],
            [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
            {"prediction_a": 1, "prediction_b": "x"},
        ),
        (
            [{"type": "long", "name": "a"}, {"type": "string", "name": "b"}],
            {"a": [1, 2], "b": ["x", "y"]},
            {"prediction_a": 1, "prediction_b": "x"},
        ),
        (
            [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}}],
            [[1, 2], [3, 4]],
            {"prediction": [1, 2]},
        ),
        (None, [{"a": 1}, {"b": 2}], {"prediction": '{"a": 1}'}),
    ],
)
def test_the_forms_of_predictions(outputs: Any, predictions: Any, expected: dict[str, Any]):
    request = {"dataframe_split": {"columns": ["amount", "age"], "data": ROWS}}
    signature = {**SIGNATURE, "outputs": outputs}
    row, _ = unpacked(payload(request, {"predictions": predictions}), signature=signature)
    assert row["error"] is None
    assert {name: value for name, value in row.items() if name.startswith("prediction")} == expected


def test_tensors_are_lists():
    spec = {"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}
    signature = {"inputs": [spec], "outputs": [{"type": "double"}]}
    for request in ({"inputs": [[1, 2], [3, 4]]}, {"instances": [[1, 2], [3, 4]]}):
        assert [row["input"] for row in unpacked(payload(request), signature=signature)] == [[1, 2], [3, 4]]


def test_a_legacy_table_says_which_version_a_row_is_of():
    row = payload({"dataframe_records": [{"amount": 1}]}, {"predictions": [1]})
    del row["request_time"], row["served_entity_id"]
    metadata = [("endpoint_name", "e"), ("model_name", "main.default.m"), ("model_version", "3")]
    table = pa.Table.from_pylist([{**row, "timestamp_ms": 1_500}])
    table = table.append_column("request_metadata", pa.array([metadata], pa.map_(pa.string(), pa.string())))
    (found,) = unpack(table, SIGNATURE).to_pylist()
    assert (found["model_name"], found["model_version"]) == ("main.default.m", "3")
    assert found["request_time"] == datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)


def test_mlflows_own_signature_is_taken():
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    signature = ModelSignature(Schema([ColSpec("double", "amount")]), Schema([ColSpec("double")]))
    (row,) = unpacked(payload({"instances": [{"amount": 1}]}, {"predictions": [2]}), signature=signature)
    assert (row["amount"], row["prediction"]) == (1.0, 2.0)


@pytest.mark.parametrize("signature", [None, 3, {"inputs": "{"}, {"inputs": [{}]}, {"inputs": 3}])
def test_what_is_no_signature_is_refused(signature: Any):
    with pytest.raises(ValueError, match="signature"):
        unpacked(payload({}), signature=signature)


def test_what_is_no_inference_table_is_refused():
    with pytest.raises(ValueError, match="it has no column databricks_request_id, status_code, response"):
        unpack(pa.table({"request": ["{}"]}), SIGNATURE)


def test_a_feature_that_is_called_like_another_column_needs_a_prefix():
    signature = {"inputs": [{"type": "long", "name": "row"}], "outputs": [{"type": "long"}]}
    row = payload({"dataframe_records": [{"row": 5}]}, {"predictions": [1]})
    with pytest.raises(ValueError, match="two columns would be called row"):
        unpacked(row, signature=signature)
    (found,) = unpacked(row, signature=signature, prefix="in_")
    assert (found["row"], found["in_row"]) == (0, 5)


def test_an_empty_table_has_the_columns_too():
    table = pa.Table.from_pylist([payload({})])[:0]
    assert unpack(table, SIGNATURE).column_names[-4:] == ["amount", "age", "prediction", "error"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
_REQUESTS = st.builds(
    lambda name, value: {name: value},
    st.sampled_from(["dataframe_split", "dataframe_records", "instances", "inputs", "other"]),
    _JSON
    | st.lists(st.fixed_dictionaries({}, optional={"amount": _JSON, "age": _JSON}), max_size=3)
    | st.fixed_dictionaries({"columns": st.just(["amount", "age"]), "data": st.lists(st.lists(_JSON, max_size=2))}),
)


@given(request_=_REQUESTS | _JSON, response=_JSON | st.fixed_dictionaries({"predictions": st.lists(_JSON, max_size=3)}))
def test_no_payload_is_dropped_and_none_breaks_it(request_: Any, response: Any):
    good = payload({"dataframe_records": [{"amount": 1, "age": 2}]}, {"predictions": [3]}, databricks_request_id="good")
    rows = unpacked(good, payload(request_, response), good)
    assert rows[0] == rows[-1]
    assert (rows[0]["amount"], rows[0]["age"], rows[0]["prediction"], rows[0]["error"]) == (1, 2, 3, None)
    assert len(rows) >= 3
    assert all(row["databricks_request_id"] == "r" for row in rows[1:-1])


@pytest.mark.parametrize("legacy", [False, True])
def test_an_inference_table_of_the_workspace(workspace: Workspace, deploy: Any, query: Any, legacy: bool):
    place = {"catalog_name": "main", "schema_name": "default", "enabled": True}
    more = {"config": {"auto_capture_config": place}} if legacy else {"ai_gateway": {"inference_table_config": place}}
    deploy(**more)
    query([{"amount": 1.0}, {"amount": 2.5}], client_request_id="first")
    query([{"other": 1.0}])
    workspace.clock.advance(hours=1)
    found = workspace.unpacked("main.default.fraud_payload")
    assert found["amount"].to_pylist() == [1.0, 2.5, None]
    assert found["prediction"].to_pylist() == [2.0, 5.0, None]
    assert found["client_request_id"].to_pylist() == ["first", "first", None]
    assert found["model_version"].to_pylist() == ["1"] * 3
    assert found["model_name"].to_pylist() == [MODEL] * 3
    assert found["error"].to_pylist()[2].startswith("the request was answered with status 400")
    registry = workspace._services[ModelRegistry]
    registry.delete_version(MODEL, "1")
    gone = workspace.unpacked("main.default.fraud_payload")
    assert gone["error"].to_pylist() == [f"the signature of model '{MODEL}', version '1', is not known"] * 2
    again = workspace.unpacked(
        "main.default.fraud_payload", signature={"inputs": [{"type": "double", "name": "amount"}]}
    )
    assert again["amount"].to_pylist() == [1.0, 2.5, None]


def test_the_columns_of_a_gateway_table_are_all_that_it_takes(workspace: Workspace):
    register_in(workspace)
    tables = workspace._services[InferenceTables]
    tables.create("main", "default", "empty", endpoint_id="e", owner=workspace.user_name, legacy=False)
    table = workspace.table("main.default.empty_payload")
    assert table.column_names == [column.name for column in GATEWAY]
    assert unpack(table, SIGNATURE).num_rows == 0
    assert workspace.unpacked("main.default.empty_payload").num_rows == 0
