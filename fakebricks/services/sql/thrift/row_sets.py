"""Results as Thrift carries them: Arrow batches or columns, and the columns' types."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from databricks.sql.thrift_api.TCLIService import ttypes

from fakebricks.services.sql import ResultColumn
from fakebricks.services.sql.cells import json_of_column, texts_of_column
from fakebricks.services.sql.kept_results import Results
from fakebricks.services.sql.records import Outcome, Statement
from fakebricks.services.sql.statement_answers import decimal_of, type_name_of
from fakebricks.services.sql.thrift.column_sets import columns_of

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_ROWS = 100_000
_TYPES = {
    "BOOLEAN": ttypes.TTypeId.BOOLEAN_TYPE,
    "BYTE": ttypes.TTypeId.TINYINT_TYPE,
    "SHORT": ttypes.TTypeId.SMALLINT_TYPE,
    "INT": ttypes.TTypeId.INT_TYPE,
    "LONG": ttypes.TTypeId.BIGINT_TYPE,
    "FLOAT": ttypes.TTypeId.FLOAT_TYPE,
    "DOUBLE": ttypes.TTypeId.DOUBLE_TYPE,
    "STRING": ttypes.TTypeId.STRING_TYPE,
    "CHAR": ttypes.TTypeId.STRING_TYPE,
    "TIMESTAMP": ttypes.TTypeId.TIMESTAMP_TYPE,
    "TIMESTAMP_NTZ": ttypes.TTypeId.TIMESTAMP_TYPE,
    "BINARY": ttypes.TTypeId.BINARY_TYPE,
    "ARRAY": ttypes.TTypeId.ARRAY_TYPE,
    "MAP": ttypes.TTypeId.MAP_TYPE,
    "STRUCT": ttypes.TTypeId.STRUCT_TYPE,
    "DECIMAL": ttypes.TTypeId.DECIMAL_TYPE,
    "NULL": ttypes.TTypeId.NULL_TYPE,
    "DATE": ttypes.TTypeId.DATE_TYPE,
}
_YEARS = re.compile(r"INTERVAL (YEAR|MONTH)", re.IGNORECASE)


def metadata(statement: Statement, outcome: Outcome, results: Results, status: Any) -> Any:
    """What the columns of a statement's result are, and in which form it comes."""
    arrow = not statement.submission.without_arrow
    kinds = ttypes.TSparkRowSetType
    return ttypes.TGetResultSetMetadataResp(
        status=status,
        schema=ttypes.TTableSchema(columns=[_described(place, one) for place, one in enumerate(outcome.columns)]),
        resultFormat=kinds.ARROW_BASED_SET if arrow else kinds.COLUMN_BASED_SET,
        lz4Compressed=False,
        arrowSchema=_table(statement, outcome, results, 0).schema.serialize().to_pybytes() if arrow else None,
        isStagingOperation=False,
    )


def rows(statement: Statement, outcome: Outcome, results: Results, start: int, most: int | None) -> tuple[Any, int]:
    """Some rows of a statement's result from one on, and how many they are: never more than are in one chunk."""
    wanted = most if most is not None and 0 < most < _MOST_ROWS else _MOST_ROWS
    index = _chunk_of(outcome, start)
    first = 0 if index is None else start - outcome.chunks[index].row_offset
    part = _table(statement, outcome, results, index or 0).slice(first, 0 if index is None else wanted)
    if statement.submission.without_arrow:
        return ttypes.TRowSet(startRowOffset=start, rows=[], columns=columns_of(part)), part.num_rows
    batches = [
        ttypes.TSparkArrowBatch(batch=batch.serialize().to_pybytes(), rowCount=batch.num_rows)
        for batch in part.combine_chunks().to_batches()
        if batch.num_rows
    ]
    return ttypes.TRowSet(startRowOffset=start, rows=[], arrowBatches=batches), part.num_rows


def _chunk_of(outcome: Outcome, row: int) -> int | None:
    """Which chunk a row is in, if there is such a row."""
    places = (
        (index, chunk.row_offset, chunk.row_offset + chunk.row_count) for index, chunk in enumerate(outcome.chunks)
    )
    return next((index for index, first, end in places if first <= row < end), None)


def _table(statement: Statement, outcome: Outcome, results: Results, index: int) -> pa.Table:
    """The rows of a chunk, with those columns as text which the client cannot read otherwise."""
    import pyarrow as pa

    if not outcome.chunks:
        return pa.table({})
    table = pa.ipc.open_stream(results.content(outcome.chunks[index])).read_all()
    nested_as_text = statement.submission.nested_as_text or statement.submission.without_arrow
    for place, field in enumerate(table.schema):
        if pa.types.is_duration(field.type) or pa.types.is_interval(field.type):
            texts = texts_of_column(table.column(place))
        elif nested_as_text and pa.types.is_nested(field.type):
            texts = json_of_column(table.column(place))
        else:
            continue
        table = table.set_column(place, field.name, pa.array(texts, pa.string()))
    return table


def _described(position: int, column: ResultColumn) -> Any:
    decimal = decimal_of(column)
    qualifiers = None
    if decimal is not None:
        values = dict(zip(("precision", "scale"), decimal, strict=True))
        qualifiers = ttypes.TTypeQualifiers(
            qualifiers={name: ttypes.TTypeQualifierValue(i32Value=value) for name, value in values.items()}
        )
    entry = ttypes.TPrimitiveTypeEntry(type=_type_of(column), typeQualifiers=qualifiers)
    return ttypes.TColumnDesc(
        columnName=column.name,
        typeDesc=ttypes.TTypeDesc(types=[ttypes.TTypeEntry(primitiveEntry=entry)]),
        position=position + 1,
    )


def _type_of(column: ResultColumn) -> int:
    name = type_name_of(column)
    if name == "INTERVAL":
        years = _YEARS.match(column.type_text) is not None
        return int(ttypes.TTypeId.INTERVAL_YEAR_MONTH_TYPE if years else ttypes.TTypeId.INTERVAL_DAY_TIME_TYPE)
    return int(_TYPES.get(name, ttypes.TTypeId.STRING_TYPE))
