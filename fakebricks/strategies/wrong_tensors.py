"""Mutations of what tensors consist of, and of their shapes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from fakebricks.strategies.bodies import Body
from fakebricks.strategies.declared import Declared, Tensor
from fakebricks.strategies.formats import Form, Layout
from fakebricks.strategies.mutations import Mutation, edit
from fakebricks.strategies.tensors import has_scalar_rows, is_spread

_NUMERIC = ("int", "uint", "float", "longdouble", "complex")


def tensor_mutations(declared: Declared, form: Form) -> Iterator[Mutation]:
    """Wrong elements and wrong shapes, tensor by tensor. Tensors of objects take whatever they are given."""
    for position, tensor in enumerate(declared.tensors):
        if tensor.dtype == "object":
            continue
        yield from _retyped(tensor, position)
        if not form.layout.is_frame and tensor.shape:
            yield from _nulls(tensor, position)
        if not is_spread(tensor) or not form.layout.is_frame:
            yield from _reshaped(tensor, position, form)


def _retyped(tensor: Tensor, position: int) -> Iterator[Mutation]:
    where = _told(tensor)
    if tensor.dtype.startswith((*_NUMERIC, "datetime64", "timedelta64")):
        yield edit("retyped", f"There is text in {where}.", True, partial(_leaves, position=position, leaf="text"))
    if tensor.dtype.startswith(("int", "uint")):
        told = f"There are fractions in {where}; MLflow cuts them off and says nothing."
        yield edit("retyped", told, False, partial(_leaves, position=position, leaf=0.5))
        told = f"There is 2**64 in {where}."
        yield edit("out_of_range", told, True, partial(_leaves, position=position, leaf=2**64))


def _nulls(tensor: Tensor, position: int) -> Iterator[Mutation]:
    change = partial(_leaves, position=position, leaf=None)
    if tensor.dtype.startswith(("int", "uint")):
        yield edit("null", f"There are nulls in {_told(tensor)}.", True, change)
    if tensor.dtype.startswith("float"):
        yield edit("null", f"There are nulls in {_told(tensor)}; MLflow takes them for NaN.", False, change)


def _reshaped(tensor: Tensor, position: int, form: Form) -> Iterator[Mutation]:
    where = _told(tensor)
    if form.layout.is_frame:
        if not has_scalar_rows(tensor):
            told = f"The lists in {where} are too long by one."
            yield edit("reshaped", told, True, partial(_longer, position=position))
        return
    yield edit("reshaped", f"There is a dimension too many in {where}.", True, partial(_deeper, position=position))
    if len(tensor.shape) > (1 if form.layout is Layout.ROWS else 0) and tensor.shape[-1] > 0:
        told = f"The last dimension of {where} is too long by one."
        yield edit("reshaped", told, True, partial(_wider, position=position))


def _leaves(body: Body, *, position: int, leaf: Any) -> Body:
    return _each(body, position, lambda cell: _with_leaves(cell, leaf))


def _with_leaves(cell: Any, leaf: Any) -> Any:
    return [_with_leaves(inner, leaf) for inner in cell] if isinstance(cell, list) else leaf


def _longer(body: Body, *, position: int) -> Body:
    return _each(body, position, lambda cell: [*cell, cell[-1]])


def _deeper(body: Body, *, position: int) -> Body:
    return _each(body, position, lambda cell: [cell])


def _wider(body: Body, *, position: int) -> Body:
    return _each(body, position, _with_wider_rows)


def _with_wider_rows(cell: Any) -> Any:
    if isinstance(cell[0], list):
        return [_with_wider_rows(inner) for inner in cell]
    return [*cell, cell[-1]]


def _each(body: Body, position: int, change: Any) -> Body:
    """The change in all rows; a tensor that is spread over the columns of a frame has all of them."""
    positions = range(len(body.rows[0])) if body.names is None else [position]
    rows = tuple(tuple(change(cell) if i in positions else cell for i, cell in enumerate(row)) for row in body.rows)
    return Body(body.form, body.names, rows, body.params)


def _told(tensor: Tensor) -> str:
    name = "the tensor" if tensor.name is None else f"tensor {tensor.name!r}"
    return f"{name} of {tensor.dtype}{list(tensor.shape)}"
