"""The results of statements: cut to their limits, written in the format that was asked for, and kept for an hour.

Real: limits of rows and bytes, chunks, the three formats, LZ4. Chunks are files that only signed URLs lead to.
Documented: 25 MiB at most inline. Inferred: bytes are those of Arrow, chunks are of some megabytes, which of the rows
a limit of bytes keeps.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from fakebricks.services.files.files import Files
from fakebricks.services.files.paths import Parts
from fakebricks.services.files.signed_urls import SignedUrls
from fakebricks.services.sql import Result
from fakebricks.services.sql.cells import texts_of
from fakebricks.services.sql.records import Chunk, Failure, Outcome, Submission
from fakebricks.wire.errors import InvalidParameterValue

if TYPE_CHECKING:
    import pyarrow as pa

ROOT = "_SqlResults"
"""The root of the storage that results are in."""

MIB = 1024 * 1024

_MOST_INLINE = 25 * MIB
_INLINE_CHUNK = 4 * MIB
_LINKED_CHUNK = 16 * MIB
_MODIFIED = "num_affected_rows"
_TOO_LARGE = (
    f"Inline byte limit exceeded. Statements executed with disposition=INLINE can have a result size of at most "
    f"{_MOST_INLINE} bytes. Please execute the statement with disposition=EXTERNAL_LINKS if you want to download the "
    f"full result."
)  # observed


class Results:
    """The results of one workspace's statements; a root of its storage, which only signed URLs lead into.

    Args:
        files: where they are written.
        signed_urls: lead clients there.
        most_rows: of one chunk, at most; as many as the bytes allow where it is None.
    """

    def __init__(self, files: Files, signed_urls: SignedUrls, most_rows: int | None = None) -> None:
        self._files = files
        self._signed_urls = signed_urls
        self._most_rows = most_rows

    def keep(self, statement_id: str, result: Result, asked: Submission) -> Outcome:
        """Write a result; what became of its statement, which fails where the result is too large."""
        rows = _cut(result.rows, asked)
        if asked.disposition == "INLINE" and rows.nbytes > _MOST_INLINE:
            return Outcome(failure=Failure(message=_TOO_LARGE, sql_state=""))
        try:
            chunks = tuple(self._written(statement_id, rows, asked))
        except BaseException:
            self.forget(statement_id)
            raise
        return Outcome(
            columns=result.columns,
            chunks=chunks,
            truncated=rows.num_rows < result.rows.num_rows,
            modified=_modified(result),
        )

    def content(self, chunk: Chunk) -> bytes:
        """What is in a chunk."""
        return self._files.get(chunk.path)

    def link(self, chunk: Chunk, base_url: str, expires: float) -> str:
        """A URL that leads to a chunk until then, for whoever has it."""
        return self._signed_urls.sign("GET", chunk.path, base_url, expires=expires)

    def forget(self, statement_id: str) -> None:
        """Remove the result of a statement; nothing happens where there is none."""
        self._files.delete_tree(f"/{ROOT}/{statement_id}")

    # The root of the storage

    def readable(self, parts: Parts) -> Parts:
        """The path itself: it was signed for a result."""
        return parts

    def writable(self, parts: Parts) -> Parts:
        """Nothing; no URL is signed for that."""
        raise InvalidParameterValue(f"'/{'/'.join(parts)}' cannot be written.")

    def _written(self, statement_id: str, rows: pa.Table, asked: Submission) -> Iterator[Chunk]:
        step = self._rows_per_chunk(rows, _INLINE_CHUNK if asked.disposition == "INLINE" else _LINKED_CHUNK)
        if not rows.num_columns:
            return
        for index, start in enumerate(range(0, max(1, rows.num_rows), step)):
            part = rows.slice(start, step)
            content = _in_format(part, asked, with_header=index == 0)
            path = f"/{ROOT}/{statement_id}/{index}"
            self._files.put(path, content)
            yield Chunk(row_offset=start, row_count=part.num_rows, byte_count=len(content), path=path)

    def _rows_per_chunk(self, rows: pa.Table, most_bytes: int) -> int:
        fitting: int = rows.num_rows * most_bytes // max(1, rows.nbytes)
        return max(1, min(fitting, self._most_rows or fitting))


def _cut(rows: pa.Table, asked: Submission) -> pa.Table:
    """The rows that the limits allow."""
    if asked.row_limit is not None:
        rows = rows.slice(0, asked.row_limit)
    if asked.byte_limit is not None and rows.nbytes > asked.byte_limit:
        rows = rows.slice(0, rows.num_rows * asked.byte_limit // rows.nbytes)
    return rows


def _in_format(rows: pa.Table, asked: Submission, *, with_header: bool) -> bytes:
    if asked.format == "ARROW_STREAM":
        content = _arrow(rows)
    elif asked.format == "CSV":
        content = _csv(rows, with_header=with_header)
    else:
        content = msgspec.json.encode(list(texts_of(rows)))
    return _compressed(content) if asked.compression == "LZ4_FRAME" else content


def _arrow(rows: pa.Table) -> bytes:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows.combine_chunks())
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _csv(rows: pa.Table, *, with_header: bool) -> bytes:
    """Comma separated values, with NULL as `null` (documented)."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if with_header:
        writer.writerow(rows.column_names)
    writer.writerows(["null" if one is None else one for one in row] for row in texts_of(rows))
    return text.getvalue().encode(errors="replace")


def _compressed(content: bytes) -> bytes:
    import pyarrow as pa

    compressed: bytes = pa.compress(content, codec="lz4", asbytes=True)
    return compressed


def _modified(result: Result) -> int | None:
    """How many rows a statement changed, where it says so."""
    if not result.columns or result.columns[0].name != _MODIFIED or result.rows.num_rows != 1:
        return None
    return int(result.rows.column(0)[0].as_py())
