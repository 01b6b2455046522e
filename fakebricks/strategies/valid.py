"""Requests that MLflow accepts for a signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fakebricks.strategies.bodies import Body, Row
from fakebricks.strategies.declared import Column, Declared, Scalar, read_signature
from fakebricks.strategies.formats import Form, Layout, forms
from fakebricks.strategies.nested import can_satisfy
from fakebricks.strategies.parameters import params_values
from fakebricks.strategies.tensors import has_scalar_rows, is_spread, tensor_values
from fakebricks.strategies.values import column_values

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from fakebricks.strategies.values import Values

Overrides = Mapping[str, Any]
Table = tuple[tuple[str, ...] | None, tuple[Row, ...]]
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
    declared = read_signature(signature)
    possible = forms(declared, formats)
    overrides = _checked_overrides(declared, values or {})
    return _one_of([bodies(declared, form, max_rows=max_rows, values=overrides) for form in possible]).map(Body.payload)


def _one_of(strategies: Sequence[Values]) -> Values:
    from hypothesis import strategies as st

    return st.one_of(strategies)


def bodies(declared: Declared, form: Form, *, max_rows: int, values: Overrides) -> SearchStrategy[Body]:
    """Valid bodies in one form.

    Raises:
        ValueError: `max_rows` is less than 1.
    """
    from hypothesis import strategies as st

    if max_rows < 1:
        raise ValueError("A request has one row at least, so `max_rows` has to be 1 or more.")
    tables = _tensor_tables(declared, form, max_rows) if declared.tensors else _tables(declared, form, max_rows, values)
    return st.tuples(tables, params_values(declared)).map(
        lambda drawn: Body(form, names=drawn[0][0], rows=drawn[0][1], params=drawn[1])
    )


def _checked_overrides(declared: Declared, values: Overrides) -> Overrides:
    unknown = sorted(set(values) - {column.name for column in declared.columns})
    if unknown:
        raise ValueError(f"The signature has no column {unknown[0]!r} to take these values.")
    return values


def _tables(declared: Declared, form: Form, max_rows: int, values: Overrides) -> SearchStrategy[Table]:
    from hypothesis import strategies as st

    most = 1 if form.layout is Layout.ROW else max_rows
    cells = [values.get(column.name or "", _cells(column, form)) for column in declared.columns]

    def of(positions: Sequence[int]) -> SearchStrategy[Table]:
        names = tuple(str(declared.columns[i].name) for i in positions) if declared.named else None
        rows = st.lists(st.tuples(*[cells[i] for i in positions]), min_size=1, max_size=most)
        return rows.map(lambda drawn: (names, tuple(drawn)))

    return _present(declared.columns).flatmap(of)


def _present(columns: Sequence[Column]) -> SearchStrategy[list[int]]:
    """Which columns a request has: all that it must have, and one at least."""
    from hypothesis import strategies as st

    sendable = [i for i, column in enumerate(columns) if column.required or _can_be_sent(column)]
    optional = [i for i in sendable if not columns[i].required]
    if not optional:
        return st.just(sendable)
    fewest = 0 if len(optional) < len(sendable) else 1
    left_out = st.sets(st.sampled_from(optional), max_size=len(optional) - fewest)
    return left_out.map(lambda out: [i for i in sendable if i not in out])


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


def _tensor_tables(declared: Declared, form: Form, max_rows: int) -> SearchStrategy[Table]:
    from hypothesis import strategies as st

    names = tuple(str(tensor.name) for tensor in declared.tensors) if declared.named else None
    fixed = {tensor.shape[0] for tensor in declared.tensors if tensor.shape and tensor.shape[0] != -1}
    counts = st.sampled_from(sorted(fixed)) if form.layout is Layout.ROWS and fixed else st.integers(1, max_rows)
    return counts.flatmap(lambda count: st.tuples(*[tensor_values(tensor, count) for tensor in declared.tensors])).map(
        lambda arrays: (names, _as_rows(declared, form, arrays))
    )


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
        _cell(cell, is_scalar=has_scalar_rows(tensor)) for tensor, cell in zip(declared.tensors, row, strict=True)
    )


def _cell(cell: Any, *, is_scalar: bool) -> Any:
    flat = _flat(cell)
    return flat[0] if is_scalar else flat


def _flat(cell: Any) -> list[Any]:
    return [leaf for inner in cell for leaf in _flat(inner)] if isinstance(cell, list) else [cell]
