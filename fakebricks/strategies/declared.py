"""What a signature declares, read from MLflow's own dictionaries of it into plain frozen records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


class UnsatisfiableSignature(ValueError):
    """MLflow accepts no JSON body for this signature, or none in the format that was asked for."""


@dataclass(frozen=True)
class Scalar:
    """One of MLflow's data types, by name: `long`, `integer`, `float`, `double`, `boolean`, `string`, ..."""

    name: str


@dataclass(frozen=True)
class ArrayOf:
    """An array, or a vector of Spark ML's, which MLflow checks as one of doubles."""

    items: Type


@dataclass(frozen=True)
class Property:
    """What an object has under a name."""

    name: str
    type: Type
    required: bool


@dataclass(frozen=True)
class ObjectOf:
    """An object, with the properties that it may have."""

    properties: tuple[Property, ...]


@dataclass(frozen=True)
class MapOf:
    """A map from text to values of one type."""

    values: Type


@dataclass(frozen=True)
class Anything:
    """MLflow's `AnyType`, which is never checked."""


Type = Scalar | ArrayOf | ObjectOf | MapOf | Anything


@dataclass(frozen=True)
class Column:
    """A column; without a name where all are told by their positions."""

    name: str | None
    type: Type
    required: bool


@dataclass(frozen=True)
class Tensor:
    """A tensor of numpy's type of that name; -1 is an open dimension."""

    name: str | None
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Parameter:
    """A parameter of inference; `listed` where it is a list of its type."""

    name: str
    type: Type
    listed: bool


@dataclass(frozen=True)
class Declared:
    """A signature: either columns or tensors, and parameters (None where the signature has no schema of them)."""

    columns: tuple[Column, ...]
    tensors: tuple[Tensor, ...]
    parameters: tuple[Parameter, ...] | None

    @property
    def named(self) -> bool:
        return None not in {spec.name for spec in self.tensors or self.columns}


def read_signature(signature: Any) -> Declared:
    """What the signature declares.

    Raises:
        UnsatisfiableSignature: it has no inputs, or names that MLflow does not tell apart.
    """
    if signature is None or signature.inputs is None:
        raise UnsatisfiableSignature("The signature has no inputs, so MLflow checks nothing that is sent to the model.")
    inputs = signature.inputs.to_dict()
    _check_names(entry.get("name") for entry in inputs)
    parameters = None if signature.params is None else tuple(map(_read_parameter, signature.params.to_dict()))
    tensors = tuple(_read_tensor(entry) for entry in inputs if entry["type"] == "tensor")
    columns = tuple(_read_column(entry) for entry in inputs if entry["type"] != "tensor")
    return Declared(columns, tensors, parameters)


def _check_names(names: Iterable[str | None]) -> None:
    counted = Counter(name for name in names if name is not None)
    if "" in counted:
        # observed: MLflow looks an input with an empty name up by its position, and never finds it
        raise UnsatisfiableSignature("The signature has an input with an empty name, which MLflow never finds.")
    repeated = sorted(name for name, count in counted.items() if count > 1)
    if repeated:
        raise UnsatisfiableSignature(f"The signature has several inputs of the same name: {', '.join(repeated)}.")


def _read_column(entry: Mapping[str, Any]) -> Column:
    # a signature that was read from a file may carry None, which MLflow takes for "not required"
    return Column(entry.get("name"), _read_type(entry), bool(entry["required"]))


def _read_tensor(entry: Mapping[str, Any]) -> Tensor:
    spec = entry["tensor-spec"]
    return Tensor(entry.get("name"), spec["dtype"], tuple(spec["shape"]))


def _read_parameter(entry: Mapping[str, Any]) -> Parameter:
    return Parameter(entry["name"], _read_type(entry), entry["shape"] is not None)


def _read_type(entry: Mapping[str, Any]) -> Type:
    match entry["type"]:
        case "array":
            return ArrayOf(_read_type(entry["items"]))
        case "sparkml_vector":
            return ArrayOf(Scalar("double"))
        case "object":
            return ObjectOf(tuple(_read_property(name, inner) for name, inner in entry["properties"].items()))
        case "map":
            return MapOf(_read_type(entry["values"]))
        case "any":
            return Anything()
        case name:
            return Scalar(name)


def _read_property(name: str, entry: Mapping[str, Any]) -> Property:
    return Property(name, _read_type(entry), bool(entry.get("required", True)))
