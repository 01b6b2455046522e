"""What statements answer: rows, and their columns as Spark's types.

Real: types of data frames are the engine's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fakebricks.services.sql import Result, ResultColumn
from fakebricks.services.sql.errors import refused
from fakebricks.services.sql.spark import engine_errors
from fakebricks.services.unity_catalog.column_types import arrow_type, column_type

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def result_of(frame: DataFrame) -> Result:
    """What a data frame comes to.

    Raises:
        SqlError: it fails.
        NotImplementedByFakebricks: it has values that Arrow does not, such as months.
    """
    from pyspark.errors import PySparkTypeError

    with engine_errors():
        columns = tuple(_column(one.name, type_text(one.dataType)) for one in frame.schema.fields)
        try:
            return Result(columns, frame.toArrow())
        except (PySparkTypeError, ValueError) as error:
            raise refused(f"results of such types ({error})") from None


def told(columns: Mapping[str, str], rows: Iterable[Sequence[Any]] = ()) -> Result:
    """Rows that the engine has not computed.

    Args:
        columns: the types of the columns, by their names.
        rows: their values.
    """
    import pyarrow as pa

    listed = list(rows)
    fields = [pa.field(name, arrow_type(column_type(kind))) for name, kind in columns.items()]
    arrays = [pa.array([row[place] for row in listed], one.type) for place, one in enumerate(fields)]
    table = pa.Table.from_arrays(arrays, schema=pa.schema(fields))
    return Result(tuple(_column(name, kind.upper()) for name, kind in columns.items()), table)


def nothing() -> Result:
    """What a statement answers that only does something: no columns, no rows."""
    return told({})


def counted(**counts: int) -> Result:
    """How many rows a statement has changed."""
    return told(dict.fromkeys(counts, "bigint"), [tuple(counts.values())])


def type_text(kind: Any) -> str:
    """A type of Spark's, as the platform says it: `DECIMAL(10,2)`, `ARRAY<STRING>`, `STRUCT<a: INT>`."""
    from pyspark.sql.types import ArrayType, MapType, StructType

    if isinstance(kind, ArrayType):
        return f"ARRAY<{type_text(kind.elementType)}>"
    if isinstance(kind, MapType):
        return f"MAP<{type_text(kind.keyType)}, {type_text(kind.valueType)}>"
    if isinstance(kind, StructType):
        fields = (f"{one.name}: {type_text(one.dataType)}{'' if one.nullable else ' NOT NULL'}" for one in kind.fields)
        return f"STRUCT<{', '.join(fields)}>"
    return str(kind.simpleString()).upper()


def _column(name: str, text: str) -> ResultColumn:
    return ResultColumn(name, text, text.split("<", maxsplit=1)[0].split("(", maxsplit=1)[0].split(" ", maxsplit=1)[0])
