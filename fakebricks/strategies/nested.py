"""What can be said, in JSON, for types that are nested in arrays, objects and maps.

MLflow checks what is nested after JSON has made its numbers 64 bits wide, and checks it twice. So some types can never
be satisfied there (observed in MLflow 2.22 and 3.17): `integer` refuses every number, `datetime` every text, `float`
all numbers but 0 and 1; arrays of any of them are accepted when empty only.
"""

from __future__ import annotations

from collections.abc import Iterable

from fakebricks.strategies.declared import (
    ArrayOf,
    Column,
    MapOf,
    ObjectOf,
    Scalar,
    Type,
    UnsatisfiableSignature,
)

_NEVER_SATISFIED = ("integer", "datetime")
_EMPTY_ARRAYS_ONLY = ("integer", "datetime", "float")


def check_satisfiable(columns: Iterable[Column]) -> None:
    """Whether a row can have all columns that it must have.

    Raises:
        UnsatisfiableSignature: one of them refuses whatever is sent.
    """
    for position, column in enumerate(columns):
        if column.required and not isinstance(column.type, Scalar) and not can_satisfy(column.type):
            raise UnsatisfiableSignature(
                f"MLflow accepts no JSON for the column {column.name or position!r}: it has a nested `integer` or "
                "`datetime`, but JSON's numbers have 64 bits, and its dates are text. Declare `long` or `string`."
            )


def can_satisfy(type_: Type) -> bool:
    """Whether there is JSON that MLflow accepts for the type where it is nested, or a column's that nests others."""
    if isinstance(type_, Scalar):
        return type_.name not in _NEVER_SATISFIED
    if isinstance(type_, ObjectOf):
        return all(can_satisfy(inner.type) for inner in type_.properties if inner.required)
    return True


def may_be_filled(type_: ArrayOf | MapOf) -> bool:
    """Whether the array, or map, may have something in it."""
    inner = type_.items if isinstance(type_, ArrayOf) else type_.values
    if isinstance(type_, ArrayOf) and isinstance(inner, Scalar):
        return inner.name not in _EMPTY_ARRAYS_ONLY
    return can_satisfy(inner)


def depth_of(array: ArrayOf) -> tuple[int, ArrayOf]:
    """How many arrays are in one another, and the innermost."""
    depth = 1
    while isinstance(array.items, ArrayOf):
        depth, array = depth + 1, array.items
    return depth, array
