"""Results in Thrift's own columns, for a connector that has no pyarrow beside it.

Real: each column has values of Thrift's types, with a bit for each NULL; what Thrift has no type for is text, as Hive
writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from databricks.sql.thrift_api.TCLIService import ttypes

from fakebricks.services.sql.cells import texts_of_column

if TYPE_CHECKING:
    import pyarrow as pa

_BYTE = 8


def columns_of(rows: pa.Table) -> list[Any]:
    """The columns of a table."""
    return [_column(column) for column in rows.columns]


def _column(column: pa.ChunkedArray) -> Any:
    field, make, nothing = _form_of(column.type)
    values = list(texts_of_column(column)) if field == "stringVal" else column.to_pylist()
    held = make(values=[nothing if one is None else one for one in values], nulls=_nulls(values))
    return ttypes.TColumn(**{field: held})


def _form_of(kind: pa.DataType) -> tuple[str, Callable[..., Any], Any]:
    """Where a column of a type goes, what it is made with, and what stands for NULL in it."""
    from pyarrow import types

    forms: tuple[tuple[Callable[[Any], bool], str, Callable[..., Any], Any], ...] = (
        (types.is_boolean, "boolVal", ttypes.TBoolColumn, False),
        (types.is_int8, "byteVal", ttypes.TByteColumn, 0),
        (types.is_int16, "i16Val", ttypes.TI16Column, 0),
        (types.is_int32, "i32Val", ttypes.TI32Column, 0),
        (types.is_int64, "i64Val", ttypes.TI64Column, 0),
        (types.is_floating, "doubleVal", ttypes.TDoubleColumn, 0.0),
        (types.is_binary, "binaryVal", ttypes.TBinaryColumn, b""),
    )
    found = next(((field, make, nothing) for fits, field, make, nothing in forms if fits(kind)), None)
    return found or ("stringVal", ttypes.TStringColumn, "")


def _nulls(values: Sequence[Any]) -> bytes:
    """A bit for each value, the lowest first: whether it is NULL."""
    bits = bytearray((len(values) + _BYTE - 1) // _BYTE)
    for place, value in enumerate(values):
        if value is None:
            bits[place // _BYTE] |= 1 << (place % _BYTE)
    return bytes(bits)
