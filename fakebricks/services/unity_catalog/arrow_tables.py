"""Tables of Arrow as tables of Unity Catalog: which columns one has that is to hold such rows.

Real: types are those that Spark gives to a table of Arrow. Refused: types that Delta does not store, such as times of
day and durations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakebricks.services.unity_catalog.columns import AskedColumn, checked_columns
from fakebricks.services.unity_catalog.records import ColumnRecord
from fakebricks.wire.errors import InvalidParameterValue

if TYPE_CHECKING:
    import pyarrow as pa


def columns_of(schema: pa.Schema) -> tuple[ColumnRecord, ...]:
    """The columns of a table for rows of that schema.

    Raises:
        InvalidParameterValue: there are none, or Delta cannot have one of them.
    """
    return checked_columns([AskedColumn(name=one.name, type_text=_type_text(one.type, one.name)) for one in schema])


def as_arrow(rows: Any) -> pa.Table:
    """A table of Arrow, or the rows of a data frame of pandas as one, without its index.

    Raises:
        TypeError: it is neither.
        InvalidParameterValue: Arrow has no such values.
    """
    import pyarrow as pa

    if isinstance(rows, pa.Table):
        return rows
    if not hasattr(rows, "iloc") or not hasattr(rows, "columns"):
        message = f"a table is made of a pandas.DataFrame or a pyarrow.Table, not of a {type(rows).__name__}"
        raise TypeError(message)
    try:
        return pa.Table.from_pandas(rows, preserve_index=False).replace_schema_metadata()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, ValueError) as error:
        raise InvalidParameterValue(f"The rows do not fit a table: {error}") from None


def fitting(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Rows with the columns of a table in their order and with their types; a column that they lack is NULL.

    Raises:
        InvalidParameterValue: they have other columns, or values that are none of a column's type.
    """
    import pyarrow as pa

    more = [name for name in rows.column_names if name not in schema.names]
    if more:
        raise InvalidParameterValue(f"The table has no column {', '.join(more)}; it has {', '.join(schema.names)}.")
    try:
        return pa.table(
            [
                rows[one.name].cast(one.type) if one.name in rows.column_names else pa.nulls(rows.num_rows, one.type)
                for one in schema
            ],
            schema=schema,
        )
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        raise InvalidParameterValue(f"The rows do not fit the table: {error}") from None


def _type_text(kind: Any, name: str) -> str:
    """A type as SQL says it."""
    import pyarrow.types as of

    if of.is_dictionary(kind):
        return _type_text(kind.value_type, name)
    if of.is_nested(kind):
        return _nested_text(kind, name)
    if of.is_timestamp(kind):
        return "timestamp" if kind.tz else "timestamp_ntz"
    if of.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    for text, kinds in (
        ("string", (of.is_string, of.is_large_string, of.is_null)),
        ("double", (of.is_float64,)),
        ("bigint", (of.is_int64, of.is_uint32)),
        ("boolean", (of.is_boolean,)),
        ("int", (of.is_int32, of.is_uint16)),
        ("float", (of.is_float32, of.is_float16)),
        ("smallint", (of.is_int16, of.is_uint8)),
        ("tinyint", (of.is_int8,)),
        ("date", (of.is_date,)),
        ("binary", (of.is_binary, of.is_large_binary)),
    ):
        if any(is_one(kind) for is_one in kinds):
            return text
    raise _not_stored(kind, name)


def _nested_text(kind: Any, name: str) -> str:
    import pyarrow.types as of

    if of.is_list(kind) or of.is_large_list(kind) or of.is_fixed_size_list(kind):
        return f"array<{_type_text(kind.value_type, name)}>"
    if of.is_map(kind):
        return f"map<{_type_text(kind.key_type, name)},{_type_text(kind.item_type, name)}>"
    if of.is_struct(kind):
        inner = (kind.field(place) for place in range(kind.num_fields))
        return f"struct<{','.join(f'`{one.name}`:{_type_text(one.type, name)}' for one in inner)}>"
    raise _not_stored(kind, name)


def _not_stored(kind: Any, name: str) -> InvalidParameterValue:
    return InvalidParameterValue(f"Delta has no type for the column '{name}', which is {kind}.")
