"""What is answered about a statement: its status, the manifest of its result, and its chunks.

Real: the fields (documented: databricks-sdk's `StatementResponse`). Observed: that a statement that failed is answered
with status 200, `sql_state` beside `state`, and no `data_array` where there are no rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from fakebricks.services.sql import ResultColumn
from fakebricks.services.sql.kept_results import Results
from fakebricks.services.sql.records import Chunk, Outcome, Statement
from fakebricks.services.sql.statements import FAILED, SUCCEEDED
from fakebricks.wire.operations import Answer

_LINK_SECONDS = 15 * 60  # documented: at most a quarter of an hour
_TYPE_NAMES = {
    "TINYINT": "BYTE",
    "SMALLINT": "SHORT",
    "INTEGER": "INT",
    "BIGINT": "LONG",
    "REAL": "FLOAT",
    "NUMERIC": "DECIMAL",
    "DEC": "DECIMAL",
    "VOID": "NULL",
    "VARCHAR": "STRING",
    "TIMESTAMP_LTZ": "TIMESTAMP",
}
"""What SQL and the API call differently."""

_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)", re.IGNORECASE)
_INTERVAL = re.compile(r"INTERVAL (.+)", re.IGNORECASE)


class StatementAnswer(Answer, omit_defaults=False):
    """The answer to who submits a statement or asks after it."""

    statement_id: str
    status: dict[str, Any]
    manifest: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    result: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


def answer_about(statement: Statement, state: str, results: Results, base_url: str, now: float) -> StatementAnswer:
    """All about a statement in a state, with the first chunk of its result.

    Args:
        statement: as it is.
        state: that it is in.
        results: of the workspace.
        base_url: where the client reached the workspace.
        now: seconds since the epoch.
    """
    answer = StatementAnswer(statement_id=statement.id, status=_status(statement.outcome, state))
    if state != SUCCEEDED or statement.outcome is None:
        return answer
    answer.manifest = _manifest(statement, statement.outcome)
    answer.result = chunk_answer(statement, 0, results, base_url, now) if statement.outcome.chunks else {}
    return answer


def chunk_answer(statement: Statement, index: int, results: Results, base_url: str, now: float) -> dict[str, Any]:
    """One chunk of a result, by its index: itself, or a link to it."""
    chunks = statement.outcome.chunks if statement.outcome else ()
    chunk = chunks[index]
    place: dict[str, Any] = {"chunk_index": index, "row_offset": chunk.row_offset, "row_count": chunk.row_count}
    if index + 1 < len(chunks):
        path = f"/api/2.0/sql/statements/{statement.id}/result/chunks/{index + 1}"
        offset = chunks[index + 1].row_offset
        place |= {"next_chunk_index": index + 1, "next_chunk_internal_link": f"{path}?row_offset={offset}"}
    if statement.submission.disposition == "INLINE":
        return {**place, "data_array": msgspec.Raw(results.content(chunk))} if chunk.row_count else place
    expires = now + _LINK_SECONDS
    link = {
        "external_link": results.link(chunk, base_url, expires),
        "expiration": datetime.fromtimestamp(expires, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "byte_count": chunk.byte_count,
    }
    return {"external_links": [{**place, **link}]}


def type_name_of(column: ResultColumn) -> str:
    """What the API calls the type of a column."""
    word = column.type_name.upper()
    return _TYPE_NAMES.get(word, word)


def decimal_of(column: ResultColumn) -> tuple[int, int] | None:
    """Precision and scale of a decimal column."""
    found = _DECIMAL.fullmatch(column.type_text)
    return (int(found[1]), int(found[2])) if found else None


def _status(outcome: Outcome | None, state: str) -> dict[str, Any]:
    if state != FAILED or outcome is None or outcome.failure is None:
        return {"state": state}
    error = {"error_code": "BAD_REQUEST", "message": outcome.failure.message}
    sql_state = {"sql_state": outcome.failure.sql_state} if outcome.failure.sql_state else {}
    return {"state": state, "error": error, **sql_state}


def _manifest(statement: Statement, outcome: Outcome) -> dict[str, Any]:
    linked = statement.submission.disposition == "EXTERNAL_LINKS"
    compression = statement.submission.compression
    return {
        "format": statement.submission.format,
        "schema": {"column_count": len(outcome.columns), "columns": _columns(outcome.columns)},
        "total_chunk_count": len(outcome.chunks),
        "chunks": [_chunk(index, chunk, linked=linked) for index, chunk in enumerate(outcome.chunks)],
        "total_row_count": outcome.row_count,
        "truncated": outcome.truncated,
        **({"total_byte_count": outcome.byte_count} if linked else {}),
        **({"result_compression": compression} if compression != "NONE" else {}),
    }


def _columns(columns: Sequence[ResultColumn]) -> list[dict[str, Any]]:
    return [_column(position, column) for position, column in enumerate(columns)]


def _column(position: int, column: ResultColumn) -> dict[str, Any]:
    told = {
        "name": column.name,
        "type_text": column.type_text,
        "type_name": type_name_of(column),
        "position": position,
    }
    decimal, interval = decimal_of(column), _INTERVAL.fullmatch(column.type_text)
    if decimal is not None:
        told |= {"type_precision": decimal[0], "type_scale": decimal[1]}
    if interval is not None:
        told["type_interval_type"] = interval[1].upper()
    return told


def _chunk(index: int, chunk: Chunk, *, linked: bool) -> dict[str, int]:
    size = {"byte_count": chunk.byte_count} if linked else {}
    return {"chunk_index": index, "row_offset": chunk.row_offset, "row_count": chunk.row_count, **size}
