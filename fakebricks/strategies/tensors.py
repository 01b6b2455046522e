"""Tensors in JSON: strategies of what they consist of, and which shapes can be said at all.

Lists have no shape of their own: the dimensions behind one of length 0 are lost, and MLflow takes an empty list without
a name for no array at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fakebricks.strategies.declared import Tensor, UnsatisfiableSignature
from fakebricks.strategies.values import boxes, json_elements, numbers, scalar_values, text

if TYPE_CHECKING:
    from fakebricks.strategies.values import Values

_LONGEST = 3
_MOST_BITS = 63  # numpy makes floating point of rows in which some numbers need 64 bits and others a sign
_FRAME_DTYPES = ("bool", "int", "uint", "float32", "float64", "str")  # of dates, pandas makes what MLflow refuses
_SCALAR_SHAPES = {(-1,), (-1, 1)}


def check_expressible(tensors: Iterable[Tensor]) -> None:
    """Whether lists can be of the tensors' shapes and types.

    Raises:
        UnsatisfiableSignature: one of them cannot be said in JSON.
    """
    for tensor in tensors:
        element_values(tensor.dtype)
        lost = tensor.shape[:-1] if tensor.name is not None else tensor.shape[:1] + tensor.shape[:-1]
        if 0 in lost:
            raise UnsatisfiableSignature(f"A tensor of shape {tensor.shape} has no elements, which JSON cannot tell.")


def element_values(dtype: str) -> Values:
    """What a tensor of numpy's type of that name consists of.

    Raises:
        UnsatisfiableSignature: JSON has nothing that becomes one.
    """
    from hypothesis import strategies as st

    if dtype == "bool":
        return st.booleans()
    if dtype == "object":
        return json_elements()
    if dtype == "str":
        return text(10)
    if dtype == "bytes":  # numpy takes them from characters of one byte each
        return st.text(st.characters(max_codepoint=127), max_size=10)
    if dtype.startswith("datetime64["):  # without a unit, numpy gives it that of the text, and MLflow refuses that
        return scalar_values("datetime")
    return _element_numbers(dtype)


def _element_numbers(dtype: str) -> Values:
    from hypothesis import strategies as st

    if dtype.startswith("uint"):
        return st.integers(0, 2 ** min(int(dtype[4:]), _MOST_BITS) - 1)
    if dtype.startswith("int"):
        return st.integers(-(2 ** (int(dtype[3:]) - 1)), 2 ** (int(dtype[3:]) - 1) - 1)
    if dtype.startswith("timedelta64"):
        return st.integers(0, 2**31)
    if dtype.startswith(("float", "longdouble", "complex", "clongdouble")):  # JSON has real numbers only
        return numbers(16 if dtype == "float16" else 32)
    raise UnsatisfiableSignature(f"JSON has nothing that becomes a tensor of type {dtype}.")


def tensor_values(tensor: Tensor, rows: int) -> Values:
    """Arrays of the tensor's shape, with so many rows where the first dimension is open."""
    from hypothesis import strategies as st

    elements = element_values(tensor.dtype)
    first = tuple(st.just(rows if size == -1 else size) for size in tensor.shape[:1])
    others = tuple(st.integers(1, _LONGEST) if size == -1 else st.just(size) for size in tensor.shape[1:])
    return st.tuples(*first, *others).flatmap(lambda shape: boxes(elements, shape))


def fits_frame(tensor: Tensor) -> bool:
    """Whether a row of a frame can have the tensor's, see formats.py."""
    if has_scalar_rows(tensor):
        return tensor.dtype.startswith((*_FRAME_DTYPES, "bytes"))
    return tensor.shape[:1] == (-1,) and min(tensor.shape[1:]) > 0 and tensor.dtype.startswith(_FRAME_DTYPES)


def has_scalar_rows(tensor: Tensor) -> bool:
    """Whether a row of the tensor's is one element, and no list in a frame."""
    return tensor.shape in _SCALAR_SHAPES


def is_spread(tensor: Tensor) -> bool:
    """Whether a frame has a column for each of the numbers in a row, rather than one of lists."""
    return (
        tensor.name is None
        and len(tensor.shape) == len("nk")
        and tensor.dtype.startswith(("bool", "int", "uint", "float"))
    )
