"""Members of zip archives, read with care: an archive may be damaged, or be made to burst."""

from __future__ import annotations

import zlib
from pathlib import Path
from zipfile import BadZipFile, ZipFile

LARGEST_MEMBER = 256 * 1024 * 1024


class UnreadableZip(Exception):
    """An archive that is damaged or misses something; the message says what."""


def opened(path: Path) -> ZipFile:
    """An archive.

    Raises:
        UnreadableZip: it is none.
    """
    try:
        return ZipFile(path)
    except (BadZipFile, ValueError, NotImplementedError) as error:
        raise UnreadableZip(f"it is no whole zip archive: {error}") from error


def read_member(archive: ZipFile, name: str, *, at_most: int | None = None) -> bytes:
    """The content of a member, or its first bytes.

    Raises:
        UnreadableZip: there is no such member, or it is damaged or too large.
    """
    limit = LARGEST_MEMBER if at_most is None else at_most
    try:
        with archive.open(name) as member:
            content = member.read(limit + 1)
    except (BadZipFile, KeyError, ValueError, EOFError, RuntimeError, zlib.error) as error:
        raise UnreadableZip(f"its {name} cannot be read: {error}") from error
    if at_most is None and len(content) > limit:
        raise UnreadableZip(f"its {name} has more than {LARGEST_MEMBER:,} bytes")
    return content[:limit]
