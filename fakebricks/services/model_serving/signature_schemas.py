"""JSON schemas of what an MLflow signature describes: column types, tensors, params.

Real: the types and formats of integers, floats and strings are those of the platform's own example (documented); those
of the other types are inferred. A signature comes as MLflow writes it into MLmodel: a list of dictionaries.
"""

from __future__ import annotations

from typing import Any

Column = dict[str, Any]
Schema = dict[str, Any]

_SCALARS: dict[str, Schema] = {
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer", "format": "int32"},
    "long": {"type": "integer", "format": "int64"},
    "float": {"type": "number", "format": "float"},
    "double": {"type": "number", "format": "double"},
    "string": {"type": "string"},
    "binary": {"type": "string", "format": "byte"},
    "datetime": {"type": "string", "format": "date-time"},
}
_TENSOR_TYPES = {
    "int32": "integer",
    "int64": "long",
    "float32": "float",
    "float64": "double",
    "bool": "boolean",
    "bytes": "binary",
}
_EXAMPLES: dict[str, Any] = {
    "boolean": True,
    "integer": 3,
    "long": 3,
    "float": 10.4,
    "double": 10.4,
    "string": "abc",
    "binary": "YWJj",
    "datetime": "2024-01-31T12:00:00",
}


def is_tensors(columns: list[Column]) -> bool:
    """Whether a part of a signature is of tensors, not of columns."""
    return any(column.get("type") == "tensor" for column in columns)


def is_required(column: Column) -> bool:
    """Whether a column must be there; signatures of old say that it is optional instead."""
    return bool(column.get("required", not column.get("optional", False)))


def value(column: Column) -> Schema:
    """A value of a column's type."""
    kind = column.get("type")
    if kind in _SCALARS:
        return dict(_SCALARS[kind])
    if kind == "array":
        return {"type": "array", "items": value(_column(column.get("items")))}
    if kind == "object":
        return fields([{"name": name, **_column(one)} for name, one in column.get("properties", {}).items()])
    if kind == "map":
        return {"type": "object", "additionalProperties": value(_column(column.get("values")))}
    if kind == "sparkml_vector":
        return {"type": "array", "items": value({"type": "double"})}
    return {}  # of any type


def fields(columns: list[Column]) -> Schema:
    """An object with a value for each column."""
    required = [column["name"] for column in columns if is_required(column)]
    return ({"required": required} if required else {}) | {
        "type": "object",
        "properties": {column["name"]: value(column) for column in columns},
    }


def example(column: Column) -> Any:
    """A value that fits a column."""
    kind = column.get("type")
    if kind == "array":
        return [example(_column(column.get("items")))]
    if kind == "object":
        return {name: example(_column(one)) for name, one in column.get("properties", {}).items()}
    if kind == "map":
        return {"key": example(_column(column.get("values")))}
    if kind == "sparkml_vector":
        return [_EXAMPLES["double"]]
    return _EXAMPLES.get(str(kind), _EXAMPLES["string"])


def tensors(columns: list[Column]) -> Schema:
    """A tensor, or an object with one for each name."""
    return _by_name(columns, first=0)


def instances(columns: list[Column]) -> Schema:
    """A list of what one instance has of a tensor, or of each of several."""
    return {"type": "array", "items": _by_name(columns, first=1)}


def params(columns: list[Column]) -> Schema | None:
    """An object with a value for each param, or None where there are none."""
    if not columns:
        return None
    return {"type": "object", "properties": {one["name"]: _param(one) for one in columns}}


def _param(column: Column) -> Schema:
    one = value(column)
    schema = {"type": "array", "items": one} if column.get("shape") else one
    return schema | ({"default": column["default"]} if column.get("default") is not None else {})


def _by_name(columns: list[Column], first: int) -> Schema:
    if len(columns) == 1 and columns[0].get("name") is None:
        return _tensor(columns[0], first)
    names = [column["name"] for column in columns]
    return {
        "type": "object",
        "required": names,
        "properties": {column["name"]: _tensor(column, first) for column in columns},
    }


def _tensor(column: Column, first: int) -> Schema:
    """Nested arrays, from the dimension with that number on; a dimension of -1 has any length."""
    spec = column["tensor-spec"]
    schema = value({"type": _TENSOR_TYPES.get(spec["dtype"]) or _other_tensor_type(spec["dtype"])})
    for length in reversed(spec["shape"][first:]):
        schema = {"type": "array", "items": schema}
        if length >= 0:
            schema |= {"minItems": length, "maxItems": length}
    return schema


def _other_tensor_type(dtype: str) -> str:
    if dtype.startswith(("int", "uint")):
        return "long"
    return "double" if dtype.startswith("float") else "string"


def _column(one: Any) -> Column:
    """A nested type; signatures of old have its bare name."""
    return one if isinstance(one, dict) else {"type": one}
