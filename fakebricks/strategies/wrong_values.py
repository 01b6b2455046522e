"""What is wrong with a value inside an array, an object or a map, one thing at a time. MLflow refuses each of them.

What surrounds the wrong value is the smallest there is, so that a reader sees it at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fakebricks.strategies.declared import Anything, ArrayOf, MapOf, ObjectOf, Scalar, Type
from fakebricks.strategies.nested import can_satisfy

_SMALLEST = {"long": 0, "float": 0, "double": 0.5, "boolean": False, "string": "", "binary": ""}
# What a scalar refuses where it is nested, in any version: there nothing is converted, not even 7 to 7.0.
_WRONG: dict[str, tuple[Any, ...]] = {
    "long": ("text", 0.5, True),
    "integer": ("text",),
    "float": ("text",),
    "double": ("text", 7),
    "boolean": (7, 0.5),
    "string": (7, True),
    "binary": (7, True),
    "datetime": ("text",),
}
UNEXPECTED = "unexpected"


def wrong_values(type_: Type, where: str) -> Iterator[tuple[str, Any]]:
    """Values that are wrong for the type, each with the words for it."""
    match type_:
        case Scalar(name):
            for value in _WRONG[name]:
                yield f"{value!r} for {name} in {where}", value
        case ArrayOf(items):
            yield f"text for an array in {where}", "text"
            for what, value in wrong_values(items, f"the array in {where}"):
                yield what, [value]
        case ObjectOf():
            yield f"text for an object in {where}", "text"
            yield from _wrong_objects(type_, where)
        case MapOf(values):
            yield f"text for a map in {where}", "text"
            for what, value in wrong_values(values, f"the map in {where}"):
                yield what, {"key": value}
        case Anything():
            return


def _wrong_objects(type_: ObjectOf, where: str) -> Iterator[tuple[str, Any]]:
    names = [inner.name for inner in type_.properties]
    required = {inner.name: inner.type for inner in type_.properties if inner.required}
    if not all(map(can_satisfy, required.values())):
        return
    smallest = {name: smallest_value(inner) for name, inner in required.items()}
    if UNEXPECTED not in names:
        yield f"a property {UNEXPECTED!r} that {where} does not declare", {**smallest, UNEXPECTED: 7}
    for name in required:
        rest = {other: value for other, value in smallest.items() if other != name}
        if rest:  # MLflow takes {} for null, which an optional object may be
            yield f"no property {name!r} in {where}", rest
    for inner in type_.properties:
        for what, value in wrong_values(inner.type, f"property {inner.name!r} of {where}"):
            yield what, {**smallest, inner.name: value}


def smallest_value(type_: Type) -> Any:
    """The smallest JSON that MLflow accepts for the type where it is nested."""
    match type_:
        case Scalar(name):
            return _SMALLEST[name]
        case ArrayOf():
            return []
        case ObjectOf(properties):
            return {inner.name: smallest_value(inner.type) for inner in properties if inner.required}
        case MapOf():
            return {}
        case Anything():
            return 0
