"""Requests to a model, as rows of named columns: of its input example, or else of its signature.

Real: the input example is the model's own. Inferred: a value for each type of a signature, where there is no example;
it fits the signature, and need not make sense to the model.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.scenarios import NotApplicable

Row = dict[str, Any]

_VALUES: dict[str, Any] = {
    "boolean": True,
    "integer": 1,
    "long": 1,
    "float": 1.5,
    "double": 1.5,
    "string": "a",
    "binary": "YQ==",
    "datetime": "2026-01-01T00:00:00",
    "any": "a",
}


@dataclass(frozen=True)
class Column:
    """A column that a signature asks for.

    Attributes:
        name: None where columns are told by their positions.
        type: as MLflow names it: `double`, or `array`, `object`, `map` for what is nested.
        required: whether each row must have it.
    """

    name: str | None
    type: str
    required: bool


def columns(deployment: Deployment) -> list[Column]:
    """The columns of the signature's inputs.

    Raises:
        NotApplicable: it has no signature, or one of tensors.
    """
    return [Column(one.get("name"), one["type"], one.get("required", True)) for one in _inputs(deployment)]


def body(deployment: Deployment) -> bytes:
    """A request that the model is to answer.

    Raises:
        NotApplicable: it has neither an input example nor a signature.
    """
    if deployment.input_example is not None:
        return deployment.input_example
    schema = _schema(deployment)
    if schema and schema[0]["type"] == "tensor":
        tensors = {one.get("name"): _tensor(one["tensor-spec"]) for one in schema}
        return json.dumps({"inputs": tensors.get(None, tensors)}).encode()
    if any(one.get("name") is None for one in schema):
        return json.dumps({"dataframe_split": {"data": [[_value(one) for one in schema]]}}).encode()
    return of_rows([{one["name"]: _value(one) for one in schema}])


def rows(deployment: Deployment) -> list[Row]:
    """The rows of `body`, by the names of their columns.

    Raises:
        NotApplicable: the model's inputs are no named columns.
    """
    named = columns(deployment)
    if any(one.name is None for one in named):
        raise NotApplicable("the columns of the signature have no names")
    told = json.loads(body(deployment))
    if "dataframe_records" in told:
        return [dict(one) for one in told["dataframe_records"]]
    if "dataframe_split" in told and "columns" in told["dataframe_split"]:
        split = told["dataframe_split"]
        return [dict(zip(split["columns"], one, strict=True)) for one in split["data"]]
    return [{one["name"]: _value(one) for one in _inputs(deployment)}]


def of_rows(records: list[Row], **more: Any) -> bytes:
    """A request with these rows."""
    return json.dumps({"dataframe_records": records, **more}).encode()


def _inputs(deployment: Deployment) -> list[dict[str, Any]]:
    schema = _schema(deployment)
    if schema and schema[0]["type"] == "tensor":
        raise NotApplicable("the signature is one of tensors, which have no columns")
    return schema


def _schema(deployment: Deployment) -> list[dict[str, Any]]:
    if deployment.signature is None or deployment.signature.inputs is None:
        raise NotApplicable("the model has no signature of its inputs")
    schema: list[dict[str, Any]] = deployment.signature.inputs.to_dict()
    return schema


def _value(type_: dict[str, Any]) -> Any:
    kind = type_["type"]
    if kind == "array":
        return [_value(type_["items"])]
    if kind == "object":
        return {name: _value(one) for name, one in type_["properties"].items()}
    if kind == "map":
        return {"a": _value(type_["values"])}
    return _VALUES[kind]


def _tensor(spec: dict[str, Any]) -> Any:
    value: Any = "a" if spec["dtype"] == "str" else spec["dtype"] == "bool" or (1 if "int" in spec["dtype"] else 1.5)
    for length in reversed(spec["shape"]):
        value = [value] * (1 if length < 0 else length)
    return value
