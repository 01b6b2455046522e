"""Requests that MLflow accepts for a signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fakebricks.strategies.bodies import Body, Row
from fakebricks.strategies.declared import Column, Declared, Scalar, read_signature
from fakebricks.strategies.formats import Form, Layout, forms
from fakebricks.strategies.nested import can_satisfy
from fakebricks.strategies.parameters import params_values
from fakebricks.strategies.tensors import is_spread, tensor_values
from fakebricks.strategies.values import column_values

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from fakebricks.strategies.values import Values

Overrides = Mapping[str, Any]
_SINGLE_ROW = (Layout.ROW,)
_NULLABLE = ("float", "double", "datetime")  # MLflow makes False of a boolean null, and refuses whole numbers that are


def payloads(
    signature: Any,
    *,
    formats: Sequence[str] | None = None,
    max_rows: int = 3,
    values: Mapping[str, SearchStrategy[Any]] | None = None,
) -> SearchStrategy[dict[str, Any]]:
    """Bodies of requests, as JSON, that MLflow accepts for the signature.

    Args:
        signature: MLflow's `ModelSignature`.
        formats: some of `FORMATS`; all that can carry the signature, if left out.
        max_rows: how many rows a request has at most; it has one at least.
        values: strategies for some columns, by name, where a model knows fewer values than its signature, such as
            `{"country": st.sampled_from(["DE", "FR"])}`.

    Raises:
        UnsatisfiableSignature: MLflow accepts no JSON for the signature, or none in one of the formats.
        ValueError: there is no such format or column, or `max_rows` is less than 1.

    Example:
        >>> from hypothesis import find
        >>> from mlflow.models import ModelSignature
        >>> from mlflow.types import ColSpec, Schema
        >>> signature = ModelSignature(Schema([ColSpec("double", "amount"), ColSpec("string", "country")]))
        >>> find(payloads(signature), lambda payload: True)
        {'dataframe_split': {'columns': ['amount', 'country'], 'data': [[0.0, '']]}}
    """
    from hypothesis import strategies as st

    declared = read_signature(signature)
    possible = forms(declared, formats)
    overrides = _checked_overrides(declared, values or {})
    if max_rows < 1:
        raise ValueError("A request has one row at least, so `max_rows` has to be 1 or more.")
    return st.sampled_from(possible).flatmap(
        lambda form: bodies(declared, form, max_rows=max_rows, values=overrides).map(Body.payload)
    )


def bodies(declared: Declared, form: Form, *, max_rows: int, values: Overrides) -> SearchStrategy[Body]:
    """Valid bodies in one form."""
    made = _tensor_bodies if declared.tensors else _column_bodies
    return made(declared, form, max_rows, values)


def _checked_overrides(declared: Declared, values: Overrides) -> Overrides:
    unknown = sorted(set(values) - {column.name for column in declared.columns})
    if unknown:
        raise ValueError(f"The signature has no column {unknown[0]!r} to take these values.")
    return values


def _column_bodies(declared: Declared, form: Form, max_rows: int, values: Overrides) -> SearchStrategy[Body]:
    from hypothesis import strategies as st

    most = 1 if form.layout in _SINGLE_ROW else max_rows

    def of(columns: Sequence[Column]) -> SearchStrategy[Body]:
        cells = [values.get(column.name or "", _cells(column, form)) for column in columns]
        names = tuple(column.name for column in columns if column.name is not None) if declared.named else None
        rows = st.lists(st.tuples(*cells), min_size=1, max_size=most).map(tuple)
        return st.builds(Body, st.just(form), st.just(names), rows, params_values(declared))

    return _present(declared.columns).flatmap(of)


def _present(columns: Sequence[Column]) -> SearchStrategy[Sequence[Column]]:
    """Which columns a request has: all that it must have, and one at least."""
    from hypothesis import strategies as st

    optional = [column for column in columns if not column.required and _can_be_sent(column)]
    if not optional:
        return st.just(columns)
    fewest = 0 if len(optional) < len(columns) else 1
    left_out = st.sets(st.sampled_from(range(len(optional))), max_size=len(optional) - fewest)
    never = [column for column in columns if not column.required and column not in optional]
    return left_out.map(lambda out: [c for c in columns if c not in never and c not in [optional[i] for i in out]])


def _can_be_sent(column: Column) -> bool:
    return isinstance(column.type, Scalar) or can_satisfy(column.type)


def _cells(column: Column, form: Form) -> Values:
    from hypothesis import strategies as st

    values = column_values(column.type, is_frame=form.layout.is_frame)
    return values | st.none() if not column.required and _may_be_null(column, form) else values


def _may_be_null(column: Column, form: Form) -> bool:
    if isinstance(column.type, Scalar) and column.type.name in _NULLABLE:
        return True
    return form.layout.is_frame and (not isinstance(column.type, Scalar) or column.type.name == "string")


def _tensor_bodies(declared: Declared, form: Form, max_rows: int, values: Overrides) -> SearchStrategy[Body]:
    from hypothesis import strategies as st

    names = tuple(tensor.name for tensor in declared.tensors if tensor.name is not None) if declared.named else None
    fixed = {tensor.shape[0] for tensor in declared.tensors if tensor.shape and tensor.shape[0] != -1}
    counts = st.sampled_from(sorted(fixed)) if form.layout is Layout.ROWS and fixed else st.integers(1, max_rows)

    def of(count: int) -> SearchStrategy[Body]:
        arrays = st.tuples(*[tensor_values(tensor, count) for tensor in declared.tensors])
        rows = arrays.map(lambda drawn: _as_rows(declared, form, drawn))
        return st.builds(Body, st.just(form), st.just(names), rows, params_values(declared))

    return counts.flatmap(of)


def _as_rows(declared: Declared, form: Form, arrays: Row) -> tuple[Row, ...]:
    if form.layout in (Layout.ROW, Layout.BARE):
        return (arrays,)
    if form.layout is Layout.ROWS:
        return tuple(zip(*arrays, strict=True))
    return tuple(_frame_row(declared, row) for row in zip(*arrays, strict=True))


def _frame_row(declared: Declared, row: Row) -> Row:
    if is_spread(declared.tensors[0]):
        return tuple(row[0])
    return tuple(
        _cell(cell, is_scalar=tensor.shape in {(-1,), (-1, 1)})
        for tensor, cell in zip(declared.tensors, row, strict=True)
    )


def _cell(cell: Any, *, is_scalar: bool) -> Any:
    flat = _flat(cell)
    return flat[0] if is_scalar else flat


def _flat(cell: Any) -> list[Any]:
    return [leaf for inner in cell for leaf in _flat(inner)] if isinstance(cell, list) else [cell]
