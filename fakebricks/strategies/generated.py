"""Signatures of all kinds, for tests of what is to work with every one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    Values = SearchStrategy[Any]

_SCALARS = ("double", "long", "string", "boolean", "integer", "float", "datetime", "binary")
_NESTED_SCALARS = ("double", "long", "string", "boolean", "binary", "float")
_DTYPES = (
    *("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8"),
    *("bool", "str", "bytes", "object", "complex64", "complex128", "datetime64[ns]", "timedelta64[ns]"),
)
_DEFAULTS: dict[str, Any] = {
    "long": 1,
    "integer": 1,
    "float": 0.5,
    "double": 0.5,
    "boolean": True,
    "string": "a",
    "datetime": "2000-01-01T00:00:00",
}


def signatures() -> SearchStrategy[Any]:
    """MLflow's `ModelSignature`s for which MLflow accepts requests: of columns or of tensors, with and without params.

    Example:
        >>> from hypothesis import find
        >>> find(signatures(), lambda signature: "'a': long" in str(signature)).inputs
        ['a': long (required)]
    """
    from hypothesis import strategies as st
    from mlflow.models import ModelSignature

    return st.builds(ModelSignature, inputs=_columns() | _tensors(), params=st.none() | _params())


def _columns() -> Values:
    from hypothesis import strategies as st
    from mlflow.types.schema import ColSpec, Schema

    types = st.sampled_from(_SCALARS) | _nested_types()
    named = st.lists(st.tuples(types, st.booleans()), min_size=1, max_size=4).flatmap(
        lambda declared: _names(len(declared)).map(
            lambda names: [
                ColSpec(type_, name, required=not optional)
                for name, (type_, optional) in zip(names, declared, strict=True)
            ]
        )
    )
    unnamed = st.lists(types, min_size=1, max_size=3) | st.sampled_from(_SCALARS).map(lambda name: [name, name])
    return (named | unnamed.map(lambda declared: [ColSpec(type_) for type_ in declared])).map(Schema)


def _names(count: int) -> SearchStrategy[list[str]]:
    from hypothesis import strategies as st

    plain = list("abcdefgh")[:count]
    return st.just(plain) | st.lists(st.text(min_size=1, max_size=6), min_size=count, max_size=count, unique=True)


def _nested_types() -> Values:
    from hypothesis import strategies as st
    from mlflow.types.schema import AnyType, Array, DataType, Map

    leaves = st.sampled_from(_NESTED_SCALARS).map(lambda name: DataType[name])
    inner = st.recursive(
        leaves | st.builds(AnyType),
        lambda types: st.builds(Array, types) | st.builds(Map, types) | _objects(types),
        max_leaves=4,
    )
    any_scalar = st.sampled_from(_SCALARS).map(lambda name: DataType[name])
    return st.builds(Array, inner | any_scalar) | st.builds(Map, inner) | _objects(inner) | st.builds(AnyType)


def _objects(types: Values) -> Values:
    from hypothesis import strategies as st
    from mlflow.types.schema import Object, Property

    def declared(names: list[str], chosen: list[tuple[Any, bool]]) -> Any:
        return Object([Property(name, type_, required) for name, (type_, required) in zip(names, chosen, strict=True)])

    return st.integers(1, 3).flatmap(
        lambda n: st.builds(declared, _names(n), st.lists(st.tuples(types, st.booleans()), min_size=n, max_size=n))
    )


def _tensors() -> Values:
    from hypothesis import strategies as st
    from mlflow.types.schema import Schema

    unnamed = _tensor(st.none()).map(lambda tensor: [tensor])
    named = st.integers(1, 3).flatmap(lambda n: st.tuples(*[_tensor(st.just("xyz"[i])) for i in range(n)]).map(list))
    return (unnamed | named).map(Schema)


def _tensor(names: SearchStrategy[str | None]) -> Values:
    import numpy as np
    from hypothesis import strategies as st
    from mlflow.types.schema import TensorSpec

    sizes = st.sampled_from([-1, 1, 2, 3])
    shapes = st.tuples() | st.builds(lambda first, others: (first, *others), sizes, st.lists(sizes, max_size=3))
    return st.builds(TensorSpec, st.sampled_from(_DTYPES).map(np.dtype), shapes, names)


def _params() -> Values:
    from hypothesis import strategies as st
    from mlflow.types.schema import ParamSchema, ParamSpec

    def declared(i: int, name: str, listed: bool) -> Any:
        default = [_DEFAULTS[name]] if listed else _DEFAULTS[name]
        return ParamSpec(f"p{i}", name, default, shape=(-1,) if listed else None)

    chosen = st.lists(st.tuples(st.sampled_from(sorted(_DEFAULTS)), st.booleans()), min_size=1, max_size=3)
    return chosen.map(lambda specs: ParamSchema([declared(i, *spec) for i, spec in enumerate(specs)]))
