"""The types of an MLflow signature as Arrow's, and JSON values as values of them.

Real: a signature comes as MLflow writes it: a list of dictionaries, or that as JSON. Values are taken as leniently as
MLflow's scoring takes them: numbers from text, whole numbers from fractions. Inferred: a column of any type is JSON.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

Column = Mapping[str, Any]
Converter = Callable[[Column, Any], Any]

_BITS = {"integer": 31, "long": 63}
_TENSORS = {
    "bool": "boolean",
    "int8": "integer",
    "int16": "integer",
    "int32": "integer",
    "int64": "long",
    "uint8": "integer",
    "uint16": "integer",
    "uint32": "long",
    "float16": "float",
    "float32": "float",
    "float64": "double",
    "str": "string",
    "object": "any",
}


class Signature(NamedTuple):
    """What a model takes and returns."""

    inputs: tuple[Column, ...]
    outputs: tuple[Column, ...]

    @classmethod
    def of(cls, signature: Any) -> Signature:
        """That of MLflow's `ModelSignature`, or of what its `to_dict` returns.

        Raises:
            ValueError: it is none.
        """
        parts = signature.to_dict() if hasattr(signature, "to_dict") else signature
        if not isinstance(parts, Mapping):
            message = f"{signature!r} is no signature of a model"
            raise ValueError(message)  # noqa: TRY004 - what is inside may be wrong just as well
        return cls(columns(parts.get("inputs")), columns(parts.get("outputs")))


def columns(part: Any) -> tuple[Column, ...]:
    """A part of a signature: JSON, a list of dictionaries, or nothing.

    Raises:
        ValueError: it is none.
    """
    if part is None:
        return ()
    try:
        found = json.loads(part) if isinstance(part, (str, bytes)) else part
        return tuple(_plain(one) for one in found)
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        message = f"{part!r} is no part of a model's signature"
        raise ValueError(message) from error


def is_required(column: Column) -> bool:
    """Whether a value must be there; signatures of old say that it is optional instead."""
    return bool(column.get("required", not column.get("optional", False)))


def arrow_type(column: Column) -> Any:
    """The Arrow type of a column."""
    import pyarrow as pa

    kind = column.get("type")
    if kind == "array":
        return pa.list_(arrow_type(_nested(column["items"])))
    if kind == "map":
        return pa.map_(pa.string(), arrow_type(_nested(column["values"])))
    if kind == "object":
        return pa.struct([(name, arrow_type(_nested(one))) for name, one in column["properties"].items()])
    scalars = {
        "boolean": pa.bool_(),
        "integer": pa.int32(),
        "long": pa.int64(),
        "float": pa.float32(),
        "double": pa.float64(),
        "binary": pa.binary(),
        "datetime": pa.timestamp("us", tz="UTC"),
    }
    return scalars.get(str(kind), pa.string())


def is_as_it_comes(column: Column) -> bool:
    """Whether Arrow takes JSON's own values for it; others must be converted first."""
    return column.get("type") in ("boolean", "integer", "long", "float", "double", "string")


def converted(column: Column, value: Any) -> Any:
    """A JSON value as one of a column's type; null, and a number that is none, are None.

    Raises:
        ValueError: it cannot be one.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    convert: Converter = _CONVERTERS.get(str(column.get("type")), _json)
    try:
        return convert(column, value)
    except (TypeError, KeyError, AttributeError, OverflowError, binascii.Error) as error:
        raise ValueError(str(error)) from error


def _plain(column: Any) -> Column:
    """A column with what it is said to be; a tensor is nested arrays, but for its first dimension."""
    if column["type"] != "tensor":
        return dict(column)
    spec = column["tensor-spec"]
    kind: Column = {"type": _TENSORS.get(spec["dtype"], "any")}
    for _ in spec["shape"][1:]:
        kind = {"type": "array", "items": kind}
    return {**kind, "name": column.get("name"), "required": True}


def _nested(one: Any) -> Column:
    """A nested type; signatures of old have its bare name."""
    return one if isinstance(one, Mapping) else {"type": one}


def _boolean(_: Column, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _whole(column: Column, value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    number = int(value)
    bound = 1 << _BITS[column["type"]]
    if not -bound <= number < bound:
        raise ValueError
    return number


def _number(_: Column, value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError
    return float(value)


def _text(_: Column, value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _bytes(_: Column, value: Any) -> bytes:
    return base64.decodebytes(value.encode("ascii"))


def _time(_: Column, value: Any) -> datetime:
    found = datetime.fromisoformat(value)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _array(column: Column, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return [converted(_nested(column["items"]), one) for one in value]


def _map(column: Column, value: Any) -> list[tuple[str, Any]]:
    return [(name, converted(_nested(column["values"]), one)) for name, one in value.items()]


def _object(column: Column, value: Any) -> dict[str, Any]:
    return {name: converted(_nested(one), value.get(name)) for name, one in column["properties"].items()}


def _json(_: Column, value: Any) -> str:
    return json.dumps(value)


_CONVERTERS: dict[str, Converter] = {
    "boolean": _boolean,
    "integer": _whole,
    "long": _whole,
    "float": _number,
    "double": _number,
    "string": _text,
    "binary": _bytes,
    "datetime": _time,
    "array": _array,
    "map": _map,
    "object": _object,
}
