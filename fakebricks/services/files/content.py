"""The reply that carries a file: its headers, ranges and conditions.

Real: Content-Length, Last-Modified, a single Range, If-Unmodified-Since (documented for the Files API's download).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC
from email.utils import formatdate, parsedate_to_datetime

from fakebricks.services.files.records import FileEntry
from fakebricks.wire.errors import DatabricksError
from fakebricks.wire.messages import Reply, Request

_RANGE = re.compile(r"bytes=(?P<first>\d{0,18})-(?P<last>\d{0,18})")


class PreconditionFailed(DatabricksError):
    """412: the file was changed since the time that the client names."""

    error_code, status = "PRECONDITION_FAILED", 412


class RangeNotSatisfiable(DatabricksError):
    """416: the file ends before the range that the client asks for begins."""

    error_code, status = "OUT_OF_RANGE", 416


def head_of(entry: FileEntry) -> Reply:
    """The reply to a HEAD request."""
    return Reply(200, b"", {**_headers(entry), "content-length": str(entry.size)})


def reply_with(entry: FileEntry, content: Callable[[], bytes], request: Request) -> Reply:
    """The reply to a GET request; `content` gives the file's bytes."""
    _check_unmodified(entry, request.headers.get("if-unmodified-since"))
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if not asked or not (asked["first"] or asked["last"]):
        return Reply(200, content(), _headers(entry))
    first, end = _bounds(asked, entry.size)
    if first >= end:
        raise RangeNotSatisfiable(f"The file {entry.path} has {entry.size} bytes.")
    place = {"content-range": f"bytes {first}-{end - 1}/{entry.size}"}
    return Reply(206, content()[first:end], {**_headers(entry), **place})


def _bounds(asked: re.Match[str], size: int) -> tuple[int, int]:
    """From where, and up to before where."""
    if not asked["first"]:
        return max(0, size - int(asked["last"])), size
    return int(asked["first"]), min(size, int(asked["last"]) + 1) if asked["last"] else size


def _headers(entry: FileEntry) -> dict[str, str]:
    return {
        "content-type": "application/octet-stream",
        "last-modified": formatdate(entry.modified / 1000, usegmt=True),
        "accept-ranges": "bytes",
    }


def _check_unmodified(entry: FileEntry, since: str | None) -> None:
    if since is None:
        return
    try:
        known = parsedate_to_datetime(since)
    except ValueError:
        return  # RFC 9110: a date that is not one is ignored
    known = known if known.tzinfo else known.replace(tzinfo=UTC)
    if entry.modified // 1000 > known.timestamp():
        raise PreconditionFailed(f"The file {entry.path} was changed since {since}.")
