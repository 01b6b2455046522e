"""Strategies of the JSON that MLflow accepts for one value of a type.

Dates are ISO 8601 to the second without a time zone, all of one format, since pandas wants one format in a column and
MLflow refuses those with a zone. Binary is base64, which MLflow decodes in frames only; `inputs` and `instances` give
the model the text's own bytes. Numbers stay within what 32 bits of floating point hold, since trees in scikit-learn
refuse larger ones; those that are not finite have no JSON.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fakebricks.strategies.declared import Anything, ArrayOf, MapOf, ObjectOf, Scalar, Type
from fakebricks.strategies.nested import can_satisfy, depth_of, may_be_filled

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    Values = SearchStrategy[Any]

_LONGEST = 3  # of arrays and maps: small ones find what large ones find, and are read
_FIRST_DATE = datetime(1700, 1, 1)  # noqa: DTZ001 - pandas counts nanoseconds from 1677 on, without a zone
_LAST_DATE = datetime(2200, 1, 1)  # noqa: DTZ001


def column_values(type_: Type, *, is_frame: bool) -> Values:
    """What a column of the type may have in a row."""
    return scalar_values(type_.name) if isinstance(type_, Scalar) else _nested_values(type_, is_frame=is_frame)


def scalar_values(name: str) -> Values:
    """What one of MLflow's data types may be."""
    from hypothesis import strategies as st

    values: dict[str, Callable[[], Values]] = {
        "long": lambda: st.integers(-(2**63), 2**63 - 1),
        "integer": lambda: st.integers(-(2**31), 2**31 - 1),
        "float": lambda: numbers(32),
        "double": lambda: numbers(32),
        "boolean": st.booleans,
        "string": lambda: text(20),
        "binary": lambda: st.binary(max_size=12).map(lambda data: b64encode(data).decode()),
        "datetime": lambda: st.datetimes(_FIRST_DATE, _LAST_DATE).map(lambda at: at.isoformat(timespec="seconds")),
    }
    return values[name]()


def text(max_size: int) -> SearchStrategy[str]:
    """Any text that UTF-8 can carry.

    The characters are those of `st.text()`, which asks the codec about each: once in a folder, that takes seconds,
    which Hypothesis takes for slow generation. By their categories they are known at once.
    """
    from hypothesis import strategies as st

    return st.text(st.characters(exclude_categories=["Cs"]), max_size=max_size)


def numbers(width: int) -> Values:
    """Finite numbers of that many bits."""
    from hypothesis import strategies as st

    return st.floats(allow_nan=False, allow_infinity=False, width=width)  # type: ignore[arg-type]


def json_values() -> Values:
    """Any JSON, small."""
    from hypothesis import strategies as st

    return st.recursive(
        json_scalars(),
        lambda inner: st.lists(inner, max_size=_LONGEST) | st.dictionaries(text(5), inner, max_size=2),
        max_leaves=4,
    )


def json_scalars() -> Values:
    """Any JSON that is neither list nor object."""
    from hypothesis import strategies as st

    return json_elements() | st.none()


def json_elements() -> Values:
    """Any JSON that is neither list nor object, nor null."""
    from hypothesis import strategies as st

    return st.one_of(scalar_values("long"), text(10), st.booleans(), numbers(32))


def object_values(type_: ObjectOf) -> Values:
    """What an object may be; properties that it need not have are sometimes left out."""
    from hypothesis import strategies as st

    properties = [inner for inner in type_.properties if inner.required or can_satisfy(inner.type)]
    values = {inner.name: _nested_values(inner.type, is_frame=True) for inner in properties}
    required = {inner.name: values[inner.name] for inner in properties if inner.required}
    optional = {inner.name: values[inner.name] for inner in properties if not inner.required}
    return st.fixed_dictionaries(required, optional=optional)


def _nested_values(type_: Type, *, is_frame: bool) -> Values:
    from hypothesis import strategies as st

    match type_:
        case Scalar(name):
            return st.sampled_from([0, 1]) if name == "float" else scalar_values(name)  # see nested.py
        case ArrayOf():
            return _arrays(type_, is_frame=is_frame)
        case ObjectOf():
            return object_values(type_)
        case MapOf():
            return _maps(type_)
        case Anything():
            return json_values() if is_frame else json_scalars()


def _maps(type_: MapOf) -> Values:
    from hypothesis import strategies as st

    if not may_be_filled(type_):
        return st.builds(dict)
    return st.dictionaries(text(5), _nested_values(type_.values, is_frame=True), max_size=_LONGEST)


def _arrays(type_: ArrayOf, *, is_frame: bool) -> Values:
    """Arrays in arrays have equal lengths where numpy reads them, which has no ragged ones."""
    from hypothesis import strategies as st

    depth, array = depth_of(type_)
    if may_be_filled(array):
        items = _nested_values(array.items, is_frame=is_frame)
        longest = _LONGEST
    else:
        items, longest = st.nothing(), 0
    if is_frame:
        for _ in range(depth):
            items = st.lists(items, max_size=longest)
            longest = _LONGEST
        return items
    lengths = st.tuples(*[st.integers(0, _LONGEST)] * (depth - 1), st.integers(0, longest))
    return lengths.flatmap(lambda shape: boxes(items, shape))


def boxes(items: Values, shape: tuple[int, ...]) -> Values:
    """Lists in lists, of these lengths."""
    from hypothesis import strategies as st

    for length in reversed(shape):
        items = st.lists(items, min_size=length, max_size=length)
    return items
