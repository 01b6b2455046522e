"""The cells of a result as text, in the way of the Statement Execution API.

Observed: nested values are JSON whose scalars are texts again; in Thrift they are JSON of Spark's kind. Inferred:
numbers are written as Java writes them, timestamps in ISO 8601 with milliseconds, or microseconds where there are any;
binaries in Base64. NULL is no text.
"""

from __future__ import annotations

import base64
import json
import math
import struct
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fakebricks.wire.errors import NotImplementedByFakebricks

if TYPE_CHECKING:
    import pyarrow as pa

Text = Callable[[Any], str]

_LEAST_PLAIN, _MOST_PLAIN = 1e-3, 1e7
_FLOAT_DIGITS = 9
_MILLISECOND = 1000


def texts_of(rows: pa.Table) -> Iterator[list[str | None]]:
    """The rows of a table, each as the texts of its cells."""
    columns = [texts_of_column(column) for column in rows.columns]
    if not columns:
        return iter(())
    return (list(row) for row in zip(*columns, strict=True))


def texts_of_column(column: pa.ChunkedArray) -> Iterable[str | None]:
    """The texts of one column's cells."""
    text = _text_of(column.type)
    return (None if value is None else text(value) for value in _values(column))


def json_of_column(column: pa.ChunkedArray) -> Iterable[str | None]:
    """The cells of a nested column as Spark's JSON, in which numbers are numbers."""
    structure = _structure_of(column.type, _scalar_of)
    return (None if value is None else _json(structure(value)) for value in _values(column))


def _values(column: pa.ChunkedArray) -> list[Any]:
    try:
        return list(column.to_pylist())
    except (OverflowError, ValueError) as error:
        message = f"fakebricks does not write values of {column.type} that Python does not have ({error})."
        raise NotImplementedByFakebricks(f"{message} Take the result as Arrow.") from None


def _text_of(kind: pa.DataType) -> Text:
    """How values of a type are written."""
    from pyarrow import types

    if types.is_boolean(kind):
        return lambda value: "true" if value else "false"
    if types.is_float32(kind) or types.is_float16(kind):
        return lambda value: java_number(value, _shortest_float(value))
    if types.is_float64(kind):
        return lambda value: java_number(value, repr(value))
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        return lambda value: base64.b64encode(value).decode()
    if types.is_nested(kind):
        structure = _structure_of(kind, _text_of)
        return lambda value: _json(structure(value))
    return _zoned if types.is_timestamp(kind) and kind.tz else _plain


def _scalar_of(kind: pa.DataType) -> Callable[[Any], Any]:
    """How values of a type that is not nested stand in Spark's JSON."""
    from pyarrow import types

    text = _text_of(kind)
    if types.is_integer(kind) or types.is_boolean(kind):
        return lambda value: value
    if types.is_floating(kind):
        return lambda value: value if math.isfinite(value) else text(value)
    return text


def _structure_of(kind: pa.DataType, leaf: Callable[[pa.DataType], Callable[[Any], Any]]) -> Callable[[Any], Any]:
    """How values of a type become part of JSON; `leaf` says it of those that are not nested."""
    from pyarrow import types

    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        inner = _or_null(_structure_of(kind.value_type, leaf))
        return lambda value: [inner(one) for one in value]
    if types.is_map(kind):
        key, item = _text_of(kind.key_type), _or_null(_structure_of(kind.item_type, leaf))
        return lambda value: {key(name): item(one) for name, one in value}
    if types.is_struct(kind):
        fields = {field.name: _or_null(_structure_of(field.type, leaf)) for field in kind}
        return lambda value: {name: field(value[name]) for name, field in fields.items()}
    return leaf(kind)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _or_null(inner: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else inner(value)


def java_number(value: float, shortest: str) -> str:
    """A floating point number as Java writes it.

    >>> [java_number(one, repr(one)) for one in (1.0, 0.1, 1e7, 1.5e-5, float("nan"), float("-inf"), -0.0)]
    ['1.0', '0.1', '1.0E7', '1.5E-5', 'NaN', '-Infinity', '-0.0']
    """
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    decimal = Decimal(shortest)
    if value == 0 or _LEAST_PLAIN <= abs(value) < _MOST_PLAIN:
        plain = format(decimal, "f")
        return plain if "." in plain else f"{plain}.0"
    sign, digits, _ = decimal.normalize().as_tuple()
    mantissa = "".join(map(str, digits))
    return f"{'-' * sign}{mantissa[0]}.{mantissa[1:] or '0'}E{decimal.adjusted()}"


def _shortest_float(value: float) -> str:
    """The shortest decimal that is that single precision number."""
    if not math.isfinite(value):
        return repr(value)
    held = struct.pack("f", value)
    candidates = (f"{value:.{digits}g}" for digits in range(1, _FLOAT_DIGITS + 1))
    return next(one for one in candidates if struct.pack("f", float(one)) == held)


def _moment(value: datetime) -> str:
    precision = "microseconds" if value.microsecond % _MILLISECOND else "milliseconds"
    return value.replace(tzinfo=None).isoformat(timespec=precision)


def _zoned(value: datetime) -> str:
    return f"{_moment(value.astimezone(UTC))}Z"


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return _interval(value)
    return str(value)


def _interval(value: timedelta) -> str:
    """A day-time interval as Spark writes it."""
    sign, rest = ("-", -value) if value < timedelta() else ("", value)
    hours, seconds = divmod(rest.seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    return f"{sign}{rest.days} {hours:02}:{minutes:02}:{seconds:02}.{rest.microseconds:06}000"
